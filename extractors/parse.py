"""Page bytes -> tree: in any encoding, and within bounds on time and memory."""

import codecs
import re

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from extractors.article import NotAnArticle

# Bounds on what a hostile or broken page may cost: a second and 200 MB. Pages of the site have some 60 KB and 1,500
# tags. Below the first bound not even the worst page is slow; how many bytes are too many, the caller decides.
_HARMLESS_BYTES = 80_000
#: No page or feed of the site is near this.
MAX_TAGS = 50_000
# libxml2 takes quadratic time over the attributes of a tag: a tag with as many as this is no page's. Every quantifier
# is possessive, so that the search itself is linear.
_MANY_ATTRIBUTES = re.compile(
    rb"""<[A-Za-z][^\s<>/=]*+(?>[\s/]*+[^\s<>/="']++(?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s<>"']*+))?+){100}"""
)
_END_OF_PAGE = re.compile(rb"</(?:body|html)\s*>", re.IGNORECASE)

# Of a longer page libxml2 reads this much, unless asked to read on; then it also nests elements deeper.
_LONG_BYTES = 9_900_000
_PARSER, _LONG_PARSER = (
    etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=huge)
    for huge in (False, True)
)


def parse_html(body: bytes, charset: str | None = None) -> etree._Element:
    """A page as a tree, without comments.

    Args:
        body: the page. Bytes that are UTF-8 are read as such, even if another encoding is declared; else the byte order
            mark, the response's charset and the page's own count, in this order. What does not fit is replaced.
        charset: the response's.

    Raises:
        NotAnArticle: the page is empty, no HTML, or has more tags or attributes than any page of the site.
    """
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1] or body.strip()[:1]
    if not start:
        raise NotAnArticle("empty page", passing=True)
    if start in b"{[":
        raise NotAnArticle("JSON, not HTML", passing=True)
    if len(body) > _HARMLESS_BYTES and (body.count(b"<") > MAX_TAGS or _MANY_ATTRIBUTES.search(body)):
        raise NotAnArticle("larger than a page of the site")
    # libxml2 stops at a NUL byte.
    utf8 = _to_utf8(body, charset).removeprefix(codecs.BOM_UTF8).replace(b"\0", b"")
    try:
        page: etree._Element | None = etree.fromstring(utf8, _PARSER if len(utf8) < _LONG_BYTES else _LONG_PARSER)
    except etree.XMLSyntaxError:
        page = None
    if page is None:
        raise NotAnArticle("no HTML", passing=True)
    return page


def is_whole(body: bytes) -> bool:
    """Whether the page was ended by its maker and not cut on its way."""
    return _END_OF_PAGE.search(body, max(0, len(body) - 2_000)) is not None


def _to_utf8(body: bytes, charset: str | None) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        declared = html_body_declared_encoding(body)
        for name in (read_bom(body)[0], resolve_encoding(charset or ""), declared, _undeclared(body)):
            try:
                return body.decode(name or "", "replace").encode("utf-8", "replace")
            except (LookupError, ValueError):  # no encoding, or one that is not for pages
                continue
    return body


def _undeclared(body: bytes) -> str:
    """The encoding of a page that declares none: UTF-8 with a few broken bytes, else what browsers use."""
    broken = body.decode("utf-8", "replace").count("\ufffd")
    whole = sum(byte >= 0xC0 for byte in body) - broken  # lead bytes of sequences that were read
    return "utf-8" if whole > 10 * broken else "cp1252"
