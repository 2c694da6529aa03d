"""Page bytes -> tree: whatever the encoding, and within bounds whatever the page."""

from __future__ import annotations

import codecs
import re

from lxml import etree

from extractors.article import NotAnArticle

# Bounds on what a hostile or broken page may cost: a second and 200 MB. Pages of the site have some 60 KB and 1,500
# tags; below the first bound not even the worst page is slow.
_HARMLESS_BYTES = 80_000
_MAX_TAGS = 50_000
# libxml2 takes quadratic time over the attributes of a tag: a tag with as many as this is no page's. Every quantifier
# is possessive, so that the search itself is linear.
_MANY_ATTRIBUTES = re.compile(
    rb"""<[A-Za-z][^\s<>/=]*+(?>[\s/]*+[^\s<>/="']++(?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s<>"']*+))?+){100}"""
)

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)

_END_OF_PAGE = re.compile(rb"</(?:body|html)\s*>", re.IGNORECASE)
_END_BYTES = 2_000

# Ids are looked up by no one.
_PARSER = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)


def parse_html(body: bytes, charset: str | None = None) -> etree._Element:
    """A page as a tree, without comments.

    Args:
        body: the page. Bytes that are UTF-8 are read as such, whatever is declared; else the byte order mark, the
            response's charset and the page's own count, in this order, and what fits none is replaced.
        charset: the response's.

    Raises:
        NotAnArticle: the page is empty, no HTML, or larger than any page of the site.
    """
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1] or body.strip()[:1]
    if not start:
        raise NotAnArticle("empty page", passing=True)
    if start in b"{[":
        raise NotAnArticle("JSON, not HTML", passing=True)
    if not _is_bounded(body):
        raise NotAnArticle("larger than a page of the site")
    # libxml2 stops at a NUL byte.
    utf8 = _to_utf8(body, charset).replace(b"\0", b"")
    try:
        page = etree.fromstring(utf8, _PARSER) if utf8 and not utf8.isspace() else None
    except etree.XMLSyntaxError:
        page = None
    if page is None:
        raise NotAnArticle("no HTML", passing=True)
    return page


def is_whole(body: bytes) -> bool:
    """Whether the page was ended by its maker and not cut on its way."""
    return _END_OF_PAGE.search(body, max(0, len(body) - _END_BYTES)) is not None


def _is_bounded(body: bytes) -> bool:
    """Whether a page can be parsed within a second and 200 MB; looked at before it is parsed."""
    if len(body) <= _HARMLESS_BYTES:
        return True
    return body.count(b"<") <= _MAX_TAGS and not _MANY_ATTRIBUTES.search(body)


def _to_utf8(body: bytes, charset: str | None) -> bytes:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").encode("utf-8", "replace")
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError:
        declared = _DECLARED.search(body[:4096])
        for name in (charset, declared and declared[1].decode("ascii", "replace"), _undeclared(body)):
            try:
                return body.decode(_as_browsers_read(name or ""), "replace").encode("utf-8", "replace")
            except (LookupError, ValueError):  # no such encoding, or one that is no encoding of pages
                continue
    return body


def _as_browsers_read(name: str) -> str:
    """The encoding that pages mean by a name (WHATWG Encoding Standard): what they are written in is wider."""
    wider = {"ascii": "cp1252", "iso8859-1": "cp1252", "euc_kr": "cp949"}
    return wider.get(codecs.lookup(name).name, name)


def _undeclared(body: bytes) -> str:
    """The encoding of a page that declares none: UTF-8 with a few broken bytes, or what browsers take it for then."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(byte >= 0xC0 for byte in body) - broken  # lead bytes of sequences that were read
    return "utf-8" if whole > 10 * broken else "cp1252"
