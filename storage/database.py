"""The database file: opened, checked, brought up to date, and written to in batches."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from storage.schema import migrations

# Long enough for another crawl's batch to end; a batch takes milliseconds.
_BUSY_SECONDS = 30.0
_BUSY_PAUSE = 0.01


class StoreError(Exception):
    """The database cannot be used; the message is a sentence that names the file and the way out."""


class Store:
    """A database of kbsworld. Use it as a context manager, or close it.

    Attributes:
        path: its file.
        db: the file through sqlite-utils.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database, make it where it is missing, upgrade it where it is older.

        Raises:
            StoreError: it cannot be opened, is no database of kbsworld, or was written by a newer version.
        """
        if not str(path).strip() or str(path) == ":memory:":
            raise StoreError("The article database has no name; give KBS_DB a file name, such as data/kbs.db.")
        self.path = Path(path).expanduser()
        deadline = time.monotonic() + _BUSY_SECONDS
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.db = Database(sqlite3.connect(self.path, timeout=_BUSY_SECONDS), execute_plugins=False)
            self._file = (self.path.stat().st_dev, self.path.stat().st_ino)
            self._prepare(deadline)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(f"{self.path} cannot be opened as the article database ({reason}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction around everything that is added within: all of it is stored, or nothing.

        Raises:
            StoreError: the database file was taken away.
        """
        self._check_file()
        # Immediate: a transaction that starts by reading could not become a writing one while another crawl writes.
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.db.rollback()
            raise
        self.db.commit()

    def _prepare(self, deadline: float) -> None:
        """Check that the file is ours and not newer than this code, then bring it up to date."""
        # One transaction, one state of the file: another crawl may be making it between two statements.
        self.db.execute("begin")
        applied = {migration.name for migration in migrations.applied(self.db)}
        is_foreign = not applied and not is_empty(self.db)
        self.db.rollback()
        if is_foreign:
            raise StoreError(f"{self.path} is a database of something else; name another file.")
        if applied - _all_migrations():
            raise StoreError(f"{self.path} was written by a newer version of kbsworld; upgrade kbsworld to use it.")
        self._enable_wal(deadline)
        self.db.execute("pragma synchronous = normal")
        self.db.execute("pragma foreign_keys = on")
        if migrations.pending(self.db):
            with self.batch():
                migrations.apply(self.db)

    def _enable_wal(self, deadline: float) -> None:
        """Set the journal mode, waiting for others until `deadline` (of time.monotonic).

        SQLite does not wait by itself where two change it at once: "database is locked" comes in no time then
        (https://sqlite.org/c3ref/busy_handler.html). Where it does wait, for a reader, it lets no other reader begin.
        """
        self.db.execute("pragma busy_timeout = 0")
        while True:
            try:
                self.db.enable_wal()
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_BUSY_PAUSE)
        self.db.execute(f"pragma busy_timeout = {_BUSY_SECONDS * 1000:.0f}")

    def _check_file(self) -> None:
        """Raise where the file was taken away: SQLite would go on writing into one that no longer has a name."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._file:
            raise StoreError(f"{self.path} was taken away while it was in use; put it back, or run again.")


def is_empty(db: Database) -> bool:
    """Whether a database holds neither tables nor anything else, as where one is only about to be made."""
    return db.execute("select 1 from sqlite_master limit 1").fetchone() is None


def _all_migrations() -> set[str]:
    """The names of the migrations this code knows."""
    return {migration.name for migration in migrations.pending(Database(memory=True))}
