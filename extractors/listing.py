"""List page or RSS feed -> the articles it points to."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import takewhile

from lxml import etree
from lxml.etree import _Element

from extractors.address import MAX_LENGTH, Address, absolute, page_of_list, parse_address
from extractors.article import KST, NotAnArticle, credible, find_dates, is_date_block
from extractors.body import length_of, text_of
from extractors.html import MAX_TAGS, is_whole, parse_html
from extractors.layout import ELEMENTS, LISTS, PAGE_END, SITE_MARKS, first
from extractors.locate import base_of

_FEED_PARSER = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
# How a feed that is not well-formed is read: by the text of three elements, which has no markup of its own. Tried
# before: libxml2's recovery drops `&amp;` from links; feedparser 6.0.14 loses items after an open comment or CDATA
# section, fails on halves of an emoji (`&#xD83D;`) and stray end tags, and takes 150 bytes for each of a hostile feed.
_ITEM = re.compile(r"<item[\s>]")
_FIELD = re.compile(rf"<(link|guid|pubDate)\b[^<>]*>(?:\s*<!\[CDATA\[)?([^<]{{0,{MAX_LENGTH}}})<")
_FEED_START = re.compile(r"<(?:rss|channel)[\s>]")
# With the white space of the markup.
_LONGEST_DATES = 500
_FEED_END = re.compile(rb"</(?:rss|channel)\s*>")


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

    def as_of(self, fetched_at: datetime) -> "ListEntry":
        """The entry without dates that are not `credible` on a page fetched at that moment (aware)."""
        return ListEntry(self.address, credible(self.written_at, fetched_at), credible(self.updated_at, fetched_at))

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
        NotAnArticle: it is no feed, has items and none that leads to an article, has more elements than any of the
            site, or declares a document type: entities are how XML attacks its reader.
    """
    if max(body.count(b"<"), body.count(b"&")) > MAX_TAGS:
        raise NotAnArticle("a feed larger than any of the site")
    try:
        items = _feed_items(body)
    except (etree.XMLSyntaxError, ValueError):
        items = _broken_feed_items(body.decode("utf-8", "replace"))  # links and dates are ASCII
    entries = _each_once(_feed_entries(items, url))
    if not entries and b"<item" in body.lower():
        raise NotAnArticle("a feed whose items lead to no article")
    return ListPage(entries=entries, whole=_FEED_END.search(body) is not None)


def _feed_items(body: bytes) -> list[dict[str, str]]:
    """The items of a well-formed feed: the text of their elements."""
    feed = etree.fromstring(body, _FEED_PARSER)
    if feed.tag not in {"rss", "channel"}:
        raise NotAnArticle("no feed")
    if feed.getroottree().docinfo.internalDTD is not None:
        raise NotAnArticle("a feed with a document type")
    # Of elements of the same name, the first counts.
    return [{str(field.tag): field.text or "" for field in reversed(item)} for item in feed.iter("item")]


def _broken_feed_items(feed: str) -> list[dict[str, str]]:
    """The items of a feed in whose titles and texts there is what XML does not allow, or that was cut."""
    start, *items = _ITEM.split(feed)
    if not _FEED_START.search(start):
        raise NotAnArticle("no feed")
    if "<!DOCTYPE" in start:
        raise NotAnArticle("a feed with a document type")
    found = (reversed(_FIELD.findall(item)) for item in items)
    return [{name: unescape(text.partition("]]>")[0]) for name, text in fields} for fields in found]


def _each_once(entries: Iterable[ListEntry]) -> tuple[ListEntry, ...]:
    """Entries in order, the first one of each article."""
    found: dict[str, ListEntry] = {}
    for entry in entries:
        found.setdefault(entry.address.url, entry)
    return tuple(found.values())


def _feed_entries(items: Iterable[Mapping[str, str]], url: str) -> Iterator[ListEntry]:
    for item in items:
        link, guid = (_article_at(url, item.get(name, "")) for name in ("link", "guid"))
        if (address := link or guid) is not None:
            yield ListEntry(address, _pub_date(item.get("pubDate", "")))


def _pub_date(text: str) -> datetime | None:
    """A pubDate in KST; one that names no zone is the site's own time."""
    try:
        moment = parsedate_to_datetime(text.strip())
        return credible((moment.replace(tzinfo=KST) if moment.tzinfo is None else moment).astimezone(KST))
    except (ValueError, OverflowError):
        return None


def _named_entries(page: _Element, url: str, base: str) -> Iterator[ListEntry]:
    address = parse_address(url)
    for layout in (one for one in LISTS if address is not None and address.page == one.page):
        blocks = set(layout.entry(page))  # in one another where an end tag is missing
        dates: dict[_Element | None, str] = {}
        for element in layout.dates(page):
            if (block := _nearest(element, blocks)) not in dates:
                dates[block] = text_of(element) or ""
        for link in layout.link(page):
            block = _nearest(link, blocks)
            article = _article_at(base, link.get("href") or "")
            if block is not None and article is not None:
                if block not in dates:
                    dates[block] = _date_block(block, blocks)
                yield ListEntry(article, *find_dates(dates[block]))


def _nearest(element: _Element, blocks: Collection[_Element]) -> _Element | None:
    return next((one for one in (element, *element.iterancestors()) if one in blocks), None)


def _entries_by_structure(page: _Element, base: str) -> Iterator[ListEntry]:
    """The entries of a list of no known template: the largest blocks that hold the links of one article alone."""
    links = {
        link: address
        for link in page.iter("a")
        if (address := _article_at(base, link.get("href") or "")) and not _is_elsewhere(link)
    }
    # Element -> the article that its links lead to, empty for several; what is inside it comes first.
    held: dict[_Element, str] = {}
    for block in reversed([*page.iter()]):
        if block in links:
            held[block] = links[block].url if held.get(block, links[block].url) == links[block].url else ""
        url = held.get(block)
        if url is not None and (parent := block.getparent()) is not None:
            held[parent] = url if held.get(parent, url) == url else ""
    first_links = {address.url: link for link, address in reversed(links.items())}
    for link, address in links.items():
        if first_links[address.url] is link:
            *_, block = link, *takewhile(lambda block: held[block], link.iterancestors())
            yield ListEntry(address, *find_dates(_date_block(block)))


def _date_block(block: _Element, others: Collection[_Element] = ()) -> str:
    """The words of the first element of an entry that holds a date block and nothing else; empty without one.

    Entries in it are `others`, whose elements are theirs.
    """
    walk = etree.iterwalk(block, events=("start",))
    for _, element in walk:
        if element is not block and element in others:
            walk.skip_subtree()
            continue
        text = text_of(element) if 10 <= length_of(element) <= _LONGEST_DATES else None
        if text and is_date_block(text) and not _is_elsewhere(element):
            return text
    return ""


def _is_elsewhere(element: _Element) -> bool:
    return next(element.iterancestors(*ELEMENTS["surroundings"]), None) is not None


def _article_at(base: str, link: str) -> Address | None:
    """The article that a link on the page `base` leads to, or None."""
    address = parse_address(absolute(base, link))
    return address if address is not None and address.is_article else None
