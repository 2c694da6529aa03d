"""The database file: opened, checked, brought up to date, and written to in batches."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from sqlite_utils import Database

from storage.schema import migrations

T = TypeVar("T")

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


#: What a reader of this code's databases relies on.
TABLES = frozenset({"articles", "refusals", "runs", "lists", "missing"})

# A crawl may begin while the database is read, and end; several in a row are no coincidence any more.
_ATTEMPTS = 3
# Where SQLite keeps what is not in the database yet, or is to be put back into it (https://sqlite.org/tempfiles.html).
_LOGS = ("-wal", "-journal")


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


@contextmanager
def open_to_read(path: str | Path, say: Callable[[str], None]) -> Iterator[Database]:
    """The database at `path`, brought up to date first where it is older than this code, then to be read alone.

    Args:
        path: the database file.
        say: told, in a sentence, that it is upgraded.

    Raises:
        StoreError: there is no such file, it is none that this code reads, or it cannot be upgraded; the message is a
            sentence.
    """
    file = _find(path)
    at_rest = is_at_rest(file)
    with _connect(file, at_rest=at_rest) as db:
        is_older = bool(_pending(file, db))
    if is_older:
        say(f"{file} was made by an older version of kbsworld and is upgraded first.")
        _upgrade(file)
    with _open(file, at_rest=at_rest) as db:
        yield db


def is_at_rest(file: Path) -> bool:
    """Whether a database must be read as a file that does not change.

    In a folder that cannot be written SQLite has nowhere to put files of its own; and without a log nobody writes.
    """
    return _state(file)[0] is None and not os.access(file.parent, os.W_OK)


def _upgrade(file: Path) -> None:
    try:
        Store(file).close()
    except StoreError as error:
        reason = error.__cause__ or error
        raise StoreError(
            f"{file} could not be upgraded ({reason}); run this when no crawl runs, as the user who crawls."
        ) from error


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
    """The logs beside the database, by their size (None: none), and when and to what size the file changed."""
    try:
        found = file.stat()
        logs = [size for end in _LOGS if (size := _size(file.with_name(f"{file.name}{end}"))) is not None]
        return sum(logs) if logs else None, found.st_mtime_ns, found.st_size
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}).") from error


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


@contextmanager
def _open(file: Path, *, at_rest: bool) -> Iterator[Database]:
    with _connect(file, at_rest=at_rest) as db:
        _check_kind(file, db)
        yield db


@contextmanager
def _connect(file: Path, *, at_rest: bool) -> Iterator[Database]:
    uri = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise StoreError(f"{file} cannot be read ({error}).") from error
    try:
        # Bytes that a broken disk left must not end the reading of the rest.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        yield Database(connection, execute_plugins=False)
    finally:
        connection.close()


def _check_kind(file: Path, db: Database) -> None:
    """Raise where the file is no database that this code reads."""
    pending = _pending(file, db)
    try:
        tables = set(db.table_names())
    except sqlite3.Error as error:
        raise StoreError(_unreadable(file, error)) from error
    if pending and not tables >= TABLES:
        raise StoreError(f"{file} was made by an older version of kbsworld; any crawl into it upgrades it.")


def _pending(file: Path, db: Database) -> set[str]:
    """The migrations that a database of this project still needs; raise where it is none."""
    try:
        applied = {migration.name for migration in migrations.applied(db)}
        holds_nothing = is_empty(db)
    except sqlite3.Error as error:
        raise StoreError(_unreadable(file, error)) from error
    if holds_nothing:
        raise StoreError(f"{file} holds nothing yet; a crawl fills it, or KBS_DB names another.")
    if not applied:
        raise StoreError(f"{file} is no database of kbsworld; give KBS_DB the name of one.")
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    if applied - known:
        raise StoreError(f"{file} was written by a newer version of kbsworld; upgrade kbsworld to use it.")
    return known - applied


def _unreadable(file: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_NOTADB"):
        return f"{file} is no SQLite database, or its beginning is damaged ({error}); put back a copy of it."
    if name.startswith("SQLITE_CORRUPT"):
        return f"{file} is damaged so that nothing in it can be found ({error}); put back a copy of it."
    if name == "SQLITE_READONLY_ROLLBACK":
        return f"{file} was left in the midst of a write; any command that writes, such as a crawl, takes that back."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return f"{file} cannot be read as it was left ({error}); run this as the user who crawls."
    return f"{file} cannot be read ({error})."
