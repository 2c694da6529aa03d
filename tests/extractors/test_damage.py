"""Encodings and damage: never a crash, never more than a second or 200 MB, and what can be read is."""

import pytest

from extractors import Article, NotAnArticle, extract_html, extract_page
from tests.replica.hostile import AT, ENTRY, HOSTILE, PAGE, URL, cost, inside


def words(article: Article) -> tuple[str | None, tuple[str, ...]]:
    return article.title, article.paragraphs


WHOLE = words(ENTRY.truth)
META = b'<meta charset="utf-8" />'
DECLARED = b'<meta charset="euc-kr" />'


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace(META, DECLARED),
        b"\xef\xbb\xbf" + PAGE,
        PAGE.replace(b"<br />", b"\0<br />\0"),
        b'<?xml version="1.0" encoding="EUC-KR"?>\n' + PAGE,
        *(PAGE.decode().encode(codec) for codec in ("utf-16", "utf-16-le", "utf-16-be")),
        inside(b"\x01\x1f\x0c&#31;&#xFFFF;\xef\xbf\xbe"),
    ],
)
def test_unicode_is_read_as_such_whatever_is_declared(page: bytes) -> None:
    assert words(extract_html(page, URL)) == WHOLE
    assert words(extract_page(page, URL)) == WHOLE


def korean(page: bytes) -> bytes:
    return page.decode().replace("é", "e").replace("’", "'").encode("euc-kr", "xmlcharrefreplace")


@pytest.mark.parametrize(("meta", "charset"), [(b"", "euc_kr"), (DECLARED, None), (DECLARED, "x-none")])
def test_an_encoding_declared_by_response_or_page_is_read(meta: bytes, charset: str | None) -> None:
    page = korean(PAGE.replace(META, meta).decode().replace("Le ", "한국 Le ").encode())
    assert "한국" in extract_html(page, URL, charset).text


@pytest.mark.parametrize(
    ("label", "codec", "words"),
    [
        ("gb2312", "gb18030", "朱镕基在喆园"),
        ("x-gbk", "gb18030", "朱镕基在喆园"),
        ("ks_c_5601-1989", "cp949", "똠방각하"),
        ("windows-949", "cp949", "똠방각하"),
        ("shift_jis", "cp932", "①高橋髙橋"),
        ("x-euc-jp", "euc_jp", "高橋"),
        ("big5", "big5hkscs", "香港㗎"),
        ("iso-8859-9", "cp1254", "“şehir”"),
        ("koi8-ru", "koi8-u", "Київ"),
        ("csiso2022jp", "iso2022_jp", "高橋"),
        ("x-user-defined", "cp1252", "“été”"),
    ],
)
def test_a_declared_encoding_is_what_browsers_take_it_for(label: str, codec: str, words: str) -> None:
    page = inside(f"{words}.<br /><br />".encode()).replace(META, f'<meta charset="{label}" />'.encode())
    encoded = page.decode().encode(codec, "xmlcharrefreplace")
    in_a_comment = encoded.replace(b"<head>", b'<head><!-- <meta charset="koi8-r"> -->')
    by_header = encoded.replace(f' charset="{label}"'.encode(), b' charset="koi8-r"')
    for body, charset in ((encoded, None), (in_a_comment, None), (by_header, label)):
        assert extract_html(body, URL, charset).paragraphs[0] == f"{words}."


@pytest.mark.parametrize("apostrophe", [b"\x92", b"\xc2\x92", b"&#146;"])
def test_a_control_is_a_character_of_windows_1252(apostrophe: bytes) -> None:
    page = inside(b"L'accord co\xc3\xbbte 3 \xc2\x80\xc2\x85<br /><br />".replace(b"'", apostrophe))
    assert extract_html(page, URL).paragraphs[0] == "L’accord coûte 3 €…"


@pytest.mark.parametrize("charset", ["ISO-8859-1", None, "undefined", "idna", "punycode", "cp037", "\0", "base64"])
def test_latin_1_or_no_encoding_mean_what_browsers_read(charset: str | None) -> None:
    for meta in (b"", b'<meta charset="utf-16" />'):
        page = PAGE.replace(META, meta).decode().encode("cp1252", "xmlcharrefreplace")
        assert words(extract_html(page, URL, charset)) == WHOLE


def test_broken_bytes_do_not_change_the_others() -> None:
    page = inside(b"\xff Mot. <br /><br />").replace(META, b"")
    assert extract_html(page, URL).paragraphs[1:] == ENTRY.truth.paragraphs
    several = inside(b"L\x92\xe9t\xe9 d\x92hier. <br /><br />" * 8)
    assert extract_html(several, URL).paragraphs == ("L’été d’hier.",) * 8 + ENTRY.truth.paragraphs


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_what_windows_1252_leaves_undefined_vanishes(byte: bytes) -> None:
    page = inside("L’été*.<br /><br />".encode()).replace(META, b'<meta charset="latin-1" />').decode()
    encoded = page.encode("cp1252", "xmlcharrefreplace").replace(b"*", byte)
    assert extract_html(encoded, URL).paragraphs[0] == "L’été."


def test_only_a_page_cut_in_its_body_is_truncated() -> None:
    article = extract_html(PAGE[: PAGE.index(b'<div class="share_box">')], URL)
    assert words(article) == WHOLE
    assert not article.truncated
    end = PAGE.index(b'<div class="func_menu bottom">')
    for at in range(AT, end, 37):
        try:
            article = extract_html(PAGE[:at], URL)
        except NotAnArticle:
            continue
        assert article.truncated
        assert set(article.text.split()[:-1]) <= set(ENTRY.truth.text.split()) | {"Photo", ":"}


@pytest.mark.parametrize(("codec", "charset"), [("utf-8", None), ("utf-8", "euc-kr"), ("euc-kr", "euc-kr")])
def test_of_a_letter_that_is_cut_nothing_is_kept(codec: str, charset: str | None) -> None:
    page = inside("Il y a \uac00 \ud55c".encode()).decode().encode(codec, "xmlcharrefreplace")
    at = page.index("\ud55c".encode(codec)) + 1
    article = extract_html(page[:at].replace(META, b""), URL, charset)
    assert (article.text, article.truncated) == ("Il y a \uac00", True)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_bounded_memory_and_time(name: str) -> None:
    """`make bench` tests for a second; here the bound separates quadratic time from a slow machine."""
    seconds, megabytes = cost("extract_html", HOSTILE[name](), URL)
    assert seconds < 5
    assert megabytes < 200
