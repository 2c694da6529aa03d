"""Whatever a stored page contains is shown as text and never runs."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from extractors import Article
from storage import ArticleStore, Capture
from tests.storage.web.reader import Reader
from tests.storage.web.rooms import NOON, SUMMIT, Room, add, opened

TEXTS = (
    "<script>window.ran = 1</script>",
    "\"'><img src=x onerror='window.ran = 1'><svg onload='window.ran = 1'>",
    "</title></textarea></script><script>window.ran = 1</script><!--",
    "{{ 7*7 }} {% raise %} ${7*7} #{7*7}",
    "&lt;script&gt;window.ran = 1&lt;/script&gt;",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "\u202egnp.exe\u2066 \u200fsegap",
    "javascript:window.ran=1",
    "m" * 100_000,
)
ADDRESSES = (
    "javascript:window.ran=1//",
    "https://evil.example/\"onmouseover='window.ran=1'?q=<script>",
    "//evil.example/x",
    "https://[evil",
)


def hostile() -> list[Article]:
    """An article for each of TEXTS, with the text in all its fields; each in two versions."""
    articles = []
    for number, text in enumerate(TEXTS):
        address = ADDRESSES[number % len(ADDRESSES)]
        fields: dict[str, Any] = {"title": f"Sommet {text}", "category": text, "image_credit": text}
        old = replace(
            SUMMIT, url=f"{address}{number}", paragraphs=(f"Sommet {text} fin", text), image_url=address, **fields
        )
        changed = (f"Sommet {text} autrement", text)
        articles += [old, replace(old, timestamp="2026-11-20T10:00:00+09:00", paragraphs=changed)]
    return articles


@pytest.fixture(scope="package")
def hostile_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room on a database of such articles and refusals."""
    path = tmp_path_factory.mktemp("hostile") / "kbs.db"
    add(path, hostile())
    with ArticleStore(path) as store, store.batch():
        for number, text in enumerate(TEXTS):
            page = Capture(url=ADDRESSES[number % len(ADDRESSES)] + str(number), fetched_at=NOON, body=b"")
            store.refuse(page, text)
    with opened(path) as room:
        yield room


@pytest.fixture
def visitor(tab: Reader, hostile_room: Room) -> Iterator[Reader]:
    yield tab.enter(hostile_room.address)
    assert tab.complaints == []


def check_harmless(page: Page) -> None:
    assert page.evaluate("window.ran") is None
    assert page.locator("main script, main img, main iframe, main object, main style, svg[onload]").count() == 0
    for href, protocol in page.locator("a").evaluate_all("links => links.map(link => [link.href, link.protocol])"):
        # ":" is the protocol of what is not an address.
        assert protocol in {"http:", "https:", ":"}, href


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_an_article_shows_hostile_text_as_text(visitor: Reader, hostile_room: Room, number: int) -> None:
    text, sql = TEXTS[number], quote("select id from catalogue where latest order by id")
    keys = hostile_room.ask(f"/kbs.json?sql={sql}&_shape=arrayfirst").json()
    page = visitor.open(f"/kbs/catalogue/{keys[number]}")
    check_harmless(page)
    assert page.locator("h1").text_content() == f"Sommet {text}"
    assert page.locator(".text p").all_text_contents() == [f"Sommet {text} autrement", text]
    assert page.locator("article .about span").all_text_contents().count(text) == 1
    if number % 3 == 0:
        check_harmless(visitor.follow("a.compare"))
        assert page.locator(".text ins").all_text_contents() == ["autrement"]
        assert page.locator(".difference del").all_text_contents() == ["fin"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=sommet",
        "/search",
        "/day/2026-11-19",
        "/kbs/refusals",
        "/refusals",
        "/kbs/most_edited",
        "/kbs?sql=select+title,category,url,image_url,text+from+articles",
        *(f"/search?q={quote(text)}" for text in TEXTS[:4]),
        *(f"/article?url={quote(ADDRESSES[1] + '1')}&q={quote(text)}" for text in TEXTS[1:3]),
        "/-/dashboards/fr?word=sommet",
        *(f"/-/dashboards/fr?word={quote(text)}&category={quote(text)}" for text in TEXTS[1:3]),
    ],
)
def test_every_list_shows_hostile_text_as_text(visitor: Reader, path: str) -> None:
    page = visitor.open(path)
    check_harmless(page)
    if path.startswith("/search?q=%"):
        assert page.input_value("#q") == page.locator("h1 q").text_content()
    elif not path.startswith("/-/"):
        assert "window.ran = 1" in page.locator("main").inner_text()


def test_exports_are_no_pages_and_hold_the_text_unchanged(hostile_room: Room) -> None:
    titles = [article.title for article in hostile()]
    sql = quote("select title, category from articles order by fetched_at")
    answer = hostile_room.ask(f"/kbs.json?sql={sql}&_shape=arrays")
    assert answer.headers["content-type"].startswith("application/json")
    assert [row[0] for row in answer.json()["rows"]] == titles
    answer = hostile_room.ask(f"/kbs.csv?sql={sql}&_size=max")
    assert answer.headers["content-type"].startswith("text/plain")
    csv.field_size_limit(1_000_000)
    assert [row[0] for row in csv.reader(io.StringIO(answer.text, newline=""))] == ["title", *titles]
