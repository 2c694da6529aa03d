"""Show one stored article: its text, its versions and silent edits, and where each is archived.

ARTICLE is an address of the article, its number (Seq_Code), or the id of a row of catalogue, as in results of queries.
Shows the newest version; --version N another of those listed. Times of the article are in KST.

Examples:
  kbsworld show 83685
  kbsworld show 83685 --version 1
  kbsworld show 'https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685' --cite bibtex
"""

import json
import shutil
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import clean, table
from storage.exports import Exported, sound
from storage.exports.citation import bibtex, csl
from storage.exports.digest import about
from storage.history import history
from storage.versions import Row


class Command(OfflineCommand):
    usage = "[options] ARTICLE"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--version", metavar="N", help="the version N of the list")
        parser.add_argument("--cite", choices=("bibtex", "csl"), help="print only a reference: biblatex or CSL-JSON")

    def work(self, args: list[str], opts: Namespace) -> None:
        if len(args) != 1:
            raise ArgumentError("Name one article by its address or number, such as: kbsworld show 83685.")
        with self.open_database() as db:
            rows, [row] = history(db, args[0], [opts.version] if opts.version else [])
        for article in sound([row], self.complain):
            values = {name: clean(it, len(it)) if isinstance(it, str) else it for name, it in row.items()}
            if opts.cite == "bibtex":
                print(bibtex(values))
            elif opts.cite:
                print(json.dumps([csl(values)], ensure_ascii=False, indent=2))
            else:
                print(*_lines(article._replace(row=values), rows, row), sep="\n")


def _lines(article: Exported, rows: Sequence[Row], shown: Row) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, 100)  # longer lines are not read with ease
    yield from (article.row["title"] or "(no title)", about(article), article.row["url"])
    for paragraph in article.paragraphs:
        yield from ("", textwrap.fill(clean(paragraph, len(paragraph)), width, break_on_hyphens=False))
    yield from ("", "Versions, >: the one above; replaced: by a silent edit")
    lines: list[Sequence[object]] = [("", "no", "version (KST)", "fetched (UTC)", "replaced (UTC)", "archived in")]
    for number, row in enumerate(rows, 1):
        times = (row[name] and row[name][:19].replace("T", " ") for name in ("timestamp", "fetched_at", "replaced_at"))
        place = f"{row['archive_file']}, {row['archive_offset']}" if row["archive_file"] else None
        lines.append((">" if row is shown else "", number, *times, place))
    yield from table(lines)
