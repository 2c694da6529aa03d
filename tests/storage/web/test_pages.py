"""The pages as a person uses them, in a real browser."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from extractors import Article
from storage.statistics import STATISTICS
from storage.web.language import spell_time
from tests.storage.web.reader import PHONE, Reader
from tests.storage.web.rooms import BEFORE, REFUSED, SECOND, SUMMIT, THIRD, VERSIONS, Room

PAGES = """
    / /search?q=coree /search?q=introuvable /search?q=%22coree /kbs/catalogue/1 /kbs /kbs/days_without_news?lang=fr
    /kbs/catalogue?latest=1&_facet=category&_facet=month&_facet=kind&_facet=layout&category=Politique
    /kbs?sql=select+*+from+latest_articles+limit+5 /kbs/articles?_size=5 /kbs/runs/1
    /-/dashboards /-/dashboards/fr?word=Corée /-/dashboards/en/months
""".split()
TABBED = ["/", "/kbs/catalogue?category=Politique&_facet=month", "/-/dashboards/fr?word=Corée"]


# The newest version of each article, newest first.
_LATEST = {article.url: article for article in sorted(VERSIONS, key=lambda one: one.timestamp or "")}
NEWEST = sorted(_LATEST.values(), key=lambda one: one.timestamp or "", reverse=True)


def day_of(article: Article) -> str:
    return (article.written_at.isoformat() if article.written_at else article.timestamp or "")[:10]


def key_of(room: Room, article: Article) -> int:
    sql = quote("select id from catalogue where url = :url and timestamp = :timestamp")
    values = f"url={quote(article.url)}&timestamp={quote(article.timestamp or '')}"
    return int(room.ask(f"/kbs.json?sql={sql}&{values}&_shape=arrayfirst").json()[0])


def test_an_unaccented_word_is_found_by_keyboard(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("/")
    page.keyboard.type("etats-unis")
    reader.follow(":focus")
    assert set(page.locator("mark").all_text_contents()) <= {"Etats-Unis", "États-Unis"}
    reader.follow(".cards a >> nth=0")
    [article] = [one for one in NEWEST if one.title == page.locator("h1").text_content()]
    assert tuple(page.locator(".text p").all_text_contents()) == article.paragraphs
    assert re.search("[EÉ]tats-Unis", f"{article.title} {article.text}")


def test_an_article_is_shown_whole(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
    assert page.locator("h1").inner_text() == THIRD.title
    assert tuple(page.locator(".text p").all_text_contents()) == THIRD.paragraphs
    assert page.locator("article .about").all_inner_texts() == [
        "Politique",
        "Écrit le 19 novembre 2026, 17:51 KST\nMis à jour le 20 novembre 2026, 09:05 KST",
    ]
    facts = page.locator("aside .facts")
    assert "YONHAP News" in facts.inner_text()
    links = [link.get_attribute("href") for link in facts.locator("a[rel~=external]").all()]
    assert links == [THIRD.image_url, THIRD.url]
    shown = page.locator(".versions li").all_inner_texts()
    stamps = [spell_time(one.timestamp, "fr") for one in (THIRD, SECOND, SUMMIT)]
    assert [line[: len(stamp)] for line, stamp in zip(shown, stamps, strict=True)] == stamps


def test_a_comparison_marks_exactly_the_changed_words(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, SECOND)}")
    assert "Il existe une version plus récente." in page.locator("article").inner_text()
    reader.follow(f"a.compare[href$='_against={key_of(room, SUMMIT)}']")
    assert page.locator(".difference del").all_text_contents() == ["12"]
    assert page.locator(".difference ins").all_text_contents() == ["15"]
    # It reads from older to newer on the page of either.
    page = reader.open(f"/kbs/catalogue/{key_of(room, SUMMIT)}?_against={key_of(room, SECOND)}")
    assert page.locator(".difference ins").all_text_contents() == ["15"]


def test_what_stood_before_a_silent_edit_is_listed_and_compared(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
    [line] = page.locator(".edits li").all_inner_texts()
    assert line.startswith(spell_time(THIRD.timestamp, "fr"))
    page = reader.follow(".edits a.compare")
    assert page.locator(".difference h2 del").all_text_contents() == ["la", "Chine"]
    assert page.locator(".difference h2 ins").all_text_contents() == ["le", "Japon"]
    page = reader.open("/kbs/silent_edits")
    assert str(BEFORE.title) in page.locator("table").inner_text()


def facets(page: Page) -> dict[str, dict[str, int]]:
    script = """sections => sections.map(section => [section.querySelector('h2').textContent,
        [...section.querySelectorAll('li a')].map(link => [
            link.childNodes[0].textContent.trim(), Number(link.querySelector('.count').textContent)])])"""
    return {name: dict(values) for name, values in page.locator(".facets section").evaluate_all(script)}


def counted(articles: list[Article]) -> dict[str, dict[str, int]]:
    return {
        "catégorie": dict(Counter(one.category for one in articles if one.category)),
        "mois": dict(Counter(day_of(one)[:7] for one in articles)),
        "genre": dict(Counter(one.kind for one in articles)),
        "gabarit": dict(Counter(one.layout for one in articles)),
    }


def test_facets_count_narrow_and_widen(reader: Reader) -> None:
    reader.open("/")
    page = reader.follow("nav a:has-text('Articles')")
    assert facets(page) == counted(NEWEST)
    left = NEWEST
    for facet, value, fits in (
        ("genre", "news", lambda one: one.kind == "news"),
        ("catégorie", "Politique", lambda one: one.category == "Politique"),
        ("mois", "2026-11", lambda one: day_of(one).startswith("2026-11")),
    ):
        reader.follow(f".facets section:has(h2:text-is('{facet}')) a:has-text('{value}')")
        left = [one for one in left if fits(one)]
        assert left
        assert facets(page) == counted(left)
        assert page.locator(".cards a").all_text_contents() == [one.title for one in left]
    while page.locator(".facets a.selected").count():
        reader.follow(".facets a.selected >> nth=0")
    assert facets(page) == counted(NEWEST)


def test_named_queries_agree_with_the_articles(room: Room) -> None:
    def rows(query: str) -> list[dict[str, object]]:
        return list(room.ask(f"/kbs/{query}&_shape=array").json())

    assert [row["timestamp"] for row in rows("newest.json?")] == [one.timestamp for one in NEWEST][:100]
    often = {url: count for url, count in Counter(one.url for one in VERSIONS).items() if count > 1}
    titles = {one.url: one.title for one in NEWEST}
    edited = rows("most_edited.json?")
    assert {row["title"]: row["versions"] for row in edited} == {titles[url]: often[url] for url in often}
    assert (edited[0]["first"], edited[0]["last"]) == (SUMMIT.timestamp, THIRD.timestamp)
    days = {date.fromisoformat(day_of(one)) for one in NEWEST if one.kind == "news"}
    span = [min(days) + timedelta(number) for number in range((max(days) - min(days)).days + 1)]
    silent = [row["day"] for row in rows("days_without_news.json?lang=fr")]
    assert silent == [str(day) for day in reversed(span) if day not in days]


def test_refused_pages_are_shown_by_reason_with_what_to_do(reader: Reader) -> None:
    reader.open("/kbs")
    page = reader.follow("main a:has-text('Pages refusées')")
    shown = dict(re.findall(r"^(.+) \(([0-9]+)\)$", "\n".join(page.locator("h2").all_inner_texts()), re.MULTILINE))
    assert {reason: int(count) for reason, count in shown.items()} == REFUSED
    links = page.locator("main li a")
    assert [link.get_attribute("href") for link in links.all()] == links.all_inner_texts()
    assert links.count() == sum(REFUSED.values())
    advice = page.locator("h2 + p").all_inner_texts()
    assert advice[0].startswith(
        "La page est incomplète ou n’en est pas une\u00a0; redemandez-la\u00a0: kbsworld crawl "
    )
    assert advice[1].startswith("Regardez-la dans un navigateur\u00a0; si c’est un article, le site a changé (")
    reader.follow("h2 a >> nth=0")
    assert page.locator("tbody tr").count() == 3


def bars(page: Page, slug: str) -> list[str]:
    """The labels of a chart's bars."""
    bar = page.locator(f".drawing[data-slug={slug}] g.mark-rect path")
    return list(bar.evaluate_all("bars => bars.map(bar => bar.getAttribute('aria-label'))"))


