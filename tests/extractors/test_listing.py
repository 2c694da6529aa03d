"""List pages: the articles of the cards, and of nothing else on the page."""

from __future__ import annotations

import pytest

from extractors import NotAnArticle
from extractors.listing import extract_list
from tests.replica import World, pages

MENU = '<nav id="gnb_menu"></nav>'
URL = "https://world.kbs.co.kr/service/news_list.htm?lang=f"


def test_a_list_names_its_cards_in_order_and_no_link_of_menu_or_aside() -> None:
    world = World(articles=30)
    page = pages.list_page(world, world.listed(page=2), category_id="", page=2, total=30)
    assert [card.address.url for card in extract_list(page, URL).cards] == [
        entry.truth.url for entry in world.listed(page=2)
    ]


def test_a_list_without_cards_is_empty() -> None:
    world = World(articles=0)
    assert extract_list(pages.list_page(world, [], category_id="", page=1, total=0), URL).cards == ()


def test_links_that_lead_off_the_site_are_left_out() -> None:
    card = '<section class="comp_contents_1x"><article><h2><a href="{}">x</a></h2></article></section>'
    hrefs = [
        "https://example.org/service/news_view.htm?lang=f&Seq_Code=1",
        "javascript:x",
        "//[",
        "",
        "./news_list.htm",
    ]
    assert extract_list((MENU + "".join(card.format(href) for href in hrefs)).encode(), URL).cards == ()


@pytest.mark.parametrize("page", [b"", b"<html><body><h1>Maintenance</h1></body></html>"])
def test_a_page_that_is_none_of_the_site_is_refused(page: bytes) -> None:
    with pytest.raises(NotAnArticle):
        extract_list(page, URL)
