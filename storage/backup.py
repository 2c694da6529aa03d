"""A copy of the database, taken while crawls write, and checked."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from storage.checkup import integrity
from storage.database import StoreError, open_to_read
from storage.exports import whole_folder

# Pages of the database between two calls of `progress`: some megabytes.
_PAGES = 1000


def copy_database(source: Database, target: Path, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Copy a database (of `open_to_read`) to a new file as it is at one moment, and check the copy.

    `progress` is called with the pages copied and all pages. Returns the number of rows of each table.

    Raises:
        StoreError: the copy is damaged, as the database then is; it is not kept.
        ExportError: it cannot be written.
    """
    source.execute("begin")  # else SQLite copies from the start again whenever another process has written
    counts = {name: source.table(name).count for name in source.table_names()}
    with whole_folder(target.parent) as folder:
        with closing(sqlite3.connect(folder / target.name)) as file:
            source.conn.backup(file, pages=_PAGES, progress=lambda _, left, pages: progress(pages - left, pages))
        with open_to_read(folder / target.name) as copy:
            if integrity(copy):
                raise StoreError("The copy is damaged and not kept; kbsworld doctor checks the database.")
    return counts
