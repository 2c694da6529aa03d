"""Learn a new template of the site from articles that are known.

When the site changes its pages, most articles are found by structure (layout generic). This command reads the new
template off archived pages of articles that are known from before: first let kbs_articles fetch some of them again, or
name a SOURCE, any archive that reextract reads. It prints an entry for a layouts file, and how well it was checked.
--write puts one that is exact on every page into the file of KBS_LAYOUTS (layouts.toml beside the database), which
crawls and reextract then use.

Exit status: 0; 1 where there are no pages to learn from; 2 for a wrong call; 3 where the entry is not sure; 128 plus
the signal's number where a signal ended it.

Examples:
  kbsworld learn              # after kbsworld crawl kbs_articles -a known=20
  kbsworld learn --write      # then kbsworld reextract --dry-run shows what it changes
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click
from scrapy.settings import Settings

from crawler.arguments import layouts_file, own_layouts
from crawler.command import OfflineCommand
from crawler.extensions.health import FETCH_KNOWN
from crawler.site import Site
from crawler.terminal import UNHEALTHY, tell
from extractors import NotAnArticle, extract_page
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample, learn, write_entry
from storage import ReadOnlyStore
from storage.archive.capture import Capture, Source
from storage.archive.http import decoded
from storage.crawl_state import newest_places
from storage.exports import whole_file
from storage.sources import find_sources, read_places

# Of so many archived pages, the newest, and of those that are named, how many samples are taken: the last ones.
_MOST_READ, _MOST_SAMPLES = 2_000, 40


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="write the entry into that file, if it is sure")

    def work(self, paths: list[str], opts: Namespace) -> None:
        layouts, file = own_layouts(self.settings), layouts_file(self.settings)
        with ReadOnlyStore(self.database) as store:
            known, others = _find_samples(store, self.settings, paths, layouts)
        if not known and not others:
            self.complain(f"No page in a new template was found. If the site has changed: {FETCH_KNOWN}")
            return
        learned = learn(known or others)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        evidence = (
            f"read off {learned.read_off} pages{'' if known else ' as structure alone reads them'}, and checked on "
            f"{learned.checked} others; different: {len(learned.wrong)}; changed since: {learned.gone}"
        )
        entry = write_entry(learned.entry, name=f"learned {today}", seen=today, evidence=evidence)
        print(entry if learned.entry else "", end="")
        tell("\n".join([evidence, *(f"differs: {url}: {reason}" for url, reason in learned.wrong.items())]))
        if not (learned.is_sure and known):
            tell(f"Not sure, so nothing is written. With more known articles it may be: {FETCH_KNOWN}")
            tell(f"Where no article is known from before, look the entry through and put it into {file} yourself.")
            self.exitcode = UNHEALTHY
        elif opts.write:
            with whole_file(file) as stream:
                stream.write(f"{entry}\n{layouts}".encode())
            tell(f"Written to {file}. What it changes in the archive: kbsworld reextract --dry-run")


def _find_samples(store: ReadOnlyStore, settings: Settings, paths: list[str], layouts: str) -> list[list[Sample]]:
    """Pages in KBS_ARCHIVE and at paths that no layout reads: of known articles, and others as structure has them."""
    site, max_page = Site(settings["KBS_BASE_URL"]), settings.getint("KBS_MAX_PAGE")
    archive = Path(str(settings["KBS_ARCHIVE"] or "").strip() or os.devnull).expanduser().absolute()
    known, others = (deque[Sample](maxlen=_MOST_SAMPLES) for _ in range(2))
    named = (one for one in find_sources(paths) if isinstance(one, Source))
    own = read_places(newest_places(store.db, _MOST_READ), archive, max_page)
    items = chain(own, chain.from_iterable(source.read(max_page, 0) for source in named))
    with click.progressbar(items, label="pages", show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for item in bar:  # damage is reported by doctor and reextract
            address = parse_address(site.official(item.url or ""))
            if not (isinstance(item, Capture) and address and address.is_article) or item.refused or item.status != 200:
                continue
            page, now = item, None
            with suppress(NotAnArticle, ValueError):
                page = decoded(item, max_page)
                now = extract_page(page.body, address.view_url, page.charset, page.media_type, layouts)
            if now is None or now.layout == GENERIC:
                versions = store.versions(address.url)[::-1]
                article = next((one for one in versions if one.layout == address.facts.layout), None)
                if (found := article or now) and all(one.url != address.view_url for one in (*known, *others)):
                    (known if article else others).append(Sample(page.body, address.view_url, page.charset, found))
    return [list(known), list(others)]
