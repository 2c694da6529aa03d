"""Runs SQL in processes that end where a query takes too long.

SQLite can interrupt a query between its steps only, and one call of one function (`instr`, `like`, `printf`) is a step
that can take hours. The memory that SQLite uses is bounded for a process as a whole, too.
"""

import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from storage.statistics import match_expression, register

# The longest value that a query may make, in bytes: the longest text is a million characters.
_MAX_VALUE = 5_000_000
# What SQLite may use, and how long the rows of an answer may be in all, in bytes.
_MAX_HEAP, _MAX_ROWS = 64_000_000, 10_000_000
# What a value costs besides its own length: a page of many takes time to write.
_CELL = 100
# How long after its time a query is interrupted by force, in seconds.
_GRACE = 0.2

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["__main__", "storage.web.queries"])


class Answer(NamedTuple):
    """The names of the columns, None where there are none, the rows, and whether there were more."""

    names: list[str] | None
    rows: list[tuple[Any, ...]]
    is_cut: bool


def prepare(connection: sqlite3.Connection) -> None:
    """Refuse all writing, and give queries the project's functions."""
    register(connection)
    # Datasette's own knows neither `OR` nor `title:`, and does not catch errors.
    connection.create_function("escape_fts", 1, match_expression, deterministic=True)
    connection.execute("pragma query_only = 1")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)


class Worker:
    """A process with a connection of its own to the database at an SQLite URI."""

    def __init__(self, uri: str) -> None:
        os.environ["PYTHONSAFEPATH"] = "1"  # it imports no file of the current folder, such as a pickle.py
        self._pipe, end = _CONTEXT.Pipe()
        _CONTEXT.Process(target=_work, args=(end, uri), daemon=True).start()
        end.close()

    def ask(self, sql: str, params: Any, seconds: float, most: int | None, *, is_whole: bool) -> Answer:
        """The first `most` rows of a query, None: all; if they are too long, the first that are not.

        Raises:
            EOFError: it took longer than that many seconds, and this worker has ended.
            sqlite3.Error: it failed; `interrupted`: it took too long. Its rows are too long and needed as a whole.
        """
        try:
            self._pipe.send((sql, params, seconds, most, is_whole))
            answer = self._pipe.recv()
        except OSError as error:
            raise EOFError from error
        if isinstance(answer, Exception):
            raise answer
        return Answer(*answer)


def _work(pipe: Connection, uri: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to every process
    connection = sqlite3.connect(uri, uri=True)
    connection.text_factory = lambda text: str(text, "utf-8", "replace")
    prepare(connection)
    connection.execute(f"pragma hard_heap_limit = {_MAX_HEAP}")
    with suppress(EOFError, OSError):  # the reading room has ended
        while True:
            sql, params, seconds, *limits = pipe.recv()
            connection.set_progress_handler(partial(_is_over, time.monotonic() + seconds), 1000)
            signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)  # whose signal ends the process
            try:
                answer: Any = tuple(_answer(connection.execute(sql, params), *limits))
            except MemoryError:
                answer = sqlite3.OperationalError("the query needs too much memory")
            except Exception as error:  # noqa: BLE001  (raised where it is read)
                answer = error
            signal.setitimer(signal.ITIMER_REAL, 0)
            pipe.send(answer)


def _is_over(deadline: float) -> bool:
    return time.monotonic() > deadline


def _answer(cursor: sqlite3.Cursor, most: int | None, is_whole: bool) -> Answer:
    names = [name for name, *_ in cursor.description] if cursor.description else None
    rows: list[tuple[Any, ...]] = []
    length = 0
    for row in cursor:
        length += sum(map(sys.getsizeof, row)) + _CELL * len(row)
        if is_whole and length > _MAX_ROWS:
            raise sqlite3.OperationalError("these rows are too long in all; ask for fewer rows or columns")
        if len(rows) == most or length > _MAX_ROWS:
            return Answer(names, rows, is_cut=True)
        rows.append(row)
    return Answer(names, rows, is_cut=False)
