"""Write stored articles as JSON Lines, CSV, Parquet, Markdown or TEI.

Writes the articles of the database of KBS_DB, the newest version of each, oldest first. A file is replaced as a
whole at the end, or not at all. A crawl may run at the same time.

Exit status: 0; 1 where the database cannot be read, a row of it is damaged (the others are written), or something
cannot be written; 2 for a wrong call; 128 plus the signal's number where a signal ended it.

Examples:
  kbsworld export -o articles.csv --since 2026-01-01
  kbsworld export --all-versions | gzip > articles.jsonl.gz
  kbsworld export --format markdown -o articles/ --category politique
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from storage.exports import Exported

# The format of a file by the end of its name, where --format is not given.
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".xml": "tei", ".tei": "tei"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Command(OfflineCommand):
    interrupted = "Interrupted; nothing was written."
    _written = _damaged = 0

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--format",
            choices=("jsonl", "csv", "parquet", "markdown", "tei"),
            help="jsonl: one object per line, which kbsworld import reads (default, but for .csv, .parquet, .xml and "
            ".tei); csv: for spreadsheets; parquet: needs kbsworld[parquet]; markdown: one file per article, in a "
            "folder; tei: one TEI P5 corpus",
        )
        text = "the file, or for markdown the folder (default, and -: standard output)"
        parser.add_argument("-o", "--output", metavar="FILE", help=text)
        add_selection_options(parser, versions=True)

    def run(self, args: list[str], opts: Namespace) -> None:
        self.prints = opts.output in {None, "-"}
        super().run(args, opts)

    def work(self, _: list[str], opts: Namespace) -> int:
        path = None if opts.output in {None, "-"} else Path(opts.output)
        ending = path.suffix.lower() if path else ""
        form = opts.format or _ENDINGS.get(ending, "jsonl")
        if ending in _COMPRESSED:
            raise ArgumentError(f"-o {path}: exports are not compressed; leave out {ending}.")
        if (form == "markdown" and path is None) or (opts.format is None and ending in {".md", ".markdown"}):
            raise ArgumentError("Markdown is one file per article; use --format markdown -o FOLDER.")
        if path is not None and _is_of_database(path, Path(self.database)):
            raise ArgumentError(f"-o {path} is the article database itself; name another file.")
        if form == "parquet" and path is None and sys.stdout.isatty():
            raise ArgumentError("Parquet is binary; name a file with -o FILE.")
        return self._export(opts, form, path)

    def _export(self, opts: Namespace, form: str, path: Path | None) -> int:
        import click

        from storage.database import open_to_read
        from storage.exports import csv_table, json_lines, markdown, parquet_file, sound, tei, whole_file, whole_folder
        from storage.selection import count_rows, select_rows

        writers = {"jsonl": json_lines, "csv": csv_table, "parquet": parquet_file, "tei": tei}
        is_hidden = not sys.stderr.isatty() or (path is None and sys.stdout.isatty())
        with open_to_read(self.database, tell) as db:
            selection = selection_of(opts, db)
            length = 0 if is_hidden else count_rows(db, selection)
            rows = select_rows(db, selection)
            with click.progressbar(rows, length, file=sys.stderr, hidden=is_hidden, update_min_steps=500) as bar:
                articles = self._counted(sound(bar, self._report))
                if path and form == "markdown":
                    with whole_folder(path) as folder:
                        markdown.write(articles, folder, all_versions=selection.all_versions)
                else:
                    with whole_file(path) as stream:
                        writers[form].write(articles, stream)
        where = path or "standard output"
        if self._written:
            tell(f"export: {self._written:,} written to {where}.")
        else:
            tell(f"No article is selected; {where} is empty.")
        return WORK_FAILED if self._damaged else 0

    def _counted(self, articles: Iterable[Exported]) -> Iterator[Exported]:
        for article in articles:
            self._written += 1
            yield article

    def _report(self, damage: str) -> None:
        self._damaged += 1
        tell(damage)


def _is_of_database(path: Path, database: Path) -> bool:
    """Whether a path is the database, or a file that SQLite keeps beside it."""
    target, file = (os.path.realpath(one.expanduser()) for one in (path, database))
    return target in {file, *(f"{file}-{end}" for end in ("wal", "shm", "journal"))}
