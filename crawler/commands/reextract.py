"""Extract archived pages again, offline: this project's archive, or any other.

Reads each SOURCE and stores its articles in the database of KBS_DB, as a crawl does: WARC, ARC and WACZ archives,
folders of saved pages, Scrapy's HTTP cache, JSON Lines and CSV with url and html or text columns, or - for standard
input. The type of a SOURCE is detected from its content. Without SOURCE: the archive of KBS_ARCHIVE. Interrupted,
the same call goes on: sources that were read are skipped.

Exit status: 0; 1 where something could not be read; 2 for a wrong call; 128 plus the signal's number where a signal
ended it.

Examples:
  kbsworld reextract
  kbsworld reextract --dry-run pages/ crawl.warc.gz
  kbsworld reextract --only layout=generic
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED, tell

if TYPE_CHECKING:
    from storage.archive.capture import Damage, Source

_STDIN = "-"
_MOST = 2**31


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
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
        from crawler.site import Site

        assert self.settings is not None
        if args and opts.only:
            raise ValueError("--only reads the pages of stored articles, wherever they are; it takes no SOURCE.")
        if opts.scheduler and not re.fullmatch(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}", opts.scheduler):
            raise ValueError(f"--scheduler {opts.scheduler} must be an address such as tcp://host:8786.")
        if opts.scheduler and opts.jobs is not None:
            raise ValueError("--jobs are processes of this machine; with --scheduler the cluster's workers extract.")
        opts.only = _conditions(opts.only)
        opts.jobs = _number("--jobs", opts.jobs or os.cpu_count() or 1)
        opts.max_page = _number("KBS_MAX_PAGE", self.settings["KBS_MAX_PAGE"])
        opts.site = Site(self.settings["KBS_BASE_URL"])
        opts.database = self.database
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


def _number(name: str, given: object) -> int:
    if not f"{given}".isdecimal() or not 1 <= int(f"{given}") <= _MOST:
        raise ValueError(f"{name} is {given}; it must be a whole number from 1 to {_MOST}.")
    return int(f"{given}")


def _run(paths: list[str], opts: argparse.Namespace) -> int:
    """Re-extract; the exit status."""
    from crawler.preview import compared_copy
    from crawler.reextract import Reextraction, Report, cluster, extract, processes
    from storage import ArticleStore
    from storage.crawl_state import ReextractionState, places_of
    from storage.sources import read_places

    sources, size = _sources(paths, opts)
    with ExitStack() as stack:
        begin = partial(cluster, opts.scheduler) if opts.scheduler else partial(processes, opts.jobs)
        work = partial(extract, base_url=opts.site.base, max_page=opts.max_page)
        workers = stack.enter_context(begin(work))
        database = stack.enter_context(compared_copy(opts.database)) if opts.dry_run else opts.database
        store = stack.enter_context(ArticleStore(database))
        report = Report("reextract", "pages", size)
        state = ReextractionState(store.db, _call(paths, opts))
        if opts.restart or opts.dry_run:
            with store.batch():
                state.forget()
        reextraction = Reextraction(
            store=store,
            state=state,
            workers=workers,
            report=report,
            archive=opts.archive,
            site=opts.site,
            max_page=opts.max_page,
        )
        ending = "interrupted"
        try:
            if opts.only:
                places = places_of(store.db, opts.only)
                archived = [place for place in places if place]
                report.say(f"{len(places):,} stored articles fit --only; {len(archived):,} of them are archived.")
                reextraction.read(read_places(archived, opts.archive, opts.max_page))
            else:
                reextraction.read_sources(sources)
            ending = "dry run, nothing stored" if opts.dry_run else "finished"
        finally:
            report.close(ending)
    if report.counts["others"] and not report.counts["pages"]:
        tell(f"None of these captures is an article of KBS_BASE_URL={opts.site.base}; name the site they are of.")
    return WORK_FAILED if report.counts["damaged"] else 0


def _sources(paths: list[str], opts: argparse.Namespace) -> tuple[Iterable[Source | Damage], int]:
    """What there is to read, and its bytes; the project's own files under their bare names, also if given as paths.

    Raises:
        FileNotFoundError: there is nothing.
    """
    from storage.archive import warc_files
    from storage.archive.capture import Damage
    from storage.sources import find_sources, own_sources, total_size

    if opts.only:
        if not Path(opts.database).expanduser().exists():
            raise FileNotFoundError(f"There is no database {opts.database} yet, of which --only could read articles.")
        return [], 0
    own = {(opts.archive / source.name).resolve(): source for source in own_sources(opts.archive)}
    if paths:
        # Rows name files by their whole path, so that they can be found from any folder.
        found = find_sources([path if path == _STDIN else str(Path.cwd() / path) for path in paths])
        sources = (one if isinstance(one, Damage) else own.get(Path(one.name).resolve(), one) for one in found)
        return sources, total_size(paths)
    if not own:
        raise FileNotFoundError(f"There is no WARC file in {opts.archive}; name a SOURCE, or set KBS_ARCHIVE.")
    return own.values(), sum(warc_files(opts.archive).values())


def _call(paths: list[str], opts: argparse.Namespace) -> str:
    """Identifies a call, so that it can be continued: what is read, and what extracts it."""
    from crawler.reextract import code

    read = [os.path.realpath(path) for path in paths] or [str(opts.archive.resolve())]
    return hashlib.sha256(json.dumps([read, opts.max_page, opts.site.base, code()]).encode()).hexdigest()
