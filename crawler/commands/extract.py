"""scrapy extract: the articles of saved pages, printed and not stored."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Reads HTML pages and text captures, told apart by content; data on stdout, what is refused on stderr."""

    prints = True
    interrupted = "Interrupted."

    def syntax(self) -> str:
        return "[options] FILE..."

    def short_desc(self) -> str:
        return "Print the articles of saved pages; nothing is stored"

    def long_desc(self) -> str:
        return (
            "Prints the article of each FILE: a saved HTML page, a page saved as plain text, a folder of "
            "them, or - for standard input. Exit status: 0, 1 where a file held no article or could not be read, 2 for "
            "a wrong call."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--url",
            metavar="URL",
            help="the address the page was fetched from; without it, an HTML page's own og:url counts",
        )
        parser.add_argument(
            "--format",
            choices=("json", "markdown", "text"),
            default="json",
            help="json: one line an article (default: json)",
        )

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.saved_pages import SavedPages

        for argument in args:
            if argument.startswith("-") and argument != "-":
                raise ValueError(f"There is no option {argument}; scrapy extract --help names them.")
        if not args:
            raise ValueError("Name at least one file or folder, or - for standard input.")
        return SavedPages(args, opts.url, opts.format).print
