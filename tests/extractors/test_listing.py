"""List pages and feeds: the articles that they point to, and nothing else on them."""

import contextlib
import time
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle
from extractors.address import site_url
from extractors.article import KST
from extractors.listing import extract_feed, extract_list
from tests.replica import Replica
from tests.replica.moved import rename

MENU = '<nav id="gnb_menu"></nav>'
URL = "https://world.kbs.co.kr/service/news_list.htm?lang=f"
FEED_URL = "https://world.kbs.co.kr/rss/rss_news.htm?lang=f"
ITEM = "<item><title>x</title><link>{}</link><pubDate>{}</pubDate></item>"
FEED = '<?xml version="1.0" encoding="UTF-8"?>{}<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
ARTICLE = "http://world.kbs.co.kr/service/news_view.htm?lang=f&amp;Seq_Code=83685"


def test_links_that_lead_off_the_site_are_left_out() -> None:
    card = '<section class="comp_contents_1x"><article><h2><a href="{}">x</a></h2></article></section>'
    hrefs = ["https://example.org/service/news_view.htm?lang=f&Seq_Code=1", "javascript:x", "//[", "./news_list.htm"]
    assert extract_list((MENU + "".join(card.format(href) for href in hrefs)).encode(), URL).entries == ()


@pytest.mark.parametrize("section", ["<section class='comp_contents_1x'>", "<section>"])
def test_links_are_relative_to_the_pages_base(section: str) -> None:
    card = '<article><h2><a href="news_view.htm?lang=f&Seq_Code=1">x</a></h2></article>'
    links = f'{MENU}{section}{card}<a href="news_list.htm?page=2&lang=f">2</a></section>'
    page = extract_list(f'<base href="/service/">{links}'.encode(), URL.replace("/service/", "/service//x/"))
    assert [entry.address.url for entry in page.entries] == [site_url("news", "f", number=1)]
    elsewhere = extract_list(f'<base href="https://example.org/">{links}'.encode(), URL)
    assert (elsewhere.entries, elsewhere.pages) == ((), frozenset())


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
    expected = [(entry.truth.url, entry.truth.timestamp) for entry in entries[:10]]
    body = replica.respond(f"/service/{path}")[2]
    for shown in (body, rename(body, Random(1))):  # as it is, and after a redesign
        page = extract_list(shown, f"https://world.kbs.co.kr/service/{path}")
        assert [(found.address.url, found.timestamp) for found in page.entries] == expected
        assert page.whole
        assert (2 in page.pages) == (len(entries) > 10)


def test_a_date_in_a_summary_is_not_the_entrys() -> None:
    card = (
        '<li><a href="./contents_view.htm?lang=f&board_seq=1">x</a><p>Le 2019-05-04 12:00:00, dit-il.</p></li>'
        '<li><a href="./contents_view.htm?lang=f&board_seq=2">y</a><b>2026-11-20</b></li>'
    )
    url = "https://world.kbs.co.kr/service/contents_list.htm?lang=f&menu_cate=culture"
    page = extract_list((MENU + f"<ul>{card}</ul>").encode(), url)
    assert [found.timestamp for found in page.entries] == [None, "2026-11-20"]
    assert not page.whole


def feed(*items: str, head: str = "") -> bytes:
    return FEED.format(head, "".join(items)).encode()


def test_a_feed_names_its_articles_in_order_with_times(replica: Replica) -> None:
    entries = extract_feed(replica.respond("/rss/rss_news.htm?lang=f")[2], FEED_URL).entries
    expected = [(entry.truth.url, entry.truth.timestamp) for entry in replica.world.entries[:20]]
    assert [(entry.address.url, entry.timestamp) for entry in entries] == expected
    entries = extract_feed(replica.respond("/rss/rss_enternews.htm?lang=f")[2], FEED_URL).entries
    assert {entry.address.kind for entry in entries} == {"feature"}
    assert extract_feed(feed(), FEED_URL).entries == ()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 07 Nov 2023 06:03:30 GMT", datetime(2023, 11, 7, 15, 3, 30, tzinfo=KST)),
        ("Tue, 07 Nov 2023 15:03:30", datetime(2023, 11, 7, 15, 3, 30, tzinfo=KST)),
        ("yesterday", None),
    ],
)
def test_a_pub_date_is_read_in_kst(date: str, expected: datetime | None) -> None:
    [entry] = extract_feed(feed(ITEM.format(ARTICLE, date)), FEED_URL).entries
    assert entry.written_at == expected


def test_links_are_read_raw_relative_and_from_the_guid() -> None:
    raw = ITEM.format("./../service/news_view.htm?lang=f&Seq_Code=1", "")
    guid = "<item><guid>http://rki.kbs.co.kr/service/news_view.htm?lang=f&amp;Seq_Code=2</guid></item>"
    twice = ITEM.format(ARTICLE, "") * 2
    elsewhere = ITEM.format("https://example.org/", "") + ITEM.format("//[", "")
    entries = extract_feed(feed(raw, guid, twice, elsewhere), FEED_URL).entries
    assert [entry.address.url.rpartition("=")[2] for entry in entries] == ["1", "2", "83685"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no feed"),
        (b"<rss>" + b"&" * 10_000_000, "a feed larger than any of the site"),
        (feed(ITEM.format("&a;", ""), head="<!DOCTYPE rss [<!ENTITY a 'x'>]>"), "a feed with a document type"),
        (feed(head="<!DOCTYPE rss SYSTEM 'file:///etc/passwd'>"), "a feed with a document type"),
    ],
)
def test_no_feed_or_a_hostile_one_is_refused_at_once(body: bytes, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(NotAnArticle, match=reason):
        extract_feed(body, FEED_URL)
    assert time.monotonic() - began < 5


@given(st.one_of(st.binary(max_size=500), st.text(max_size=300).map(str.encode)))
def test_anything_is_read_or_refused(body: bytes) -> None:
    pages = [(extract_list, MENU.encode() + body, URL), (extract_feed, body, FEED_URL)]
    for extract, page, url in [*pages, (extract_feed, feed(body.decode("utf-8", "replace")), FEED_URL)]:
        with contextlib.suppress(NotAnArticle):
            assert all(found.address.is_article for found in extract(page, url).entries)
