"""What a new template is learned from: archived pages that no layout names, and what is known of their articles."""

import os
import sys
from collections import deque
from contextlib import suppress
from itertools import chain
from pathlib import Path

import click
from scrapy.settings import BaseSettings

from crawler.site import Site
from extractors import NotAnArticle, extract_page
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample
from storage import ReadOnlyStore
from storage.archive.capture import Capture, Source
from storage.archive.http import decoded
from storage.crawl_state import newest_places
from storage.sources import find_sources, read_places

# Of so many archived pages, the newest, and of those that are named, how many samples are taken: the last ones.
_MOST_READ, _MOST_SAMPLES = 2_000, 40


def find_samples(store: ReadOnlyStore, settings: BaseSettings, paths: list[str], layouts: str) -> list[list[Sample]]:
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
