"""scrapy reextract: archived pages become articles again, offline."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Reads archives of any make; the summary goes to standard error, what --dry-run prints to standard output."""

    def syntax(self) -> str:
        return "[options] [SOURCE...]"

    def short_desc(self) -> str:
        return "Extract archived pages again, offline: this project's archive, or any other"

    def long_desc(self) -> str:
        return (
            "Reads each SOURCE and stores its articles in the database of KBS_DB, as a crawl would have: WARC, ARC and "
            "WACZ archives, folders of saved pages, Scrapy's HTTP cache, JSON Lines and CSV with url and html or text "
            "columns, or - for standard input; told apart by content. Without SOURCE: the archive of KBS_ARCHIVE. "
            "Interrupted, the same call goes on where it stopped. Exit status: 0; 1 where something could not be "
            "read; 2 for a wrong call; 128 and the signal's number where a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Re-extraction").add_argument
        add("--dry-run", action="store_true", help="store nothing; print what would change, field by field")
        add(
            "--only",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="without SOURCE: only what articles stand on that are stored with this value (layout=generic; "
            "category= for those without one); again: and this one",
        )
        add("--jobs", metavar="N", help="worker processes (default: one for each core)")
        add("--restart", action="store_true", help="begin anew where the same call was interrupted")
        add(
            "--scheduler",
            metavar="ADDRESS",
            help="work on a Dask cluster: tcp://host:8786, whose workers see the sources under the same paths "
            "(needs kbsworld[cluster])",
        )
        add(
            "--to",
            metavar="FOLDER",
            help="write Parquet files there and not into the database (needs kbsworld[parquet]); "
            "`scrapy import FOLDER` stores them",
        )

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.reextract.job import Job

        assert self.settings is not None
        if opts.dry_run or "-" in args:
            self.interrupted = "Interrupted; the same call begins anew."
        return Job(args, opts, self.settings).run
