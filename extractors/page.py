"""Bytes of a page -> Article: HTML or text, whichever they are."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from extractors.article import Article, NotAnArticle
from extractors.html import extract_html
from extractors.text import extract_text

#: The one reason that is cured by converting the file.
NO_TEXT = "no UTF-8 text"


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
        raise NotAnArticle(NO_TEXT) from None
    return extract_text(text, url or None)