def test_each_chart_has_a_mark_for_each_row(reader: Reader, room: Room) -> None:
    reader.open("/")
    page = reader.follow("nav a:has-text('Tableaux de bord')")
    drawings = page.locator(".drawing").all()
    assert len(drawings) == len(STATISTICS)
    for drawing in drawings:
        query = json.loads(drawing.get_attribute("data-chart") or "")["query"]
        parameters = drawing.get_attribute("data-query")
        rows = room.ask(f"/kbs.json?sql={quote(query)}&{parameters}&_shape=array").json()
        assert len(bars(page, drawing.get_attribute("data-slug") or "")) == len(rows) > 0
    months = [int(bar.split("articles: ")[1].split(";")[0]) for bar in bars(page, "months")]
    assert sum(months) == len(NEWEST)


def test_a_typed_word_changes_its_chart_only(reader: Reader) -> None:
    page = reader.open("/-/dashboards/fr?word=Corée")
    hours = bars(page, "hours")
    page.fill("#filter-word", "SOMMET")
    reader.follow("form.filters button")
    assert page.input_value("#filter-word") == "SOMMET"
    assert bars(page, "hours") == hours
    found = Counter(day_of(one)[:7] for one in NEWEST if "sommet" in f"{one.title} {one.text}".casefold())
    shown = [re.findall("mois: (.+); articles: ([0-9]+); mot: SOMMET", bar) for bar in bars(page, "word")]
    assert {month: int(count) for [(month, count)] in shown if int(count)} == dict(found)


