"""The work of `scrapy export`: articles of the database as a file, a folder, or on standard output."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import click
from sqlite_utils import Database

from crawler.selecting import selection_of
from crawler.terminal import WORK_FAILED, tell
from storage.database import open_to_read
from storage.exports import csv_table, json_lines, markdown, parquet_file, tei
from storage.exports.base import sound
from storage.exports.targets import standard_output, whole_file, whole_folder
from storage.selection import Selection, count_rows, select_rows

_STREAMED: dict[str, Callable[[Iterable[Any], IO[bytes]], None]] = {
    "jsonl": json_lines.write,
    "csv": csv_table.write,
    "parquet": parquet_file.write,
    "tei": tei.write,
}
FORMATS = (*_STREAMED, "markdown")

# What a file is by the end of its name, where nobody says.
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".xml": "tei", ".tei": "tei"}
_MARKDOWN = frozenset({".md", ".markdown"})
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})

# After so many rows the bar moves.
_STEP = 200
# So many damaged rows are told.
_MOST_TOLD = 10


class Export:
    """One call of `scrapy export`."""

    def __init__(self, database: str, opts: Namespace) -> None:
        """An export.

        Args:
            database: KBS_DB.
            opts: as parsed.

        Raises:
            ValueError: the call is wrong; the message is a sentence.
            ImportError: the format needs what is not installed.
        """
        self._database = database
        self._opts = opts
        self._path = None if opts.output in {None, "-"} else Path(opts.output)
        self._written = self._damaged = 0
        ending = self._path.suffix.lower() if self._path else ""
        self._format = opts.format or _ENDINGS.get(ending, "jsonl")
        if ending in _PACKED:
            raise ValueError(
                f"-o {self._path}: exports are not packed; leave out {ending}, or pipe them into a packer."
            )
        if opts.format is None and ending in _MARKDOWN:
            raise ValueError(
                f"-o {self._path}: Markdown is a file for each article; name a folder with --format markdown -o FOLDER."
            )
        if opts.output == "":
            raise ValueError("-o has no name; give it a file's, or - for standard output.")
        if self._format != "markdown" and (opts.output or "").endswith("/"):
            raise ValueError(f"-o {opts.output} is a folder; name a file in it.")
        if self._path is not None and _is_of_database(self._path, Path(database)):
            raise ValueError(f"-o {self._path} is the article database itself; name another file.")
        if self._path is None and self._format == "markdown":
            raise ValueError("Markdown is a file for each article; name a folder for them with -o FOLDER.")
        if self._path is None and sys.stdout is None:
            raise ValueError("Standard output is closed; name a file with -o FILE.")
        if self._format == "parquet":
            parquet_file.check()
            if self._path is None and sys.stdout.isatty():
                raise ValueError("Parquet is nothing for a terminal; name a file with -o FILE.")

    def run(self) -> int:
        """Do it; the exit status.

        Raises:
            ArgumentError: an option is wrong.
            StoreError, ExportError, sqlite3.Error: the database cannot be read, or what is made of it be written.
        """
        if self._path is None:
            # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        began = time.monotonic()
        with open_to_read(self._database, tell) as db:
            selection = selection_of(self._opts, db)
            is_watched = sys.stderr.isatty() and not (self._path is None and sys.stdout.isatty())
            with click.progressbar(
                length=count_rows(db, selection) if is_watched else 0, file=sys.stderr, hidden=not is_watched
            ) as bar:
                self._write(self._counted(self._items(db, selection), bar.update))
        self._conclude(time.monotonic() - began)
        return WORK_FAILED if self._damaged else 0

    def _items(self, db: Database, selection: Selection) -> Iterator[Any]:
        """What the format writes of each article: its row, or its line as it is."""
        if self._format == "jsonl":
            return json_lines.lines(db, selection, self._complain)
        return sound(select_rows(db, selection), self._complain)

    def _write(self, items: Iterator[Any]) -> None:
        if self._format == "markdown":
            assert self._path is not None
            with whole_folder(self._path) as folder:
                markdown.write(items, folder, all_versions=self._opts.all_versions)
            return
        target: AbstractContextManager[IO[bytes]] = standard_output() if self._path is None else whole_file(self._path)
        with target as stream:
            _STREAMED[self._format](items, stream)

    def _counted(self, items: Iterable[Any], advance: Callable[[int], None]) -> Iterator[Any]:
        for item in items:
            self._written += 1
            if not self._written % _STEP:
                advance(_STEP)
            yield item

    def _complain(self, sentence: str) -> None:
        self._damaged += 1
        if self._damaged <= _MOST_TOLD:
            tell(sentence)

    def _conclude(self, seconds: float) -> None:
        """Say what was done."""
        where = "standard output" if self._path is None else str(self._path)
        if self._damaged > _MOST_TOLD:
            tell(f"damaged: {self._damaged - _MOST_TOLD:,} more were left out.")
        if not self._written:
            return tell(f"No article is selected; {where} holds none.")
        what = "version" if self._opts.all_versions else "article"
        counted = f"{self._written:,} {what}{'' if self._written == 1 else 's'}"
        pace = f"{seconds:,.1f} s, {self._written / max(seconds, 0.001):,.0f} a second"
        return tell(f"export: {counted} {'to' if self._path is None else 'into'} {where}, {pace}")


def _is_of_database(path: Path, database: Path) -> bool:
    """Whether a path is the database, or a file that SQLite keeps beside it."""
    target, file = (os.path.realpath(one.expanduser()) for one in (path, database))
    return target in {file, *(f"{file}-{end}" for end in ("wal", "shm", "journal"))}
