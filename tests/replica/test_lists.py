"""The lists, views and feeds that the replica serves besides the news list."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin
from xml.etree import ElementTree

import lxml.html
import pytest

from extractors import extract_html
from extractors.address import parse_address
from tests.replica import Replica
from tests.replica.world import Entry

SITE = "https://world.kbs.co.kr/service/"
#: List -> the links of its cards.
LISTS = {
    "news_list.htm?lang=f": "section.comp_contents_1x > article div.list_link_area > a",
    "contents_list.htm?lang=f&menu_cate=culture": "section.comp_contents_3x > article h2 > a",
    "news_vod_list.htm?lang=f&menu_cate=videonews": "ul.vod_list > li > a:not(:has(img))",
    "program_playlist_list.htm?lang=f&procode=parkofd&bbs=parkofd_playlist": "table.board_list tr a",
    "search.htm?lang=f&search_date=5&keyword=KIM&kubun=n": "section.section_wrap article div.list_link_area > a",
}


@pytest.fixture(scope="module")
def big() -> Iterator[Replica]:
    """A replica whose lists have many pages."""
    with Replica(articles=260) as replica:
        yield replica


def tree(replica: Replica, page: str) -> lxml.html.HtmlElement:
    status, _, body = replica.respond(f"/service/{page}")
    assert status == 200
    return lxml.html.document_fromstring(body)


def listed(replica: Replica, page: str) -> list[str]:
    """The canonical addresses of the cards of a page."""
    links = tree(replica, page).cssselect(LISTS[re.sub(r"&page=\d+", "", page)])
    addresses = [parse_address(urljoin(SITE, link.get("href") or "")) for link in links]
    return [address.url for address in addresses if address is not None and address.is_article]


def page_links(replica: Replica, page: str) -> list[int]:
    links = tree(replica, page).cssselect(".comp_pagination a")
    for link in links:
        assert (link.get("href") or "").startswith(f"./{page.split('?')[0]}?page={link.text}&")
    return [int(link.text or "") for link in links]


def expected(replica: Replica, page: str) -> list[Entry]:
    world = replica.world
    return {
        "news_list.htm": world.entries,
        "contents_list.htm": [entry for entry in world.features if entry.category_id == "culture"],
        "news_vod_list.htm": world.videos,
        "program_playlist_list.htm": world.programmes,
        "search.htm": [entry for entry in world.entries if "kim" in str(entry.truth.title).lower()],
    }[page.split("?")[0]]


@pytest.mark.parametrize("page", LISTS)
def test_a_list_shows_ten_a_page_all_of_them_and_nothing_beyond_its_last(big: Replica, page: str) -> None:
    entries = expected(big, page)
    last = -(-len(entries) // 10)
    assert last > 1
    assert listed(big, page) == [entry.truth.url for entry in entries[:10]]
    shown = [url for n in range(1, last + 1) for url in listed(big, f"{page}&page={n}")]
    assert shown == [entry.truth.url for entry in entries]
    assert page_links(big, page) == list(range(1, min(last, 6) + 1))
    for beyond in (last + 1, last + 100):
        assert listed(big, f"{page}&page={beyond}") == []
        assert not tree(big, f"{page}&page={beyond}").cssselect(
            "div.contents article, div.contents li, div.contents tr"
        )
        assert page_links(big, f"{page}&page={beyond}") == list(range(max(1, last - 5), last + 1))


@pytest.mark.parametrize(
    "page",
    [
        "contents_list.htm?lang=f&menu_cate=astrology",
        "contents_list.htm?lang=f",
        "program_playlist_list.htm?lang=f&procode=other&bbs=other_playlist",
        "search.htm?lang=f&keyword=%7Bnobody%7D%22%3E&kubun=n",
        "search.htm?lang=f",
        "news_list.htm?lang=f&id=%22%3E",
    ],
)
def test_an_unknown_menu_programme_or_word_is_a_list_without_cards(big: Replica, page: str) -> None:
    assert not tree(big, page).cssselect("div.contents article, div.contents li, div.contents tr")
    assert len(tree(big, page).cssselect(".comp_pagination a")) == 1


def test_cards_say_the_dates_they_have(big: Replica) -> None:
    feature, programme = big.world.features[0], big.world.programmes[0]
    features = tree(big, f"contents_list.htm?lang=f&menu_cate={feature.category_id}")
    assert features.cssselect("section.comp_contents_3x p.date")[0].text == str(feature.truth.written_at)
    rows = tree(big, "program_playlist_list.htm?lang=f&procode=parkofd&bbs=parkofd_playlist").cssselect("tr")
    assert [len(row.cssselect("td")) for row in rows] == [3] * 10
    days = [entry.truth.written_at for entry in big.world.programmes[:10]]
    assert [row.cssselect("td")[2].text for row in rows] == [day and str(day) for day in days]
    assert rows[0].cssselect("td")[0].text == str(programme.seq)
    videos = tree(big, "news_vod_list.htm?lang=f&menu_cate=videonews").cssselect("ul.vod_list > li")
    for card, entry in zip(videos, big.world.videos, strict=False):
        words = card.cssselect("span.date")[0].text_content()
        assert f"Write: {entry.written_at:%Y-%m-%d %H:%M:%S}" in words
        assert ("Update: " in words) == (entry.truth.updated_at is not None)
        assert f"&id={entry.category_id}&Seq_Code={entry.seq}" in (card.cssselect("a")[0].get("href") or "")


def test_every_view_is_served_and_its_truth_comes_out(big: Replica) -> None:
    world = big.world
    updated = [world.update(group[5]) for group in (world.entries, world.features)]
    for entry in (*world.entries[:8], *world.features[:8], *world.programmes[:8], *updated):
        _, _, body = big.respond(entry.truth.url.removeprefix("https://world.kbs.co.kr"))
        assert replace(extract_html(body, entry.truth.url), source_url=None) == entry.truth
    for entry in world.videos[:8]:
        _, _, body = big.respond(entry.video_url.removeprefix("https://world.kbs.co.kr"))
        assert replace(extract_html(body, entry.video_url), source_url=None) == entry.video_truth
    feature = world.features[0]
    target = f"/service/contents_view.htm?lang=f&board_seq={feature.seq}"
    assert big.respond(f"{target}&menu_cate={feature.category_id}") == big.respond(target)


@pytest.mark.parametrize("page", ["contents_view.htm?lang=f&board_seq=1", "program_playlist_view.htm?lang=f&no=1"])
def test_a_feature_or_programme_that_is_none_is_a_soft_404(big: Replica, page: str) -> None:
    assert tree(big, page).cssselect("div.title_area h1")[0].text is None


def feed(replica: Replica, target: str) -> list[dict[str, str]]:
    """The items of a feed, over a connection."""
    with urllib.request.urlopen(replica.base_url + target) as answer:  # noqa: S310
        root = ElementTree.fromstring(answer.read())  # noqa: S314
    assert root.tag == "rss"
    return [{part.tag: part.text or "" for part in item} for item in root.iter("item")]


def test_feeds_name_the_newest_with_the_time_of_their_present_version(replica: Replica) -> None:
    items = feed(replica, "/rss/rss_news.htm?lang=f")
    assert [item["link"] for item in items] == [
        entry.truth.url.replace("https", "http") for entry in replica.world.entries[:20]
    ]
    for item, entry in zip(items, replica.world.entries, strict=False):
        assert item["title"] == entry.truth.title
        assert item["guid"] == item["link"]
        assert item["description"] == entry.summary
        assert item["pubDate"].endswith(" +0900")
        assert parsedate_to_datetime(item["pubDate"]).isoformat() == entry.truth.timestamp


def test_a_feed_can_be_of_a_category_of_features_or_empty(replica: Replica) -> None:
    politics = [entry.truth.title for entry in replica.world.entries if entry.category_id == "Po"]
    assert [item["title"] for item in feed(replica, "/rss/rss_news.htm?lang=f&id=Po")] == politics[:20]
    entertainment = [entry for entry in replica.world.features if entry.category_id == "enternews"]
    items = feed(replica, "/rss/rss_enternews.htm?lang=f")
    assert [item["title"] for item in items] == [entry.truth.title for entry in entertainment]
    moment = parsedate_to_datetime(items[0]["pubDate"])
    assert (moment.date(), moment.time()) == (entertainment[0].truth.written_at, datetime.min.time())
    assert feed(replica, "/rss/rss_news.htm?lang=f&id=Xx") == []
