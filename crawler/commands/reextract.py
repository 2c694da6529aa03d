"""Extract archived pages again, offline: this project's archive, or any other.

Reads each SOURCE and stores its articles in the database of KBS_DB, as a crawl does: WARC, ARC and WACZ archives,
folders of saved pages, Scrapy's HTTP cache, JSON Lines and CSV with url and html or text columns, or - for standard
input. The type of a SOURCE is detected from its content. Without SOURCE: the archive of KBS_ARCHIVE. Interrupted,
the same call goes on: sources that were read are skipped.

Examples:
  kbsworld reextract
  kbsworld reextract --dry-run pages/ crawl.warc.gz
  kbsworld reextract --only layout=generic
"""

import hashlib
import json
import os
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from crawler.arguments import ArgumentError, check_text, own_layouts, whole_number
from crawler.command import OfflineCommand
from crawler.preview import compared_copy
from crawler.reextract import Reextraction, Report, cluster, code, extract, processes
from crawler.site import Site
from crawler.terminal import WORK_FAILED, tell
from storage import ArticleStore
from storage.archive.capture import Damage, Source, warc_files
from storage.crawl_state import ReextractionState, places_of
from storage.sources import find_sources, own_sources, read_places, total_size
from storage.versions import COLUMNS


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"
    interrupted = "Interrupted; the same call goes on from here."

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--dry-run", action="store_true", help="store nothing; print what would change, field by field")
        text = "without SOURCE: only pages of stored articles with this value (category= for none); repeat it to narrow"
        add("--only", metavar="NAME=VALUE", action="append", type=_condition, default=[], help=text)
        add("--restart", action="store_true", help="read again what the same call read before it was interrupted")
        add = parser.add_mutually_exclusive_group().add_argument
        jobs = partial(whole_number, 1, 1000)
        add("--jobs", metavar="N", type=jobs, help="worker processes (default: one per core)")
        text = "extract on a Dask cluster instead: tcp://host:8786 (needs kbsworld[cluster])"
        add("--scheduler", metavar="ADDRESS", type=_address, help=text)

    def work(self, paths: list[str], opts: Namespace) -> int:
        for _, value in opts.only:
            check_text("--only", value)
        if paths and opts.only:
            raise ArgumentError("--only reads the pages of stored articles, wherever they are; it takes no SOURCE.")
        site, layouts = Site(self.settings["KBS_BASE_URL"]), own_layouts(self.settings)
        max_page = self.settings.getint("KBS_MAX_PAGE")
        folder = str(self.settings["KBS_ARCHIVE"] or "").strip()
        if not folder and not paths and not opts.only:
            raise ArgumentError("KBS_ARCHIVE names no folder; set it, or name a SOURCE.")
        # Without one, no file is the project's own.
        archive = Path(folder or os.devnull).expanduser().absolute()
        if opts.only and not Path(self.database).expanduser().exists():
            self.open_database()  # its error names those there are
        sources, size = ([], 0) if opts.only else _sources(paths, archive)
        work = partial(extract, site=site, max_page=max_page, layouts=layouts)
        page_time = self.settings.getfloat("KBS_PAGE_TIME")
        # Not the option's default: for argparse, a value that is the default was not given, not even with --scheduler.
        jobs = opts.jobs or os.cpu_count() or 1
        extraction = cluster(opts.scheduler, work) if opts.scheduler else processes(jobs, work, page_time)
        target = compared_copy(self.database) if opts.dry_run else nullcontext(self.database)
        ending = "dry run, nothing stored" if opts.dry_run else "finished"
        with (
            extraction as workers,
            target as database,
            ArticleStore(database) as store,
            Report("reextract", "pages", size, ending) as report,
        ):
            call = [[os.path.realpath(path) for path in paths or [str(archive)]], max_page, site.base, code(), layouts]
            state = ReextractionState(store.db, hashlib.sha256(json.dumps(call).encode()).hexdigest())
            if opts.restart or opts.dry_run:
                with store.batch():
                    state.forget()
            reextraction = Reextraction(store, state, workers, report, archive, site, max_page)
            if opts.only:
                places = places_of(store.db, dict(opts.only))
                archived = [place for place in places if place]
                report.say(f"{len(places):,} stored articles fit --only; {len(archived):,} of them are archived.")
                reextraction.read(read_places(archived, archive, max_page))
            else:
                reextraction.read_sources(sources)
        if report.counts["others"] and not report.counts["pages"]:
            no = f"None of these captures ({reextraction.other}) is an article of"
            tell(f"{no} KBS_BASE_URL={site.base}; set it to their own site.")
            return WORK_FAILED
        if report.counts["refused"] and not opts.dry_run:
            tell("kbsworld refusals lists the refused pages, and says what to do.")
        return WORK_FAILED if report.counts["damaged"] else 0


def _condition(text: str) -> tuple[str, str]:
    """The name and value of --only."""
    name, equals, value = text.partition("=")
    if not equals or name not in COLUMNS:
        raise ArgumentTypeError(f"must be NAME=VALUE, such as layout=generic ({', '.join(COLUMNS)}).")
    return name, value


def _address(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}", text):
        raise ArgumentTypeError("must be an address such as tcp://host:8786.")
    return text


def _sources(paths: list[str], archive: Path) -> tuple[Iterable[Source | Damage], int]:
    """What there is to read, and its bytes; the project's own files under their bare names, also if given as paths."""
    own = {(archive / source.name).resolve(): source for source in own_sources(archive)}
    if paths:
        # Rows name files by their whole path, so that they can be found from any folder.
        found = find_sources([path if path == "-" else str(Path.cwd() / path) for path in paths])
        sources = (one if isinstance(one, Damage) else own.get(Path(one.name).resolve(), one) for one in found)
        return sources, total_size(paths)
    if not own:
        raise FileNotFoundError(f"There is no WARC file in {archive}; name a SOURCE, or set KBS_ARCHIVE.")
    return own.values(), sum(warc_files(archive).values())
