"""RSS feed -> the articles it points to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from lxml import etree

from extractors.article import NotAnArticle
from extractors.dates import KST
from extractors.listing import ListEntry, ListPage, article_at, each_once
from extractors.parse import MAX_TAGS

if TYPE_CHECKING:
    from lxml.etree import _Element

_RAW_AMPERSAND = re.compile(rb"&(?!#?\w{1,30};)")


def extract_feed(body: bytes, url: str) -> ListPage:
    """The articles a feed points to, in its order.

    Args:
        body: RSS 2.0.
        url: its address on the site, against which relative links are read.

    Returns:
        A page of one entry an article; `written_at` is its pubDate, whichever of the article's times that is.

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
        raise NotAnArticle("no feed") from None
    if feed is None or feed.tag not in {"rss", "channel"}:
        raise NotAnArticle("no feed")
    if feed.getroottree().docinfo.internalDTD is not None:
        raise NotAnArticle("a feed with a document type")
    return ListPage(entries=each_once(_entries(feed, url)), pages=frozenset())


def _entries(feed: _Element, url: str) -> Iterator[ListEntry]:
    for item in feed.iter("item"):
        links = (item.findtext(name) or "" for name in ("link", "guid"))
        address = next(filter(None, (article_at(url, link) for link in links)), None)
        if address is not None:
            yield ListEntry(address=address, written_at=_moment(item.findtext("pubDate") or ""))


def _moment(text: str) -> datetime | None:
    """A pubDate in KST; one that names no zone is the site's own time."""
    try:
        moment = parsedate_to_datetime(text.strip())
        return (moment.replace(tzinfo=KST) if moment.tzinfo is None else moment).astimezone(KST)
    except (ValueError, OverflowError):
        return None
