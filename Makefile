# Each target sets itself up in .venv first; nothing but python3 (3.11 or newer) and make is needed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup demo crawl browse test replay check bench pictures format lock clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kbsworld needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@echo "Setting up .venv: a minute or so, once and when a dependency changes ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## only set up .venv, which every other target does too

demo: $(READY) ## crawl a KBS World on loopback into data/demo.db and show what came out
	@$(BIN)/python -m tests.demo

crawl: $(READY) ## fetch the last week's French news from the live site into data/kbs.db
	@$(BIN)/scrapy crawl kbs_news -a since=$$($(BIN)/python -c 'import datetime as d; print(d.date.today() - d.timedelta(7))')

browse: $(READY) ## read, search and chart the articles in a browser
	@$(BIN)/scrapy browse --open

test: $(READY) ## the whole test suite
	@$(BIN)/pytest

replay: $(READY) .venv-replay/ready ## play an archive back with pywb and pack it with py-wacz, in an environment of its own
	@$(BIN)/python -m tests.replay

.venv-replay/ready: tests/replay/requirements.lock
	@echo "Setting up .venv-replay: a minute or so, once ..."
	@$(PYTHON) -m venv .venv-replay
	@.venv-replay/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

check: $(READY) ## lint, format, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY) .venv-bench/ready ## compare exactness and speed with other tools, a crawl and re-extraction with bare ones; a large database
	@.venv-bench/bin/python -m tests.bench; missed=$$?; \
	for what in crawl reextract reading; do $(BIN)/python -m tests.bench.$$what || missed=1; done; exit $$missed

.venv-bench/ready: tests/bench/requirements.lock
	@echo "Setting up .venv-bench: a minute or so, once ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

pictures: $(READY) ## make the README's pictures anew (needs Chromium)
	@$(BIN)/python -m tests.pictures

format: $(READY) ## format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY) ## pin the newest dependencies that pyproject.toml allows
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check uv
	@$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	@$(COMPILE) --output-file tests/bench/requirements.lock tests/bench/requirements.in
	@$(COMPILE) --output-file tests/replay/requirements.lock tests/replay/requirements.in

clean: ## remove .venv and caches; data/ stays
	rm -rf .venv .venv-bench .venv-replay .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
