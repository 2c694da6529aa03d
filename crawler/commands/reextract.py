"""kbsworld reextract: archived pages become articles again, offline."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from storage.sources import Damage, Source

_STDIN = "-"


class Command(OfflineCommand):
    """Reads archives of any kind. The summary goes to standard error, what --dry-run prints to standard output."""

    def syntax(self) -> str:
        return "[options] [SOURCE...]"

    def short_desc(self) -> str:
        return "Extract archived pages again, offline: this project's archive, or any other"

    def long_desc(self) -> str:
        return (
            "Reads each SOURCE and stores its articles in the database of KBS_DB, as a crawl does: WARC, ARC and WACZ "
            "archives, folders of saved pages, Scrapy's HTTP cache, JSON Lines and CSV with url and html or text "
            "columns, or - for standard input. The type of a SOURCE is detected from its content. Without SOURCE: the "
            "archive of KBS_ARCHIVE. Interrupted, the same call goes on: sources that were read are skipped. Exit "
            "status: 0; 1 if something could not be read; 2 for a wrong call; 128 and the signal's number if a signal "
            "ended it. Examples: kbsworld reextract; kbsworld reextract --dry-run pages/ crawl.warc.gz; "
            "kbsworld reextract --only layout=generic"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Re-extraction").add_argument
        add("--dry-run", action="store_true", help="store nothing; print what would change, field by field")
        add(
            "--only",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="without SOURCE: read only the pages of stored articles with this value (layout=generic; category= "
            "for those without one); repeat it to narrow further",
        )
        add("--jobs", metavar="N", help="worker processes (default: one per core)")
        add("--restart", action="store_true", help="read again what the same call read before it was interrupted")
        add("--scheduler", metavar="ADDRESS", help="use a Dask cluster: tcp://host:8786 (needs kbsworld[cluster])")

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here and below: Scrapy loads every command before it runs one.
        from crawler.site import Site

        assert self.settings is not None
        for argument in args:
            if argument.startswith("-") and argument != _STDIN:
                raise ValueError(f"Unknown option {argument}. See kbsworld reextract --help.")
        opts.call = ""
        opts.begins_again = bool(opts.dry_run or opts.only or _STDIN in args)
        if opts.begins_again:
            self.interrupted = "Interrupted; the same call begins again."
        if args and opts.only:
            raise ValueError("--only reads the pages of stored articles, wherever they are; it takes no SOURCE.")
        if opts.scheduler and not re.fullmatch(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}", opts.scheduler):
            raise ValueError(f"--scheduler {opts.scheduler} must be an address such as tcp://host:8786.")
        if opts.scheduler and opts.jobs is not None:
            raise ValueError("--jobs are processes of this machine; with --scheduler the cluster's workers extract.")
        opts.only = _conditions(opts.only)
        opts.jobs = _number("--jobs", opts.jobs or os.cpu_count() or 1, most=1024)
        opts.max_page = _number("KBS_MAX_PAGE", self.settings["KBS_MAX_PAGE"])
        opts.base_url = self.settings["KBS_BASE_URL"]
        Site(opts.base_url)
        opts.database = self.settings["KBS_DB"]
        folder = str(self.settings["KBS_ARCHIVE"] or "").strip()
        # Without one, no file is the project's own.
        opts.archive = Path(folder or os.devnull).expanduser().absolute()
        if not opts.only:
            return partial(_run, *_sources(args, opts), opts)
        if not Path(opts.database).expanduser().exists():
            raise FileNotFoundError(f"There is no database {opts.database} yet, of which --only could read articles.")
        return partial(_run, [], 0, opts)


def _conditions(only: list[str]) -> dict[str, str]:
    """The conditions of --only NAME=VALUE."""
    from storage.versions import COLUMNS

    found = {}
    for given in only:
        name, equals, value = given.partition("=")
        if not equals or name not in COLUMNS:
            raise ValueError(f"--only {given} must be NAME=VALUE, such as layout=generic ({', '.join(COLUMNS)}).")
        found[name] = value
    return found


def _number(name: str, given: object, most: int = sys.maxsize) -> int:
    number = int(f"{given}") if f"{given}".isdecimal() else 0
    if not 1 <= number <= most:
        limit = f" to {most}" if most < sys.maxsize else ""
        raise ValueError(f"{name} is {given}; it must be a whole number from 1{limit}.")
    return number


def _sources(paths: list[str], options: argparse.Namespace) -> tuple[Iterable[Source | Damage], int]:
    """What there is to read, and how many bytes; notes in `options` by what the same call is known.

    Raises:
        ValueError, FileNotFoundError: there is nothing to read.
    """
    from crawler.reextract import code
    from storage.sources import Damage, find_sources, own_sources, total_size

    # Rows name files by their whole path, so that they can be found from any folder; those of the project's own
    # archive by their bare names, also where they are given as paths.
    whole = [path if path == _STDIN else str(Path.cwd() / path) for path in paths]
    own = {(options.archive / source.name).resolve(): source for source in own_sources(options.archive)}
    read = [os.path.realpath(path) for path in whole] or [str(options.archive.resolve())]
    values = [read, options.max_page, options.base_url, code()]
    options.call = hashlib.sha256(json.dumps(values).encode()).hexdigest()
    if paths:
        found = find_sources(whole, options.max_page)
        named = (one if isinstance(one, Damage) else own.get(Path(one.name).resolve(), one) for one in found)
        return named, total_size(whole)
    if not own:
        raise FileNotFoundError(f"There is no WARC file in {options.archive}; name a SOURCE, or set KBS_ARCHIVE.")
    return own.values(), sum(source.size for source in own.values())


def _run(sources: Iterable[Source | Damage], size: int, options: argparse.Namespace) -> int:
    """Re-extract sources of so many bytes; the exit status."""
    from crawler.reextract import Reextraction, Report, cluster, print_changes, processes, remember_rows
    from storage import ArticleStore

    with ExitStack() as stack:
        if options.scheduler:
            workers = stack.enter_context(cluster(options.scheduler, options.base_url))
        else:
            workers = stack.enter_context(processes(options.jobs, options.base_url))
        database = stack.enter_context(_copy_of(options.database)) if options.dry_run else options.database
        store = stack.enter_context(ArticleStore(database))
        report = Report("reextract", "pages", size)
        reextraction = Reextraction(store, options.call, workers, report, options.archive, options.max_page)
        if options.dry_run:
            remember_rows(store.db)
        if options.restart or options.begins_again:
            reextraction.forget()
        ending = "interrupted"
        try:
            if options.only:
                reextraction.read_rows(options.only)
            else:
                reextraction.read(sources)
            ending = "dry run, nothing stored" if options.dry_run else "finished"
        finally:
            report.close(ending)
        if options.dry_run:
            print_changes(store.db)
    if report.counts["others"] and not report.counts["pages"]:
        tell(f"None of these captures is an article of KBS_BASE_URL={options.base_url}; name the site they are of.")
    return WORK_FAILED if report.counts["damaged"] else 0


@contextmanager
def _copy_of(database: str) -> Iterator[Path]:
    """A copy of the article database, removed in the end; no file yet where there is no database."""
    from storage.database import open_readonly

    with tempfile.TemporaryDirectory(prefix="kbsworld-dry-run-") as folder:
        copy = Path(folder) / "copy.db"
        if Path(database).expanduser().exists():
            with open_readonly(database) as db, closing(sqlite3.connect(copy)) as target:
                db.conn.backup(target)
        yield copy
