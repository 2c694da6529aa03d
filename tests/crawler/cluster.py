"""A Dask cluster on loopback, of real processes begun by distributed's own command line."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crawler.prepared import CHECKOUT


@dataclass
class Cluster:
    """A scheduler and its workers, by their processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(workers: int, *options: str, **environment: str) -> Iterator[Cluster]:
    """A cluster with `workers` workers, each a process of one thread; `options` of dask worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-dashboard", *options]
    with ExitStack() as stack:
        started = [_start(stack, command, environment) for command in (scheduler, *[worker] * workers)]
        _await_listener(port)
        yield Cluster(address, started[0], started[1:])


def _start(stack: ExitStack, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)} | environment,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _await_listener(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the scheduler does not listen"
            time.sleep(0.05)
        else:
            return


@contextmanager
def held_in_the_middle(database: Path) -> Iterator[int]:
    """Wait until articles are stored, and let no more be stored while the context is open; how many there are."""
    deadline = time.monotonic() + 60
    # Before it has a log, a lock of ours would keep it from being made.
    while not database.with_name(f"{database.name}-wal").exists():
        assert time.monotonic() < deadline, "no database was made"
        time.sleep(0.01)
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        while not (stored := _locked(connection)):
            assert time.monotonic() < deadline, "nothing was stored"
            time.sleep(0.005)
        yield stored
        connection.execute("rollback")


def _locked(connection: sqlite3.Connection) -> int:
    """How many articles there are, and then the database is locked; 0 if the database is empty."""
    try:
        connection.execute("begin immediate")
        (stored,) = connection.execute("select count(*) from articles").fetchone()
    except sqlite3.OperationalError:  # its tables are being made
        stored = 0
    if not stored and connection.in_transaction:
        connection.execute("rollback")
    return int(stored)
