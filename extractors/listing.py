"""List page -> the articles it points to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from extractors.address import Address, page_of_list, parse_address
from extractors.article import NotAnArticle
from extractors.body import text_of
from extractors.dates import find_dates, is_date_block
from extractors.generic import SURROUNDINGS
from extractors.layout import LISTS, PAGE_END, SITE_MARKS, ListLayout, first
from extractors.parse import is_whole, parse_html

if TYPE_CHECKING:
    from lxml.etree import _Element

# Entries are `article` elements; the rest of the surroundings holds the links of menu and right column.
_ELSEWHERE = SURROUNDINGS - {"article"}
# No date block is longer.
_DATE_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """What a list says of one article.

    Attributes:
        address: where it is.
        written_at, updated_at: as on the entry, in KST; None where it does not say.
    """

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
    pages: frozenset[int]
    whole: bool = True


def extract_list(body: bytes, url: str, charset: str | None = None) -> ListPage:
    """The articles that the entries of a list page point to.

    Args:
        body: the list page.
        url: its address on the site, against which its relative links are read.
        charset: what the response's Content-Type says.

    Raises:
        NotAnArticle: the page is empty, no HTML, or not one of this site.
    """
    page = parse_html(body, charset)
    address = parse_address(url)
    layouts = [layout for layout in LISTS if address is not None and address.page == layout.page]
    found = [entry for layout in layouts for entry in _named_entries(page, url, layout)]
    found = found or list(_entries_by_structure(page, url))
    if not found and first(SITE_MARKS, page) is None:
        raise NotAnArticle("not a page of KBS World", passing=True)
    links = (_join(url, href) for link in page.iter("a") if "page=" in (href := link.get("href") or ""))
    numbers = (page_of_list(link, url) for link in links)
    return ListPage(
        entries=each_once(found),
        pages=frozenset(number for number in numbers if number is not None),
        whole=is_whole(body) or first(PAGE_END, page) is not None,
    )


def each_once(entries: Iterable[ListEntry]) -> tuple[ListEntry, ...]:
    """Entries in order, the first one of each article."""
    found: dict[str, ListEntry] = {}
    for entry in entries:
        found.setdefault(entry.address.url, entry)
    return tuple(found.values())


def article_at(base: str, link: str) -> Address | None:
    """The article that a link on the page `base` leads to, or None."""
    address = parse_address(_join(base, link))
    return address if address is not None and address.is_article else None


def _named_entries(page: _Element, url: str, layout: ListLayout) -> Iterator[ListEntry]:
    """The entries of a list whose template is known. Those that lead elsewhere are left out."""
    for block in layout.entry(page):
        dates = first(layout.dates, block)
        for link in layout.link(block):
            address = article_at(url, link.get("href") or "")
            if address is not None:
                yield _entry(address, _date_block(block) if dates is None else text_of(dates))


def _entries_by_structure(page: _Element, url: str) -> Iterator[ListEntry]:
    """The entries of a list of no known template: the largest blocks that hold the links of one article alone."""
    links = {
        link: address
        for link in page.iter("a")
        if (address := article_at(url, link.get("href") or "")) and not _is_elsewhere(link)
    }
    held: dict[_Element, set[str]] = {}
    for link, address in links.items():
        for block in (link, *link.iterancestors()):
            held.setdefault(block, set()).add(address.url)
    for link, address in links.items():
        block = link
        for ancestor in link.iterancestors():
            if len(held[ancestor]) > 1:
                break
            block = ancestor
        yield _entry(address, _date_block(block))


def _entry(address: Address, dates: str | None) -> ListEntry:
    written_at, updated_at = find_dates(dates or "")
    return ListEntry(address=address, written_at=written_at, updated_at=updated_at)


def _date_block(block: _Element) -> str | None:
    """The words of the first element of an entry that holds a date block and nothing else."""
    for element in block.iter():
        text = text_of(element)
        if text and len(text) <= _DATE_LENGTH and is_date_block(text) and not _is_elsewhere(element):
            return text
    return None


def _is_elsewhere(element: _Element) -> bool:
    return any(ancestor.tag in _ELSEWHERE for ancestor in element.iterancestors())


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return ""
