"""Print a concordance: each place that has the words of a query, in its context.

Prints each place in the titles and texts of the articles that match QUERY (written as for kbsworld search), one a
line, with the words before and after it. Accents and capitals do not matter; --exact prints, of these places, those
that are written as QUERY is. Each line begins with the name that the article has in exports. The newest version of each
article counts. A crawl may run at the same time.

Examples:
  kbsworld kwic '"conseil de securite"' --since 2026
  kbsworld kwic --sort right --context 5 'sanction*' | less
  kbsworld kwic --exact Nord --format csv > nord.csv
"""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from crawler.arguments import add_selection_options, query_of, selection_of, whole_number
from crawler.command import OfflineCommand
from crawler.terminal import clean, counted, highlights, print_csv, tell
from storage.exports import name_of
from storage.query import unaccented, words_of
from storage.search import concordance
from storage.selection import select_rows

_COLUMNS = ("name", "url", "timestamp", "lang", "category", "part", "left", "match", "right")
# Characters that a word of context takes in text; more of the left context is cut, so that matches are in one column.
_WORD = 7


class Command(OfflineCommand):
    usage = "[options] QUERY..."
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--context", metavar="N", type=partial(whole_number, 0, 100), default=8, help="words on each side (8)")
        text = "by the words before (the last one first), after, or as --order says (default)"
        add("--sort", choices=("left", "right", "date"), default="date", help=text)
        add("--exact", action="store_true", help="only places with the accents and capitals of QUERY")
        add("--format", choices=("text", "csv"), default="text", help="csv: all context, and where it is from")
        add_selection_options(parser, limit="print N lines at most")

    def work(self, args: list[str], opts: Namespace) -> None:
        query = query_of(args, opts)
        with self.open_database() as db:
            rows = select_rows(db, replace(selection_of(opts, db), limit=None))
            lines: Iterable[dict[str, Any]] = concordance(rows, query, opts.context, exact=opts.exact)
            if opts.sort != "date":
                step = -1 if opts.sort == "left" else 1  # the words next to the match first
                lines = sorted(lines, key=lambda line: words_of(unaccented(line[opts.sort]))[::step])
            articles = Counter[str]()
            if opts.format == "csv":
                print_csv(_COLUMNS)
            for line in islice(lines, opts.limit):
                articles[line["url"]] += 1
                line["name"] = name_of(line, version=False)
                if opts.format == "csv":
                    print_csv(map(line.get, _COLUMNS))
                else:
                    print(f"{line['name']:<26}  {_text(line, opts.context)}")
        if articles:
            tell(f"{counted(articles.total(), 'line')} of {counted(len(articles), 'article')}.")
        else:
            hint = "try fewer words or options, or word* for all words that begin so."
            self.complain(f"Nothing is found for {query}; {hint}")


def _text(line: dict[str, Any], context: int) -> str:
    """A line for reading, with what was found in the same column in each."""
    begin, end = highlights()
    left, match, right = (clean(line[name]) for name in ("left", "match", "right"))
    width = context * _WORD
    return f"{left[max(0, len(left) - width) :].rjust(width)}  {begin}{match}{end}  {right}"
