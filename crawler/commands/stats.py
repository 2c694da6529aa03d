"""scrapy stats: what can be counted of the stored articles, as tables or drawn."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.arguments import check_no_arguments
from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Tables on standard output, or a picture in a file; the database is only read."""

    prints = True
    interrupted = "Interrupted; nothing was written."

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Count the stored articles by month, category, hour, length, word and layout"

    def long_desc(self) -> str:
        return (
            "Counts the newest version of each article in the database of KBS_DB: by month and category, by hour of "
            "publication, by length, by layout, and with --word those that hold a word. What the reading room draws is "
            "the same. A crawl may run meanwhile. Exit status: 0; 1 where the database cannot be read, or a picture "
            "not be drawn; 2 for a wrong call; 128 and the signal's number where a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.selecting import add_selection_options

        super().add_options(parser)
        add = parser.add_argument_group("Statistics").add_argument
        add("--word", help="also count the articles that hold this, put as for scrapy search")
        add("--only", metavar="NAME", help="one alone: months, hours, lengths, word, layouts")
        add("--format", choices=("text", "csv", "json"), help="text: aligned columns (default); csv: with --only; json")
        add(
            "--plot", metavar="FILE", help="draw into this file, .png or .svg, and print nothing (needs kbsworld[plot])"
        )
        add("--titles", choices=("en", "fr"), default="en", help="language of the drawing (en)")
        add_selection_options(parser.add_argument_group("Which articles"))

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.stats import Stats

        check_no_arguments(args, "stats")
        assert self.settings is not None
        return Stats(self.settings["KBS_DB"], opts).run
