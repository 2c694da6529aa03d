"""Tell what was stored since the last time.

Prints the articles that were stored in the database of KBS_DB since the last call, those that were updated, and those
that were edited without a new date, with what changed. Where there is nothing it prints nothing, so that cron sends a
mail exactly when there is something. The mark, how far you were told, is one for each user; with --mark others have
their own, each for one selection: what a call does not select counts as told. The first call tells all there is. The
mark moves only when all was printed.

Examples:
  kbsworld new
  kbsworld new --mark nord --begin --query '"corée du nord"' --since 7d
  kbsworld new --mark nord --query '"corée du nord"' --format html > nord.html
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from importlib import import_module

from crawler.arguments import ArgumentError, add_selection_options, check_text, selection_of, suggestion
from crawler.command import OfflineCommand
from crawler.commands.export import format_of
from crawler.terminal import clean, marked
from storage.database import Store
from storage.exports import Exported
from storage.exports.digest import about, differences
from storage.history import Mark, news, stored_since


class Command(OfflineCommand):
    prints = True
    interrupted = "Interrupted; the mark has not moved."

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--mark", metavar="NAME", help="since the last call with this mark (default: one of yours)")
        add("--begin", action="store_true", help="begin the mark, or begin it again: tell all that is selected")
        add("--peek", action="store_true", help="do not move the mark")
        add("--format", choices=("text", "markdown", "html", "jsonl", "atom"), default="text", help="default: text")
        add_selection_options(parser)

    def work(self, _: list[str], opts: Namespace) -> int:
        check_text("--mark", opts.mark or "")
        if opts.mark == "":
            raise ArgumentError("--mark needs a name, such as --mark desk.")
        if opts.order == "rank":
            raise ArgumentError("--order rank has no sense here; articles are told in the order of their times.")
        if opts.format == "atom":
            opts.order = "newest"
        name = opts.mark or f"user {os.getuid()}"  # not its name: under cron, and in containers, it may have none
        with self.open_database() as db:
            db.execute("begin")  # one state of the database; a crawl may be storing
            selection = selection_of(opts, db)
            known = {name: Mark(*ids) for name, *ids in db.execute("select name, article, edit from marks")}
            if opts.mark and name not in known and not opts.begin:  # not a reason to tell everything
                hint = suggestion(name, known) or f"begin it: kbsworld new --mark {name} --begin."
                raise ArgumentError(f"There is no mark {name}; {hint}")
            mark = Mark() if opts.begin else known.get(name, Mark())
            found, until = stored_since(db, mark, selection)
            articles = news(db, found, self.complain)
            if found and opts.format != "text":
                module = import_module(f"storage.exports.{format_of(opts.format, None)[0]}")
                module.write(articles, sys.stdout.buffer)
            for article in articles:
                print(*_lines(article), sep="\n")
            sys.stdout.flush()
        if not opts.peek and (opts.begin or mark != until):
            with Store(self.database) as store, store.batch():
                values = [name, *until, datetime.now(UTC).isoformat(timespec="microseconds")]
                store.db.execute("insert or replace into marks values (?, ?, ?, ?)", values)
        return 0


def _lines(article: Exported) -> list[str]:
    """An article as lines fit for a terminal: what changed word by word, or how it begins."""
    texts = [marked(pieces) for pieces in differences(article)] or map(clean, article.paragraphs[:1])
    return [clean(about(article)), clean(article.row["title"] or "(no title)"), *texts, clean(article.row["url"]), ""]
