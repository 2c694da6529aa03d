"""The pages of the replica: the site's skeleton, its lists, feeds and views, and the program that serves them."""

import re
import subprocess
import sys
import urllib.request
from urllib.parse import urljoin
from xml.etree import ElementTree

import lxml.html
import pytest

from extractors.address import SITE, parse_address
from tests.replica import Replica, World
from tests.replica.pages import list_entries
from tests.replica.routes import find_page
from tests.replica.skeleton import COOKIES
from tests.replica.world import PAGE_SIZE

#: List -> the links of its entries.
LISTS = {
    "news_list.htm?lang=f": "section.comp_contents_1x > article div.list_link_area > a",
    "contents_list.htm?lang=f&menu_cate=culture": "section.comp_contents_3x > article h2 > a",
    "news_vod_list.htm?lang=f&menu_cate=videonews": "ul.vod_list > li > a:not(:has(img))",
    "program_playlist_list.htm?lang=f&procode=parkofd&bbs=parkofd_playlist": "table.board_list tr a",
    "search.htm?lang=f&search_date=5&keyword=KIM&kubun=n": "section.section_wrap article div.list_link_area > a",
}
ITEMS = "div.contents article, div.contents li, div.contents tr"


def tree(replica: Replica, page: str) -> lxml.html.HtmlElement:
    status, _, body = replica.respond(f"/service/{page}")
    assert status == 200
    return lxml.html.document_fromstring(body)


def listed(replica: Replica, page: str) -> list[str]:
    """The canonical addresses of a list page's entries."""
    links = tree(replica, page).cssselect(LISTS[re.sub(r"&page=\d+", "", page)])
    addresses = [parse_address(urljoin(f"{SITE}/service/", link.get("href") or "")) for link in links]
    return [address.url for address in addresses if address is not None and address.is_article]


def test_an_article_page_has_the_sites_skeleton(replica: Replica) -> None:
    page = tree(replica, f"news_view.htm?lang=f&Seq_Code={replica.world.entries[3].seq}")
    assert len(page.cssselect("nav#gnb_menu a")) == 80
    assert len(page.cssselect("section.sec_top ul.language a")) == 11
    assert [h1.get("class") for h1 in page.cssselect("h1")] == ["logo", None]
    assert len(page.cssselect("meta[name=description]")) == 2
    assert len(page.cssselect("section.comp_contents_3x > article p.date")) == 3
    assert len(page.cssselect("aside section.comp_right_text_1x dl")) == 3
    assert COOKIES["f"][0] in page.cssselect("div.chrome_pick")[0].text_content()
    assert page.xpath("string(//title)").endswith(" l KBS WORLD")
    assert 55_000 < len(lxml.html.tostring(page, encoding="utf-8")) < 66_000


@pytest.mark.parametrize("page", LISTS)
def test_a_list_has_ten_a_page_and_then_none(page: str) -> None:
    with Replica(articles=260) as replica:
        file, value = page.split("?")[0], re.search(r"(?:menu_cate|procode|keyword)=(\w+)", page)
        entries = list_entries(replica.world, file, value.group(1) if value else "")
        urls = [entry.truth.url for entry in entries]
        last = -(-len(urls) // PAGE_SIZE)
        assert last > 1
        assert listed(replica, page) == urls[:PAGE_SIZE]
        assert [url for n in range(1, last + 1) for url in listed(replica, f"{page}&page={n}")] == urls
        beyond = tree(replica, f"{page}&page={last + 1}")
    assert not beyond.cssselect(ITEMS)
    assert [link.text for link in beyond.cssselect(".comp_pagination a")][-1] == str(last)


@pytest.mark.parametrize(
    "page", ["contents_list.htm?lang=f&menu_cate=astrology", "search.htm?lang=f&keyword=%7Bnobody%7D%22%3E&kubun=n"]
)
def test_an_unknown_list_is_empty(replica: Replica, page: str) -> None:
    assert not tree(replica, page).cssselect(ITEMS)


def test_unknown_articles_and_pages(replica: Replica) -> None:
    for page in ("news_view.htm?Seq_Code=1", "contents_view.htm?board_seq=1", "program_playlist_view.htm?no=1"):
        assert tree(replica, f"{page}&lang=f").cssselect("div.title_area h1")[0].text is None
    for page in ("nothing.htm?lang=f", "news_list.htm?lang=zz", "news_today.htm?lang=f&date=x"):
        assert replica.respond(f"/service/{page}")[0] == 404


def test_a_feed_names_the_newest_articles(replica: Replica) -> None:
    entries = [one for one in replica.world.entries if one.category_id == "Po"][:20]
    items = list(ElementTree.fromstring(replica.respond("/rss/rss_news.htm?lang=f&id=Po")[2]).iter("item"))  # noqa: S314
    assert [item.findtext("title") for item in items] == [entry.truth.title for entry in entries]


def test_the_program_prints_its_address_and_stops() -> None:
    options = "--articles 12 --seed 7 --days 10 --faults no-cards --share 1".split()
    command = [sys.executable, "-m", "tests.replica", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{base_url}/service/news_list.htm?lang=f&page=2") as answer:  # noqa: S310
            page = find_page(World(12, 7, days=10), "/service/news_list.htm", {"page": "2"}, "no-cards")
            assert page is not None
            assert answer.read() == page[1]
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [("--port 70000", "port must be 0-65535"), ("--faults 500,418", "Unknown fault 418; there are 500, 502")],
)
def test_a_wrong_call_of_the_program(options: str, message: str) -> None:
    command = [sys.executable, "-m", "tests.replica", *options.split()]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert message in run.stderr.splitlines()[-1]
