"""Page bytes -> Article: parse, locate the parts, read the body; or a text capture, if the page is one."""

import codecs
import contextlib
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import webencodings
from lxml import etree
from w3lib.encoding import read_bom, resolve_encoding

from extractors import quick
from extractors.address import absolute, parse_address
from extractors.article import Article, NotAnArticle, find_dates
from extractors.body import collapse, credit_of, read_paragraphs, take_credits
from extractors.layout import SITE_MARKS, first, read_layouts
from extractors.locate import base_of, blocks_after, locate, meta_of
from extractors.text import extract_text

# Bounds on what a hostile or broken page may cost: a second and 200 MB. Pages of the site have some 60 KB and 1,500
# tags. Below the first bound not even the worst page is slow; how many bytes are too many, the caller decides.
_HARMLESS_BYTES = 80_000
#: No page or feed of the site is near this.
MAX_TAGS = 50_000
# libxml2 takes quadratic time over the attributes of a tag: a tag with as many as this is no page's. Every quantifier
# is possessive, so that the search itself is linear.
_MANY_ATTRIBUTES = re.compile(
    rb"""<[A-Za-z][^\s<>/=]*+(?>[\s/]*+[^\s<>/="']++(?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s<>"']*+))?+){40}"""
)
# Declared encodings: the page's, in its first kilobytes as for browsers, and what is no declaration. A declaration that
# can be read is not in UTF-16, whatever it says.
_DECLARATION = re.compile(
    rb"""<!--.*?-->|<(?:meta\s[^>]*?charset|\?xml\s[^>]*?encoding)\s*=\s*["']?\s*(?!utf-?(?:16|32))([\w.:-]+)""",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED_WITHIN = 4096
# What is no UTF-8 although its bytes may be: UTF-16 by its first "<", and the Japanese of ISO-2022-JP.
_UTF_16 = {b"<\0": "utf-16-le", b"\0<\0": "utf-16-be"}
_ISO_2022_JP = b"\x1b$"
# Controls, which are bytes of windows-1252 that were taken for Latin-1.
_OF_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
# Around a <q>, as browsers write them and French papers space them.
_QUOTES = {"fr": ("« ", " »")}
_END_OF_PAGE = re.compile(rb"</(?:body|html)\s*>", re.IGNORECASE)

# Of a longer page libxml2 reads this much, unless asked to read on; then it also nests elements deeper.
_LONG_BYTES = 9_900_000
_PARSER, _LONG_PARSER = (
    etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=huge)
    for huge in (False, True)
)


def extract_page(
    body: bytes, url: str, charset: str | None = None, media_type: str | None = None, layouts: str = ""
) -> Article:
    """The article of a page that was saved, as HTML or as plain text.

    Args:
        body, url, charset, layouts: as of `extract_html`.
        media_type: `text/html`, `text/plain`, or None where the content must tell.

    Raises:
        NotAnArticle: as `extract_html` and `extract_text` do, and for text that is neither UTF-8 nor marked UTF-16.
    """
    # A text capture of this site begins with words.
    if media_type == "text/html" or (media_type is None and _first_character(body) == b"<"):
        return extract_html(body, url, charset, layouts)
    try:
        text = body.decode("utf-16" if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotAnArticle("no UTF-8 text") from None
    return extract_text(text, url or None)


def extract_html(body: bytes, url: str, charset: str | None = None, layouts: str = "") -> Article:
    """The article of one page of KBS World.

    Args:
        body: the page, without transfer or content encoding.
        url: the address it was fetched from; empty where it is not known, and the page's own `og:url` counts then.
        charset: what the response's Content-Type says. Counts only where the bytes are no UTF-8.
        layouts: the text of a layouts file of one's own, tried before `layouts.toml` on the whole page.

    Raises:
        NotAnArticle: the page is empty, no HTML, not of this site, a list, or the site's template without an article.
    """
    utf8 = _prepared(body, charset)
    address = parse_address(url or "")
    found = None if layouts or not address or address.refusal else quick.read(utf8, address.facts.layout, _tree)
    page = found[0] if found else _tree(utf8)
    if not url:
        address = parse_address(meta_of(page, "og:url") or "")
    if address is None:
        raise NotAnArticle("not an address of KBS World" if url else "a page without address")
    if address.refusal:
        raise NotAnArticle(address.refusal)
    parts = found[1] if found else locate(page, address.facts.layout, read_layouts(layouts))
    if parts is None:
        if first(SITE_MARKS, page) is None:
            raise NotAnArticle("not a page of KBS World", passing=True)
        if not is_whole(body):
            raise NotAnArticle("the page ends before its article", passing=True)
        raise NotAnArticle("no article on the page")
    # On a whole page the rest of the template follows the body.
    truncated = parts.end is None and next(blocks_after(parts.blocks[-1]), None) is None
    if truncated and is_whole(body):
        # The page is whole, but in its broken markup nothing separates the article from what follows it.
        raise NotAnArticle("no end of the article in broken markup")
    # Read before the body, which is taken off the page.
    image_url = absolute(base_of(page, address.url), parts.image or "") or None
    lang = address.lang or collapse(page.get("lang") or "")[:2].lower() or "und"  # `<html lang="fr">`
    has_lines, quotes = address.kind == "feature", _QUOTES.get(lang, ("“", "”"))
    body_lines = read_paragraphs(parts.blocks, parts.cut, parts.end, has_lines, quotes)
    paragraphs, credit = take_credits(body_lines)
    written_at, updated_at = find_dates(parts.dates)
    wordless = address.facts.wordless
    # At an address that is not known, an article has a date: a chart or a page about the site has none.
    is_article = address.facts.kind != "other" or wordless or written_at is not None
    if not is_article or not (paragraphs or (wordless and image_url)):
        raise NotAnArticle("no article on the page", passing=truncated)
    return Article(
        url=address.url,
        kind=address.kind,
        lang=lang,
        title=parts.title,
        category=parts.category,
        written_at=written_at,
        updated_at=updated_at,
        paragraphs=paragraphs,
        image_url=image_url,
        image_credit=credit_of(parts.caption) or credit,
        has_video=address.is_video or parts.has_player,
        truncated=truncated,
        layout=parts.name,
        source_url=url or None,
    )


def parse_html(body: bytes, charset: str | None = None) -> etree._Element:
    """A page as a tree, without comments.

    Args:
        body: the page. Bytes that are UTF-8 are read as such, even if another encoding is declared; else the byte order
            mark, the response's charset and the page's own count, in this order. What does not fit is replaced.

    Raises:
        NotAnArticle: the page is empty, no HTML, or has more tags or attributes than any page of the site.
    """
    return _tree(_prepared(body, charset))


def _prepared(body: bytes, charset: str | None) -> bytes:
    start = _first_character(body)
    if not start:
        raise NotAnArticle("empty page", passing=True)
    if start in b"{[":
        raise NotAnArticle("JSON, not HTML", passing=True)
    if len(body) > _HARMLESS_BYTES and (body.count(b"<") > MAX_TAGS or _MANY_ATTRIBUTES.search(body)):
        raise NotAnArticle("larger than a page of the site")
    # libxml2 stops at a NUL byte.
    return to_utf8(body, charset).removeprefix(BOM_UTF8).replace(b"\0", b"")


def _tree(utf8: bytes) -> etree._Element:
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


def _first_character(body: bytes) -> bytes:
    """What a page begins with, in ASCII, after byte order marks and white space; empty for an empty page."""
    return body.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1]


