"""The pages as a person uses them, in a real browser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page

from extractors import Article
from storage.web.language import spell_time
from tests.storage.web.reader import PHONE, Reader, reading, someone
from tests.storage.web.rooms import REFUSED, SECOND, SUMMIT, THIRD, Room

FACETS = "_facet=category&_facet=month&_facet=kind&_facet=layout"
LIST = f"/kbs/catalogue?latest=1&{FACETS}"
PAGES = [
    "/",
    "/search?q=coree",
    "/search?q=introuvable",
    "/search?q=%22coree",
    f"{LIST}&category=Politique",
    "/kbs/catalogue/1",
    "/-/dashboards",
    "/-/dashboards/fr?word=Corée",
    "/-/dashboards/en/months",
    "/kbs",
    "/kbs/days_without_news?lang=fr",
    "/kbs?sql=select+*+from+latest_articles+limit+5",
    "/kbs/articles?_size=5",
    "/kbs/runs/1",
]


def day_of(article: Article) -> str:
    return (article.written_at.isoformat() if article.written_at else article.timestamp or "")[:10]


def rows_of(page: Page) -> list[list[str]]:
    script = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    return list(page.locator("tbody tr").evaluate_all(script))


def key_of(room: Room, article: Article) -> int:
    sql = "select+id+from+catalogue+where+url=:url+and+timestamp=:timestamp"
    address = article.url.replace("&", "%26")
    stamp = (article.timestamp or "").replace("+", "%2B")
    answer = room.ask(f"/kbs.json?sql={sql}&url={address}&timestamp={stamp}&_shape=arrayfirst")
    return int(answer.json()[0])


# --- finding and reading ---


@pytest.mark.parametrize(("typed", "found"), [("coree", "Corée"), ("etats-unis", "Etats-Unis")])
def test_an_unaccented_word_is_found_by_keyboard(reader: Reader, newest: list[Article], typed: str, found: str) -> None:
    page = reader.open("/")
    page.keyboard.press("/")
    page.keyboard.type(typed)
    reader.press("Enter")
    assert set(page.locator("mark").all_text_contents()) <= {found, found.replace("E", "É")}
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.cards') !== null"):
            break
    reader.press("Enter")
    [article] = [one for one in newest if one.title == page.locator("h1").text_content()]
    assert tuple(page.locator(".text p").all_text_contents()) == article.paragraphs
    assert found in f"{article.title} {article.text}"


def test_an_article_is_shown_whole(reader: Reader, room: Room, newest: list[Article]) -> None:
    longest = max(newest, key=lambda article: len(article.paragraphs))
    page = reader.open(f"/kbs/catalogue/{key_of(room, longest)}")
    assert tuple(page.locator(".text p").all_text_contents()) == longest.paragraphs

    page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
    assert page.locator("h1").inner_text() == THIRD.title
    assert tuple(page.locator(".text p").all_text_contents()) == THIRD.paragraphs
    about = page.locator("article .about").all_inner_texts()
    assert about == [
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
    reader.click(f"a.compare[href$='_against={key_of(room, SUMMIT)}']")
    difference = page.locator(".difference")
    assert difference.locator("del").all_text_contents() == ["12"]
    assert difference.locator("ins").all_text_contents() == ["15"]
    check_rebuilt(difference, SUMMIT, SECOND)


def test_a_comparison_reads_from_older_to_newer(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, SUMMIT)}?_against={key_of(room, THIRD)}")
    check_rebuilt(page.locator(".difference"), SUMMIT, THIRD)
    assert "Corée" not in "".join(page.locator(".difference").locator("del, ins").all_text_contents())


def check_rebuilt(difference: Locator, old: Article, new: Article) -> None:
    """Both versions can be read from the page, block by block."""
    script = """(blocks, without) => blocks.map(block => {
        const copy = block.cloneNode(true);
        copy.querySelectorAll(without).forEach(piece => piece.remove());
        return copy.textContent;
    }).filter(text => text)"""
    for without, version in (("ins", old), ("del", new)):
        assert difference.locator("h2, p").evaluate_all(script, without) == [version.title, *version.paragraphs]


# --- narrowing ---


def facets(page: Page) -> dict[str, dict[str, int]]:
    script = """sections => sections.map(section => [section.querySelector('h2').textContent,
        [...section.querySelectorAll('li a')].map(link => [
            link.childNodes[0].textContent.trim(), Number(link.querySelector('.count').textContent)])])"""
    return {name: dict(values) for name, values in page.locator(".facets section").evaluate_all(script)}


def counted(articles: Iterable[Article]) -> dict[str, dict[str, int]]:
    articles = list(articles)
    return {
        "catégorie": dict(Counter(one.category for one in articles if one.category)),
        "mois": dict(Counter(day_of(one)[:7] for one in articles)),
        "genre": dict(Counter(one.kind for one in articles)),
        "gabarit": dict(Counter(one.layout for one in articles)),
    }


def test_facets_count_narrow_and_widen(reader: Reader, newest: list[Article]) -> None:
    page = reader.open("/")
    reader.click("nav a:has-text('Articles')")
    assert facets(page) == counted(newest)
    left = newest
    for facet, value, fits in (
        ("genre", "news", lambda one: one.kind == "news"),
        ("catégorie", "Politique", lambda one: one.category == "Politique"),
        ("mois", "2026-11", lambda one: day_of(one).startswith("2026-11")),
        ("gabarit", "news", lambda one: one.layout == "news"),
    ):
        reader.click(f".facets section:has(h2:text-is('{facet}')) a:has-text('{value}')")
        left = [one for one in left if fits(one)]
        assert left
        assert facets(page) == counted(left)
        assert page.locator(".cards a").all_text_contents() == [one.title for one in left]
        number = f"{len(left)} article{'s' if len(left) > 1 else ''}"
        assert page.locator("main > .about").first.inner_text() == number
    while page.locator(".facets a.selected").count():
        reader.click(".facets a.selected >> nth=0")
    assert facets(page) == counted(newest)


# --- queries ---


def test_named_queries_agree_with_the_articles(reader: Reader, newest: list[Article], versions: list[Article]) -> None:
    reader.open("/kbs")
    page = reader.click("a:has-text('Les plus récents')")
    assert [row[1] for row in rows_of(page)] == [one.timestamp for one in newest][:100]

    page = reader.open("/kbs/most_edited")
    many = {url: count for url, count in Counter(one.url for one in versions).items() if count > 1}
    by_url = {one.url: one for one in newest}
    assert sorted((row[1], row[4]) for row in rows_of(page)) == sorted(
        (str(count), by_url[url].title) for url, count in many.items()
    )
    assert rows_of(page)[0][1:] == ["3", SUMMIT.timestamp, THIRD.timestamp, THIRD.title]

    page = reader.open("/kbs/days_without_news?lang=fr")
    days = {date.fromisoformat(day_of(one)) for one in newest if one.kind == "news"}
    span = [min(days) + timedelta(number) for number in range((max(days) - min(days)).days + 1)]
    assert [row[0] for row in rows_of(page)] == [str(day) for day in reversed(span) if day not in days]

    page = reader.open("/kbs/refusals_by_reason")
    assert {row[0]: int(row[1]) for row in rows_of(page)} == REFUSED


# --- dashboards ---


def bars(page: Page, slug: str) -> list[str]:
    """The labels of a chart's bars."""
    bar = page.locator(f".drawing[data-slug={slug}] g.mark-rect path")
    return list(bar.evaluate_all("bars => bars.map(bar => bar.getAttribute('aria-label'))"))