def test_the_language_is_the_browsers_until_another_is_picked(browser: Browser, room: Room) -> None:
    with browser.new_context(locale="en-GB") as context:
        reader = Reader(context.new_page()).enter(room.address)
        page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
        where = page.url
        assert page.locator("html").get_attribute("lang") == "en"
        assert "Updated 20 November 2026, 09:05 KST" in page.locator("article").inner_text()
        assert page.locator("h1").get_attribute("lang") == "fr"
        reader.follow("footer a:has-text('Français')")
        assert page.url == where
        assert page.locator("html").get_attribute("lang") == "fr"
        assert "Mis à jour le 20 novembre 2026" in page.locator("article").inner_text()


_FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
    at.dataset.reached = 'yes';
    return at === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
        && box.width > 0 && box.right > 0 && box.bottom > 0);
}"""
_LEFT_OUT = """() => [...document.querySelectorAll(
    `a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]`
)].filter(one => one.checkVisibility() && !one.dataset.reached).map(one => one.outerHTML)"""


@pytest.mark.parametrize("path", TABBED)
def test_the_tab_key_visibly_reaches_everything(reader: Reader, path: str) -> None:
    page = reader.open(path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(page.locator("a, button, input, select, textarea, summary, [tabindex]").count() + 10):
        assert page.evaluate(_FOCUS), page.evaluate("document.activeElement.outerHTML")
        page.keyboard.press("Tab")
    assert page.evaluate(_LEFT_OUT) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_desk_by_day_and_a_phone_by_night(reader: Reader, path: str) -> None:
    page = reader.open(path)
    by_day = page.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.show(PHONE, "dark")
    reader.look()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != by_day
