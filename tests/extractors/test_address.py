"""Addresses: one canonical url, however a page was reached."""

from datetime import date
from random import Random
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.address import parse_address, site_url

NEWS = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685"
NOISE = ["id", "page", "menu_cate", "utm_source", "fbclid", ""]
FEATURE = "https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=436045"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (NEWS, NEWS),
        ("https://rki.kbs.co.kr/service/news_vod_view.htm?lang=f&menu_cate=videonews&id=In&Seq_Code=83685", NEWS),
        ("https://world.kbs.co.kr:443/service/news_view.htm?lang=f&&id=&page=2&Seq_Code=83685&utm_source=x#top", NEWS),
        ("https://WORLD.kbs.co.kr//service/news_view.htm?lang=f&amp;Seq_Code=83685&Seq_Code=83685", NEWS),
        (FEATURE.replace("board_seq", "menu_cate=culture&page=0&board_code=&board_seq"), FEATURE),
    ],
)
def test_an_article_has_one_canonical_url(url: str, canonical: str) -> None:
    address = parse_address(url)
    assert address is not None
    assert address.url == canonical
    assert address.is_article
    assert address.lang == "fr"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
        "https://world.kbs.co.kr.example.org/service/news_view.htm?lang=f&Seq_Code=1",
        "ftp://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
        "//[",
        "https://world.kbs.co.kr:port/",
        "",
        "https://world.kbs.co.kr/" + "x" * 5000,
    ],
)
def test_other_sites_and_broken_addresses_are_none(url: str) -> None:
    assert parse_address(url) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://world.kbs.co.kr/service/news_list.htm?lang=f&id=", "list"),
        ("https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1%20or%201", "other"),
        ("https://world.kbs.co.kr", "other"),
        ("https://rki.kbs.co.kr/service/program_playlist_view.htm?lang=e&procode=a&bbs=b&no=44568", "programme"),
    ],
)
def test_other_pages_are_known_by_their_kind(url: str, kind: str) -> None:
    address = parse_address(url)
    assert address is not None
    assert address.kind == kind


@given(
    noise=st.lists(st.tuples(st.sampled_from(NOISE), st.text(max_size=25)), max_size=5),  # within MAX_LENGTH
    order=st.randoms(),
    host=st.sampled_from(["http://world.kbs.co.kr", "https://rki.kbs.co.kr", "https://world.kbs.co.kr:443"]),
    page=st.sampled_from(["news_view.htm", "news_vod_view.htm"]),
)
def test_how_one_got_there_leaves_no_trace(noise: list[tuple[str, str]], order: Random, host: str, page: str) -> None:
    parameters = [("lang", "f"), ("Seq_Code", "83685"), *noise]
    order.shuffle(parameters)
    address = parse_address(f"{host}/service/{page}?{urlencode(parameters, errors='replace')}#ele1")
    assert address is not None
    assert address.url == NEWS


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_address(text)
    assert address is None or address.url.startswith("https://world.kbs.co.kr/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (site_url("news", "f", number=83685), "/service/news_view.htm?lang=f&Seq_Code=83685"),
        (site_url("news list", "f", category=""), "/service/news_list.htm?lang=f"),
        (site_url("news list", "e", category="Po"), "/service/news_list.htm?lang=e&id=Po"),
        (site_url("day", "f", day=date(2026, 11, 7)), "/service/news_today.htm?lang=f&date=2026-11-07"),
        (
            site_url("search", "f", keyword="Corée & {x}"),
            "/service/search.htm?page=1&lang=f&search_date=5&keyword=Cor%C3%A9e+%26+%7Bx%7D&kubun=n",
        ),
        (site_url("enternews feed", "f", category=""), "/rss/rss_enternews.htm?lang=f"),
    ],
)
def test_each_page_of_the_site_has_one_address(url: str, expected: str) -> None:
    assert url == f"https://world.kbs.co.kr{expected}"
