"""What a new template is learned from: pages that no layout names, of articles that are known, in archives."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from scrapy.settings import BaseSettings

from crawler.site import Site
from extractors import Article, NotAnArticle, extract_html
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample
from storage import ArticleStore
from storage.archive.capture import Capture, Place, Source
from storage.archive.http import decoded
from storage.children import Children
from storage.sources import find_sources, own_sources, read_places

# Of more samples, the newest; how many pages are read to find them, and how many earlier captures of each.
_MOST_SAMPLES, _MOST_READ, _MOST_EARLIER = 40, 500, 3

#: Where the captures of articles are, by address; the newest first, of the addresses as of one.
Captures = dict[str, list[Place]]


class Search:
    """A search for samples in archives; the articles that are known are those of `store`, `children` extract pages."""

    def __init__(self, store: ArticleStore, settings: BaseSettings, children: Children, layouts: str) -> None:
        self._store, self._children, self._layouts = store, children, layouts
        self._site = Site(settings["KBS_BASE_URL"])
        self._archive = Path(str(settings["KBS_ARCHIVE"] or "").strip() or os.devnull).expanduser().absolute()
        self._max_page = settings.getint("KBS_MAX_PAGE")

    def captures(self, paths: Sequence[str]) -> Captures:
        """The captures of articles in KBS_ARCHIVE and at paths, as far as these can be read: doctor reports damage."""
        found: Captures = defaultdict(list)
        for source in (*own_sources(self._archive), *find_sources(paths)):
            with suppress(OSError):
                for item in source.read(self._max_page, 0) if isinstance(source, Source) else ():
                    if isinstance(item, Capture) and item.location and item.status == 200:
                        address = parse_address(self._site.official(item.url))
                        if address is not None and address.is_article and item.media_type != "text/plain":
                            place = Place(location=item.location, url=item.url, fetched_at=item.fetched_at)
                            found[address.view_url].append(place)
        ordered = {url: sorted(places, key=lambda place: place.fetched_at)[::-1] for url, places in found.items()}
        return dict(sorted(ordered.items(), key=lambda one: one[1][0].fetched_at, reverse=True))

    def guessed(self, captures: Captures) -> list[Sample]:
        """Pages in a new template as structure alone reads them, without what most of them have: the template's."""
        pages = (self._read(newest) for newest, *_ in islice(captures.values(), _MOST_READ))
        new = ((page, article) for page, article in pages if page and article and article.layout == GENERIC)
        found = list(islice(new, _MOST_SAMPLES))
        alike = Counter(line for _, article in found for line in {*article.paragraphs})
        own = [tuple(line for line in article.paragraphs if 2 * alike[line] <= len(found)) for _, article in found]
        return [
            _sample(page, replace(article, paragraphs=lines)) for (page, article), lines in zip(found, own, strict=True)
        ]

    def known(self, captures: Captures) -> list[Sample]:
        """Pages in a new template whose articles are known: from an earlier capture, or from the database."""
        return list(islice(self._known(captures), _MOST_SAMPLES))

    def _known(self, captures: Captures) -> Iterator[Sample]:
        stored = ((self._stored(url), places) for url, places in captures.items())
        candidates = ((article, places) for article, places in stored if article or len(places) > 1)
        for article, (newest, *earlier) in islice(candidates, _MOST_READ):
            page, now = self._read(newest)
            before = (self._read(place)[1] for place in earlier[:_MOST_EARLIER])
            known = next((one for one in before if one and one.layout != GENERIC), article)
            if page and known and (now is None or now.layout == GENERIC):
                yield _sample(page, known)

    def _stored(self, url: str) -> Article | None:
        """The newest version of an article that its own layout was read with, not that of its other view."""
        address = parse_address(url)
        versions = self._store.versions(address.url) if address else []
        return next((one for one in versions[::-1] if address and one.layout == address.facts.layout != GENERIC), None)

    def _read(self, place: Place) -> tuple[Capture | None, Article | None]:
        """A capture, None where it cannot be read, and its article, None where it holds none."""
        page = None
        for item in read_places([place], self._archive, self._max_page):
            if isinstance(item, Capture) and not item.refused:
                with suppress(NotAnArticle, ValueError, BrokenExecutor, TimeoutError):
                    page = replace(decoded(item, self._max_page), url=self._site.official(item.url))
                    call = self._children.submit(extract_html, page.body, page.url, page.charset, self._layouts)
                    return page, call.result()
        return page, None


def _sample(page: Capture, known: Article) -> Sample:
    return Sample(page.body, page.url, page.charset, known)