def asked(room: Room, page: Page, slug: str) -> list[dict[str, object]]:
    """The rows of a chart, by the query and the parameters on the page."""
    drawing = page.locator(f".drawing[data-slug={slug}]")
    chart = json.loads(drawing.get_attribute("data-chart") or "")
    parameters = drawing.get_attribute("data-query")
    sql = page.evaluate("encodeURIComponent", chart["query"])
    return list(room.ask(f"/kbs.json?sql={sql}&{parameters}&_shape=array").json())


def test_each_chart_has_a_mark_for_each_row(reader: Reader, room: Room, newest: list[Article]) -> None:
    page = reader.open("/")
    page = reader.click("nav a:has-text('Tableaux de bord')")
    slugs = [drawing.get_attribute("data-slug") or "" for drawing in page.locator(".drawing").all()]
    assert len(slugs) == 5
    for slug in slugs:
        assert len(bars(page, slug)) == len(asked(room, page, slug)) > 0
    months = Counter(day_of(one)[:7] for one in newest)
    assert sum(int(bar.split("articles: ")[1].split(";")[0]) for bar in bars(page, "months")) == months.total()


def test_a_typed_word_changes_its_chart_only(reader: Reader, newest: list[Article]) -> None:
    page = reader.open("/-/dashboards/fr?word=Corée")
    hours = bars(page, "hours")
    page.fill("#filter-word", "SOMMET")
    reader.click("form.filters button")
    assert page.input_value("#filter-word") == "SOMMET"
    assert bars(page, "hours") == hours
    found = Counter(day_of(one)[:7] for one in newest if "sommet" in f"{one.title} {one.text}".casefold())
    shown = [bar.removeprefix("mois: ").split("; articles avec le mot: ") for bar in bars(page, "word")]
    assert {month: int(count) for month, count in shown if int(count)} == dict(found)


