"""Page bytes -> Article: parse once, pick the layout, read its parts, isolate the body."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from extractors import generic, layouts
from extractors.address import Address, parse_address
from extractors.article import Article, NotAnArticle
from extractors.body import read_paragraphs
from extractors.dates import find_timestamps
from extractors.layouts import GENERIC, LAYOUTS, Layout
from extractors.normalize import collapse, credit_of, take_credits

if TYPE_CHECKING:
    from lxml.cssselect import CSSSelector
    from lxml.html import HtmlElement

#: The one reason a caller can do something about.
NO_ADDRESS = "a page without address"


def extract_html(body: bytes, url: str, charset: str | None = None) -> Article:
    """The article of one page of KBS World.

    Args:
        body: the page, without transfer or content encoding.
        url: the address it was fetched from; empty where it is not known, and the page's own `og:url` counts then.
        charset: what the response's Content-Type says. Counts only where the bytes are no UTF-8.

    Raises:
        NotAnArticle: the page is empty, no HTML, not of this site, a list, or the site's template without an article.
    """
    page = parse_html(body, charset)
    address = _address(page, url)
    parts = _locate(page, address)
    if parts is None:
        raise NotAnArticle("no article on the page" if layouts.SITE_MARKS(page) else "not a page of KBS World")
    return _read(page, parts, address, url or None)


_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r"))


def parse_html(body: bytes, charset: str | None = None) -> HtmlElement:
    """A page as a tree, without comments.

    Args:
        body: the page. Bytes that are UTF-8 are read as such, whatever is declared; else the byte order mark, the
            response's charset and the page's own count, in this order, and what fits none is replaced.
        charset: the response's.

    Raises:
        NotAnArticle: the page is empty or no HTML.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1]
    if not start:
        raise NotAnArticle("empty page")
    if start in b"{[":
        raise NotAnArticle("JSON, not HTML")
    # libxml2 stops at a NUL byte, and other controls are no characters of a page.
    utf8 = _to_utf8(body, charset).translate(None, _CONTROLS)
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        page = lxml.html.document_fromstring(utf8, parser=parser)
    except etree.ParserError:
        raise NotAnArticle("no HTML") from None
    return page


def _to_utf8(body: bytes, charset: str | None) -> bytes:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").encode("utf-8", "replace")
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError:
        declared = _DECLARED.search(body[:4096])
        for name in (charset, declared and declared[1].decode("ascii", "replace"), "utf-8"):
            try:
                return body.decode(name or "", "replace").encode("utf-8", "replace")
            except LookupError:
                continue
    return body


def _address(page: HtmlElement, url: str) -> Address:
    """The article's address: the one it was fetched from; only where there is none, the one the page claims."""
    address = parse_address(url or _meta(page, "og:url") or "")
    if address is None:
        raise NotAnArticle("not an address of KBS World" if url else NO_ADDRESS)
    if address.kind == "list":
        raise NotAnArticle("a list of articles")
    return address


@dataclass(frozen=True, slots=True)
class _Parts:
    """The elements of an article on its page.

    `title` is its h1, where there is one; `moved` says that a part was found by structure, not by its name, and
    `body_moved` that the body was.
    """

    layout: Layout
    head: HtmlElement
    title: HtmlElement | None
    body: HtmlElement
    dates: str
    moved: bool
    body_moved: bool


def _locate(page: HtmlElement, address: Address) -> _Parts | None:
    """The parts of the article: by the names of a layout, else by structure; None where there is no article."""
    order = sorted(LAYOUTS, key=lambda layout: address.page not in layout.pages)
    for layout in order:
        head = _head(page, layout)
        body = None if head is None else _body(page, layout, head)
        if head is not None and body is not None:
            return _parts(layout, head, _first(layout.title, head), body)
    return _locate_moved(page, order[0])


def _locate_moved(page: HtmlElement, layout: Layout) -> _Parts | None:
    """The parts of an article whose template moved: what still has its name by that, the rest by structure."""
    head = _head(page, layout)
    title = _first(layout.title, head) if head is not None else generic.find_title(page, _meta(page, "og:title"))
    start = head if title is None else title
    if start is None:
        return None
    head = title.getparent() if head is None and title is not None else head
    assert head is not None
    named = _body(page, layout, head)
    body = generic.find_body(start) if named is None else named
    return None if body is None else _parts(layout, head, title, body, moved=True, body_moved=named is None)


def _parts(
    layout: Layout,
    head: HtmlElement,
    title: HtmlElement | None,
    body: HtmlElement,
    *,
    moved: bool = False,
    body_moved: bool = False,
) -> _Parts:
    dates = _text(_first(layout.dates, head)) or ""
    if not dates and title is not None and (dates := generic.find_dates(title)):
        moved = True
    return _Parts(layout, head, title, body, dates, moved, body_moved)


def _head(page: HtmlElement, layout: Layout) -> HtmlElement | None:
    """The first head that holds a title, else the first."""
    heads: list[HtmlElement] = layout.head(page)
    titled = (head for head in heads if _text(_first(layout.title, head)))
    return next(titled, heads[0] if heads else None)


def _body(page: HtmlElement, layout: Layout, head: HtmlElement) -> HtmlElement | None:
    """The first body that begins after the head."""
    return next((body for body in layout.body(page) if _precedes(page, head, body)), None)


