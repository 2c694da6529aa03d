"""One crawl of a spider at a time on a database: a lock that ends with its process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from storage.database import StoreError


class BusyError(StoreError):
    """Another process crawls. The message is a sentence that names it."""


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
            process, _, since = file.read(100).partition(" ")
            who = f"process {process}, since {since}" if since else "another process"
            raise BusyError(f"{spider} is running on {path} already ({who}); wait until it ends.") from None
        file.truncate(0)
        file.write(f"{os.getpid()} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield
