"""What a worker does, here or on another machine: a part of a source in, rows for the database out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from crawler.site import GONE, Site
from extractors import Article, NotAnArticle
from extractors.address import Address, parse_address
from extractors.page import extract_page
from storage import Capture
from storage.archive import Location
from storage.articles import article_row, refusal_row
from storage.sources.base import Item, Part, Refused, Revisit, Seam, Wound
from storage.sources.stdin import STANDARD_INPUT
from storage.versions import Row

T = TypeVar("T")

# Pages that are opened together: some of the site's, or one that is large.
_SOME_BYTES = 1_000_000


@dataclass(slots=True)
class Extracted:
    """What became of a part.

    Attributes:
        articles: rows of `articles`.
        refusals: rows of `refusals`, each with the canonical address of the article that was not found there.
        revisits: captures whose payload stands elsewhere.
        wounds: places that are not as they should be.
        payloads: digest, url, file and offset of the pages that were read, for revisits that follow.
        others: captures of other pages than articles of the site.
        seam: where it really begins and ends, of a part that was cut at any byte.
    """

    articles: list[Row] = field(default_factory=list)
    refusals: list[tuple[Row, str]] = field(default_factory=list)
    revisits: list[Revisit] = field(default_factory=list)
    wounds: list[Wound] = field(default_factory=list)
    payloads: list[tuple[str, str, str, int]] = field(default_factory=list)
    others: int = 0
    seam: Seam | None = None

    @property
    def pages(self) -> int:
        """How many pages of the site were read."""
        return len(self.articles) + len(self.refusals)

    @property
    def holds_pages(self) -> bool:
        """Whether there is something of a page to be stored."""
        return bool(self.articles or self.refusals or self.pages)


def extract_part(part: Part, max_page: int, base_url: str) -> Extracted:
    """Read a part of a source and extract its pages.

    Args:
        part: the part.
        max_page: the length in bytes above which a page is refused, unpacked or not.
        base_url: KBS_BASE_URL of the crawls that made the archive.
    """
    worker = _Worker(_site(base_url))
    for items in _some(part.read(max_page)):
        worker.take(items)
    return worker.done


def captured_url(row: Row) -> str:
    """The address under which a row's capture would be in `refusals`; that of its file, where it has none."""
    return row["source_url"] or f"file:{row['archive_file']}"


_site = lru_cache(Site)


def _some(items: Iterator[Item | Seam]) -> Iterator[list[Item | Seam]]:
    """Items, as many at a time as hold some pages."""
    some, size = [], 0
    for item in items:
        some.append(item)
        size += len(item.body) if isinstance(item, Capture) else 0
        if size >= _SOME_BYTES:
            yield some
            some, size = [], 0
    yield some


class _Worker:
    """Collects what becomes of a part's items."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.done = Extracted()

    def take(self, items: Sequence[Item | Seam]) -> None:
        """Take some items, and extract the pages among them."""
        opened = [_tried(partial(self._open, item)) for item in items]
        read = [_tried(page) if callable(page) else page for page in opened]
        for item, found in zip(items, read, strict=True):
            self._note(item, found)

    def _open(self, item: Item | Seam) -> Callable[[], Article] | None:
        """The page of a capture, where there may be an article on it."""
        if not isinstance(item, Capture) or item.status != 200 or not self._is_of_article(item):
            return None
        url = self._site.official(item.url) if item.url else ""
        return partial(extract_page, item.body, url, item.charset, item.media_type)

    def _is_of_article(self, capture: Capture) -> bool:
        """Whether a capture may be of an article: by its address, where it has one."""
        return not capture.url or self._address(capture.url) is not None

    def _note(self, item: Item | Seam, found: Article | Exception | None) -> None:
        """Keep an item, and what was found in it."""
        match item:
            case Seam():
                self.done.seam = item
            case Capture():
                self._note_capture(item, found)
            case Wound():
                # The rest of the web may be as broken as it likes.
                if item.url is None or self._address(item.url):
                    self.done.wounds.append(item)
            case Revisit():
                if self._address(item.url):
                    self.done.revisits.append(item)
                else:
                    self.done.others += 1
            case Refused():
                self._refuse(_unread(item), item.reason)

    def _note_capture(self, capture: Capture, found: Article | Exception | None) -> None:
        if not self._is_of_article(capture) or (capture.status != 200 and capture.status not in GONE):
            self.done.others += 1
            return
        if capture.digest and capture.location:
            place = capture.location
            self.done.payloads.append((capture.digest, capture.url, place.file, place.offset))
        match found:
            case Article():
                row = article_row(found, capture)
                row["source_url"] = capture.url or None
                self.done.articles.append(row)
            case NotAnArticle():
                self._refuse(capture, found.reason)
            case Exception():
                what = f"an error in kbsworld, {type(found).__name__}: {found}"
                self.done.wounds.append(Wound(location=_location(capture), url=capture.url, what=what))
            case None:
                self._refuse(capture, f"HTTP {capture.status}")

    def _refuse(self, capture: Capture, reason: str) -> None:
        address = self._address(capture.url) if capture.url else None
        if capture.url and address is None:
            self.done.others += 1
            return
        row = refusal_row(capture, reason)
        row["url"] = captured_url({"source_url": capture.url, **row})
        self.done.refusals.append((row, address.url if address else row["url"]))

    def _address(self, url: str) -> Address | None:
        """The article that an address names, if any."""
        address = parse_address(self._site.official(url))
        return address if address is not None and address.is_article else None


def _tried(step: Callable[[], T]) -> T | Exception:
    """What a step gives, or raises."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001  (a page that we fail on shall not cost the others)
        return error


def _location(capture: Capture) -> Location:
    return capture.location or Location(file=STANDARD_INPUT, offset=0)


def _unread(item: Refused) -> Capture:
    return Capture(url=item.url, fetched_at=item.fetched_at, location=item.location, body=b"")
