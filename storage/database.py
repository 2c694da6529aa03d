"""The database file: opened for writing or for reading, checked, brought up to date, and written to in batches."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from storage.schema import migrations

# Long enough for another crawl's batch to end; a batch takes milliseconds.
_BUSY_SECONDS = 30.0
_BUSY_PAUSE = 0.01
# Files in which SQLite keeps unfinished writes (https://sqlite.org/tempfiles.html).
_LOGS = ("-wal", "-journal")

# What an error of SQLite means, by the beginning of its name.
_ERRORS = {
    "SQLITE_NOTADB": "{file} is not an SQLite database, or its beginning is damaged ({error}); restore a copy of it.",
    "SQLITE_CORRUPT": "{file} is damaged ({error}); restore a copy of it.",
    "SQLITE_READONLY": "{file} cannot be used with your permissions ({error}); run this as the user who crawls.",
    "SQLITE_CANTOPEN": "{file} cannot be opened ({error}); run this as the user who crawls.",
    "": "{file} cannot be opened ({error}).",
}


class StoreError(Exception):
    """The database cannot be used. The message is a sentence that names the file and what to do."""


class Store:
    """A database of kbsworld, open for writing. Use it as a context manager, or close it.

    Attributes:
        path: its file.
        db: the file through sqlite-utils.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database; create it where it is missing, upgrade it where it is older.

        Raises:
            StoreError: it cannot be opened, is not a database of kbsworld, or was written by a newer version.
        """
        self.path = _named(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.db = Database(sqlite3.connect(self.path, timeout=_BUSY_SECONDS), execute_plugins=False)
            self._stat = self.path.stat()
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error

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
            StoreError: the database file was moved or deleted.
        """
        # SQLite would go on writing into a file that no longer has a name.
        if not self.path.exists() or not os.path.samestat(self.path.stat(), self._stat):
            raise StoreError(f"{self.path} was moved or deleted while in use; put it back, or run again.")
        # Immediate: a transaction that starts by reading could not become a writing one while another crawl writes.
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.db.rollback()
            raise
        self.db.commit()

    def _prepare(self) -> None:
        # One transaction, one state of the file: another crawl may be creating it between two statements.
        self.db.execute("begin")
        is_empty = self.db.execute("select 1 from sqlite_master limit 1").fetchone() is None
        pending = set() if is_empty else _pending(self.path, self.db)
        self.db.rollback()
        self._enable_wal()
        self.db.execute("pragma synchronous = normal")
        self.db.execute("pragma foreign_keys = on")
        if is_empty or pending:
            with self.batch():
                migrations.apply(self.db)

    def _enable_wal(self) -> None:
        """Set the journal mode, and wait where another process sets it: there SQLite's own timeout does not apply."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self.db.enable_wal()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_BUSY_PAUSE)
            else:
                return


@contextmanager
def open_to_read(path: str | Path, say: Callable[[str], None] | None = None) -> Iterator[Database]:
    """The database at `path`, for reading only; others may write to it meanwhile.

    Args:
        path: the database file.
        say: is given a sentence where the database is older than this code, and is upgraded first. None: an older one
            is refused.

    Raises:
        StoreError: there is no such file, this code cannot read it, or it cannot be upgraded.
    """
    file = _existing(path)
    with _connected(file) as db:
        is_older = bool(_pending(file, db))
        if not is_older:
            yield db
            return
    if say is None:
        raise StoreError(f"{file} was made by an older version of kbsworld; any crawl into it upgrades it.")
    say(f"{file} was made by an older version of kbsworld and is upgraded first.")
    Store(file).close()
    with _connected(file) as db:
        yield db


def is_at_rest(file: Path) -> bool:
    """Whether a database must be read as an immutable file.

    In a read-only folder SQLite cannot create files of its own; and without a log nobody writes.
    """
    has_log = any(file.with_name(f"{file.name}{log}").exists() for log in _LOGS)
    return not has_log and not os.access(file.parent, os.W_OK, effective_ids=True)


def _named(path: str | Path) -> Path:
    if not str(path).strip() or str(path) == ":memory:":
        raise StoreError("The article database has no name; give KBS_DB a file name, such as data/kbs.db.")
    return Path(path).expanduser()


def _existing(path: str | Path) -> Path:
    file = _named(path)
    if file.is_file():
        return file
    if file.exists():
        raise StoreError(f"{file} is not a file; give KBS_DB the name of the article database.")
    raise StoreError(f"There is no database {file} yet; a crawl makes it, or KBS_DB names another.")


@contextmanager
def _connected(file: Path) -> Iterator[Database]:
    # Not mode=ro: that leaves SQLite's own files beside the database when it is closed.
    mode = "mode=ro&immutable=1" if is_at_rest(file) else "mode=rw"
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?{mode}", uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    with closing(connection):
        connection.execute("pragma query_only = on")
        # Bytes that a damaged disk left must not end the reading of the rest.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        yield Database(connection, execute_plugins=False)


def _pending(file: Path, db: Database) -> set[str]:
    """The names of the migrations that a database of kbsworld still needs.

    Raises:
        StoreError: it is not one, cannot be read, or a newer version wrote it.
    """
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    try:
        applied = {migration.name for migration in migrations.applied(db)}
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if not applied:
        raise StoreError(f"{file} is not a database of kbsworld; give KBS_DB another name.")
    if applied - known:
        raise StoreError(f"{file} was written by a newer version of kbsworld; upgrade kbsworld to use it.")
    return known - applied


def _unusable(file: Path, error: OSError | sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    sentence = next(_ERRORS[prefix] for prefix in _ERRORS if name.startswith(prefix))
    return StoreError(sentence.format(file=file, error=getattr(error, "strerror", None) or error))
