"""List page -> the articles it points to."""

from __future__ import annotations

from urllib.parse import urljoin

from extractors.address import Address, parse_address
from extractors.article import NotAnArticle
from extractors.layouts import NEWS_LIST, SITE_MARKS
from extractors.parse import parse_html


def extract_list(body: bytes, url: str) -> list[Address]:
    """The articles that the cards of a news list point to.

    Args:
        body: the list page.
        url: its address on the site, against which its relative links are read.

    Returns:
        One address a card, in the order of the page, each once. Cards that lead elsewhere are left out; a page
        without cards gives an empty list.

    Raises:
        NotAnArticle: the page is empty, no HTML, or not one of this site.
    """
    page = parse_html(body)
    found: dict[str, Address] = {}
    for card in NEWS_LIST.card(page):
        for link in NEWS_LIST.link(card):
            address = _resolve(url, link.get("href") or "")
            if address is not None and address.is_article:
                found.setdefault(address.url, address)
    if not found and not SITE_MARKS(page):
        raise NotAnArticle("not a page of KBS World")
    return list(found.values())


def _resolve(base: str, link: str) -> Address | None:
    try:
        return parse_address(urljoin(base, link.strip()))
    except ValueError:
        return None
