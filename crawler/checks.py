"""The work of `scrapy doctor`: database and archive are examined, and what was found is printed."""

from __future__ import annotations

import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from crawler.diagnosis import archive_lines, database_lines, exit_status, verdict
from extractors.dates import KST
from storage import StoreError
from storage.archive.check import ArchiveReport, Rows, RunSpan, check_archive, check_files
from storage.checkup import examine
from storage.database import open_to_read


def check(database: str, folder: str, *, quick: bool) -> int:
    """Print the report; the exit status.

    Args:
        database: KBS_DB.
        folder: KBS_ARCHIVE; empty where none is kept.
        quick: do not read the archive.

    Raises:
        StoreError, OSError: one of them cannot be read; the message is a sentence.
    """
    # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    now = datetime.now(UTC)
    with open_to_read(database) as db:
        found = examine(db, now.astimezone(KST).date())
    print(f"{database} and {folder or 'no archive'}, {now:%Y-%m-%d %H:%M} UTC\n")
    print(*database_lines(found, now), sep="\n", flush=True)
    try:
        archive = _check(folder, found.rows, found.spans, quick=quick)
    except OSError as error:
        raise StoreError(f"The archive {folder} cannot be read ({error.strerror}).") from error
    print(*archive_lines(folder, found.rows, archive, quick=quick), sep="\n")
    print(verdict(found, archive))
    return exit_status(found, archive)


def _check(folder: str, rows: Rows, runs: list[RunSpan], *, quick: bool) -> ArchiveReport:
    """The report of the archive; an empty one where none is kept."""
    if not folder:
        return ArchiveReport()
    path = Path(folder).expanduser()
    if quick:
        return check_files(path, rows)
    if not sys.stderr.isatty():
        return check_archive(path, rows, runs)
    report = check_archive(path, rows, runs, _Progress().show)
    print("\r\x1b[K", end="", file=sys.stderr)
    return report


class _Progress:
    """A live line on a terminal."""

    def __init__(self) -> None:
        self._shown = time.monotonic()

    def show(self, done: int, total: int, number: int, files: int) -> None:
        """Say how far the archive was read, now and then."""
        if time.monotonic() - self._shown < 0.2:
            return
        self._shown = time.monotonic()
        line = f"archive: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB, file {number} of {files}"
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
