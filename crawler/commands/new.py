"""Tell what was stored since the last time.

Prints the articles that were stored in the database of KBS_DB since the last call, those that were updated, and those
that were edited without a new date, with what changed. Where there is nothing it prints nothing, so that cron sends a
mail exactly when there is something. The mark, how far you were told, is one for each user; with --mark others have
their own, each for one selection: what a call does not select counts as told. The first call tells all there is.

Exit status: 0; 1 where the database cannot be read, or a row of it is damaged (the others are told); 2 for a wrong
call; 128 plus the signal's number where a signal ended it. The mark moves only when all was printed.

Examples:
  kbsworld new
  kbsworld new --mark nord --begin --query '"corée du nord"' --since 7d
  kbsworld new --mark nord --query '"corée du nord"' --format html > nord.html
"""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError, add_selection_options, check_text, selection_of, suggestion
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, clean, marked, tell

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.exports import Exported
    from storage.news import Mark, News

# Format -> its module in storage/exports.
_WRITERS = {"markdown": "markdown_digest", "html": "html_digest", "jsonl": "json_lines", "atom": "atom"}


class Command(OfflineCommand):
    prints = True
    interrupted = "Interrupted; the mark has not moved."
    _damaged = 0

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--mark", metavar="NAME", help="since the last call with this mark (default: your user name)")
        add("--begin", action="store_true", help="begin the mark, or begin it again: tell all that is selected")
        add("--peek", action="store_true", help="do not move the mark")
        add("--format", choices=("text", *_WRITERS), default="text", help="default: text")
        add_selection_options(parser)

    def work(self, _: list[str], opts: Namespace) -> int:
        from storage.database import Store, open_to_read
        from storage.news import move_mark, news, next_mark

        name = _user() if opts.mark is None else opts.mark
        check_text("--mark", name)
        if not name.strip():
            raise ArgumentError("--mark needs a name, such as --mark desk.")
        if opts.order == "rank":
            raise ArgumentError("--order rank has no sense here; articles are told in the order of their times.")
        if opts.format == "atom":
            opts.order = "newest"
        with open_to_read(self.database, tell) as db:
            db.execute("begin")  # one state of the database; a crawl may be storing
            selection = selection_of(opts, db)
            mark = self._mark(db, name, opts)
            until = next_mark(db, mark, selection)
            found = self._exported(news(db, mark, until, selection))
            first = next(found, None)
            if first is not None:
                _print(chain([first], found), opts.format)
                sys.stdout.flush()
        if not opts.peek and (opts.begin or mark != until):
            with Store(self.database) as store, store.batch():
                move_mark(store, name, until)
        return WORK_FAILED if self._damaged else 0

    def _mark(self, db: Database, name: str, opts: Namespace) -> Mark:
        """How far was told. A mark that was named and is not there is a mistake, not a reason to tell everything."""
        from storage.news import Mark, marks

        known = marks(db)
        if opts.begin or (name not in known and opts.mark is None):
            return Mark()
        if name not in known:
            hint = suggestion(name, known) or f"begin it: kbsworld new --mark {name} --begin."
            raise ArgumentError(f"There is no mark {name}; {hint}")
        return known[name]

    def _exported(self, found: Iterable[News]) -> Iterator[Exported]:
        from storage.exports import sound

        for change, row, before in found:
            for article in sound([row], self._report):
                earlier = None if before is None else next(sound([before], self._report), None)
                yield article._replace(change=change, before=earlier)

    def _report(self, damage: str) -> None:
        self._damaged += 1
        tell(damage)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a number without a name, as in containers
        return str(os.getuid())


def _print(articles: Iterable[Exported], form: str) -> None:
    if form == "text":
        for article in articles:
            print(_text(article))
    else:
        import_module(f"storage.exports.{_WRITERS[form]}").write(articles, sys.stdout.buffer)


def _text(article: Exported) -> str:
    """An article as lines fit for a terminal: what changed word by word, or how it begins."""
    from storage.exports.digest import about, differences

    texts = [marked(pieces) for pieces in differences(article)] or map(clean, article.paragraphs[:1])
    lines = [clean(about(article)), clean(article.row["title"] or "(no title)"), *texts, clean(article.row["url"]), ""]
    return "\n".join(lines)
