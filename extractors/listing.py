"""List page or RSS feed -> the articles it points to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile

from lxml import etree
from lxml.etree import _Element

from extractors.address import Address, absolute, page_of_list, parse_address
from extractors.article import KST, NotAnArticle, find_dates, is_date_block
from extractors.body import text_of
from extractors.html import MAX_TAGS, is_whole, parse_html
from extractors.layout import ELEMENTS, LISTS, PAGE_END, SITE_MARKS, first
from extractors.locate import base_of

_RAW_AMPERSAND = re.compile(rb"&(?!#?\w{1,30};)")


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What a list says of one article: times are in KST, and None where it says none."""

    address: Address
    written_at: datetime | date | None = None
    updated_at: datetime | date | None = None

    @property
    def timestamp(self) -> str | None:
        """The version of the article, as `Article.timestamp`."""
        moment = self.updated_at or self.written_at
        return None if moment is None else moment.isoformat()

    @property
    def day(self) -> date | None:
        """The day it was written, in KST."""
        return self.written_at.date() if isinstance(self.written_at, datetime) else self.written_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list.

    Attributes:
        entries: its articles in the order of the page, each once.
        pages: numbers of the pages of the same list that it links to.
        whole: whether the page has its end; one that was cut on its way has not.
    """

    entries: tuple[ListEntry, ...]
    pages: frozenset[int] = frozenset()
    whole: bool = True


def extract_list(body: bytes, url: str) -> ListPage:
    """The articles that the entries of a list page point to; `url` is its address on the site.

    Raises:
        NotAnArticle: the page is empty, no HTML, or not one of this site.
    """
    page = parse_html(body)
    base = base_of(page, url)
    found = list(_named_entries(page, url, base)) or list(_entries_by_structure(page, base))
    if not found and first(SITE_MARKS, page) is None:
        raise NotAnArticle("not a page of KBS World", passing=True)
    links = (absolute(base, href) for link in page.iter("a") if "page=" in (href := link.get("href") or ""))
    numbers = {page_of_list(link, url) for link in links}
    return ListPage(
        entries=_each_once(found),
        pages=frozenset(number for number in numbers if number is not None),
        whole=is_whole(body) or first(PAGE_END, page) is not None,
    )


def extract_feed(body: bytes, url: str) -> ListPage:
    """The articles that an RSS 2.0 feed points to, in its order; `url` is its address on the site.

    `written_at` of an entry is its pubDate, whichever of the article's times that is.

    Raises:
        NotAnArticle: it is no feed, has more elements than any of the site, or declares a document type: entities are
            how XML attacks its reader.
    """
    if max(body.count(b"<"), body.count(b"&")) > MAX_TAGS:
        raise NotAnArticle("a feed larger than any of the site")
    # Links of the site carry raw `&` (README.md, "Addresses"), in which XML sees the beginning of an entity.
    body = _RAW_AMPERSAND.sub(b"&amp;", body)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True)
    try:
        feed: _Element | None = etree.fromstring(body, parser)  # None where nothing at all could be recovered
    except (etree.XMLSyntaxError, ValueError):
        feed = None
    if feed is None or feed.tag not in {"rss", "channel"}:
        raise NotAnArticle("no feed")
    if feed.getroottree().docinfo.internalDTD is not None:
        raise NotAnArticle("a feed with a document type")
    return ListPage(entries=_each_once(_feed_entries(feed, url)))


def _each_once(entries: Iterable[ListEntry]) -> tuple[ListEntry, ...]:
    """Entries in order, the first one of each article."""
    found: dict[str, ListEntry] = {}
    for entry in entries:
        found.setdefault(entry.address.url, entry)
    return tuple(found.values())


def _feed_entries(feed: _Element, url: str) -> Iterator[ListEntry]:
    for item in feed.iter("item"):
        link, guid = (_article_at(url, item.findtext(name) or "") for name in ("link", "guid"))
        if (address := link or guid) is not None:
            yield ListEntry(address, _pub_date(item.findtext("pubDate") or ""))


def _pub_date(text: str) -> datetime | None:
    """A pubDate in KST; one that names no zone is the site's own time."""
    try:
        moment = parsedate_to_datetime(text.strip())
        return (moment.replace(tzinfo=KST) if moment.tzinfo is None else moment).astimezone(KST)
    except (ValueError, OverflowError):
        return None


def _named_entries(page: _Element, url: str, base: str) -> Iterator[ListEntry]:
    address = parse_address(url)
    for layout in (one for one in LISTS if address is not None and address.page == one.page):
        for block in layout.entry(page):
            dates = first(layout.dates, block)
            words = _date_block(block) if dates is None else text_of(dates) or ""
            articles = (_article_at(base, link.get("href") or "") for link in layout.link(block))
            yield from (ListEntry(article, *find_dates(words)) for article in articles if article is not None)


def _entries_by_structure(page: _Element, base: str) -> Iterator[ListEntry]:
    """The entries of a list of no known template: the largest blocks that hold the links of one article alone."""
    links = {
        link: address
        for link in page.iter("a")
        if (address := _article_at(base, link.get("href") or "")) and not _is_elsewhere(link)
    }
    held: dict[_Element, set[str]] = {}
    for link, address in links.items():
        for block in (link, *link.iterancestors()):
            held.setdefault(block, set()).add(address.url)
    for link, address in links.items():
        *_, block = link, *takewhile(lambda block: len(held[block]) == 1, link.iterancestors())
        yield ListEntry(address, *find_dates(_date_block(block)))


def _date_block(block: _Element) -> str:
    """The words of the first element of an entry that holds a date block and nothing else; empty without one."""
    for element in block.iter():
        text = text_of(element)
        if text and len(text) <= 120 and is_date_block(text) and not _is_elsewhere(element):
            return text
    return ""


def _is_elsewhere(element: _Element) -> bool:
    return next(element.iterancestors(*ELEMENTS["surroundings"]), None) is not None


def _article_at(base: str, link: str) -> Address | None:
    """The article that a link on the page `base` leads to, or None."""
    address = parse_address(absolute(base, link))
    return address if address is not None and address.is_article else None