def to_utf8(body: bytes, charset: str | None = None) -> bytes:
    """A page in UTF-8, whatever its encoding; arguments as of `parse_html`."""
    # One byte is found in a fiftieth of the time of two.
    if not (body.startswith(tuple(_UTF_16)) or (_ISO_2022_JP[:1] in body and _ISO_2022_JP in body)):
        with contextlib.suppress(UnicodeDecodeError):
            text, end = codecs.utf_8_decode(body, "strict", False)  # without a letter that was cut
            return text.translate(_OF_C1).encode() if _has_c1(body[:end]) else body[:end]
    return _decoded(body, charset).encode("utf-8", "replace")


def _has_c1(body: bytes) -> bool:
    """Whether UTF-8 has controls that are bytes of windows-1252. A regular expression takes five times as long."""
    at = body.find(b"\xc2")
    while at >= 0 and body[at + 1] >= 0xA0:
        at = body.find(b"\xc2", at + 1)
    return at >= 0


def _decoded(body: bytes, charset: str | None) -> str:
    """A page that is no UTF-8, by its byte order mark, the response's charset, or its own, as browsers read them."""
    labels = (found[1] for found in _DECLARATION.finditer(body, 0, _DECLARED_WITHIN))
    declared = next(filter(None, labels), b"").decode("ascii")
    marked = read_bom(body)[0] or _UTF_16.get(body[:2]) or _UTF_16.get(body[:3])
    codec = marked or _codec(charset or "") or _codec(declared) or "utf-8"
    codec = _undeclared(body) if codec == "utf-8" else codec  # since it is not in UTF-8, or not all of it
    try:
        text = body.decode(codec, _CP1252)
    except (LookupError, ValueError):  # an encoding that is not for pages
        text = body.decode(_undeclared(body), _CP1252)
    return text.translate(_OF_C1)


def _codec(label: str) -> str | None:
    """Python's name of an encoding that browsers read, by one of WHATWG's labels: others (punycode) take minutes."""
    label = label.strip("\"' ")
    known = webencodings.lookup(label) or webencodings.lookup(label.replace("_", "-"))
    # Where the two differ, the codec of what browsers decode with: gb18030 for gbk.
    return (resolve_encoding(known.name) or known.codec_info.name) if known else None


def _one_byte(error: UnicodeError) -> tuple[str, int]:
    """A byte that does not fit, as Latin-1; `_OF_C1` makes windows-1252 of it, which editors paste into any page."""
    assert isinstance(error, UnicodeDecodeError)
    broken = error.object[error.start : error.end]
    if error.end == len(error.object):
        return "", error.end  # a letter that was cut
    is_whole = len(broken) == 1 and (broken < b"\xa0" or error.encoding in {"utf-8", "charmap"})
    return chr(broken[0]) if is_whole else "\ufffd", error.end


_CP1252 = "kbsworld_cp1252"
codecs.register_error(_CP1252, _one_byte)


def _undeclared(body: bytes) -> str:
    """The encoding of a page that declares none or UTF-8: that with some broken bytes, else what browsers use."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return "utf-8" if whole > broken else "cp1252"
