"""Write stored articles: tables, texts, a feed, a corpus.

Writes the articles of the database of KBS_DB, the newest version of each, oldest first. A file is replaced as a
whole at the end, or not at all. FILE.manifest.json beside it says what it holds: kbsworld verify reads it, and --as-of
with the moment that it names gives the same file later. A crawl may run at the same time.

Examples:
  kbsworld export -o articles.csv --since 2026-01-01
  kbsworld export --all-versions | gzip > articles.jsonl.gz
  kbsworld export --format markdown -o articles/ --category politique
  kbsworld export --format txt -o corpus/ --since 2026
  kbsworld export -o feed.atom --limit 50
  kbsworld export -o then.csv --as-of 2026-11-24T12:00
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, counted, tell
from storage.database import Database
from storage.exports import manifest, moment_of, sound, whole_file, whole_folder
from storage.selection import Selection, count_rows, select_rows

# A format: its module in storage/exports, and what it is.
_FORMATS = {
    "jsonl": ("json_lines", "one object per line, which kbsworld import reads (default)"),
    "csv": ("csv_table", "for spreadsheets and scripts"),
    "xlsx": ("excel", "for Excel; needs kbsworld[xlsx]"),
    "parquet": ("parquet_file", "typed, for pandas and DuckDB; needs kbsworld[parquet]"),
    "html": ("digest", "one page to read, print or mail"),
    "markdown": ("markdown", "FILE.md: one page; FOLDER: a file per article"),
    "atom": ("atom", "a feed with the whole texts, the newest first"),
    "txt": ("plain_text", "the texts alone, a file per article, and metadata.csv"),
    "vertical": ("vertical", "word and lemma, for corpus tools; needs kbsworld[lemmas]"),
    "tei": ("tei", "one TEI P5 corpus"),
}
_ENDINGS = {f".{name}": name for name in _FORMATS if name != "txt"}  # which are folders
_ENDINGS |= {".md": "markdown", ".ndjson": "jsonl", ".vert": "vertical", ".vrt": "vertical", ".xml": "tei"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Command(OfflineCommand):
    prints = True
    interrupted = "Interrupted; nothing was written."

    def add_own_options(self, parser: ArgumentParser) -> None:
        says = "; ".join(f"{name}: {text}" for name, (_, text) in _FORMATS.items())
        parser.add_argument("--format", choices=_FORMATS, help=f"{says}. FILE's ending implies it.")
        text = "the file, or folder (default, and -: standard output)"
        parser.add_argument("-o", "--output", metavar="FILE", help=text)
        add_selection_options(parser, versions=True)
        text = "what the database held then: a day (up to its end) or a moment, in KST if no other zone is named"
        parser.add_argument("--as-of", metavar="MOMENT", type=_moment, help=text)

    def work(self, _: list[str], opts: Namespace) -> int:
        path = None if opts.output in {None, "-"} else Path(opts.output).expanduser()
        name = _format_name(opts.format, path, Path(self.database))
        if name == "atom" and opts.order is None:
            opts.order = "newest"
        if opts.as_of and opts.order == "rank":
            raise ArgumentError("--order rank is by all that is stored now; leave it out with --as-of.")
        with self.open_database() as db:
            db.execute("begin")  # one state of it, whatever a crawl stores meanwhile
            selection = selection_of(opts, db)
            written, damaged = write_export(db, selection, name, path)
            # Not of pipes, devices and what the shell has opened.
            if path and not str(path).startswith("/dev/") and (path.is_file() or path.is_dir()):
                manifest.write(db, path, name, selection, written, damaged)
        files = os.scandir(path) if path and path.is_dir() else ()
        others = sum(file.is_file() and file.name[0] != "." for file in files) - written - (name == "txt")
        if others > 0:
            tell(f"{path} holds {counted(others, 'other file')}, too; for these articles alone, name a new folder.")
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
    if given is None and ending and ending not in _ENDINGS:
        raise ArgumentError(f"-o {path}: no format has the ending {ending}; choose one with --format.")
    name = given or _ENDINGS.get(ending, "jsonl")
    _, is_folder = format_of(name, path)
    if path is None and (is_folder or (name in {"parquet", "xlsx"} and sys.stdout.isatty())):
        raise ArgumentError(f"--format {name} is {'not one file' if is_folder else 'binary'}; give -o a name.")
    if path and path.exists() and path.is_dir() != is_folder:
        raise ArgumentError(f"-o {path} is a {'file; name a folder' if is_folder else 'folder; name a file in it'}.")
    return name


def format_of(name: str, path: Path | None) -> tuple[str, bool]:
    """The module of a format, and whether what it writes is a folder; ArgumentError where there is no such format."""
    if name not in _FORMATS:
        raise ArgumentError(f"There is no format {name[:40]}.")
    is_page = path is None or _ENDINGS.get(path.suffix.lower()) == name
    return _FORMATS[name][0], name == "txt" or (name == "markdown" and not is_page)


def write_export(db: Database, selection: Selection, name: str, path: Path | None) -> tuple[int, int]:
    """Write an export in a format; how many rows it has, and how many are damaged, and left out."""
    module, is_folder = format_of(name, path)
    damages: list[str] = []
    write = import_module(f"storage.exports.{module}").write
    is_hidden = not sys.stderr.isatty() or (path is None and sys.stdout.isatty())
    rows, count = select_rows(db, selection), count_rows(db, selection)
    bar = click.progressbar(rows, count, file=sys.stderr, hidden=is_hidden, update_min_steps=500)
    with bar as shown, whole_folder(path) if path and is_folder else whole_file(path) as out:
        write(sound(shown, damages.append), out, selection)
    for damage in damages:
        tell(damage)
    return count - len(damages), len(damages)


def _is_of_database(path: Path, database: Path) -> bool:
    """Whether a path is the database, or a file that SQLite keeps beside it."""
    target, file = (os.path.realpath(one.expanduser()) for one in (path, database))
    return target in {file, *(f"{file}-{end}" for end in ("wal", "shm", "journal"))}


def _moment(text: str) -> datetime:
    """A moment, aware; a day is its end in KST."""
    with suppress(OverflowError):  # in UTC it is before year 1
        if moment := moment_of(f"{text}T23:59:59.999999" if len(text) <= len("2026-11-24") else text):
            # What is captured up to a later one is not known yet.
            return min(moment, datetime.now(UTC)).astimezone(UTC)
    raise ArgumentTypeError("must be a day or a moment, such as 2026-11-24 or 2026-11-24T12:00.")
