"""What a new template is learned from: archived pages that no layout names, and what is known of their articles."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click
from scrapy.settings import BaseSettings

from crawler.site import Site
from extractors import NotAnArticle, extract_html
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample
from storage import ReadOnlyStore
from storage.archive.capture import Capture
from storage.archive.http import decoded
from storage.crawl_state import newest_places
from storage.sources import read_places

# Of how many pages, the newest, how many samples are taken.
_MOST_READ, _MOST_SAMPLES = 2_000, 40


def find_samples(store: ReadOnlyStore, settings: BaseSettings, layouts: str) -> tuple[list[Sample], list[Sample]]:
    """Archived pages that no layout names, not even the user's: of known articles, and others as structure has them."""
    site, max_page = Site(settings["KBS_BASE_URL"]), settings.getint("KBS_MAX_PAGE")
    archive = Path(str(settings["KBS_ARCHIVE"] or "").strip() or os.devnull).expanduser().absolute()
    known: list[Sample] = []
    others: list[Sample] = []
    places = newest_places(store.db, _MOST_READ)
    with click.progressbar(length=len(places), label="pages", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for item in read_places(places, archive, max_page):  # damage is reported by doctor and reextract
            bar.update(1)
            address = parse_address(site.official(item.url or ""))
            if not isinstance(item, Capture) or item.refused or address is None or not address.is_article:
                continue
            page, now = item, None
            with suppress(NotAnArticle, ValueError):
                page = decoded(item, max_page)
                now = extract_html(page.body, address.view_url, page.charset, layouts)
            if now is None or now.layout == GENERIC:
                versions = store.versions(address.url)[::-1]
                article = next((one for one in versions if one.layout == address.facts.layout), None)
                if found := article or now:
                    (known if article else others).append(Sample(page.body, address.view_url, page.charset, found))
    return known[-_MOST_SAMPLES:], others[-_MOST_SAMPLES:]
