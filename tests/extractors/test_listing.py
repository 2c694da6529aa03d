"""List pages: the articles of their entries, and of nothing else on the page."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle
from extractors.listing import extract_list
from tests.replica import Replica, World, pages
from tests.replica.moved import rename

MENU = '<nav id="gnb_menu"></nav>'
URL = "https://world.kbs.co.kr/service/news_list.htm?lang=f"


def test_a_list_without_entries_is_empty() -> None:
    world = World(articles=0)
    assert extract_list(pages.list_page(world, [], category_id="", page=1, total=0), URL).entries == ()


def test_links_that_lead_off_the_site_are_left_out() -> None:
    card = '<section class="comp_contents_1x"><article><h2><a href="{}">x</a></h2></article></section>'
    hrefs = [
        "https://example.org/service/news_view.htm?lang=f&Seq_Code=1",
        "javascript:x",
        "//[",
        "",
        "./news_list.htm",
    ]
    assert extract_list((MENU + "".join(card.format(href) for href in hrefs)).encode(), URL).entries == ()


@pytest.mark.parametrize("page", [b"", b"<html><body><h1>Maintenance</h1></body></html>"])
def test_a_page_of_another_site_is_refused(page: bytes) -> None:
    with pytest.raises(NotAnArticle):
        extract_list(page, URL)


@pytest.mark.parametrize(
    ("path", "of"),
    [
        ("news_list.htm?lang=f", "news"),
        ("news_vod_list.htm?lang=f&menu_cate=videonews", "videos"),
        ("contents_list.htm?lang=f&menu_cate=culture", "culture"),
        ("program_playlist_list.htm?page=1&lang=f&procode=parkofd&bbs=parkofd_playlist", "programmes"),
    ],
)
def test_lists_of_every_kind_give_articles_dates_and_pages(replica: Replica, path: str, of: str) -> None:
    world = replica.world
    culture = [entry for entry in world.features if entry.category_id == "culture"]
    entries = {"news": world.entries, "videos": world.videos, "culture": culture, "programmes": world.programmes}[of]
    page = extract_list(replica.respond(f"/service/{path}")[2], f"https://world.kbs.co.kr/service/{path}")
    expected = [(entry.truth.url, entry.truth.timestamp) for entry in entries[:10]]
    assert [(found.address.url, found.timestamp) for found in page.entries] == expected
    assert page.whole
    assert (2 in page.pages) == (len(entries) > 10)


def test_a_list_that_moved_is_read_by_structure(replica: Replica) -> None:
    path = "/service/news_list.htm?lang=f"
    page = rename(replica.respond(path)[2], Random(1))
    found_entries = extract_list(page, f"https://world.kbs.co.kr{path}").entries
    expected = [(entry.truth.url, entry.truth.timestamp) for entry in replica.world.entries[:10]]
    assert [(found.address.url, found.timestamp) for found in found_entries] == expected


def test_a_date_in_a_summary_is_not_the_entrys() -> None:
    card = (
        '<li><a href="./contents_view.htm?lang=f&board_seq=1">x</a><p>Le 2019-05-04 12:00:00, dit-il.</p></li>'
        '<li><a href="./contents_view.htm?lang=f&board_seq=2">y</a><b>2026-11-20</b></li>'
    )
    url = "https://world.kbs.co.kr/service/contents_list.htm?lang=f&menu_cate=culture"
    page = extract_list((MENU + f"<ul>{card}</ul>").encode(), url)
    assert [found.timestamp for found in page.entries] == [None, "2026-11-20"]
    assert not page.whole


@given(st.one_of(st.binary(max_size=500), st.text(max_size=300).map(str.encode)))
def test_anything_is_read_or_refused(body: bytes) -> None:
    try:
        page = extract_list(MENU.encode() + body, URL)
    except NotAnArticle:
        return
    assert all(found.address.is_article for found in page.entries)
