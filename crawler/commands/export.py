"""Write stored articles: tables, texts, a feed, a corpus.

Writes the articles of the database of KBS_DB, the newest version of each, oldest first. A file is replaced as a
whole at the end, or not at all. A crawl may run at the same time.

Exit status: 0; 1 where the database cannot be read, a row of it is damaged (the others are written), or something
cannot be written; 2 for a wrong call; 128 plus the signal's number where a signal ended it.

Examples:
  kbsworld export -o articles.csv --since 2026-01-01
  kbsworld export --all-versions | gzip > articles.jsonl.gz
  kbsworld export --format markdown -o articles/ --category politique
  kbsworld export --format txt -o corpus/ --since 2026
  kbsworld export -o feed.atom --limit 50
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from storage.exports import Exported


class _Format(NamedTuple):
    """A format: its module in storage/exports, the endings of its files, whether it is bytes, or a file per article."""

    module: str
    endings: tuple[str, ...]
    says: str
    is_binary: bool = False
    is_folder: bool = False


_FORMATS = {
    "jsonl": _Format("json_lines", (".jsonl", ".ndjson"), "one object per line, which kbsworld import reads (default)"),
    "csv": _Format("csv_table", (".csv",), "for spreadsheets and scripts"),
    "xlsx": _Format("excel", (".xlsx",), "for Excel; needs kbsworld[xlsx]", is_binary=True),
    "parquet": _Format("parquet_file", (".parquet",), "typed, for pandas and DuckDB; needs kbsworld[parquet]", True),
    "html": _Format("html_digest", (".html", ".htm"), "one page to read, print or mail"),
    "markdown": _Format("markdown_digest", (".md", ".markdown"), "FILE.md: one page; FOLDER: a file per article"),
    "atom": _Format("atom", (".atom",), "a feed with the whole texts, the newest first"),
    "txt": _Format("plain_text", (), "the texts alone, a file per article, and metadata.csv", is_folder=True),
    "vertical": _Format("vertical", (".vert", ".vrt"), "word and lemma, for corpus tools; needs kbsworld[lemmas]"),
    "tei": _Format("tei", (".xml", ".tei"), "one TEI P5 corpus"),
}
_ENDINGS = {ending: name for name, form in _FORMATS.items() for ending in form.endings}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Command(OfflineCommand):
    interrupted = "Interrupted; nothing was written."
    _written = _damaged = 0

    def add_own_options(self, parser: ArgumentParser) -> None:
        says = "; ".join(f"{name}: {form.says}" for name, form in _FORMATS.items())
        parser.add_argument("--format", choices=_FORMATS, help=f"{says}. FILE's ending implies it.")
        text = "the file, or folder (default, and -: standard output)"
        parser.add_argument("-o", "--output", metavar="FILE", help=text)
        add_selection_options(parser, versions=True)

    def run(self, args: list[str], opts: Namespace) -> None:
        self.prints = opts.output in {None, "-"}
        super().run(args, opts)

    def work(self, _: list[str], opts: Namespace) -> int:
        path = None if opts.output in {None, "-"} else Path(opts.output)
        ending = path.suffix.lower() if path else ""
        if ending in _COMPRESSED:
            raise ArgumentError(f"-o {path}: exports are not compressed; leave out {ending}.")
        if path is not None and _is_of_database(path, Path(self.database)):
            raise ArgumentError(f"-o {path} is the article database itself; name another file.")
        name = opts.format or _ENDINGS.get(ending) or ("" if ending else "jsonl")
        if not name:
            raise ArgumentError(f"-o {path}: no format has the ending {ending}; choose one with --format.")
        form = _FORMATS[name]
        if name == "markdown" and path and ending not in form.endings:
            form = _Format("markdown", (), "", is_folder=True)
        if path is None and (form.is_folder or (form.is_binary and sys.stdout.isatty())):
            raise ArgumentError(f"--format {name} is {'not one file' if form.is_folder else 'binary'}; give -o a name.")
        if path is not None:
            _check(path, form)
        if name == "atom" and opts.order is None:
            opts.order = "newest"
        return self._export(opts, form, path)

    def _export(self, opts: Namespace, form: _Format, path: Path | None) -> int:
        import click

        from storage.database import open_to_read
        from storage.exports import sound, whole_file, whole_folder
        from storage.selection import count_rows, select_rows

        write = import_module(f"storage.exports.{form.module}").write
        is_hidden = not sys.stderr.isatty() or (path is None and sys.stdout.isatty())
        with open_to_read(self.database, tell) as db:
            selection = selection_of(opts, db)
            length = 0 if is_hidden else count_rows(db, selection)
            rows = select_rows(db, selection)
            with click.progressbar(rows, length, file=sys.stderr, hidden=is_hidden, update_min_steps=500) as bar:
                articles = self._counted(sound(bar, self._report))
                with whole_folder(path) if path and form.is_folder else whole_file(path) as target:
                    write(articles, target, selection)
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


def _check(path: Path, form: _Format) -> None:
    """Check that a path can be the output: a file or a folder, as the format is."""
    target = path.expanduser()
    if form.is_folder and target.exists() and not target.is_dir():
        raise ArgumentError(f"-o {path} is a file, and this format is a file per article; name a folder.")
    if not form.is_folder and target.is_dir():
        raise ArgumentError(f"-o {path} is a folder; name a file in it.")
