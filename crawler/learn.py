"""What a new template is learned from: pages in archives that no layout names, and what is known of their articles."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from crawler.site import Site
from crawler.terminal import progress, tell
from extractors import Article, NotAnArticle, extract_html
from extractors.address import parse_address
from extractors.layout import GENERIC
from extractors.learn import Sample
from storage import ReadOnlyStore
from storage.archive.capture import Capture, Damage, Place, Source
from storage.archive.http import decoded
from storage.sources import read_places

# How many of the newest articles in archives are read to find how many samples, and how many earlier captures of each.
_MOST_READ, _MOST_SAMPLES, _MOST_EARLIER = 2_000, 40, 3


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search for samples; `archive` is KBS_ARCHIVE, `layouts` the text of the user's own ones."""

    store: ReadOnlyStore
    site: Site
    archive: Path
    max_page: int
    layouts: str

    def captures(self, sources: Iterable[Source | Damage], size: int) -> list[list[Place]]:
        """The captures of each article in sources of so many bytes, the newest first; of the articles as of one."""
        found: dict[str, list[Place]] = defaultdict(list)
        with progress(size, "archive") as bar:
            for source in sources:
                try:
                    for item in source.read(self.max_page, 0) if isinstance(source, Source) else ():
                        address = parse_address(self.site.official(item.url or ""))
                        is_page = isinstance(item, Capture) and item.status == 200 and item.media_type != "text/plain"
                        if is_page and item.location and address and address.is_article:
                            place = Place(location=item.location, url=item.url, fetched_at=item.fetched_at)
                            found[address.view_url].append(place)
                except OSError as error:
                    tell(f"{source.name} cannot be read to its end: {error}")
                if isinstance(source, Damage):
                    tell(f"{source.location.file} cannot be read: {source.what}")
                else:
                    bar.update(source.size)
        ordered = (sorted(places, key=lambda place: place.fetched_at, reverse=True) for places in found.values())
        return sorted(ordered, key=lambda places: places[0].fetched_at, reverse=True)

    def samples(self, captures: Sequence[list[Place]]) -> tuple[list[Sample], bool]:
        """Pages in a new template, as they are known from before, else as structure alone reads them; and which."""
        known: list[Sample] = []
        guessed: list[Sample] = []
        newest = captures[:_MOST_READ]
        with progress(len(newest), "pages", newest) as bar:
            for place, *earlier in bar:
                page, now = self._read(place)
                if page is None or (now and now.layout != GENERIC):
                    continue
                before = (self._read(one)[1] for one in earlier[:_MOST_EARLIER])
                article = next((one for one in before if one and one.layout != GENERIC), self._stored(page.url))
                if article:
                    known.append(Sample(page.body, page.url, page.charset, article))
                elif now:
                    guessed.append(Sample(page.body, page.url, page.charset, now))
        return (known[:_MOST_SAMPLES], True) if known else (_without_template(guessed[:_MOST_SAMPLES]), False)

    def _stored(self, url: str) -> Article | None:
        """The newest version of an article that its own layout was read with, not that of its other view."""
        address = parse_address(url)
        versions = self.store.versions(address.url) if address else []
        return next((one for one in versions[::-1] if address and one.layout == address.facts.layout != GENERIC), None)

    def _read(self, place: Place) -> tuple[Capture | None, Article | None]:
        """A capture, None where it cannot be read, and its article, None where it holds none."""
        page = None
        for item in read_places([place], self.archive, self.max_page):
            if isinstance(item, Capture) and not item.refused:
                with suppress(NotAnArticle, ValueError):
                    page = replace(decoded(item, self.max_page), url=self.site.official(item.url))
                    return page, extract_html(page.body, page.url, page.charset, self.layouts)
        return page, None


def _without_template(samples: Sequence[Sample]) -> list[Sample]:
    """Samples without what most of them have: it is the template's."""
    alike = Counter(line for one in samples for line in {*one.known.paragraphs})
    own = [tuple(line for line in one.known.paragraphs if 2 * alike[line] <= len(samples)) for one in samples]
    return [replace(one, known=replace(one.known, paragraphs=lines)) for one, lines in zip(samples, own, strict=True)]
