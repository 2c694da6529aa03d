"""What a worker does, here or on another machine: a part of a source in, rows for the database out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from crawler.site import GONE, Site
from extractors import NotAnArticle
from extractors.address import Address, parse_address
from extractors.page import extract_page
from storage import Capture
from storage.archive import Location
from storage.articles import article_row, refusal_row
from storage.sources.base import Item, Part, Refused, Revisit, Seam, Wound
from storage.sources.stdin import STANDARD_INPUT
from storage.versions import Row


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


def extract_part(part: Part, max_page: int, base_url: str) -> Extracted:
    """Read a part of a source and extract its pages.

    Args:
        part: the part.
        max_page: the length in bytes above which a page is refused, unpacked or not.
        base_url: KBS_BASE_URL of the crawls that made the archive.
    """
    worker = _Worker(_site(base_url))
    for item in part.read(max_page):
        worker.take(item)
    return worker.done


def captured_url(row: Row) -> str:
    """The address under which a row's capture would be in `refusals`; that of its file, where it has none."""
    return row["source_url"] or f"file:{row['archive_file']}"


_site = lru_cache(Site)


class _Worker:
    """Collects what becomes of a part's items."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.done = Extracted()

    def take(self, item: Item | Seam) -> None:
        match item:
            case Seam():
                self.done.seam = item
            case Capture():
                self._read(item)
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

    def _read(self, capture: Capture) -> None:
        official = self._site.official(capture.url) if capture.url else ""
        address = self._address(capture.url) if capture.url else None
        if (capture.url and address is None) or (capture.status != 200 and capture.status not in GONE):
            self.done.others += 1
            return
        if capture.digest and capture.location:
            place = capture.location
            self.done.payloads.append((capture.digest, capture.url, place.file, place.offset))
        if capture.status != 200:
            self._refuse(capture, f"HTTP {capture.status}")
            return
        try:
            article = extract_page(capture.body, official, capture.charset, capture.media_type)
        except NotAnArticle as refusal:
            self._refuse(capture, refusal.reason)
        except Exception as error:  # noqa: BLE001  (a page that we fail on shall not cost the others)
            what = f"an error in kbsworld, {type(error).__name__}: {error}"
            self.done.wounds.append(Wound(location=_location(capture), url=capture.url, what=what))
        else:
            row = article_row(article, capture)
            row["source_url"] = capture.url or None
            self.done.articles.append(row)

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


def _location(capture: Capture) -> Location:
    return capture.location or Location(file=STANDARD_INPUT, offset=0)


def _unread(item: Refused) -> Capture:
    return Capture(url=item.url, fetched_at=item.fetched_at, location=item.location, body=b"")
