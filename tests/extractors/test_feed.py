"""RSS feeds: what they point to, whatever is wrong with them, and nothing of what a hostile one tries."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle
from extractors.dates import KST
from extractors.listing import extract_feed
from tests.replica import Replica

URL = "https://world.kbs.co.kr/rss/rss_news.htm?lang=f"
ITEM = "<item><title>x</title><link>{}</link><pubDate>{}</pubDate></item>"
FEED = '<?xml version="1.0" encoding="UTF-8"?>{}<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
ARTICLE = "http://world.kbs.co.kr/service/news_view.htm?lang=f&amp;Seq_Code=83685"
BOMB = "<!DOCTYPE rss [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def feed(*items: str, head: str = "") -> bytes:
    return FEED.format(head, "".join(items)).encode()


def test_a_feed_names_its_articles_in_order_with_times(replica: Replica) -> None:
    world = replica.world
    entries = extract_feed(replica.respond("/rss/rss_news.htm?lang=f")[2], URL).entries
    assert [entry.address.url for entry in entries] == [entry.truth.url for entry in world.entries[:20]]
    assert [entry.timestamp for entry in entries] == [entry.truth.timestamp for entry in world.entries[:20]]


def test_a_feed_may_name_features_or_nothing(replica: Replica) -> None:
    entries = extract_feed(replica.respond("/rss/rss_enternews.htm?lang=f")[2], URL).entries
    assert {entry.address.kind for entry in entries} == {"feature"}
    assert extract_feed(feed(), URL).entries == ()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 07 Nov 2023 15:03:30 +0900", datetime(2023, 11, 7, 15, 3, 30, tzinfo=KST)),
        ("Tue, 07 Nov 2023 06:03:30 GMT", datetime(2023, 11, 7, 15, 3, 30, tzinfo=KST)),
        ("Tue, 07 Nov 2023 15:03:30", datetime(2023, 11, 7, 15, 3, 30, tzinfo=KST)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_pub_date_is_read_in_kst(date: str, expected: datetime | None) -> None:
    [entry] = extract_feed(feed(ITEM.format(ARTICLE, date)), URL).entries
    assert entry.written_at == expected


def test_links_are_read_raw_relative_and_from_the_guid() -> None:
    raw = ITEM.format("./../service/news_view.htm?lang=f&Seq_Code=1", "")
    guid = "<item><guid>http://rki.kbs.co.kr/service/news_view.htm?lang=f&amp;Seq_Code=2</guid></item>"
    twice = ITEM.format(ARTICLE, "") * 2
    elsewhere = ITEM.format("https://example.org/", "") + ITEM.format("javascript:x", "") + ITEM.format("//[", "")
    entries = extract_feed(feed(raw, guid, twice, elsewhere), URL).entries
    assert [entry.address.url.rpartition("=")[2] for entry in entries] == ["1", "2", "83685"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no feed"),
        (b"<html><body>Not Found</body></html>", "no feed"),
        (b"{}", "no feed"),
        (b"<rss>" + b"&" * 10_000_000, "a feed larger than any of the site"),
        (feed(ITEM.format("&a;", ""), head="<!DOCTYPE rss [<!ENTITY a 'x'>]>"), "a feed with a document type"),
        (feed(head="<!DOCTYPE rss SYSTEM 'file:///etc/passwd'>"), "a feed with a document type"),
        (feed(ITEM.format("&j;", ""), head=BOMB + "]>"), "a feed with a document type"),
    ],
)
def test_no_feed_or_a_hostile_one_is_refused_at_once(body: bytes, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(NotAnArticle, match=reason):
        extract_feed(body, URL)
    assert time.monotonic() - began < 5


@given(st.one_of(st.binary(max_size=500), st.text(max_size=300).map(feed)))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        entries = extract_feed(body, URL).entries
    except NotAnArticle:
        return
    assert all(entry.address.is_article for entry in entries)
