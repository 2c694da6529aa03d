"""List the pages that hold no article, by reason, and say what to do.

Prints the pages of KBS_DB that were fetched and refused, newest first, with address, time, and the capture's file and
place in it. As text these are the newest ten of each reason, with --reason all; csv and json have all.

Examples:
  kbsworld refusals
  kbsworld refusals --reason 'no article on the page'
  kbsworld refusals --format csv > refusals.csv
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from itertools import groupby
from operator import itemgetter

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import clean, counted, print_csv, table
from storage.checkup import refusals

_SHOWN = 10
_COLUMNS = ("reason", "pages", "url", "fetched_at", "archive_file", "archive_offset", "advice")


class Command(OfflineCommand):
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", help="only pages that were refused for this reason")
        parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="default: text")

    def work(self, _: list[str], opts: Namespace) -> int:
        with self.open_database() as db:
            rows = refusals(db, _SHOWN if opts.format == "text" and not opts.reason else -1, opts.reason)
        if opts.reason and not rows:
            raise ArgumentError(f"No page was refused for {opts.reason}; kbsworld refusals names the reasons.")
        rows = [row | {"advice": row["advice"]["en"]} for row in rows]
        if opts.format == "json":
            sys.stdout.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        elif opts.format == "csv":
            print_csv(_COLUMNS, *map(itemgetter(*_COLUMNS), rows))
        elif not rows:
            print("No page was refused.")
        else:
            for (reason, pages, advice), group in groupby(rows, itemgetter("reason", "pages", "advice")):
                names = _COLUMNS[2:-1]
                lines = [[row[name] and str(row[name]) for name in names] for row in group]
                print(clean(f"{reason} ({counted(pages, 'page')}): {advice}"), *table([names, *lines]), "", sep="\n")
        return 0
