"""Copies of the database and the archive, taken while crawls write, and checked."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from storage.archive.capture import warc_files
from storage.archive.check import Finding, Rows, check_files
from storage.checkup import archived_rows, integrity
from storage.database import StoreError, open_to_read
from storage.exports import whole_file, whole_folder

Progress = Callable[[int, int], None]

# Pages of the database between two calls of a Progress: some megabytes.
_PAGES = 1000


def copy_database(source: Database, target: Path, progress: Progress) -> tuple[dict[str, int], Rows]:
    """Copy a database to a file as it is at one moment, and check the copy.

    Args:
        source: as `open_to_read` returns it.
        target: a new file; its folder is made.
        progress: called with the pages copied and all pages.

    Returns:
        The rows of each table, and where their pages are in the archive.

    Raises:
        StoreError: the copy is damaged, as the database then is; it is not kept.
        ExportError: it cannot be written.
    """
    source.execute("begin")  # else SQLite copies from the start again whenever another process has written
    counts = _counts(source)
    with whole_folder(target.parent) as folder:
        with closing(sqlite3.connect(folder / target.name)) as file:
            source.conn.backup(file, pages=_PAGES, progress=lambda _, left, pages: progress(pages - left, pages))
        with open_to_read(folder / target.name) as copy:
            damage = integrity(copy)
            if damage or _counts(copy) != counts:
                why = damage[0] if damage else "tables have other numbers of rows"
                raise StoreError(f"The copy is damaged ({why}) and not kept; kbsworld doctor checks the database.")
            rows = archived_rows(copy)
    return counts, rows


def copy_archive(source: Path, target: Path, rows: Rows, progress: Progress) -> tuple[int, list[Finding]]:
    """Copy the WARC files that a folder does not have, or has shorter: they only grow.

    Args:
        rows: of the copy of the database.
        progress: called with the bytes copied and all bytes.

    Returns:
        How many files were copied, and what the rows name that the folder lacks.
    """
    there = warc_files(target)
    files = {name: size for name, size in warc_files(source).items() if size > there.get(name, -1)}
    target.mkdir(parents=True, exist_ok=True)
    done = 0
    for name, size in files.items():
        with (source / name).open("rb") as file, whole_file(target / name) as copy:
            shutil.copyfileobj(file, copy)
        done += size
        progress(done, sum(files.values()))
    return len(files), check_files(target, rows).findings


def _counts(db: Database) -> dict[str, int]:
    return {name: db.table(name).count for name in db.table_names()}
