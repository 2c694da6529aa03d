"""scrapy doctor: whether the database and the archive are sound, and what the last runs left undone."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from scrapy.commands import ScrapyCommand

from crawler.arguments import check_setting_names
from crawler.diagnosis import archive_lines, database_lines, exit_status, verdict
from crawler.failures import WORK_FAILED, WRONG_CALL, complain
from extractors.dates import KST
from storage import StoreError
from storage.archive_check import ArchiveReport, Rows, RunSpan, check_archive, check_files
from storage.checkup import examine
from storage.readonly import read_undisturbed


class Command(ScrapyCommand):
    """Reports on standard output and writes nothing; exit status 1 for what is broken, 3 for what is unhealthy."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Check the database and the archive, and show how the last runs went"

    def long_desc(self) -> str:
        return (
            "Reports on the database of KBS_DB and the archive of KBS_ARCHIVE: the last run of each spider, days "
            "without news, layouts by month, missing articles, whether the database is sound, and whether every page "
            "in the archive is whole and stands where its article says. Nothing is written; a crawl may run meanwhile. "
            "Exit status: 0 all well; 1 where database or archive are broken, or there is no database; 2 for a wrong "
            "call; 3 where both are sound and the last finished run of a spider was unhealthy (ended with status 3)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--quick",
            action="store_true",
            help="do not read the archive: only look whether the files that articles name are there and long enough",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        for argument in args:
            kind = "option" if argument.startswith("-") else "argument"
            return complain(
                self, f"There is no {kind} {argument}; scrapy doctor --help says what there is.", WRONG_CALL
            )
        assert self.settings is not None
        try:
            check_setting_names(opts.set)
        except ValueError as error:
            return complain(self, str(error), WRONG_CALL)
        # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        file, folder = self.settings["KBS_DB"], str(self.settings["KBS_ARCHIVE"] or "").strip()
        now = datetime.now(UTC)
        try:
            found = read_undisturbed(file, partial(examine, today=now.astimezone(KST).date()))
        except StoreError as error:
            return complain(self, str(error), WORK_FAILED)
        print(f"{file} and {folder or 'no archive'}, {now:%Y-%m-%d %H:%M} UTC\n")
        print(*database_lines(found, now), sep="\n", flush=True)
        try:
            archive = _check(folder, found.rows, found.spans, quick=opts.quick)
        except OSError as error:
            return complain(self, f"The archive {folder} cannot be read ({error.strerror}).", WORK_FAILED)
        print(*archive_lines(folder, found.rows, archive, quick=opts.quick), sep="\n")
        print(verdict(found, archive))
        self.exitcode = max(self.exitcode, exit_status(found, archive))
        return None


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
