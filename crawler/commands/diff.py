"""Show what changed between two versions of an article, word by word.

ARTICLE is an address of the article, its number (Seq_Code), or the id of a row of catalogue. V1 and V2 are numbers of
kbsworld show, where silent edits have some too; without them the last two are compared, with V1 alone it and the last.
On a terminal removed words are red and added ones green, unless NO_COLOR is set; else they are in [-...-] and {+...+}.

Examples:
  kbsworld diff 83685
  kbsworld diff 83685 1 3
  kbsworld diff 83685 --format html > change.html
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from itertools import pairwise

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import clean, marked, tell
from storage.exports import digest, sound
from storage.history import history

# What tells two versions apart.
_KEY = ("url", "timestamp", "fetched_at", "replaced_at")


class Command(OfflineCommand):
    usage = "[options] ARTICLE [V1 V2]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("text", "html", "json"), default="text", help="default: text")

    def work(self, args: list[str], opts: Namespace) -> None:
        if not 1 <= len(args) <= 3:
            raise ArgumentError("Name one article and two of its versions, such as: kbsworld diff 83685 1 2.")
        with self.open_database() as db:
            rows, chosen = history(db, args[0], args[1:])
        if len(rows) == len(args) == 1:
            tell("The article has one version; there is nothing to compare.")
            return
        versions = [*chosen, rows[-1]][:2] if args[1:] else rows[-2:]
        for before, after in pairwise(sound(versions, self.complain)):  # one pair, where neither is damaged
            article = after._replace(before=before, change="edited" if before.row["replaced_at"] else "updated")
            changes = list(digest.differences(article))
            if opts.format == "html":
                digest.write([article], sys.stdout.buffer)
            elif opts.format == "json":
                old, new = ({name: side.row[name] for name in _KEY} for side in (before, after))
                pieces = [[piece._asdict() for piece in each] for each in changes]
                print(json.dumps({"old": old, "new": new, "changes": pieces}, ensure_ascii=False, indent=2))
            else:
                print(clean(after.row["url"]))
                for word, side in (("from", before), ("to  ", after)):
                    print(f"{word}  {clean(digest.about(side))} · fetched {clean(side.row['fetched_at'][:19])} UTC")
                texts = [marked(pieces) for pieces in changes] or ["Title and text are the same."]
                print(*(f"\n{text}" for text in texts), sep="\n")
