"""Page bytes -> Article: parse, locate the parts, read the body; or a text capture, if the page is one."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from urllib.parse import urljoin, urlsplit

from extractors.address import parse_address
from extractors.article import Article, NotAnArticle
from extractors.body import read_paragraphs
from extractors.dates import find_dates
from extractors.layout import SITE_MARKS, WORDLESS, first
from extractors.locate import locate, meta_of
from extractors.normalize import collapse, credit_of, take_credits
from extractors.parse import is_whole, parse_html
from extractors.text import extract_text


def extract_page(body: bytes, url: str, charset: str | None = None, media_type: str | None = None) -> Article:
    """The article of a page that was saved, as HTML or as plain text.

    Args:
        body, url, charset: as of `extract_html`.
        media_type: `text/html`, `text/plain`, or None where the content must tell.

    Raises:
        NotAnArticle: as `extract_html` and `extract_text` do, and for text that is neither UTF-8 nor marked UTF-16.
    """
    # A text capture of this site begins with words.
    looks_like_html = body.removeprefix(BOM_UTF8).lstrip().startswith(b"<")
    if media_type == "text/html" or (media_type is None and looks_like_html):
        return extract_html(body, url, charset)
    try:
        text = body.decode("utf-16" if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotAnArticle("no UTF-8 text") from None
    return extract_text(text, url or None)


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
    address = parse_address(url or meta_of(page, "og:url") or "")
    if address is None:
        raise NotAnArticle("not an address of KBS World" if url else "a page without address")
    if address.kind == "list":
        raise NotAnArticle("a list of articles")
    parts = locate(page, address.page)
    if parts is None:
        if first(SITE_MARKS, page) is None:
            raise NotAnArticle("not a page of KBS World", passing=True)
        if not is_whole(body):
            raise NotAnArticle("the page ends before its article", passing=True)
        raise NotAnArticle("no article on the page")
    # On a whole page the rest of the template follows the body.
    last = (parts.bodies[-1], *parts.bodies[-1].iterancestors())
    truncated = parts.end is None and all(element.getnext() is None for element in last)
    if truncated and is_whole(body):
        # The page is whole, but in its broken markup nothing separates the article from what follows it.
        raise NotAnArticle("no end of the article in broken markup")
    # Read before the body, which is taken off the page.
    image_url = None if parts.picture is None else _absolute(parts.picture.get("src") or "", address.url)
    try:
        paragraphs, credit = take_credits(read_paragraphs(parts.blocks, parts.cut, parts.end))
    except NotAnArticle as refusal:
        raise NotAnArticle(refusal.reason, passing=truncated) from None
    if not paragraphs and not (address.page in WORDLESS and image_url):
        raise NotAnArticle("no article on the page", passing=truncated)
    written_at, updated_at = find_dates(parts.dates)
    return Article(
        url=address.url,
        kind=address.kind,
        lang=address.lang or collapse(page.get("lang") or "")[:2].lower() or "und",  # `<html lang="fr">`
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


def _absolute(source: str, base: str) -> str | None:
    source = source.strip()
    try:
        url = source if source.startswith(("https://", "http://")) else urljoin(base, source)
        return url if source and urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None
