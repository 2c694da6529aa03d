"""What a new template is learned from: pages that no layout names, of articles that are known, in archives."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlite_utils import Database

from crawler.site import Site
from extractors import Article, NotAnArticle, extract_html
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample, shows_known
from storage.archive.capture import Capture, Damage, Place, Source
from storage.archive.http import decoded
from storage.articles import known_article
from storage.children import Children
from storage.sources import read_places

# Of more pages, the newest; and how many are looked at to find them.
_MOST_SAMPLES, _MOST_READ = 40, 500
# How many earlier captures of a page are read for one that a layout names.
_MOST_EARLIER = 3
# A paragraph on more pages than this is no article's.
_MOST_ALIKE = 0.5

#: When and where the pages of an address were captured, newest first, by the address.
Captures = dict[str, list[Place]]


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A search for samples in archives.

    Attributes:
        db: the article database.
        archive: KBS_ARCHIVE, the folder of files that are named without one.
        site: that of the crawls that made the archive.
        layouts: the text of the user's own layouts.
        max_page: KBS_MAX_PAGE.
        children: extract the pages.
    """

    db: Database
    archive: Path
    site: Site
    layouts: str
    max_page: int
    children: Children

    def captures(self, sources: Iterable[Source | Damage]) -> Captures:
        """The captures of articles in sources, by address, newest first."""
        found: Captures = defaultdict(list)
        for item in (item for source in sources if isinstance(source, Source) for item in self._items(source)):
            address = parse_address(self.site.official(item.url)) if item.status == 200 else None
            if address is not None and address.is_article and item.location and item.media_type != "text/plain":
                place = Place(location=item.location, url=item.url, fetched_at=item.fetched_at)
                found[address.view_url].append(place)
        for places in found.values():
            places.sort(key=_time, reverse=True)
        return dict(sorted(found.items(), key=lambda one: _time(one[1][0]), reverse=True))

    def known(self, captures: Captures) -> list[Sample]:
        """Pages in a new template whose articles are known: from an earlier capture, or from the database."""
        return list(islice(self._known(captures), _MOST_SAMPLES))

    def guessed(self, captures: Captures) -> list[Sample]:
        """Pages in a new template as they are read by structure, without paragraphs that most of them have."""
        pages = (self._page(places[0]) for places in islice(captures.values(), _MOST_READ))
        found = list(islice((page for page in pages if page and page.known.layout == GENERIC), _MOST_SAMPLES))
        alike = Counter(line for page in found for line in {*page.known.paragraphs})
        of_template = {line for line, count in alike.items() if count > _MOST_ALIKE * len(found)}
        return [
            replace(page, known=replace(page.known, paragraphs=lines))
            for page in found
            if (lines := tuple(line for line in page.known.paragraphs if line not in of_template))
        ]

    def _known(self, captures: Captures) -> Iterator[Sample]:
        read = 0
        for url, [newest, *earlier] in captures.items():
            stored = known_article(self.db, url, newest.fetched_at)
            if not (stored or earlier):
                continue
            read += 1
            if read > _MOST_READ:
                return
            page = self._page(newest, even_if_refused=True)
            before = filter(None, map(self._page, earlier[:_MOST_EARLIER]))
            known = next((one.known for one in before if one.known.layout != GENERIC), stored)
            if page is None or known is None:
                continue
            sample = replace(page, known=known)
            # A layout that still fits, but loses a part of the article, is no longer right.
            is_less = {*page.known.paragraphs} < {*known.paragraphs}
            if page.known.layout == GENERIC or (is_less and shows_known(sample)):
                yield sample

    def _page(self, place: Place, *, even_if_refused: bool = False) -> Sample | None:
        """A capture, with its article as it is read now; None where it cannot be read, or holds none."""
        item = next(read_places([place], self.archive, self.max_page), None)
        if not isinstance(item, Capture) or item.refused:
            return None
        url = self.site.official(item.url)
        try:
            body = decoded(item, self.max_page).body
            article = self.children.submit(extract_html, body, url, item.charset, self.layouts).result()
        except NotAnArticle as refusal:
            if not even_if_refused:
                return None
            article = _nothing(url, refusal.reason)
        except (ValueError, BrokenExecutor, TimeoutError):
            return None
        return Sample(body, url, item.charset, article.as_of(item.fetched_at))

    def _items(self, source: Source) -> Iterator[Capture]:
        """The captures of a source, as far as it can be read."""
        try:
            yield from (item for item in source.read(self.max_page, 0) if isinstance(item, Capture))
        except OSError:
            return  # doctor and reextract report what is damaged


def _nothing(url: str, reason: str) -> Article:
    """What stands for the article of a page on which none is found."""
    return Article(url=url, kind="other", lang="und", title=reason, paragraphs=(), layout=GENERIC)


def _time(place: Place) -> datetime:
    return place.fetched_at
