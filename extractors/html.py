"""Page bytes -> Article: parse once, pick the layout, read its parts, isolate the body."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from extractors.address import Address, parse_address
from extractors.article import Article, NotAnArticle
from extractors.body import read_paragraphs
from extractors.dates import find_timestamps
from extractors.layouts import LAYOUTS, SKELETON, Layout
from extractors.normalize import collapse, credit_of

if TYPE_CHECKING:
    from lxml.cssselect import CSSSelector
    from lxml.html import HtmlElement


def extract_html(body: bytes, url: str) -> Article:
    """The article of one page of KBS World.

    Args:
        body: the page, without transfer or content encoding.
        url: the address it was fetched from; empty where it is not known, and the page's own `og:url` counts then.

    Raises:
        NotAnArticle: the page is empty, no HTML, not of this site, a list, or the site's template without an article.
    """
    page = parse_html(body)
    address = _address(page, url)
    for layout in sorted(LAYOUTS, key=lambda layout: address.page not in layout.pages):
        block = _first(layout.article, page)
        if block is not None:
            return _read(block, layout, address, url or None)
    raise NotAnArticle("no article on the page" if SKELETON(page) else "not a page of KBS World")


def parse_html(body: bytes) -> HtmlElement:
    """A page as a tree, without comments.

    libxml2 stops at a NUL byte, so they go first.

    Raises:
        NotAnArticle: the page is empty or no HTML.
    """
    start = body.lstrip()[:1]
    if not start:
        raise NotAnArticle("empty page")
    if start in b"{[":
        raise NotAnArticle("JSON, not HTML")
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        page = lxml.html.document_fromstring(body.replace(b"\0", b""), parser=parser)
    except etree.ParserError:
        raise NotAnArticle("no HTML") from None
    return page


def _address(page: HtmlElement, url: str) -> Address:
    """The article's address: the one it was fetched from; only where there is none, the one the page claims."""
    claimed = page.xpath("string(//meta[@property='og:url']/@content)")
    address = parse_address(url or str(claimed))
    if address is None and url:
        raise NotAnArticle("not an address of KBS World")
    if address is None:
        raise NotAnArticle("a page without address")
    if address.kind == "list":
        raise NotAnArticle("a list of articles")
    return address


def _read(block: HtmlElement, layout: Layout, address: Address, source_url: str | None) -> Article:
    """The article in its block, by the layout. Pictures and players are read before they are cut from the body."""
    dates = find_timestamps(_text(_first(layout.dates, block)) or "")
    image_url, image_credit = _picture(block, layout, address.url)
    has_video = bool(layout.player(block))
    body = _first(layout.body, block)
    assert body is not None, "the layout's article selector asks for a body"
    truncated = _ends_inside(body)
    for element in layout.cut(body):
        element.drop_tree()
    paragraphs = read_paragraphs(body)
    if not paragraphs:
        raise NotAnArticle("no article on the page")
    return Article(
        url=address.url,
        kind=address.kind,
        lang=address.lang or _page_language(block),
        title=_text(_first(layout.title, block)),
        category=_text(_first(layout.category, block)),
        written_at=dates[0] if dates else None,
        updated_at=dates[1] if len(dates) > 1 else None,
        paragraphs=paragraphs,
        image_url=image_url,
        image_credit=image_credit,
        has_video=has_video or address.is_video,
        truncated=truncated,
        layout=layout.name,
        source_url=source_url,
    )


def _first(selector: CSSSelector, element: HtmlElement) -> HtmlElement | None:
    found: list[HtmlElement] = selector(element)
    return found[0] if found else None


def _text(element: HtmlElement | None) -> str | None:
    """The words of an element as one line, or None where there are none."""
    return None if element is None else collapse(element.text_content()) or None


def _picture(block: HtmlElement, layout: Layout, base: str) -> tuple[str | None, str | None]:
    """Address and credit of the lead picture."""
    picture = _first(layout.picture, block)
    source = "" if picture is None else (picture.get("src") or "").strip()
    try:
        url = urljoin(base, source) if source else ""
        known = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        known = False
    return url if known else None, credit_of(_text(_first(layout.credit, block)))


def _ends_inside(body: HtmlElement) -> bool:
    """Whether the page ends in the body: on a whole page the rest of the template follows it."""
    return not body.xpath("following::*[1]")


def _page_language(block: HtmlElement) -> str:
    """The edition as the page names it, for addresses that do not: `<html lang="fr">`."""
    root = block.getroottree().getroot()
    return collapse(root.get("lang") or "")[:2].lower() or "und"
