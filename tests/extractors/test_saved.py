"""A page is HTML or text, by its media type or its content."""

from pathlib import Path

import pytest

from extractors import NotAnArticle
from extractors.html import extract_page
from tests.replica.reconstruction import ADDRESS


@pytest.fixture
def html(seeds: Path) -> bytes:
    return (seeds / "news_vod_view_83685.reconstruction.html").read_bytes()


@pytest.fixture
def text(seeds: Path) -> bytes:
    return (seeds / "000_6ad28e2ce761a03c.txt").read_bytes()


def test_the_content_tells_where_no_media_type_is_given(html: bytes, text: bytes) -> None:
    assert extract_page(b"\xef\xbb\xbf\n " + html, ADDRESS).layout == "video"
    assert extract_page(text, ADDRESS).layout == "text"
    assert extract_page(text, "").url.startswith("urn:sha256:")
    assert extract_page(text.decode().encode("utf-16"), "") == extract_page(text, "")


def test_the_media_type_counts_before_the_content(html: bytes, text: bytes) -> None:
    assert extract_page(b"Bonjour " + html, ADDRESS, media_type="text/html").layout == "video"
    for page, media_type in ((html, "text/plain"), (text, "text/html")):
        with pytest.raises(NotAnArticle):
            extract_page(page, ADDRESS, media_type=media_type)


def test_the_charset_is_that_of_html(html: bytes) -> None:
    page = html.decode().replace("’", "'").encode("cp1252", "replace").replace(b'charset="utf-8"', b"")
    assert "déclare" in (extract_page(page, ADDRESS, "windows-1252").title or "")


@pytest.mark.parametrize("broken", [b"Aller \xff au menu", b"\xff\xfea"])
def test_text_in_another_encoding_is_refused(broken: bytes) -> None:
    with pytest.raises(NotAnArticle, match="no UTF-8 text"):
        extract_page(broken, "")