# --- languages, keyboard, looks ---


def test_the_language_is_the_browsers_until_another_is_picked(browser: Browser, room: Room) -> None:
    with someone(browser, locale="en-GB") as context, reading(context.new_page(), room.address) as reader:
        page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
        assert page.locator("html").get_attribute("lang") == "en"
        assert "Updated 20 November 2026, 09:05 KST" in page.locator("article").inner_text()
        assert page.locator("h1").get_attribute("lang") == "fr"
        where = page.url
        reader.click("footer a:has-text('Français')")
        assert page.url == where
        assert page.locator("html").get_attribute("lang") == "fr"
        assert "Mis à jour le 20 novembre 2026" in page.locator("article").inner_text()
        reader.open("/")
        assert page.locator("h1").inner_text() == "Salle de lecture KBS World"
        reader.click("footer a:has-text('English')")
        assert page.locator("h1").inner_text() == "KBS World reading room"


_FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
    at.dataset.reached = 'yes';
    return at === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
        && box.width > 0 && box.right > 0 && box.bottom > 0);
}"""
_LEFT_OUT = """() => [...document.querySelectorAll(
    `a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]`
)].filter(one => one.checkVisibility() && !one.dataset.reached).map(one => one.outerHTML)"""


@pytest.mark.parametrize("path", ["/", f"{LIST}&category=Politique", "/-/dashboards/fr?word=Corée", "/kbs/newest"])
def test_the_tab_key_visibly_reaches_everything(reader: Reader, path: str) -> None:
    page = reader.open(path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    for _ in range(page.locator("a, button, input, select, textarea, summary, [tabindex]").count() + 10):
        assert page.evaluate(_FOCUS), page.evaluate("document.activeElement.outerHTML")
        page.keyboard.press("Tab")
    assert page.evaluate(_LEFT_OUT) == []


def test_the_skip_link_skips_the_navigation(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q-front"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_desk_by_day_and_a_phone_by_night(reader: Reader, path: str) -> None:
    page = reader.open(path)
    by_day = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.emulate_media(color_scheme="dark")
    reader.look()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != by_day


def test_missing_pages_and_wrong_queries_say_so(reader: Reader) -> None:
    page = reader.open("/nowhere", status=404)
    assert page.locator("h1").inner_text() == "Erreur 404"
    page = reader.open("/kbs?sql=drop+table+articles", status=400)
    assert page.input_value("#sql") == "drop table articles"
