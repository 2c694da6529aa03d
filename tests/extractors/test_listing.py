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
from tests.replica.hostile import cost
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


@pytest.mark.parametrize("name", ["date", "moved"])
def test_an_entry_without_its_end_tag_gives_its_date_to_no_other(name: str) -> None:
    card = f'<article><h2><a href="news_view.htm?lang=f&Seq_Code={{0}}">x</a></h2><p class="{name}">2026-11-0{{0}}</p>'
    page = f'{MENU}<section class="comp_contents_1x">{"".join(map(card.format, range(1, 4)))}</section>'
    entries = extract_list(page.encode(), URL).entries
    assert [str(entry.written_at) for entry in entries] == ["2026-11-01", "2026-11-02", "2026-11-03"]


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


def five(fault: str = "", *, at: int = 2, field: str = "title", amp: str = "&amp;") -> bytes:
    """A feed of five items, one of them with something in its title or description that XML does not allow."""
    link = f"http://world.kbs.co.kr/service/news_view.htm?lang=f{amp}Seq_Code="
    items = [
        f"<item><title>Le théâtre l’{i if at != i or field != 'title' else fault} rouvre</title><link>{link}{i}</link>"
        f"<description>Séoul {fault if at == i and field != 'title' else ''} dit oui.</description>"
        f"<pubDate>Tue, 0{i + 1} Nov 2022 06:03:30 GMT</pubDate><guid>{link}{i}</guid></item>\n"
        for i in range(5)
    ]
    return feed(*items)


FIVE = [
    (f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={i}", f"2022-11-0{i + 1}T15:03:30+09:00")
    for i in range(5)
]


def read(body: bytes) -> tuple[list[tuple[str, str | None]], bool]:
    page = extract_feed(body, FEED_URL)
    return [(entry.address.url, entry.timestamp) for entry in page.entries], page.whole


@pytest.mark.parametrize(
    "body",
    [
        b"\n" + five(),
        b"<!-- cache -->\r\n" + five(),
        b"\xef\xbb\xbf \n" + five(),
        b"<br />\n<b>Warning</b>: no such file<br />\n" + five(),
        five("&nbsp;"),
        five("&eacute;"),
        five("&rsquo;"),
        five("\x0b"),
        five("&#11;"),
        five("2 < 3"),
        five("<b>"),
        five("*").replace(b"*", b"\xe9"),
        five("*").replace(b"*", b"\x92"),
        five().replace(b"UTF-8", b"euc-kr"),
        five().replace(b"UTF-8", b"utf-16"),
        five("&", amp="&"),
        five().partition(b"?>")[2],
        five().decode().replace("’", "'").replace("UTF-8", "iso-8859-1").encode("latin-1"),
        five().replace(b"<link>", b"<link><![CDATA[ ").replace(b"</link>", b"]]></link>"),
        five().replace(b"</channel>", ITEM.format("https://world.kbs.co.kr/&#xD800;", "").encode() + b"</channel>"),
    ],
)
def test_what_xml_does_not_allow_costs_no_entry_and_no_link(body: bytes) -> None:
    assert read(body) == (FIVE, True)


FAULTS = """
&nbsp; &rsquo; &ccedil &x &; & &#11; &#0; &#xD800; &#xD83D;&#xDE00; &#99999999;
2<3 <> </> <3 <! ]]> --> <é <: </3 <?php <!-- <![CDATA[
<b> </b> <i>x <br> <br/> <p> <b <a_href=x> <img_src='y <a_href="x <a_href="x">y <![CDATA[x<b>&y]]> <p_class="a"b> <x:y>
<b><i>x</b></i> <div><div> <ul><li> </media:player> <description> </channel> <!DOCTYPE_html> ' "
""".replace("\n", " ").split(" ")
FAULTS = [fault.replace("_", " ") for fault in FAULTS] + [
    "2 < 3",
    "2 <3",
    "a <b c",
    "\0",
    "\x0c",
    "\x1f",
    "\ufffe",
    "&" * 300,
]


def test_any_fault_at_any_place_costs_no_entry() -> None:
    for fault in FAULTS:
        for field in ("title", "description"):
            for amp in ("&", "&amp;"):
                for at in (0, 2, 4):
                    assert read(five(fault, at=at, field=field, amp=amp)) == (FIVE, True), (fault, field, amp, at)


def test_a_feed_that_was_cut_gives_no_address_that_was() -> None:
    body = five()
    for end in range(body.index(b"<item"), len(body) - len(b"</channel></rss>"), 7):
        with contextlib.suppress(NotAnArticle):
            found, whole = read(body[:end])
            assert [url for url, _ in found] == [url for url, _ in FIVE[: len(found)]]
            assert not whole


def test_tags_in_comments_and_texts_are_not_the_feeds() -> None:
    other = ITEM.format(ARTICLE, "")
    body = five().replace(b"<description>", f"<!-- {other} --><description><![CDATA[{other}]]>".encode())
    assert read(body) == (FIVE, True)
    other = "<![CDATA[<link>http://world.kbs.co.kr/</link>]]>"
    assert read(five("&nbsp;").replace("Séoul".encode(), other.encode())) == (FIVE, True)


@pytest.mark.parametrize(
    "items",
    [
        ITEM.format("https://example.org/", ""),
        "<item><title>x</title></item>",
        "<ITEM><LINK>x</LINK></ITEM>",
        ITEM.format("&#" + "9" * 5000 + "&nbsp;", ""),
    ],
)
def test_a_feed_that_has_items_is_never_an_empty_one(items: str) -> None:
    with pytest.raises(NotAnArticle, match="a feed whose items lead to no article"):
        extract_feed(feed(items), FEED_URL)


LINK = b'<a href="news_view.htm?lang=f&Seq_Code=%d">x'


def test_links_that_are_not_closed_have_dates_of_their_own() -> None:
    entries = b"".join(b"<div>" + LINK % number + b"<b>2026-11-2%d</b>" % number for number in range(1, 4))
    found = extract_list(MENU.encode() + entries, URL).entries
    assert [entry.timestamp for entry in found] == ["2026-11-21", "2026-11-22", "2026-11-23"]


@pytest.mark.parametrize(
    "entries",
    [
        b"<div>" * 240 + b"".join(LINK % number for number in range(30_000)),
        b"<div>" * 240 + b"<b>xxxx</b>" * 24_000 + LINK % 1,
        (b"<div>" * 240 + b"mot " * 10_000 + b"</div>" * 240) * 90 + LINK % 1,
    ],
)
def test_long_lists_take_no_quadratic_time_nor_memory(entries: bytes) -> None:
    seconds, megabytes = cost("extract_list", MENU.encode() + entries, URL)
    assert seconds < 3
    assert megabytes < 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no feed"),
        (b"<rss>" + b"&" * 10_000_000, "a feed larger than any of the site"),
        (b"<rss>" + b"<a b='" * 60_000, "a feed larger than any of the site"),
        (b"<rss><item><link>" + b" " * 9_000_000 + b"<", "a feed whose items lead to no article"),
        (b"<rss>" + b"<item><link" * 20_000, "a feed whose items lead to no article"),
        (b"<rss><item " * 20_000 + b"x" * 5_000_000, "a feed whose items lead to no article"),
        (feed("<item>&nbsp;</item>", head="<!DOCTYPE rss>"), "a feed with a document type"),
        (b"<html><body><item>x</item></body></html>", "no feed"),
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
