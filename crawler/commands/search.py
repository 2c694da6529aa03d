"""scrapy search: the stored articles in which words are found, best first."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Hits on standard output, talk on standard error; the database is only read."""

    prints = True
    interrupted = "Interrupted."

    def syntax(self) -> str:
        return "[options] QUERY..."

    def short_desc(self) -> str:
        return "Find stored articles by their words"

    def long_desc(self) -> str:
        return (
            "Prints the articles of KBS_DB that fit QUERY best. Words must all be there; accents and capitals make no "
            'difference. "two words" stand together; word* begins so; OR, NOT and brackets mean what they say; '
            "title:word looks in the title alone. What is within quotes or brackets must be quoted for the shell too, "
            "and what begins with - comes after --. Times are KST. On a terminal, found words stand out (not where "
            "NO_COLOR is set) and lines are broken; in a pipe, text is plain, and each snippet one line. A crawl may "
            "run meanwhile. Exit status, as of grep: 0 where something is found, 1 where nothing is or the database "
            "cannot be read, 2 for a wrong call or query; 128 and the signal's number where a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.selecting import add_selection_options

        super().add_options(parser)
        parser.add_argument("--limit", metavar="N", default="20", help="how many hits, at most (default: 20)")
        parser.add_argument(
            "--format",
            choices=("text", "json"),
            default="text",
            help="json: a line a hit, for programs (default: text)",
        )
        parser.add_argument(
            "--all-versions",
            action="store_true",
            help="every version of each article, not only the newest",
        )
        add_selection_options(parser.add_argument_group("which articles"))

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.searching import Search

        end = args.index("--") if "--" in args else len(args)
        for argument in args[:end]:
            if argument.startswith("-"):
                raise ValueError(
                    f"There is no option {argument}; scrapy search --help names them, -- comes before words."
                )
        words = [*args[:end], *args[end + 1 :]]
        if not words:
            raise ValueError("Give the words to look for, such as: scrapy search sommet coree.")
        assert self.settings is not None
        return Search(self.settings["KBS_DB"], " ".join(words), opts).run
