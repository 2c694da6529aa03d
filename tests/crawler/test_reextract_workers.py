"""Workers that die, and what is stored of the batches around them."""

import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import crawler.reextract
from crawler.reextract import DEADLY, SLOW, Batch, processes
from extractors.html import extract_page
from storage import Capture
from storage.archive.capture import Damage, Location
from storage.versions import Row
from tests.crawler.conftest import Run
from tests.crawler.forms import WORK, as_warc, captures, reextraction
from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import rows

PAGES = [
    Capture(url=page.url, fetched_at=page.fetched_at, body=page.body, location=Location(file="/a.warc", offset=number))
    for number, page in enumerate(captures(12))
]
#: No article.
EMPTY = b"<html><body>Rien</body></html>"


def results(batches: Iterable[Batch]) -> tuple[list[Row], list[Damage]]:
    """The rows and damages that two processes find."""
    with processes(2, WORK, 10) as workers:
        found = [one for several in workers.results(batches) for one in several]
    return [one for one in found if not isinstance(one, Damage)], [one for one in found if isinstance(one, Damage)]


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> set[bytes]:
    """Pages that end the process that extracts them."""
    bodies: set[bytes] = set()

    def extract(body: bytes, *arguments: Any) -> Any:
        if body in bodies:
            os.kill(os.getpid(), signal.SIGKILL)
        return extract_page(body, *arguments)

    monkeypatch.setattr(crawler.reextract, "extract_page", extract)
    return bodies


@pytest.mark.parametrize("numbers", [{0}, {5}, {11}, {4, 5}, set(range(12))])
def test_a_page_that_kills_its_worker_costs_that_page(deadly: set[bytes], numbers: set[int]) -> None:
    deadly.update(PAGES[number].body for number in numbers)
    found, damages = results([[*PAGES[:4]], [*PAGES[4:9]], [*PAGES[9:]]])
    assert [row["archive_offset"] for row in found] == [n for n in range(12) if n not in numbers]
    assert [(damage.location.offset, damage.what) for damage in damages] == [(n, DEADLY) for n in sorted(numbers)]


def test_a_worker_that_somebody_kills_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def extract(body: bytes, *arguments: Any) -> Any:
        if body == PAGES[6].body and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return extract_page(body, *arguments)

    monkeypatch.setattr(crawler.reextract, "extract_page", extract)
    found, damages = results([[page] for page in PAGES])
    assert (tmp_path / "killed").exists()
    assert [row["archive_offset"] for row in found] == list(range(12))
    assert not damages


def test_an_error_in_kbsworld_costs_that_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(crawler.reextract, "extract_page", fail)
    _, damages = results([[*PAGES[:2]]])
    assert [damage.what for damage in damages] == ["an error in kbsworld, RuntimeError: oops"] * 2


def test_few_batches_are_read_ahead() -> None:
    read = 0

    def batches() -> Iterator[Batch]:
        nonlocal read
        for page in PAGES:
            read += 1
            yield [page]

    with processes(2, WORK, 10) as workers:
        for number, _ in enumerate(workers.results(batches()), start=1):
            assert read <= number + 4


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [1, 2, 0, 2], [3, 1, 2, 3, 0, 1, 2]])
def test_batches_stored_together_are_as_stored_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Sequence[int]
) -> None:
    # The same two captures: as pages without an article, and as articles.
    kept = [PAGES[0], PAGES[1]]
    empty = [Capture(url=page.url, fetched_at=page.fetched_at, body=EMPTY, location=page.location) for page in kept]
    pages = [empty[0], kept[0], kept[1], empty[1]]
    stored: list[tuple[object, ...]] = []
    for name, together in (("together", 100), ("apart", 1)):
        monkeypatch.setattr(crawler.reextract, "BATCH_ITEMS", together)
        with reextraction(tmp_path / name / "kbs.db") as call:
            call.read(pages[number] for number in order)
        assert call.report.counts["pages"] == len(order)
        stored.append((call.report.counts, rows(tmp_path / name), rows(tmp_path / name, "refusals")))
    assert stored[0] == stored[1]


def test_a_worker_that_dies_while_another_sends_much_costs_that_page(scrapy: Run, tmp_path: Path) -> None:
    pages = list(captures(400))
    dies = f"os._exit(1) if rest[0] == {pages[299].url!r} else real(body, *rest)"
    deadly = f"import os, crawler.reextract as it; real = it.extract_page; it.extract_page = lambda body, *rest: {dies}"
    run = scrapy("reextract", "--jobs", "2", str(as_warc(pages, tmp_path / "warc")), first=deadly)
    assert run.returncode == 1
    assert run.stderr.count(DEADLY) == 1
    assert len(rows(tmp_path)) == 399


# However fast extraction becomes, a run lasts long enough for what is done to it.
SLOWLY = """
import time, crawler.reextract as it
real = it.extract_page
it.extract_page = lambda *arguments: time.sleep(0.01) or real(*arguments)
"""


def begin(tmp_path: Path, **environment: str) -> Begun:
    """A re-extraction of 900 pages by four workers, each of which takes some 10 ms a page."""
    (tmp_path / "warc").mkdir(exist_ok=True)
    file = as_warc(captures(900), tmp_path / "warc")
    call = ("reextract", "--jobs", "4", str(file))
    return prepared().begin(*call, first=SLOWLY, KBS_DB=str(tmp_path / "kbs.db"), **environment)


def four_workers(process: Begun) -> list[psutil.Process]:
    """The workers of a re-extraction, once all have begun."""
    while process.poll() is None:
        workers: list[psutil.Process] = psutil.Process(process.pid).children()
        if len(workers) == 4:
            return workers
        time.sleep(0.001)
    raise AssertionError("it ended before all workers had begun")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_workers_that_somebody_kills_or_stops_cost_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = begin(tmp_path, KBS_PAGE_TIME="3")
    for _ in range(3):
        workers = four_workers(process)
        time.sleep(0.05)
        with suppress(psutil.NoSuchProcess):  # one that was killed before
            workers[-1].send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(rows(tmp_path)) == 900


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_whose_worker_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    process = begin(tmp_path)
    workers = four_workers(process)
    workers[0].send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    process.send_signal(number)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 128 + number
    assert errors.endswith("Interrupted; the same call goes on from here.\n")
    assert not any(worker.is_running() for worker in workers)


def test_a_page_that_takes_too_long_costs_that_page(scrapy: Run, tmp_path: Path) -> None:
    pages = list(captures(400))
    hangs = f"re.match('(a+)+$', 'a' * 60 + 'b') if rest[0] == {pages[299].url!r} else real(body, *rest)"
    slow = f"import re, crawler.reextract as it; real = it.extract_page; it.extract_page = lambda body, *rest: {hangs}"
    file = as_warc(pages, tmp_path / "warc")
    run = scrapy("reextract", "--jobs", "2", str(file), first=slow, KBS_PAGE_TIME="2")
    assert run.returncode == 1
    assert run.stderr.count(SLOW) == 1
    assert len(rows(tmp_path)) == 399