def _precedes(page: HtmlElement, first: HtmlElement, second: HtmlElement) -> bool:
    """Whether `first` begins before `second`."""
    return next(element for element in page.iter() if element is first or element is second) is first


def _read(page: HtmlElement, parts: _Parts, address: Address, source_url: str | None) -> Article:
    """The article in its parts."""
    layout, body = parts.layout, parts.body
    first_in = partial(_first_in, list(_region(parts.head, body)))
    dates = find_timestamps(parts.dates)
    picture = first_in(layout.picture)
    image_url = _picture(picture, address.url)
    caption = _text(_credit_beside(picture, layout, body))
    has_video = first_in(layout.player) is not None or address.is_video
    truncated = _ends_inside(body)
    captions = generic.find_captions(body) if parts.body_moved else []
    if captions:  # the first box is the lead picture's
        image_url = image_url or _picture(next(captions[0].iter("img")), address.url)
        caption = caption or _text(captions[0])
    paragraphs, credit = take_credits(_words_of(body, parts, captions))
    if not paragraphs and not (layout.wordless and image_url):
        raise NotAnArticle("no article on the page")
    return Article(
        url=address.url,
        kind=address.kind,
        lang=address.lang or _page_language(page),
        title=_title(page, parts.title),
        category=_category(parts),
        written_at=dates[0] if dates else None,
        updated_at=dates[1] if len(dates) > 1 else None,
        paragraphs=paragraphs,
        image_url=image_url,
        image_credit=credit_of(caption) or credit,
        has_video=has_video,
        truncated=truncated,
        layout=GENERIC if parts.moved else layout.name,
        source_url=source_url,
    )


def _title(page: HtmlElement, title: HtmlElement | None) -> str | None:
    """The article's own h1, else og:title, else <title>; without the site's name."""
    candidates: tuple[Callable[[], str | None], ...] = (
        lambda: _text(title),
        lambda: _meta(page, "og:title"),
        lambda: _text(next(page.iter("title"), None)),
    )
    found = next(filter(None, (candidate() for candidate in candidates)), None)
    return found.removesuffix(layouts.TITLE_SUFFIX) or None if found else None


def _category(parts: _Parts) -> str | None:
    named = _text(_first(parts.layout.category, parts.head))
    return generic.find_category(parts.title) if named is None and parts.moved and parts.title is not None else named


def _region(head: HtmlElement, body: HtmlElement) -> Iterator[HtmlElement]:
    """The article's own part of the page: the blocks from the one with the head to the one with the body."""
    above = {head, *head.iterancestors()}
    last = body
    while (parent := last.getparent()) is not None and parent not in above:
        last = parent
    if parent is head:  # the body stands inside the head's block
        yield head
        return
    for block in last.itersiblings(preceding=True):
        if block in above:
            break
        yield block
    yield body


def _first_in(region: list[HtmlElement], selector: CSSSelector) -> HtmlElement | None:
    return next((found for block in region if (found := _first(selector, block)) is not None), None)


def _first(selector: CSSSelector, element: HtmlElement) -> HtmlElement | None:
    found: list[HtmlElement] = selector(element)
    return found[0] if found else None


def _text(element: HtmlElement | None) -> str | None:
    """The words of an element as one line, or None where there are none."""
    return None if element is None else collapse(element.text_content()) or None


def _meta(page: HtmlElement, name: str) -> str | None:
    """What a `<meta property=…>` of the page says."""
    content = next((meta.get("content") for meta in page.iter("meta") if meta.get("property") == name), None)
    return collapse(content or "") or None


def _picture(picture: HtmlElement | None, base: str) -> str | None:
    """The absolute address of a picture, where it has one on the web."""
    source = "" if picture is None else (picture.get("src") or "").strip()
    if not source:
        return None
    try:
        url = urljoin(base, source)
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _credit_beside(picture: HtmlElement | None, layout: Layout, body: HtmlElement) -> HtmlElement | None:
    """The caption in the box of a picture; a picture without a box of its own has none there."""
    if picture is None:
        return _first(layout.credit, body)
    box = picture.getparent()
    while box is not None and box is not body:
        if (credit := _first(layout.credit, box)) is not None:
            return credit
        box = box.getparent()
    return None


def _words_of(body: HtmlElement, parts: _Parts, captions: list[HtmlElement]) -> tuple[str, ...]:
    """The paragraphs of the body, without what stands in it or was brought into it and is not the article's words."""
    cut, end = (parts.layout.cut, parts.layout.end)
    if parts.body_moved:
        cut, end = layouts.GENERIC_CUT, layouts.GENERIC_END
    ends: list[HtmlElement] = [element for element in end(body) if element is not body]
    return read_paragraphs(body, {*cut(body), *captions} - {body}, ends[0] if ends else None)


def _ends_inside(body: HtmlElement) -> bool:
    """Whether the page ends in the body: on a whole page the rest of the template follows it."""
    return not any(True for ancestor in (body, *body.iterancestors()) if ancestor.getnext() is not None)


def _page_language(page: HtmlElement) -> str:
    """The edition as the page names it, for addresses that do not: `<html lang="fr">`."""
    return collapse(page.get("lang") or "")[:2].lower() or "und"
