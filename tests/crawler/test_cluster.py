"""Re-extraction on a Dask cluster of real processes: the same rows, whatever dies."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.reextract import DEADLY
from tests.crawler.cluster import Cluster, cluster, held_in_the_middle
from tests.crawler.forms import as_warc, captures
from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import rows

CAPTURES = 400
#: Run before the command: small batches.
SMALL = """
import crawler.reextract as module
module.BATCH_ITEMS = 5
"""
IMPATIENT = "import crawler.reextract; crawler.reextract._PATIENCE = 3.0"
# Loaded by workers: one page ends them.
PRELOAD = """
import os, crawler.reextract as module
from extractors.html import extract_page
module.extract_page = lambda body, url, *more: os._exit(9) if url.endswith("={}") else extract_page(body, url, *more)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WARC files of some captures each; every fortieth holds no article."""
    kept = (page if i % 40 else replace(page, body=b"<html></html>") for i, page in enumerate(captures(CAPTURES)))
    return as_warc(kept, tmp_path_factory.mktemp("captures"), max_bytes=400_000).parent


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> list[Any]:
    """What a run on this machine alone stores."""
    here = tmp_path_factory.mktemp("local")
    assert finished(begin(here, folder))[0] == 0
    assert [len(table) for table in stored(here)] == [CAPTURES - 10, 10]
    return stored(here)


@pytest.fixture(scope="module")
def two() -> Iterator[Cluster]:
    """A cluster of two workers, which nothing happens to."""
    with cluster(2, "--no-nanny") as started:
        yield started


def begin(here: Path, folder: Path, *arguments: str, first: str = SMALL) -> Begun:
    """`scrapy reextract`, begun; `first` runs before it."""
    places = {"KBS_DB": str(here / "kbs.db"), "KBS_ARCHIVE": ""}
    return prepared().begin("reextract", str(folder), *arguments, first=first, **places)


def finished(process: Begun) -> tuple[int | None, str]:
    """Its exit status, and what it said."""
    said = process.communicate()[1]
    return process.returncode, said


def stored(here: Path) -> list[Any]:
    return [sorted(map(str, rows(here, table))) for table in ("articles", "refusals")]


def test_a_cluster_stores_the_same_rows(two: Cluster, folder: Path, local: list[Any], tmp_path: Path) -> None:
    status, said = finished(begin(tmp_path, folder, "--scheduler", two.address))
    assert status == 0, said
    assert "400 pages" in said
    assert stored(tmp_path) == local


def test_a_worker_that_is_killed_costs_no_page(folder: Path, local: list[Any], tmp_path: Path) -> None:
    with cluster(2, "--no-nanny") as started:
        process = begin(tmp_path, folder, "--scheduler", started.address)
        with held_in_the_middle(tmp_path / "kbs.db") as count:
            assert count < CAPTURES / 2
            started.workers[0].kill()
            assert started.workers[0].wait(10) == -signal.SIGKILL
        status, said = finished(process)
        assert status == 0, said
        assert started.workers[1].poll() is None
    assert stored(tmp_path) == local


@pytest.mark.slow
def test_a_page_that_kills_every_worker_is_reported(folder: Path, local: list[Any], tmp_path: Path) -> None:
    preload = tmp_path / "preload.py"
    preload.write_text(PRELOAD.format(list(captures(8))[7].url.rpartition("=")[2]))
    allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with cluster(2, "--nanny", "--preload", str(preload), **allowed) as started:
        status, said = finished(begin(tmp_path, folder, "--scheduler", started.address))
    assert status == 1, said
    assert [line.rpartition(": ")[2] for line in said.splitlines() if line.startswith("damaged: ")] == [DEADLY]
    assert len(stored(tmp_path)[0]) == len(local[0]) - 1


def test_after_a_lost_scheduler_the_same_call_goes_on(folder: Path, local: list[Any], tmp_path: Path) -> None:
    with cluster(1, "--no-nanny") as started:
        process = begin(tmp_path, folder, "--scheduler", started.address)
        with held_in_the_middle(tmp_path / "kbs.db"):
            started.scheduler.kill()
            started.scheduler.wait(10)
        status, said = finished(process)
    assert status == 1, said
    assert said.splitlines()[-1] == f"The connection to {started.address} was lost; the same call goes on from here."
    assert "Traceback" not in said
    assert finished(begin(tmp_path, folder))[0] == 0
    assert stored(tmp_path) == local


def test_a_scheduler_that_does_not_answer_is_reported(folder: Path, tmp_path: Path) -> None:
    status, said = finished(begin(tmp_path, folder, "--scheduler", "tcp://127.0.0.1:1", first=IMPATIENT))
    assert status == 1
    assert said.startswith("No Dask scheduler answers at tcp://127.0.0.1:1 (")
    assert said.endswith("; start one: dask scheduler\n")
    assert not (tmp_path / "kbs.db").exists()


def test_a_cluster_without_workers_is_reported(folder: Path, tmp_path: Path) -> None:
    with cluster(0) as started:
        status, said = finished(begin(tmp_path, folder, "--scheduler", started.address, first=IMPATIENT))
    assert (status, said) == (1, f"{started.address} has no worker; start one: dask worker {started.address}\n")


def test_a_worker_with_other_code_is_reported(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "preload.py").write_text("import crawler.reextract; crawler.reextract.code = lambda: 'newer'")
    with cluster(1, "--no-nanny", "--preload", os.fspath(tmp_path / "preload.py")) as started:
        status, said = finished(begin(tmp_path, folder, "--scheduler", started.address))
    assert status == 1
    assert said.endswith("has another kbsworld; install the same there as here.\n")
