"""The replica against what is known of the site."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.robotparser import RobotFileParser

import lxml.html
import pytest

from tests.replica import Replica, World, pages
from tests.replica.skeleton import COOKIES


def fetch(replica: Replica, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(replica.base_url + path) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def article_path(replica: Replica, index: int = 0, page: str = "news_view.htm") -> str:
    return f"/service/{page}?lang=f&Seq_Code={replica.world.entries[index].seq}"


def test_an_article_page_has_every_block_of_the_sites_skeleton(replica: Replica) -> None:
    status, html = fetch(replica, article_path(replica, 3))
    page = lxml.html.document_fromstring(html)
    assert status == 200
    assert len(page.cssselect("nav#gnb_menu a")) == 80
    assert len(page.cssselect("section.sec_top ul.language a")) == 11
    assert [h1.get("class") for h1 in page.cssselect("h1")] == ["logo", None]
    assert len(page.cssselect("meta[name=description]")) == 2
    assert len(page.cssselect("section.comp_contents_3x > article p.date")) == 3
    assert len(page.cssselect("aside section.comp_right_text_1x dl")) == 3
    assert page.cssselect("div.share_box a.close, div.chrome_pick a.close")[0].text == "Close"
    assert page.cssselect("h2.view_tit")[0].text == "Contenus recommandés"
    assert COOKIES["f"][0] in page.cssselect("div.chrome_pick")[0].text_content()
    assert "<!--" in lxml.html.tostring(page.cssselect("div.body_txt")[0], encoding="unicode")
    assert page.xpath("string(//title)").endswith(" l KBS WORLD")
    for absent in ("link[rel=canonical]", "script[type='application/ld+json']", "div.body_txt p:not(.cap)"):
        assert page.cssselect(absent) == []


def test_the_id_of_the_article_is_used_twice_where_there_is_a_picture() -> None:
    world = World(articles=30)
    entry = next(entry for entry in world.entries if entry.truth.image_url)
    assert pages.news_page(world, entry).count(b'id="ele1"') == 2


def test_pages_weigh_about_what_the_sites_do() -> None:
    world = World(articles=60)
    weights = [len(pages.news_page(world, entry)) for entry in world.entries]
    assert 55_000 < sum(weights) / len(weights) < 66_000


def test_bodies_are_short_usual_and_long() -> None:
    lengths = {len(entry.body) for entry in World(articles=200).entries if entry.style == "breaks"}
    assert lengths >= {1, 4, 5, 6, 9, 14}
    assert not lengths & {2, 3, 7, 8}


def test_the_same_seed_gives_the_same_articles_and_another_others() -> None:
    assert World(seed=4).entries == World(seed=4).entries
    assert World(seed=4).entries != World(seed=5).entries
    assert World(edition="e").entries != World(edition="f").entries


def test_the_video_view_differs_in_caption_and_player(replica: Replica) -> None:
    index = next(i for i, entry in enumerate(replica.world.entries) if entry.truth.image_credit)
    plain = fetch(replica, article_path(replica, index))[1]
    video = fetch(replica, article_path(replica, index, "news_vod_view.htm"))[1]
    assert "Photo : " in plain
    assert "<iframe" not in plain
    assert "Thumbnail : " in video
    assert "<iframe" in video


def test_lists_have_pages_and_days_have_their_articles(replica: Replica) -> None:
    first = lxml.html.document_fromstring(fetch(replica, "/service/news_list.htm?lang=f&id=")[1])
    second = lxml.html.document_fromstring(fetch(replica, "/service/news_list.htm?page=2&lang=f")[1])
    cards = "section.comp_contents_1x > article div.list_link_area > a"
    assert len(first.cssselect(cards)) == len(second.cssselect(cards)) == 10
    assert first.cssselect(cards)[0].get("href") != second.cssselect(cards)[0].get("href")
    assert len(first.cssselect(".comp_pagination a")) == 4
    day = replica.world.entries[0].written_at.date()
    page = lxml.html.document_fromstring(fetch(replica, f"/service/news_today.htm?lang=f&date={day}")[1])
    assert len(page.cssselect("section.comp_text_1x > article h2 > a")) == len(replica.world.written_on(day)) > 0
    empty = fetch(replica, "/service/news_today.htm?lang=f&date=1999-01-01")[1]
    assert "<article" not in empty


def test_robots_txt_is_served_and_allows_the_news(replica: Replica) -> None:
    robots = RobotFileParser(replica.base_url + "/robots.txt")
    robots.read()
    assert robots.can_fetch("kbsworld", replica.base_url + article_path(replica))
    assert not robots.can_fetch("kbsworld", replica.base_url + "/admin/")


def test_an_unknown_article_is_a_soft_404_and_an_unknown_page_a_hard_one(replica: Replica) -> None:
    status, html = fetch(replica, "/service/news_view.htm?lang=f&Seq_Code=1")
    assert status == 200
    assert "gnb_menu" in html
    assert fetch(replica, "/service/nothing.htm?lang=f")[0] == 404
    assert fetch(replica, "/service/news_list.htm?lang=zz")[0] == 404
    assert fetch(replica, "/service/news_today.htm?lang=f&date=x")[0] == 404


def test_the_program_says_its_address_first_and_stops_when_told() -> None:
    command = [sys.executable, "-m", "tests.replica", "--articles", "12", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{base_url}/service/news_list.htm?lang=f&page=2") as answer:  # noqa: S310
            page = lxml.html.document_fromstring(answer.read())
        process.terminate()
        assert process.wait(10) == 0
    assert len(page.cssselect("section.comp_contents_1x > article")) == 2


@pytest.mark.parametrize("option", [["--port", "70000"], ["--articles", "-1"], ["--seed", "x"]])
def test_a_wrong_call_is_told(option: list[str]) -> None:
    run = subprocess.run([sys.executable, "-m", "tests.replica", *option], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_a_port_in_use_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "-m", "tests.replica", "--port", str(port)], capture_output=True, text=True, check=False
        )
    assert run.returncode == 1
    assert run.stderr.strip() == f"Port {port} cannot be used (Address already in use); name another, or none."
