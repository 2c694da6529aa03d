"""Re-extraction on a Dask cluster of real processes: the same rows, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.reextract.cluster import check_address
from crawler.reextract.pool import BREAKS
from tests.crawler.cluster import Cluster, archive, begin, cluster, held_in_the_middle, rows, run
from tests.crawler.prepared import CHECKOUT

CAPTURES = 400


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("captures"), CAPTURES)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, captures: Path) -> dict[str, list[Any]]:
    """What a run on this machine alone stores."""
    database = tmp_path_factory.mktemp("local") / "kbs.db"
    status, said = run(database, "reextract", str(captures))
    assert status == 0, said
    stored = rows(database)
    assert len(stored["articles"]) == CAPTURES - 10
    assert len(stored["refusals"]) == 10
    return stored


@pytest.fixture(scope="module")
def two() -> Iterator[Cluster]:
    """A cluster of two workers, which nothing happens to."""
    with cluster(2) as begun:
        yield begun


def test_a_cluster_stores_what_one_machine_does(
    two: Cluster, captures: Path, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--scheduler", two.address)
    assert status == 0, said
    assert "400 pages" in said
    assert rows(tmp_path / "kbs.db") == local


def test_a_worker_that_is_killed_costs_no_page(captures: Path, local: dict[str, list[Any]], tmp_path: Path) -> None:
    with cluster(2) as begun:
        process = begin(tmp_path / "kbs.db", "reextract", str(captures), "--scheduler", begun.address)
        with held_in_the_middle(tmp_path / "kbs.db") as stored:
            assert stored < CAPTURES / 2
            begun.workers[0].kill()
            assert begun.workers[0].wait(10) == -signal.SIGKILL
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
        assert begun.workers[1].poll() is None
    assert rows(tmp_path / "kbs.db") == local


def test_a_page_that_ends_every_worker_is_found_by_halves() -> None:
    with cluster(2, nanny=True, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as begun:
        done = subprocess.run(
            [sys.executable, "-m", "tests.crawler.cluster", begun.address],
            cwd=CHECKOUT,
            capture_output=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert [line for line in told if BREAKS in line] == [f"6|{BREAKS}"]
    numbers = [number for line in told for number in line.split("|") if number.isdigit()]
    assert numbers == [str(number) for number in range(12)]


def test_a_cluster_that_is_lost_leaves_what_goes_on_elsewhere(
    captures: Path, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    with cluster(1) as begun:
        process = begin(tmp_path / "kbs.db", "reextract", str(captures), "--scheduler", begun.address)
        with held_in_the_middle(tmp_path / "kbs.db"):
            begun.scheduler.kill()
            begun.scheduler.wait(10)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1, said
    assert said.splitlines()[-1] == f"The connection to {begun.address} was lost; the same call goes on from here."
    assert "Traceback" not in said
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures))
    assert status == 0
    assert "Going on" in said
    assert rows(tmp_path / "kbs.db") == local


def test_a_cluster_whose_last_worker_leaves_is_not_waited_for(captures: Path, tmp_path: Path) -> None:
    with cluster(1) as begun:
        process = begin(tmp_path / "kbs.db", "reextract", str(captures), "--scheduler", begun.address)
        with held_in_the_middle(tmp_path / "kbs.db"):
            begun.workers[0].kill()
            begun.workers[0].wait(10)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1, said
    last = f"No worker is left at {begun.address}; begin some, and the same call goes on from here."
    assert said.splitlines()[-1] == last


def test_ctrl_c_ends_it(two: Cluster, captures: Path, local: dict[str, list[Any]], tmp_path: Path) -> None:
    call = ("reextract", str(captures), "--scheduler", two.address)
    process = begin(tmp_path / "kbs.db", *call)
    with held_in_the_middle(tmp_path / "kbs.db"):
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 128 + signal.SIGINT, said
    assert said.splitlines()[-1] == "Interrupted; the same call goes on from here."
    assert run(tmp_path / "kbs.db", *call)[0] == 0
    assert rows(tmp_path / "kbs.db") == local


def test_standard_input_is_read_here_and_extracted_there(
    two: Cluster, captures: Path, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "scrapy", "reextract", "-", "--scheduler", two.address],
        cwd=CHECKOUT,
        env=os.environ | {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": str(tmp_path / "none")},
        input=b"".join(file.read_bytes() for file in sorted(captures.iterdir())),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    stored = rows(tmp_path / "kbs.db")
    assert [row[:-2] for row in stored["articles"]] == [row[:-2] for row in local["articles"]]


def test_nobody_listens(captures: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    call = ("reextract", str(captures), "--scheduler", "tcp://127.0.0.1:1")
    status, said = run(tmp_path / "kbs.db", *call, patience=1.0)
    assert status == 1
    assert said == "No Dask scheduler answers at tcp://127.0.0.1:1; begin one with: dask scheduler\n"
    assert time.monotonic() - began < 20
    assert not (tmp_path / "kbs.db").exists()


def test_no_worker_comes(captures: Path, tmp_path: Path) -> None:
    with cluster(0) as begun:
        status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--scheduler", begun.address)
    assert status == 1
    told = f"{begun.address} has no worker, and none came in 2 s; begin one with: dask worker {begun.address}\n"
    assert said == told


_CHECKS = """
import sys
from pathlib import Path
from crawler.reextract import cluster
path = Path(sys.argv[2])
workers = cluster.ClusterWorkers(sys.argv[1], [path])
exec(sys.argv[3])
try:
    workers.executor()
except cluster.ClusterError as error:
    print(error)
workers.close()
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("pass", ""),
        ("path.unlink()", "does not see {path}: workers read the sources themselves, under the same path"),
        ("path.write_text('longer')", "sees another {path}: workers read the sources themselves, under the same path"),
        ("cluster._code = lambda: 'newer'", "has other code of kbsworld (it finds storage in "),
        (
            "cluster.look.__module__ = 'unheard_of'; sys.modules['unheard_of'] = cluster",
            "cannot use kbsworld (ModuleNotFoundError",
        ),
    ],
)
def test_workers_that_cannot_do_the_work_are_told(two: Cluster, tmp_path: Path, before: str, said: str) -> None:
    path = tmp_path / "some.warc"
    path.write_text("short")
    done = subprocess.run(
        [sys.executable, "-c", _CHECKS, two.address, str(path), before],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert said.format(path=path) in done.stdout
    assert bool(said) == bool(done.stdout)


@pytest.mark.parametrize("address", ["host:8786", "http://host:8786", "tcp://host", "tcp://host:port", "8786"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"is no address of a Dask scheduler, such as tcp://host:8786\."):
        check_address(address)


def test_a_wrong_address_is_a_wrong_call(tmp_path: Path) -> None:
    status, said = run(tmp_path / "kbs.db", "reextract", str(tmp_path), "--scheduler", "host:8786")
    assert status == 2
    assert said == "--scheduler host:8786 is no address of a Dask scheduler, such as tcp://host:8786.\n"


def test_jobs_are_none_of_a_cluster(tmp_path: Path) -> None:
    status, said = run(tmp_path / "kbs.db", "reextract", ".", "--scheduler", "tcp://host:8786", "--jobs", "2")
    assert status == 2
    assert said.startswith("--jobs are processes of this machine")
