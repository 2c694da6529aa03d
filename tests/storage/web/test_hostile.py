"""What pages of the site can hold is text to the reading room, whatever it looks like."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from extractors import Article
from storage import ArticleStore
from tests.storage.web.reader import Reader, reading
from tests.storage.web.rooms import SUMMIT, Room, add, opened

FACETS = "_facet=category&_facet=month&_facet=kind&_facet=layout"
MANY = 10_000
TEXTS = (
    "<script>window.ran = 1</script>",
    "\"'><img src=x onerror='window.ran = 1'><svg onload='window.ran = 1'>",
    "</title></textarea></script><script>window.ran = 1</script><!--",
    "{{ 7*7 }} {% raise %} ${7*7} #{7*7}",
    "&lt;script&gt;window.ran = 1&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "\u202egnp.exe\u2066 \u200fsegap",
    "'; drop table articles; --",
    "javascript:window.ran=1",
    "m" * 100_000,
)
ADDRESSES = (
    "javascript:window.ran=1//",
    "data:text/html,<script>window.ran=1</script>",
    "https://evil.example/\"onmouseover='window.ran=1'?q=<script>",
    "//evil.example/x",
    "https://[evil",
)


def hostile() -> list[Article]:
    """An article for each of TEXTS, which stands everywhere in it; each in two versions."""
    articles = []
    for number, text in enumerate(TEXTS):
        address = ADDRESSES[number % len(ADDRESSES)]
        old = replace(
            SUMMIT,
            url=f"{address}{number}",
            title=f"Sommet {text}",
            category=text,
            paragraphs=(f"Sommet {text} fin", text),
            image_url=address,
            image_credit=text,
        )
        changed = (f"Sommet {text} autrement", text)
        articles += [old, replace(old, timestamp="2026-11-20T10:00:00+09:00", paragraphs=changed)]
    return articles


@pytest.fixture(scope="package")
def invaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room on a database of such articles, of ten thousand categories, and of refusals like them."""
    path = tmp_path_factory.mktemp("invaded") / "kbs.db"
    many = [
        replace(SUMMIT, url=f"{SUMMIT.url}{number}", category=f"<b>{number}</b>", paragraphs=("Rien.",), title=None)
        for number in range(MANY)
    ]
    with ArticleStore(path) as store, store.batch():
        add(store, [*many, *hostile()])
        for number, text in enumerate(TEXTS):
            values = [ADDRESSES[number % len(ADDRESSES)] + str(number), text, "2026-11-20T10:00:00+00:00"]
            store.db.execute("insert into refusals (url, reason, fetched_at) values (?, ?, ?)", values)
    with opened(path) as room:
        yield room


@pytest.fixture
def visitor(tab: Page, invaded: Room) -> Iterator[Reader]:
    with reading(tab, invaded.address) as reader:
        yield reader


def keys(room: Room) -> list[int]:
    """The ids of the hostile articles' newest versions, in the order of TEXTS."""
    sql = quote("select id from catalogue where latest and title is not null order by id")
    return [int(key) for key in json.loads(room.ask(f"/kbs.json?sql={sql}&_shape=arrayfirst").text)]


def seen(text: str) -> str:
    """A text as a page gives it back: with the characters that no page can hold."""
    return text.replace("\x00", "\ufffd").replace("\r", "\n")


