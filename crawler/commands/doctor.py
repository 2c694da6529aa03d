"""scrapy doctor: whether the database and the archive are sound, and what the last runs left undone."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from crawler.arguments import check_no_arguments
from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Reports on standard output and writes nothing; exit status 1 for what is broken, 3 for what is unhealthy."""

    prints = True
    interrupted = "Interrupted."

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

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.checks import check

        check_no_arguments(args, "doctor")
        assert self.settings is not None
        folder = str(self.settings["KBS_ARCHIVE"] or "").strip()
        return partial(check, self.settings["KBS_DB"], folder, quick=opts.quick)
