"""Find stored articles by their words.

Prints the articles of KBS_DB that match QUERY, best first. An article must have all words; accents and capitals do
not matter. "two words" is a phrase; word* matches beginnings; OR, NOT and brackets combine; title:word searches
titles only. Quote a QUERY with quotes or brackets for the shell, and put -- before one that begins with -.

Times are KST. On a terminal found words are highlighted, unless NO_COLOR is set. A crawl may run at the same time.

Exit status, as of grep: 0 where something is found; 1 where nothing is, or the database cannot be read; 2 for a
wrong call or query; 128 plus the signal's number where a signal ended it.

Examples:
  kbsworld search sommet coree
  kbsworld search '"conseil de securite" NOT iran' --since 2026-01-01
  kbsworld search --format json --limit 100 'titre:ministre'
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, clean, tell

if TYPE_CHECKING:
    from storage import Hit

# As storage.search marks what was found.
_BEGIN, _END = "\x02", "\x03"
_MARKS = re.compile(f"[{_BEGIN}{_END}]")


class Command(OfflineCommand):
    usage = "[options] QUERY..."
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--format", choices=("text", "json"), default="text", help="json: one line per hit (default: text)")
        add_selection_options(parser, versions=True, query=False)
        parser.set_defaults(limit=20, order="rank")

    def work(self, args: list[str], opts: Namespace) -> int:
        from storage.database import open_to_read
        from storage.search import search

        if not args:
            raise ArgumentError("Give the words to look for, such as: kbsworld search sommet coree.")
        query = " ".join(args)
        with open_to_read(self.database, tell) as db:
            hits = search(db, selection_of(opts, db, query))
        if not hits:
            tell(f"No article is found for {query}; try fewer words, or word* for all words that begin so.")
            return WORK_FAILED
        for hit in hits:
            if opts.format == "json":
                values = {name: _MARKS.sub("", it) if isinstance(it, str) else it for name, it in asdict(hit).items()}
                print(json.dumps(values, ensure_ascii=False))
            else:
                print(_text(hit))
        return 0


def _text(hit: Hit) -> str:
    """A hit as lines fit for a terminal, where what was found is highlighted."""
    has_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    begin, end = ("\x1b[1;33m", "\x1b[0m") if has_colour else ("", "")
    # A long text may be cut within a mark.
    texts = [clean(text, keep=_BEGIN + _END) + _END for text in (hit.title or "(no title)", hit.snippet)]
    # Times are stored in KST; one without a time of day is a day. An undated version has the time of its capture.
    moment = clean(hit.written_at or hit.timestamp)
    time = f"{moment[:10]} {moment[11:16]} KST" if len(moment) > 10 else moment
    about = " · ".join(filter(None, [time, clean(hit.category or "")]))
    return "\n".join([about, *texts, clean(hit.url), ""]).replace(_BEGIN, begin).replace(_END, end)
