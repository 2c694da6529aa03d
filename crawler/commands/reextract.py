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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from crawler._sources_shim import Damage, Source

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
        if opts.dry_run or opts.only or _STDIN in args:
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
        if not folder and not args and not opts.only:
            raise ValueError("KBS_ARCHIVE names no folder; set it, or name a SOURCE.")
        # Without one, no file is the project's own.
        opts.archive = Path(folder or os.devnull).expanduser().absolute()
        return partial(_run, args, opts)


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
        raise ValueError(
            f"{name} is {given}; it must be a whole number from 1{f' to {most}' if most < sys.maxsize else ''}."
        )
    return number


def _run(paths: list[str], options: argparse.Namespace) -> int:
    """Re-extract; the exit status."""
    from crawler.reextract import Reextraction, Report, cluster, print_changes, processes, remember_rows
    from storage import ArticleStore
    from storage.reextraction import count_articles

    _check_there_is_something(paths, options)
    with ExitStack() as stack:
        if options.scheduler:
            workers = stack.enter_context(cluster(options.scheduler, options.base_url))
        else:
            workers = stack.enter_context(processes(options.jobs, options.base_url))
        database = stack.enter_context(_copy_of(options.database)) if options.dry_run else options.database
        store = stack.enter_context(ArticleStore(database))
        report = Report("reextract", "pages", 0 if options.only else _total(paths, options))
        reextraction = Reextraction(store, _call(paths, options), workers, report, options.archive, options.max_page)
        if options.dry_run:
            remember_rows(store.db)
        if options.restart or options.dry_run or _STDIN in paths:
            reextraction.forget()
        ending = "interrupted"
        try:
            if options.only:
                named = ", ".join(f"{name}={value}" for name, value in options.only.items())
                articles, archived = count_articles(store.db, options.only)
                report.say(f"{articles:,} stored articles have {named}; {archived:,} of them have an archived page.")
                reextraction.read_rows(options.only)
            else:
                reextraction.read(_sources(paths, options))
            ending = "dry run, nothing stored" if options.dry_run else "finished"
        finally:
            report.close(ending)
        if options.dry_run:
            print_changes(store.db)
    if report.counts["others"] and not report.counts["pages"]:
        tell(f"None of these captures is an article of KBS_BASE_URL={options.base_url}; name the site they are of.")
    return WORK_FAILED if report.counts["damaged"] else 0


def _check_there_is_something(paths: list[str], options: argparse.Namespace) -> None:
    """Raise FileNotFoundError where there is nothing to read, before a database is made."""
    from storage.archive import warc_files

    for path in paths:
        if path != _STDIN and not os.path.lexists(path):
            raise FileNotFoundError(f"{path}: no such file or folder.")
    if options.only and not Path(options.database).expanduser().exists():
        raise FileNotFoundError(f"There is no database {options.database} yet, of which --only could read articles.")
    if not paths and not options.only and not warc_files(options.archive):
        raise FileNotFoundError(f"There is no WARC file in {options.archive}; name a SOURCE, or set KBS_ARCHIVE.")


def _sources(paths: list[str], options: argparse.Namespace) -> Iterator[Source | Damage]:
    """What there is to read; the project's own files under their bare names, also where they are given as paths."""
    from crawler._sources_shim import Damage, find_sources, own_sources

    own = {(options.archive / source.name).resolve(): source for source in own_sources(options.archive)}
    if not paths:
        yield from own.values()
        return
    # Rows name files by their whole path, so that they can be found from any folder.
    whole = [path if path == _STDIN else str(Path.cwd() / path) for path in paths]
    for found in find_sources(whole, options.max_page):
        yield found if isinstance(found, Damage) else own.get(Path(found.name).resolve(), found)


def _total(paths: list[str], options: argparse.Namespace) -> int:
    """How many bytes there are to read."""
    from crawler._sources_shim import total_size
    from storage.archive import warc_files

    return total_size(paths) if paths else sum(warc_files(options.archive).values())


def _call(paths: list[str], options: argparse.Namespace) -> str:
    """What tells this call from others when it goes on: what is read, and what extracts it."""
    from crawler.reextract import code

    read = [os.path.realpath(path) for path in paths] or [str(options.archive.resolve())]
    return hashlib.sha256(json.dumps([read, options.max_page, options.base_url, code()]).encode()).hexdigest()


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
