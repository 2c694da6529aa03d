"""A database of kbsworld opened to be read and nothing else: never made, never upgraded, no file left beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from storage.database import StoreError
from storage.schema import migrations

T = TypeVar("T")

#: What a reader of this code's databases relies on.
TABLES = frozenset({"articles", "refusals", "runs", "lists", "missing"})

# A crawl may begin while the database is read, and end; several in a row are no coincidence any more.
_ATTEMPTS = 3
_BUSY_SECONDS = 30.0


def read_undisturbed(path: str | Path, read: Callable[[Database], T]) -> T:
    """What `read` makes of the database at `path`, as it was at one time.

    A database that no process has open is read as a file that does not change: SQLite then needs no files of its own
    beside it, which would fail in a folder that cannot be written, and would belong to whoever reads. Where a crawl
    began meanwhile, it is read again.

    Args:
        path: the database file.
        read: called with the database, perhaps more than once.

    Raises:
        StoreError: there is no such file, or it is none that this code reads; the message is a sentence.
    """
    file = _find(path)
    for _ in range(_ATTEMPTS):
        before = _state(file)
        with _open(file, at_rest=before[0] is None) as db:
            result = read(db)
        if before[0] is not None or _state(file) == before:
            return result
    raise StoreError(f"{file} was changed again and again while it was read; run this when no crawl runs.")


@contextmanager
def open_readonly(path: str | Path) -> Iterator[Database]:
    """The database at `path`, to be read while others may write.

    Raises:
        StoreError: there is no such file, or it is none that this code reads; the message is a sentence.
    """
    with _open(_find(path), at_rest=False) as db:
        yield db


def _find(path: str | Path) -> Path:
    if not str(path).strip() or str(path) == ":memory:":
        raise StoreError("The article database has no name; give KBS_DB a file name, such as data/kbs.db.")
    file = Path(path).expanduser()
    try:
        if file.is_file():
            return file
        if file.exists():
            raise StoreError(f"{file} is no file; give KBS_DB the name of the article database.")
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}).") from error
    raise StoreError(f"There is no database {file} yet; a crawl makes it, or KBS_DB names another.")


def _state(file: Path) -> tuple[int | None, int, int]:
    """The log beside the database, by its size (None: there is none), and when and to what size the file changed."""
    log = file.with_name(f"{file.name}-wal")
    try:
        found = file.stat()
        return log.stat().st_size if log.exists() else None, found.st_mtime_ns, found.st_size
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}).") from error


@contextmanager
def _open(file: Path, *, at_rest: bool) -> Iterator[Database]:
    uri = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise StoreError(f"{file} cannot be read ({error}).") from error
    try:
        # Bytes that a broken disk left must not end the reading of the rest.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        db = Database(connection, execute_plugins=False)
        _check_kind(file, db)
        yield db
    finally:
        connection.close()


def _check_kind(file: Path, db: Database) -> None:
    """Raise where the file is no database that this code reads."""
    try:
        applied = {migration.name for migration in migrations.applied(db)}
        tables = set(db.table_names())
    except sqlite3.Error as error:
        raise StoreError(_unreadable(file, error)) from error
    if not applied:
        raise StoreError(f"{file} is no database of kbsworld; give KBS_DB the name of one.")
    if applied - {migration.name for migration in migrations.pending(Database(memory=True))}:
        raise StoreError(f"{file} was written by a newer version of kbsworld; upgrade kbsworld to use it.")
    if not tables >= TABLES and migrations.pending(db):
        raise StoreError(f"{file} was made by an older version of kbsworld; any crawl into it upgrades it.")


def _unreadable(file: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_NOTADB"):
        return f"{file} is no SQLite database, or its beginning is damaged ({error}); put back a copy of it."
    if name.startswith("SQLITE_CORRUPT"):
        return f"{file} is damaged so that nothing in it can be found ({error}); put back a copy of it."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return f"{file} cannot be read as it was left ({error}); run this as the user who crawls."
    return f"{file} cannot be read ({error})."
