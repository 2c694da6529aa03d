"""Answers SQL in child processes, which end where a query takes too long.

SQLite can interrupt a query between its steps only, and one call of one function (`instr`, `like`, `printf`) is a step
that can take hours. The memory that SQLite uses is bounded for a process as a whole, too.
"""

import multiprocessing
import sqlite3
import sys
from functools import cache
from typing import Any

from storage.statistics import register

# The longest value that a query may make, in bytes: the longest text is a million characters.
_MAX_VALUE = 5_000_000
# What SQLite may use, and how long the rows of an answer may be in all, in bytes.
_MAX_HEAP, _MAX_ROWS = 64_000_000, 10_000_000
# What a value costs besides its own length: a page of many takes time to write.
_CELL = 100

multiprocessing.set_forkserver_preload(["__main__", __name__])


def answer(uri: str, sql: str, params: Any, most: int) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """The names of a query's columns, its first rows, `most` of them, and whether there are more.

    The database at `uri` stays open.

    Raises:
        sqlite3.Error: the query is wrong, or needs too much memory.
    """
    rows: list[tuple[Any, ...]] = []
    length = 0
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
    return names, rows, False


@cache
def _connection(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True)
    connection.text_factory = lambda text: str(text, "utf-8", "replace")
    register(connection)
    connection.execute("pragma query_only = 1")
    connection.execute(f"pragma hard_heap_limit = {_MAX_HEAP}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    return connection
