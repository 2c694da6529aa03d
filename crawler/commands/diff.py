"""Show what changed between two versions of an article, word by word.

ARTICLE is an address of the article, its number (Seq_Code), or the id of a row of catalogue. V1 and V2 are numbers of
kbsworld show, where silent edits have some too; without them the last two are compared, with V1 alone it and the last.
On a terminal what was removed is red and what was added green, unless NO_COLOR is set; else they are in [-...-] and
{+...+}.

Examples:
  kbsworld diff 83685
  kbsworld diff 83685 1 3
  kbsworld diff 83685 --format html > change.html
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import clean, marked, tell

if TYPE_CHECKING:
    from storage.exports import Exported


class Command(OfflineCommand):
    usage = "[options] ARTICLE [V1 V2]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("text", "html", "json"), default="text", help="default: text")

    def work(self, args: list[str], opts: Namespace) -> int:
        from storage.database import open_to_read
        from storage.exports import digest, sound
        from storage.history import history

        if not 1 <= len(args) <= 3:
            raise ArgumentError("Name one article and two of its versions, such as: kbsworld diff 83685 1 2.")
        with open_to_read(self.database, tell) as db:
            rows, chosen = history(db, args[0], args[1:])
        if len(rows) == len(args) == 1:
            tell("The article has one version; there is nothing to compare.")
            return 0
        versions = [*chosen, rows[-1]][:2] if args[1:] else rows[-2:]
        for before, after in pairwise(sound(versions, self.complain)):  # one pair, where neither is damaged
            article = after._replace(before=before, change="edited" if before.row["replaced_at"] else "updated")
            if opts.format == "html":
                digest.write([article], sys.stdout.buffer)
            else:
                print(_json(article, before) if opts.format == "json" else _text(article, before))
        return 0


def _text(article: Exported, before: Exported) -> str:
    from storage.exports.digest import about, differences

    lines = [clean(article.row["url"])]
    for word, side in (("from", before), ("to  ", article)):
        said, moment = about(side._replace(change="", before=None)), side.row["fetched_at"][:19]
        lines.append(f"{word}  {clean(said)} · fetched {clean(moment)} UTC")
    changes = [marked(pieces) for pieces in differences(article)]
    return "\n\n".join(["\n".join(lines), *(changes or ["Title and text are the same."])])


def _json(article: Exported, before: Exported) -> str:
    from storage.exports.digest import differences

    key = ("url", "timestamp", "fetched_at", "replaced_at")
    old, new = ({name: side.row[name] for name in key} for side in (before, article))
    changes = [[piece._asdict() for piece in pieces] for pieces in differences(article)]
    return json.dumps({"old": old, "new": new, "changes": changes}, ensure_ascii=False, indent=2)
