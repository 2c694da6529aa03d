"""What a new template is learned from: pages in archives that no layout names, and what is known of their articles."""

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import click
from scrapy.settings import BaseSettings

from crawler.site import Site
from extractors import Article, NotAnArticle, extract_html
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample
from storage import ReadOnlyStore
from storage.archive.capture import Capture, Place, Source
from storage.archive.http import decoded
from storage.sources import find_sources, own_sources, read_places

# Of so many articles, those that were captured last, and so many captures of each before that one, so many are samples.
_MOST_READ, _MOST_EARLIER, _MOST_SAMPLES = 2_000, 3, 40

_progress = partial(click.progressbar, file=sys.stderr, hidden=not sys.stderr.isatty())


class Search:
    """A search for samples: pages of articles that a store knows, and that no layout reads, not even one's own."""

    def __init__(self, store: ReadOnlyStore, settings: BaseSettings, layouts: str) -> None:
        self._store, self._layouts = store, layouts
        self._site, self._max_page = Site(settings["KBS_BASE_URL"]), settings.getint("KBS_MAX_PAGE")
        self._archive = Path(str(settings["KBS_ARCHIVE"] or "").strip() or os.devnull).expanduser().absolute()

    def captures(self, paths: Iterable[str]) -> list[list[Place]]:
        """The captures of each article in KBS_ARCHIVE and at paths, newest first; of the articles likewise."""
        sources = [*own_sources(self._archive), *find_sources([str(Path.cwd() / path) for path in paths])]
        readable = [source for source in sources if isinstance(source, Source)]  # doctor and reextract report damage
        found: dict[str, list[Place]] = defaultdict(list)
        with _progress(length=sum(source.size for source in readable), label="archive") as bar:
            for source in readable:
                with suppress(OSError):
                    for item in source.read(self._max_page, 0):
                        address = parse_address(self._site.official(item.url or ""))
                        if isinstance(item, Capture) and item.location and item.status == 200 and address:
                            place = Place(location=item.location, url=item.url, fetched_at=item.fetched_at)
                            found[address.view_url].append(place)
                bar.update(source.size)
        ordered = [sorted(places, key=lambda place: place.fetched_at, reverse=True) for places in found.values()]
        return sorted(ordered, key=lambda places: places[0].fetched_at, reverse=True)

    def samples(self, captures: Sequence[list[Place]]) -> tuple[list[Sample], list[Sample]]:
        """Pages in a new template whose articles are known from before; and others, as structure alone reads them."""
        known: list[Sample] = []
        others: list[Sample] = []
        with _progress(captures[:_MOST_READ], label="pages") as bar:
            for newest, *earlier in bar:
                page, now = self._read(newest)
                if page is None or (now and now.layout != GENERIC):
                    continue
                before = (self._read(place)[1] for place in earlier[:_MOST_EARLIER])
                article = next((one for one in before if one and one.layout != GENERIC), self._stored(page.url))
                if article or now:
                    (known if article else others).append(Sample(page.body, page.url, page.charset, article or now))
        # What most pages have is the template's.
        alike = Counter(chain.from_iterable({*one.known.paragraphs} for one in others))
        for at, one in enumerate(others):
            own = tuple(line for line in one.known.paragraphs if 2 * alike[line] <= len(others))
            others[at] = replace(one, known=replace(one.known, paragraphs=own))
        return known[:_MOST_SAMPLES], others[:_MOST_SAMPLES]

    def _stored(self, url: str) -> Article | None:
        """The newest version of an article that its own layout was read with, not that of its other view."""
        address = parse_address(url)
        versions = self._store.versions(address.url) if address else []
        return next((one for one in versions[::-1] if address and one.layout == address.facts.layout != GENERIC), None)

    def _read(self, place: Place) -> tuple[Capture | None, Article | None]:
        """A capture, None where it cannot be read, and its article, None where it holds none."""
        page = None
        for item in read_places([place], self._archive, self._max_page):
            if isinstance(item, Capture) and not item.refused and item.media_type != "text/plain":
                with suppress(NotAnArticle, ValueError):
                    page = replace(decoded(item, self._max_page), url=self._site.official(item.url))
                    return page, extract_html(page.body, page.url, page.charset, self._layouts)
        return page, None
