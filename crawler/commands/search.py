"""Find stored articles by their words.

Prints the articles of KBS_DB that match QUERY, best first. An article must have all words; accents and capitals do
not matter. "two words" is a phrase; word* matches beginnings; OR, NOT and brackets combine; title:word searches
titles only. Quote a QUERY with quotes or brackets for the shell, and put -- before one that begins with -.

Times are KST. On a terminal found words are highlighted, unless NO_COLOR is set. A crawl may run at the same time.

Examples:
  kbsworld search sommet coree
  kbsworld search '"conseil de securite" NOT iran' --since 2026-01-01
  kbsworld search --format json --limit 100 'titre:ministre'
"""

import json
import re
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, replace

from crawler.arguments import add_selection_options, query_of, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import clean, counted, highlights, print_csv, tell
from storage import Hit
from storage.search import BEGIN, END, search
from storage.selection import count_rows

_MARKS = re.compile(f"[{BEGIN}{END}]")


class Command(OfflineCommand):
    usage = "[options] QUERY..."
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--format", choices=("text", "json", "csv"), default="text", help="json: one line per hit")
        add_selection_options(parser, versions=True, limit="show N articles at most (20)")
        parser.set_defaults(limit=20, order="rank")

    def work(self, args: list[str], opts: Namespace) -> None:
        query = query_of(args, opts)
        with self.open_database() as db:
            selection = selection_of(opts, db)
            hits = search(db, selection)
            # As ranked, in any order: without the silent edits that an export of all versions has.
            matches = count_rows(db, replace(selection, limit=None, order="rank"))
        if not hits:
            hint = "try fewer words or options, or word* for all words that begin so."
            self.complain(f"No article is found for {query}; {hint}")
            return
        values = [asdict(hit) for hit in hits]
        rows = [{name: _MARKS.sub("", it) if isinstance(it, str) else it for name, it in row.items()} for row in values]
        if opts.format == "text":
            print(*map(_text, hits), sep="\n")
        elif opts.format == "json":
            print(*(json.dumps(row, ensure_ascii=False) for row in rows), sep="\n")
        else:
            print_csv(rows[0], *(row.values() for row in rows))
        shown = "" if matches == len(hits) else f" Shown: {len(hits):,}; --limit N shows more."
        tell(f"{counted(matches, 'article')} found.{shown}")


def _text(hit: Hit) -> str:
    """A hit as lines fit for a terminal, where what was found is highlighted."""
    begin, end = highlights()
    # A long text may be cut within a mark.
    texts = [clean(text, keep=BEGIN + END) + END for text in (hit.title or "(no title)", hit.snippet)]
    # Times are stored in KST; one without a time of day is a day. An undated version has the time of its capture.
    moment = clean(hit.written_at or hit.timestamp)
    time = f"{moment[:10]} {moment[11:16]} KST" if len(moment) > 10 else moment
    about = " · ".join(filter(None, [time, clean(hit.category or "")]))
    return "\n".join([about, *texts, clean(hit.url), ""]).replace(BEGIN, begin).replace(END, end)
