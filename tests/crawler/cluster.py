"""A Dask cluster on loopback, of real processes begun by distributed's own command line; archives for it to read."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage.sources.base import Item
from tests.crawler.forms import as_warc, captures
from tests.crawler.prepared import CHECKOUT, prepared

# With parts of a few pages, and without patience.
_SMALL = """
from crawler.reextract import cluster
from storage.sources import warc
warc.PART_BYTES = 60_000
cluster._NO_WORKER = 2.0
"""
_SCRAPY = f"""{_SMALL}
import sys
from scrapy.cmdline import execute
execute(["scrapy", *sys.argv[1:]])
"""


@dataclass
class Cluster:
    """A scheduler and its workers, by their processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(workers: int, *, nanny: bool = False, **environment: str) -> Iterator[Cluster]:
    """A cluster of so many workers, each a process of one thread; with a nanny, those that die are replaced."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": CHECKOUT}
    own = {"env": os.environ | {"PYTHONPATH": str(CHECKOUT)} | environment}
    module = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    with ExitStack() as stack:
        begun = [subprocess.Popen([*module, "--port", str(port)], **quiet, **own)]  # type: ignore[call-overload]
        stack.callback(_end, begun)
        begun += [
            subprocess.Popen([*worker, "--nanny" if nanny else "--no-nanny"], **quiet, **own)  # type: ignore[call-overload]
            for _ in range(workers)
        ]
        _await_listener(port)
        yield Cluster(address, begun[0], begun[1:])


def _await_listener(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()  # what a nanny began ends with it
        process.wait()


def archive(folder: Path, count: int) -> Path:
    """An archive of several files, each of some parts."""
    empty = b"<html><body>Rien</body></html>"
    kept = (page if i % 40 else replace(page, body=empty) for i, page in enumerate(captures(count)))
    as_warc(kept, folder, max_bytes=400_000)
    return folder


def begin(database: Path, *arguments: str) -> subprocess.Popen[str]:
    """`scrapy`, begun, with small parts."""
    return subprocess.Popen(
        [sys.executable, "-c", _SCRAPY, *arguments],
        cwd=CHECKOUT,
        env=os.environ | _places(database),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def run(database: Path, *arguments: str, patience: float = 8.0) -> tuple[int, str]:
    """`scrapy` with small parts: exit status, and what it said; `patience`: with a scheduler, in seconds."""
    first = f"{_SMALL}cluster._PATIENCE = {patience}"
    done = prepared().run(*arguments, first=first, **_places(database))
    return done.returncode, done.stderr


def _places(database: Path) -> dict[str, str]:
    return {"KBS_DB": str(database), "KBS_ARCHIVE": str(database.parent / "none")}


def rows(database: Path) -> dict[str, list[Any]]:
    """All that is stored of pages."""
    connection = sqlite3.connect(database)
    try:
        found = {"articles": "select * from articles", "refusals": "select * from refusals"}
        return {table: sorted(connection.execute(sql), key=repr) for table, sql in found.items()}
    finally:
        connection.close()


@contextmanager
def held_in_the_middle(database: Path, table: str = "articles") -> Iterator[int]:
    """Wait until something is stored, and let nothing more be stored while the context is open; how much there is."""
    deadline = time.monotonic() + 60
    # Before it has a log, a lock of ours would keep it from being made.
    while not database.with_name(f"{database.name}-wal").exists():
        assert time.monotonic() < deadline, "no database was made"
        time.sleep(0.01)
    connection = sqlite3.connect(database, timeout=30, isolation_level=None)
    try:
        while True:
            try:
                connection.execute("begin immediate")
                (stored,) = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
            except sqlite3.OperationalError:  # its tables are being made
                stored = 0
            if stored:
                break
            if connection.in_transaction:
                connection.execute("rollback")
            assert time.monotonic() < deadline, "nothing was stored"
            time.sleep(0.005)
        yield stored
        connection.execute("rollback")
    finally:
        connection.close()


@dataclass(frozen=True)
class Deadly:
    """A part of numbers, one of which ends the process that reads it."""

    numbers: tuple[int, ...]
    deadly: int
    cursor: str = ""
    size: int = 0

    def read(self, max_page: int) -> Iterator[Item]:
        """Nothing, at best."""
        del max_page
        if self.deadly in self.numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from ()

    def halves(self) -> tuple[Deadly, Deadly] | None:
        """The lower and the higher numbers."""
        middle = len(self.numbers) // 2
        if not middle:
            return None
        return replace(self, numbers=self.numbers[:middle]), replace(self, numbers=self.numbers[middle:])


if __name__ == "__main__":  # reads deadly parts on a cluster: what is told of each number
    from functools import partial

    from crawler.reextract.cluster import ClusterWorkers
    from crawler.reextract.pool import results
    from crawler.reextract.work import extract_part
    from tests.crawler.cluster import Deadly as Part  # as workers import it

    there = ClusterWorkers(sys.argv[1], [])
    tasks = [("deadly", Part(tuple(range(first, first + 4)), 6)) for first in (0, 4, 8)]
    for _, part, extracted in results(tasks, partial(extract_part, max_page=1, base_url="https://a.example"), there):
        assert isinstance(part, Part)
        print(*part.numbers, *(wound.what for wound in extracted.wounds), sep="|")
    there.close()
