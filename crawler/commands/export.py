"""scrapy export: the stored articles as JSON Lines, CSV, Parquet, Markdown or TEI."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.arguments import check_no_arguments
from crawler.command import OfflineCommand

_FORMATS = ("jsonl", "csv", "parquet", "markdown", "tei")


class Command(OfflineCommand):
    """Data on standard output or in files, talk on standard error; the database is only read."""

    interrupted = "Interrupted; nothing was written."

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Write stored articles as JSON Lines, CSV, Parquet, Markdown or TEI"

    def long_desc(self) -> str:
        return (
            "Writes the articles of the database of KBS_DB, the newest version of each, oldest first. A file is there "
            "whole at the end, or not at all; one that was there is replaced. A crawl may run meanwhile. Exit status: "
            "0; 1 where the database cannot be read, a row of it is damaged, or something cannot be written; 2 for a "
            "wrong call; 128 and the signal's number where a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.selecting import add_selection_options

        super().add_options(parser)
        parser.add_argument(
            "--format",
            choices=_FORMATS,
            help="jsonl: an object a line, which scrapy import reads (default, but for .csv, .parquet, .xml); csv: for "
            "spreadsheets; parquet: needs kbsworld[parquet]; markdown: a file an article, into a folder; tei: one TEI "
            "P5 corpus",
        )
        parser.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            help="where to, for markdown a folder; - or none: standard output",
        )
        parser.add_argument(
            "--all-versions",
            action="store_true",
            help="every version of each article, not only the newest",
        )
        add_selection_options(parser.add_argument_group("which articles"))

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.export import Export

        check_no_arguments(args, "export")
        assert self.settings is not None
        return Export(self.settings["KBS_DB"], opts).run
