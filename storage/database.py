"""The database file: opened for writing or for reading, checked, upgraded, written to in batches, locked by crawls."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from sqlite_utils import Database as Database  # imported from here: storage.lean comes first

from storage.schema import migrations

# Long enough for another crawl's batch to end; a batch takes milliseconds.
_BUSY_SECONDS = 30.0


class StoreError(Exception):
    """The database cannot be used. The message is a sentence that names the file and what to do."""


class WrongNameError(ValueError):
    """What a caller names is not there, or cannot be read. The message is a sentence."""


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
        with self.db.conn:
            yield

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
                time.sleep(0.01)
            else:
                return


class BusyError(StoreError):
    """Another process crawls with the same spider."""


@contextmanager
def only_run(database: str | Path, spider: str) -> Iterator[None]:
    """Hold the lock of a spider on a database file while the block runs.

    Raises:
        BusyError: another process holds it.
    """
    path = Path(database).expanduser().resolve()
    with path.with_name(f"{path.name}-{spider}.lock").open("a+") as file:  # it stays: to delete it would unlock it
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not flock, which child processes would hold on
        except (BlockingIOError, PermissionError):
            file.seek(0)
            who = file.read(100) or "another process"
            raise BusyError(f"{spider} is running on {path} already ({who}); wait until it ends.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


def open_to_read(path: str | Path, say: Callable[[str], None] | None = None) -> Database:
    """The database at `path`, for reading only; others may write to it meanwhile. Close it, or use it in a `with`.

    `say` is given a sentence where the database is older than this code, and is upgraded first. None: an older one is
    refused.

    Raises:
        StoreError: there is no such file, this code cannot read it, or it cannot be upgraded.
    """
    file = _named(path)
    if not file.exists():
        others = ", ".join(map(str, sorted(file.parent.glob("*.db"))[:5]))
        way = f"--db names another{others and ': '}{others}"
        raise StoreError(f"There is no database {file} yet; a crawl makes it, or {way}.")
    with _connect(file) as db:
        is_older = bool(_pending(file, db))
    if is_older:
        if say is None:
            raise StoreError(f"{file} was made by an older version of kbsworld; any crawl into it upgrades it.")
        say(f"{file} was made by an older version of kbsworld and is upgraded first.")
        Store(file).close()
    return _connect(file)


def is_at_rest(file: Path) -> bool:
    """Whether a database must be read as an immutable file.

    In a read-only folder SQLite cannot create files of its own; and without a log nobody writes
    (https://sqlite.org/tempfiles.html).
    """
    has_log = any(file.with_name(f"{file.name}{log}").exists() for log in ("-wal", "-journal"))
    return not has_log and not os.access(file.parent, os.W_OK, effective_ids=True)


def _named(path: str | Path) -> Path:
    if not str(path).strip():
        raise StoreError("The article database has no name; give KBS_DB a file name, such as data/kbs.db.")
    file = Path(path).expanduser()
    if file.is_dir():
        raise StoreError(f"{file} is a folder; give KBS_DB the name of a file in it.")
    return file


def _connect(file: Path) -> Database:
    # Not mode=ro: that leaves SQLite's own files beside the database when it is closed.
    mode = "mode=ro&immutable=1" if is_at_rest(file) else "mode=rw"
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?{mode}", uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    connection.execute("pragma query_only = on")
    # Bytes that a damaged disk left must not end the reading of the rest.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    return Database(connection, execute_plugins=False)


def _pending(file: Path, db: Database) -> set[str]:
    """The names of the migrations that a database of kbsworld still needs."""
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


def is_damage(error: Exception) -> bool:
    """Whether a file is not, or no longer, an SQLite database."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


def _unusable(file: Path, error: OSError | sqlite3.Error) -> StoreError:
    if is_damage(error):
        return StoreError(f"{file} is not an SQLite database, or is damaged ({error}); restore a copy of it.")
    reason = getattr(error, "strerror", None) or error
    what_to_do = "check the permissions of it and its folder, and the space on its disk"
    return StoreError(f"{file} cannot be opened ({reason}); {what_to_do}.")
