"""Write stored articles: tables, texts, a feed, a corpus.

Writes the articles of the database of KBS_DB, the newest version of each, oldest first. A file is replaced as a
whole at the end, or not at all. FILE.manifest.json beside it says what it holds: kbsworld verify reads it, and --as-of
with the moment that it names gives the same file later. A crawl may run at the same time.

Exit status: 0; 1 where the database cannot be read, a row of it is damaged (the others are written), or something
cannot be written; 2 for a wrong call; 128 plus the signal's number where a signal ended it.

Examples:
  kbsworld export -o articles.csv --since 2026-01-01
  kbsworld export --all-versions | gzip > articles.jsonl.gz
  kbsworld export --format markdown -o articles/ --category politique
  kbsworld export --format txt -o corpus/ --since 2026
  kbsworld export -o feed.atom --limit 50
  kbsworld export -o then.csv --as-of 2026-11-24T12:00
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.exports import Exported
    from storage.selection import Selection


class _Format(NamedTuple):
    """A format: its module in storage/exports, the endings of its files, and what it is."""

    module: str
    endings: tuple[str, ...]
    says: str
    is_folder: bool = False  # a file per article


_FORMATS = {
    "jsonl": _Format("json_lines", (".jsonl", ".ndjson"), "one object per line, which kbsworld import reads (default)"),
    "csv": _Format("csv_table", (".csv",), "for spreadsheets and scripts"),
    "xlsx": _Format("excel", (".xlsx",), "for Excel; needs kbsworld[xlsx]"),
    "parquet": _Format("parquet_file", (".parquet",), "typed, for pandas and DuckDB; needs kbsworld[parquet]"),
    "html": _Format("html_digest", (".html", ".htm"), "one page to read, print or mail"),
    "markdown": _Format("markdown_digest", (".md", ".markdown"), "FILE.md: one page; FOLDER: a file per article"),
    "atom": _Format("atom", (".atom",), "a feed with the whole texts, the newest first"),
    "txt": _Format("plain_text", (), "the texts alone, a file per article, and metadata.csv", is_folder=True),
    "vertical": _Format("vertical", (".vert", ".vrt"), "word and lemma, for corpus tools; needs kbsworld[lemmas]"),
    "tei": _Format("tei", (".xml", ".tei"), "one TEI P5 corpus"),
}
_ENDINGS = {ending: name for name, form in _FORMATS.items() for ending in form.endings}
_BINARY = ("xlsx", "parquet")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Command(OfflineCommand):
    interrupted = "Interrupted; nothing was written."

    def add_own_options(self, parser: ArgumentParser) -> None:
        says = "; ".join(f"{name}: {form.says}" for name, form in _FORMATS.items())
        parser.add_argument("--format", choices=_FORMATS, help=f"{says}. FILE's ending implies it.")
        text = "the file, or folder (default, and -: standard output)"
        parser.add_argument("-o", "--output", metavar="FILE", help=text)
        add_selection_options(parser, versions=True)
        text = "what the database held then: a day (up to its end) or a moment, in KST if no other zone is named"
        parser.add_argument("--as-of", metavar="MOMENT", type=_moment, help=text)

    def run(self, args: list[str], opts: Namespace) -> None:
        self.prints = opts.output in {None, "-"}
        super().run(args, opts)

    def work(self, _: list[str], opts: Namespace) -> int:
        from storage.database import open_to_read
        from storage.exports import manifest

        path = None if opts.output in {None, "-"} else Path(opts.output).expanduser()
        name = _format_name(opts.format, path, Path(self.database))
        if name == "atom" and opts.order is None:
            opts.order = "newest"
        if opts.as_of and opts.order == "rank":
            raise ArgumentError("--order rank is by all that is stored now; leave it out with --as-of.")
        with open_to_read(self.database, tell) as db:
            db.execute("begin")  # one state of it, whatever a crawl stores meanwhile
            selection = replace(selection_of(opts, db), as_of=opts.as_of)
            written, damaged = write_export(db, selection, format_of(name, path), path)
            # Not of pipes, devices and what the shell has opened.
            if path and not str(path).startswith("/dev/") and (path.is_file() or path.is_dir()):
                manifest.write(path, name, selection, manifest.state_of(db), written, damaged)
        where = path or "standard output"
        tell(f"export: {written:,} written to {where}." if written else f"No article is selected; {where} is empty.")
        return WORK_FAILED if damaged else 0


def _format_name(given: str | None, path: Path | None, database: Path) -> str:
    """The name of the format that is meant; ArgumentError where it cannot be written there."""
    ending = path.suffix.lower() if path else ""
    if ending in _COMPRESSED:
        raise ArgumentError(f"-o {path}: exports are not compressed; leave out {ending}.")
    if path and _is_of_database(path, database):
        raise ArgumentError(f"-o {path} is the article database itself; name another file.")
    name = given or _ENDINGS.get(ending) or ("" if ending else "jsonl")
    if not name:
        raise ArgumentError(f"-o {path}: no format has the ending {ending}; choose one with --format.")
    is_folder = format_of(name, path).is_folder
    if path is None and (is_folder or (name in _BINARY and sys.stdout.isatty())):
        raise ArgumentError(f"--format {name} is {'not one file' if is_folder else 'binary'}; give -o a name.")
    if path and path.exists() and path.is_dir() != is_folder:
        raise ArgumentError(f"-o {path} is a {'file; name a folder' if is_folder else 'folder; name a file in it'}.")
    return name


def format_of(name: str, path: Path | None) -> _Format:
    """The format of that name; ArgumentError where there is none."""
    if name not in _FORMATS:
        raise ArgumentError(f"There is no format {name[:40]}.")
    form = _FORMATS[name]
    is_folder = name == "markdown" and path is not None and path.suffix.lower() not in form.endings
    return _Format("markdown", (), form.says, is_folder=True) if is_folder else form


def write_export(db: Database, selection: Selection, form: _Format, path: Path | None) -> tuple[int, int]:
    """Write an export; how many rows it has, and how many are damaged, and left out."""
    import click

    from storage.exports import sound, whole_file, whole_folder
    from storage.selection import count_rows, select_rows

    write = import_module(f"storage.exports.{form.module}").write
    is_hidden = not sys.stderr.isatty() or (path is None and sys.stdout.isatty())
    length = 0 if is_hidden else count_rows(db, selection)
    damages: list[str] = []
    written = 0

    def counted(articles: Iterable[Exported]) -> Iterator[Exported]:
        nonlocal written
        for article in articles:
            written += 1
            yield article

    def report(damage: str) -> None:
        damages.append(damage)
        tell(damage)

    rows = select_rows(db, selection)
    target = whole_folder(path) if path and form.is_folder else whole_file(path)
    bar = click.progressbar(rows, length, file=sys.stderr, hidden=is_hidden, update_min_steps=500)
    with bar as shown, target as out:
        write(counted(sound(shown, report)), out, selection)
    return written, len(damages)


def _is_of_database(path: Path, database: Path) -> bool:
    """Whether a path is the database, or a file that SQLite keeps beside it."""
    target, file = (os.path.realpath(one.expanduser()) for one in (path, database))
    return target in {file, *(f"{file}-{end}" for end in ("wal", "shm", "journal"))}


def _moment(text: str) -> datetime:
    """A moment, aware; a day is its end in KST."""
    from extractors.article import KST

    try:
        moment = datetime.fromisoformat(f"{text}T23:59:59.999999" if len(text) <= len("2026-11-24") else text)
    except ValueError:
        raise ArgumentTypeError("must be a day or a moment, such as 2026-11-24 or 2026-11-24T12:00.") from None
    # What is captured up to a later one is not known yet.
    return min(moment if moment.tzinfo else moment.replace(tzinfo=KST), datetime.now(UTC))
