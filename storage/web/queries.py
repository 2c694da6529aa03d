"""Runs SQL in processes that end where a query takes too long.

SQLite can interrupt a query between its steps only, and one call of one function (`instr`, `like`, `printf`) is a step
that can take hours. The memory that SQLite uses is bounded for a process as a whole, too.
"""

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

from storage.statistics import match_expression, register

# The longest value that a query may make, in bytes: the longest text is a million characters.
_MAX_VALUE = 5_000_000
# What SQLite may use, and how long the rows of an answer may be in all, in bytes.
_MAX_HEAP, _MAX_ROWS = 64_000_000, 10_000_000
# What a value costs besides its own length: a page of many takes time to write.
_CELL = 100

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["__main__", "storage.web.queries"])


def process() -> ProcessPoolExecutor:
    """A process for `answer`."""
    os.environ["PYTHONSAFEPATH"] = "1"  # it imports no file of the current folder, such as a pickle.py
    # Python's process that cleans up when the reading room has ended does so silently.
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
    return ProcessPoolExecutor(1, _CONTEXT, _begin)


def answer(uri: str, sql: str, params: Any, seconds: float, most: int) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """The names of a query's columns, its first rows, `most` of them, and whether there are more.

    It ends its process where it takes longer than `seconds`. The database at `uri` stays open.

    Raises:
        sqlite3.Error: the query is wrong, or needs too much memory.
    """
    rows: list[tuple[Any, ...]] = []
    length = 0
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        cursor = _connection(uri).execute(sql, params)
        names = [name for name, *_ in cursor.description or ()]
        for row in cursor:
            length += sum(map(sys.getsizeof, row)) + _CELL * len(row)
            if len(rows) == most or length > _MAX_ROWS:
                return names, rows, True
            rows.append(row)
    except MemoryError:
        raise sqlite3.OperationalError("the query needs too much memory") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return names, rows, False


@cache
def _connection(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True)
    connection.text_factory = lambda text: str(text, "utf-8", "replace")
    register(connection)
    # Datasette's own knows neither `OR` nor `title:`, and does not catch errors.
    connection.create_function("escape_fts", 1, match_expression, deterministic=True)
    connection.execute("pragma query_only = 1")
    connection.execute(f"pragma hard_heap_limit = {_MAX_HEAP}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    return connection


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to every process
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)
