"""RSS feed -> the articles it points to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from lxml import etree

from extractors.address import Address, parse_address
from extractors.article import NotAnArticle
from extractors.dates import KST
from extractors.listing import ListEntry, ListPage

if TYPE_CHECKING:
    from lxml.etree import _Element

_RAW_AMPERSAND = re.compile(rb"&(?!#?\w{1,30};)")


def extract_feed(body: bytes, url: str) -> ListPage:
    """The articles a feed points to, in its order; none where it is empty.

    Args:
        body: RSS 2.0.
        url: its address on the site, against which relative links are read.

    Returns:
        A page of one entry an article; `written_at` is its pubDate, whichever of the article's times that is.

    Raises:
        NotAnArticle: it is no feed, or declares a document type: entities are how XML attacks its reader.
    """
    # Links of the site carry raw `&` (SITE: Addresses), in which XML sees the beginning of an entity.
    body = _RAW_AMPERSAND.sub(b"&amp;", body)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True)
    try:
        feed: _Element | None = etree.fromstring(body, parser)  # None where nothing at all could be recovered
    except (etree.XMLSyntaxError, ValueError):
        raise NotAnArticle("no feed") from None
    if feed is None or feed.tag not in {"rss", "channel"}:
        raise NotAnArticle("no feed")
    if feed.getroottree().docinfo.internalDTD is not None:
        raise NotAnArticle("a feed with a document type")
    found: dict[str, ListEntry] = {}
    for entry in _entries(feed, url):
        found.setdefault(entry.address.url, entry)
    return ListPage(entries=tuple(found.values()), pages=frozenset())


def _entries(feed: _Element, url: str) -> Iterator[ListEntry]:
    for item in feed.iter("item"):
        for name in ("link", "guid"):
            address = _address(url, item.findtext(name) or "")
            if address is not None and address.is_article:
                yield ListEntry(address=address, written_at=_moment(item.findtext("pubDate") or ""))
                break


def _address(base: str, link: str) -> Address | None:
    try:
        return parse_address(urljoin(base, link.strip()))
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """A pubDate in KST; one that names no zone is the site's own time."""
    try:
        moment = parsedate_to_datetime(text.strip())
        return (moment.replace(tzinfo=KST) if moment.tzinfo is None else moment).astimezone(KST)
    except (ValueError, OverflowError):
        return None