def check_harmless(page: Page) -> None:
    assert page.evaluate("window.ran") is None
    assert page.locator("main script, main img, main iframe, main object, main style, svg[onload]").count() == 0
    for href, protocol in page.locator("a").evaluate_all("links => links.map(link => [link.href, link.protocol])"):
        # ":" has what is no address at all.
        assert protocol in {"http:", "https:", ":"}, href


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_an_article_shows_its_words_whatever_they_are(visitor: Reader, invaded: Room, number: int) -> None:
    key, text = keys(invaded)[number], seen(TEXTS[number])
    page = visitor.open(f"/kbs/catalogue/{key}")
    check_harmless(page)
    assert page.locator("h1").text_content() == f"Sommet {text}"
    assert page.locator(".text p").all_text_contents() == [f"Sommet {text} autrement", text]
    assert (page.locator(".facts").text_content() or "").count(text) == 1
    if number % 3 == 0:
        check_harmless(visitor.click("a.compare"))
        assert page.locator(".difference ins").all_text_contents() == ["autrement"]
        assert page.locator(".difference del").all_text_contents() == ["fin"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=sommet",
        f"/kbs/catalogue?latest=1&title__notblank=1&{FACETS}",
        f"/kbs/catalogue?{FACETS}&_size=20",
        "/kbs/refusals",
        "/kbs/refusals_by_reason",
        "/kbs/most_edited",
        "/kbs?sql=select+title,category,url,image_url,text+from+articles+where+title+is+not+null",
        "/-/dashboards/fr?word=sommet",
    ],
)
def test_such_words_are_shown_in_every_list(visitor: Reader, path: str) -> None:
    page = visitor.open(path)
    check_harmless(page)
    if not path.startswith("/-/"):
        assert "window.ran = 1" in page.locator("main").inner_text()


def test_ten_thousand_categories_are_counted_and_the_rest_can_be_asked_for(visitor: Reader) -> None:
    page = visitor.open(f"/kbs/catalogue?latest=1&{FACETS}&_size=5")
    facet = page.locator(".facets section:has(h2:text-is('catégorie'))")
    assert facet.locator("li").count() < 50
    page.goto(str(page.evaluate("link => link.href", facet.locator("a:has-text('plus…')").element_handle())))
    assert facet.locator("li").count() == 5000


@pytest.mark.parametrize("text", TEXTS[:7])
def test_hostile_words_can_be_searched_for(visitor: Reader, text: str) -> None:
    page = visitor.open(f"/search?q={quote(text)}")
    check_harmless(page)
    assert page.locator("h1 q").text_content() == text
    assert page.input_value("#q") == text


@pytest.mark.parametrize("text", TEXTS[1:3])
def test_hostile_words_can_narrow_a_list_and_a_chart(visitor: Reader, text: str) -> None:
    check_harmless(visitor.open(f"/kbs/catalogue?_search={quote(text)}&{FACETS}&_size=5"))
    page = visitor.open(f"/-/dashboards/fr?word={quote(text)}&category={quote(text)}")
    check_harmless(page)
    assert page.input_value("#filter-word") == text


def test_what_is_exported_is_no_page_and_holds_the_words_unchanged(invaded: Room) -> None:
    sql = quote("select title, category from articles where title is not null order by fetched_at")
    answer = invaded.ask(f"/kbs.json?sql={sql}&_shape=arrays")
    assert answer.headers["content-type"].startswith("application/json")
    assert [row[0] for row in json.loads(answer.text)["rows"]] == [article.title for article in hostile()]
    answer = invaded.ask(f"/kbs.csv?sql={sql}&_size=max")
    assert answer.headers["content-type"].startswith("text/plain")
    csv.field_size_limit(1_000_000)
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert [row[0] for row in rows[1:]] == [article.title for article in hostile()]
    for path in ("/kbs/catalogue.json", "/kbs/catalogue.csv", f"/kbs/catalogue/{keys(invaded)[0]}.json"):
        assert invaded.ask(path).headers["x-content-type-options"] == "nosniff"


def test_the_names_of_tables_and_pages_are_text_too(invaded: Room) -> None:
    for path in (
        "/kbs/%3Cscript%3E1%3C/script%3E",
        "/%3Cscript%3E",
        "/-/dashboards/%3Cscript%3E",
        "/kbs/catalogue/%3Cscript%3E",
    ):
        answer = invaded.ask(path)
        assert answer.status in {302, 400, 404}
        assert "<script>" not in answer.text
