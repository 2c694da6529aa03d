"""List page or RSS feed -> the articles it points to."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import chain, takewhile

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
_ITEM = re.compile(rb"<item[\s>]")
_FIELD = re.compile(rf"<(link|guid|pubDate)\b[^<>]*>(?:\s*<!\[CDATA\[)?([^<]{{0,{MAX_LENGTH}}})<")
_FEED_START = re.compile(rb"<(?:rss|channel)[\s>]")
_FEED_END = re.compile(rb"</(?:rss|channel)\s*>")
# With the white space of the markup.
_LONGEST_DATES = 500
_SURROUNDINGS = ELEMENTS["surroundings"]


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
    found = _each_once(_entries(page, url, base))
    if not found and first(SITE_MARKS, page) is None:
        raise NotAnArticle("not a page of KBS World", passing=True)
    links = (absolute(base, href) for link in page.iter("a") if "page=" in (href := link.get("href") or ""))
    numbers = {page_of_list(link, url) for link in links}
    return ListPage(
        entries=found,
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
    start, *items = _ITEM.split(body)
    if not _FEED_START.search(start):
        raise NotAnArticle("no feed")
    if b"<!DOCTYPE" in start:
        raise NotAnArticle("a feed with a document type")
    try:  # of elements of the same name, the first counts
        feed = etree.fromstring(body, _FEED_PARSER)
        found = [{str(field.tag): field.text or "" for field in reversed(item)} for item in feed.iter("item")]
    except (etree.XMLSyntaxError, ValueError):
        found = [_broken_item(item.decode("utf-8", "replace")) for item in items]  # links and dates are ASCII
    entries = _each_once(_feed_entries(found, url))
    if not entries and b"<item" in body.lower():
        raise NotAnArticle("a feed whose items lead to no article")
    return ListPage(entries=entries, whole=_FEED_END.search(body) is not None)


def _broken_item(item: str) -> dict[str, str]:
    """An item of a feed in whose titles and texts there is what XML does not allow, or that was cut."""
    return {name: unescape(text.partition("]]>")[0]) for name, text in reversed(_FIELD.findall(item))}


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


def _entries(page: _Element, url: str, base: str) -> Iterator[ListEntry]:
    """The entries of a list: the blocks of its template, or where none of them is there, those that structure shows."""
    links = {link: article for link in page.iter("a") if (article := _article_at(base, link.get("href") or ""))}
    address = parse_address(url)
    named = {*LISTS[address.page](page)} if address is not None and address.page in LISTS else set()
    # Entries are in one another where an end tag is missing, and the right column is in the last one.
    edges = {*_SURROUNDINGS, *(str(one.tag) for one in named)}
    around = {
        link: next((one for one in link.iterancestors(*edges) if one in named or one.tag in _SURROUNDINGS), None)
        for link in links
    }
    inside = {link: block for link, block in around.items() if block is not None and block in named}
    blocks = inside or _largest_blocks({link: links[link] for link in links if around[link] is None})
    dates = dict.fromkeys(blocks.values(), "")
    for block in dates:
        dates[block] = _date_block(block, dates)
    for link, block in blocks.items():
        yield ListEntry(links[link], *find_dates(dates[block]))


def _largest_blocks(links: Mapping[_Element, Address]) -> dict[_Element, _Element]:
    """Link -> the largest block around it that holds the links of its article alone."""
    held: dict[_Element, str] = {}  # the article that the links in a block lead to; empty for several
    for link, address in links.items():
        for block in chain([link], link.iterancestors()):
            if held.get(block) in ("", address.url):
                break  # what is around it was marked with it
            held[block] = "" if block in held else address.url
    found = {}
    for link in links:
        *_, found[link] = link, *takewhile(held.__getitem__, link.iterancestors())
    return found


def _date_block(block: _Element, others: Collection[_Element]) -> str:
    """The words of the first element of an entry that holds a date block and nothing else; empty without one.

    Entries in it are `others`, whose elements are theirs.
    """
    walk = etree.iterwalk(block, events=("start",))
    for _, element in walk:
        if element is not block and (element in others or element.tag in _SURROUNDINGS):
            walk.skip_subtree()
        elif 10 <= length_of(element) <= _LONGEST_DATES and is_date_block(text := text_of(element) or ""):
            return text
    return ""


def _article_at(base: str, link: str) -> Address | None:
    """The article that a link on the page `base` leads to, or None."""
    address = parse_address(absolute(base, link))
    return address if address is not None and address.is_article else None
