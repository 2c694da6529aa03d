# Every target first creates .venv; only python3 (3.11 or newer) and make must be installed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup demo crawl browse test test-all replay check bench pictures format lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 10

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kbsworld needs Python 3.11 or newer. Name one: make PYTHON=python3.12")'
	@echo "Setting up .venv: about a minute, once and after a change of dependencies ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## only create .venv

demo: $(READY) ## crawl a replica of the site on this machine into data/demo.db and show the result
	@$(BIN)/kbsworld demo

crawl: $(READY) ## fetch the last week's French news from the live site into data/kbs.db
	@$(BIN)/kbsworld crawl kbs_news -a since=$$($(BIN)/python -c 'import datetime as d; print(d.date.today() - d.timedelta(7))')

browse: $(READY) ## read, search and chart the articles in a browser
	@$(BIN)/kbsworld browse --open

test: $(READY) .venv-replay/ready ## run the tests without the slow ones (under ten minutes)
	@$(BIN)/pytest -m "not slow"

test-all: $(READY) .venv-replay/ready ## run all tests, as CI does
	@$(BIN)/pytest

replay: $(READY) .venv-replay/ready ## play an archive back with pywb and pack it with py-wacz
	@$(BIN)/python -m tests.replay

.venv-replay/ready: tests/replay/requirements.lock
	@echo "Setting up .venv-replay: about a minute, once ..."
	@$(PYTHON) -m venv .venv-replay
	@.venv-replay/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

check: $(READY) ## check lint, format, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY) .venv-bench/ready ## measure exactness and speed, next to other tools
	@failed=0; .venv-bench/bin/python -m tests.bench.extraction || failed=1; \
	for part in crawl reextract reading; do $(BIN)/python -m tests.bench.$$part || failed=1; done; exit $$failed

.venv-bench/ready: tests/bench/requirements.lock
	@echo "Setting up .venv-bench: about a minute, once ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

pictures: $(READY) ## make the README's pictures again (needs Chromium)
	@$(BIN)/python -m tests.pictures

format: $(READY) ## format the code and apply the linter's fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY) ## pin the newest dependencies that pyproject.toml allows
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check uv
	@$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	@$(COMPILE) --output-file tests/bench/requirements.lock tests/bench/requirements.in
	@$(COMPILE) --output-file tests/replay/requirements.lock tests/replay/requirements.in

clean: ## remove .venv and caches; data/ stays
	rm -rf .venv .venv-bench .venv-replay .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build
