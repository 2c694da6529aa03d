"""The pages as a person uses them, in a real browser."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from urllib.parse import quote, urlsplit

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page

from extractors import Article
from storage.statistics import STATISTICS
from storage.web.language import spell_day, spell_month, spell_time
from tests.storage.web.reader import DESKTOP, PHONE, Reader
from tests.storage.web.rooms import BEFORE, REFUSED, SECOND, SUMMIT, THIRD, VERSIONS, Room, opened

PAGES = """
    / /day/2026-11-19 /search?q=coree /search?q=introuvable /search?q=%22coree /search?category=Politique
    /article/f/99001?q=trains /article/f/99001?version=4&against=3 /kbs /kbs/days_without_news?lang=fr /kbs/most_edited
    /kbs?sql=select+*+from+latest_articles+limit+5 /kbs/articles?_size=5 /kbs/runs/1
    /-/dashboards /-/dashboards/fr?word=Corée /-/dashboards/en/months
""".split()
TABBED = ["/", "/search?category=Politique", "/article/f/99001", "/-/dashboards/fr?word=Corée"]

# The newest version of each article, the last written first.
_LATEST = {article.url: article for article in sorted(VERSIONS, key=lambda one: one.timestamp or "")}


def plain(texts: Iterable[str]) -> list[str]:
    """Texts without the spaces of French that pages have."""
    return [text.replace("\u202f", " ").replace("\xa0", " ") for text in texts]


def moment_of(article: Article) -> str:
    return article.written_at.isoformat() if article.written_at else article.timestamp or ""


NEWEST = sorted(_LATEST.values(), key=lambda one: (moment_of(one), one.timestamp, one.url), reverse=True)


def day_of(article: Article) -> str:
    return moment_of(article)[:10]


def key_of(room: Room, article: Article) -> int:
    sql = quote("select id from catalogue where url = :url and timestamp = :timestamp")
    values = f"url={quote(article.url)}&timestamp={quote(article.timestamp or '')}"
    return int(room.ask(f"/kbs.json?sql={sql}&{values}&_shape=arrayfirst").json()[0])


def test_the_front_page_and_those_of_earlier_days_have_each_article_once(reader: Reader) -> None:
    page, shown = reader.open("/"), list[tuple[str, str]]()
    reader.show(PHONE, "light")
    box = page.locator(".cards h3 a").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < PHONE[1]
    while True:
        days = page.locator(".day").all_text_contents()
        parts = (plain(page.locator(f".cards {part}").all_text_contents()) for part in ("h3", ".lede"))
        shown += zip(*parts, strict=True)
        if not page.locator(".rows a[rel=next]").count():
            break
        page = reader.follow(".rows a[rel=next]")
        assert re.search(r"/day/20\d\d-\d\d-\d\d$", page.url)
    assert days[-1] == spell_day(day_of(min(NEWEST, key=moment_of)), "fr")
    articles = {plain([one.title or ""])[0]: one for one in NEWEST}
    assert sorted(title for title, _ in shown) == sorted(articles)
    moments = [moment_of(articles[title]) for title, _ in shown]
    assert moments == sorted(moments, reverse=True)
    for title, lede in shown:
        assert plain([articles[title].text])[0].startswith(lede.rstrip("…"))


def test_a_card_says_when_how_long_and_what_changed_and_the_calendar_leads_to_its_day(reader: Reader) -> None:
    page = reader.open("/")
    page = reader.follow(".calendar a:text-is('19')")
    assert page.url.endswith("/day/2026-11-19")
    assert page.locator(".day").first.text_content() == "jeudi 19 novembre 2026"
    card = page.locator(f".cards li:has-text('{THIRD.title}')")
    assert card.locator(".label").text_content() == THIRD.category
    assert card.locator(".about").inner_text() == "17:51 · 1\xa0min · mis à jour · modifié"
    change = card.locator(".change").last.get_attribute("title") or ""
    assert change.startswith("Modifié sans nouvelle date, vu le 21 novembre 2026, 12:0")
    page.fill("#go", "2026-09-30")
    page = reader.follow(".side form button")
    newest = max(day for day in map(day_of, NEWEST) if day <= "2026-09-30")
    assert page.locator(".day").first.get_attribute("id") == f"day-{newest}"


def test_the_list_one_came_from_goes_on_under_its_articles(reader: Reader) -> None:
    page = reader.open("/search?q=coree&order=date")
    titles = page.locator(".cards h3 a").all_text_contents()
    page = reader.follow(".cards h3 a >> nth=1")
    assert page.locator("h1").text_content() == titles[1]
    assert set(plain(page.locator("article mark").all_text_contents())) == {"Corée"}
    page.keyboard.press("j")
    page.wait_for_function("title => document.querySelector('h1').textContent === title", arg=titles[2])
    reader.look()
    for title in (titles[1], titles[0]):
        page.keyboard.press("k")
        page.wait_for_function("title => document.querySelector('h1').textContent === title", arg=title)
        reader.look()
    assert page.locator("a[rel=prev]").count() == 0
    page = reader.follow(".back a")
    assert page.locator(".cards h3 a").all_text_contents() == titles


def test_what_was_read_and_starred_shows_on_lists_and_keys_do_what_the_help_says(reader: Reader) -> None:
    page = reader.open("/article/f/99001")
    page.keyboard.press("s")
    assert page.locator("#star").get_attribute("aria-pressed") == "true"
    page.evaluate("() => { original.onclick = event => { event.preventDefault(); window.left = original.href; }; }")
    page.keyboard.press("o")
    assert page.evaluate("window.left") == THIRD.url
    page = reader.open("/day/2026-11-19")
    assert page.locator(".cards li.read.starred h3").all_text_contents() == [THIRD.title]
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == THIRD.title
    page.keyboard.press("?")
    assert "Ouvrir l’original" in page.locator("#help").inner_text()
    reader.look()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"


def test_an_unaccented_word_is_found_by_keyboard(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("/")
    page.keyboard.type("etats-unis")
    reader.follow(":focus")
    assert set(page.locator("mark").all_text_contents()) <= {"Etats-Unis", "États-Unis"}
    reader.follow(".cards h3 a >> nth=0")
    [article] = [one for one in NEWEST if plain([one.title or ""]) == plain(page.locator("h1").all_text_contents())]
    assert plain(page.locator(".text p").all_text_contents()) == plain(article.paragraphs)
    assert re.search("[EÉ]tats-Unis", f"{article.title} {article.text}")


def test_an_article_is_shown_whole(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, THIRD)}")
    assert page.url.endswith("/article/f/99001")
    assert page.locator("h1").inner_text() == THIRD.title
    assert plain(page.locator(".text p").all_text_contents()) == plain(THIRD.paragraphs)
    assert page.locator("article .label").inner_text() == "Politique"
    assert (
        page.locator("article .about")
        .first.inner_text()
        .startswith("19 novembre 2026, 17:51 KST · Mis à jour le 20 novembre 2026, 09:05 KST · 1\xa0min")
    )
    assert "YONHAP News" in page.locator("article").inner_text()
    links = [link.get_attribute("href") for link in page.locator("a[rel~=external]").all()]
    assert links == [THIRD.image_url, THIRD.url]
    directed = page.locator(".related li, .text p, article h1, article .label")
    assert set(directed.evaluate_all("all => all.map(one => one.dir)")) == {"auto"}
    lines = page.locator(".timeline li").all_inner_texts()
    stamps = [spell_time(one.timestamp, "fr") for one in (SUMMIT, SECOND, THIRD)]
    starts = [f"Publié le {stamps[0]}", *(f"Mis à jour le {stamp}" for stamp in stamps[1:]), "Modifié sans nouvelle"]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts
    assert "@online{kbs-2026-11-19-news-fr-99001-" in (page.locator("details pre").text_content() or "")
    others = plain(page.locator(".related >> nth=0").locator("a").all_text_contents())
    assert {day_of(one) for one in NEWEST if plain([one.title or ""])[0] in others} == {"2026-11-19"}


def test_a_comparison_marks_exactly_the_changed_words(reader: Reader, room: Room) -> None:
    page = reader.open(f"/kbs/catalogue/{key_of(room, SECOND)}")
    assert page.url.endswith("?version=2")
    assert "Il existe une version plus récente." in page.locator("article").inner_text()
    reader.follow(".timeline a.compare >> nth=0")
    assert page.locator(".text del").all_text_contents() == ["12"]
    assert page.locator(".text ins").all_text_contents() == ["15"]
    # It reads from older to newer on the page of either.
    page = reader.open("/article/f/99001?version=1&against=2")
    assert page.locator(".text ins").all_text_contents() == ["15"]


def test_what_stood_before_a_silent_edit_is_listed_and_compared(reader: Reader) -> None:
    reader.open("/article/f/99001")
    page = reader.follow(".timeline .edited a.compare")
    assert page.locator("h1 del").all_text_contents() == ["la", "Chine"]
    assert page.locator("h1 ins").all_text_contents() == ["le", "Japon"]
    page = reader.open("/kbs/silent_edits")
    assert str(BEFORE.title) in page.locator("table").inner_text()


def facets(page: Page) -> dict[str, dict[str, int]]:
    script = """sections => sections.map(section => [section.querySelector('h2').textContent,
        [...section.querySelectorAll('li a')].map(link => [
            link.childNodes[0].textContent.trim(), Number(link.querySelector('.count').textContent)])])"""
    return {name: dict(values) for name, values in page.locator(".facets section").evaluate_all(script)}


def counted(articles: list[Article]) -> dict[str, dict[str, int]]:
    return {
        "Catégorie": dict(Counter(one.category or "(sans catégorie)" for one in articles)),
        "Mois": dict(Counter(spell_month(day_of(one), "fr") for one in articles)),
        "Genre": dict(Counter(one.kind for one in articles)),
        "Édition": dict(Counter(one.lang for one in articles)),
        "Gabarit": dict(Counter(one.layout for one in articles)),
    }


def test_facets_count_narrow_and_widen(reader: Reader) -> None:
    reader.open("/")
    page = reader.follow("nav a:has-text('Articles')")
    assert facets(page) == counted(NEWEST)
    assert next(iter(facets(page)["Mois"])) == spell_month(max(map(day_of, NEWEST)), "fr")
    assert page.locator("#order option").all_text_contents() == ["les plus récents d’abord", "les plus anciens d’abord"]
    left = NEWEST
    for facet, value, fits in (
        ("Genre", "news", lambda one: one.kind == "news"),
        ("Catégorie", "Politique", lambda one: one.category == "Politique"),
        ("Mois", "novembre 2026", lambda one: day_of(one).startswith("2026-11")),
    ):
        reader.follow(f".facets section:has(h2:text-is('{facet}')) a:has-text('{value}')")
        left = [one for one in left if fits(one)]
        assert left
        assert facets(page) == counted(left)
        assert plain(page.locator(".cards h3 a").all_text_contents()) == plain(one.title or "" for one in left)
    while page.locator(".facets a.selected").count():
        reader.follow(".facets a.selected >> nth=0")
    assert facets(page) == counted(NEWEST)


def test_a_search_by_day_and_order_is_the_same_as_files(reader: Reader, room: Room) -> None:
    page = reader.open("/search?q=coree&category=Politique")
    page.fill("#until", "2026-11-19")
    page.select_option("#order", "date")
    page = reader.follow(".filters button")
    found = [one for one in NEWEST if one.category == "Politique" and day_of(one) <= "2026-11-19"]
    found = [one for one in reversed(found) if re.search("cor[eé]e\\b", f"{one.title} {one.text}", re.IGNORECASE)]
    assert found
    assert plain(page.locator(".cards h3 a").all_text_contents()) == plain(one.title or "" for one in found)
    files = {}
    for link in page.locator("a[download]").all():
        answer = room.ask(link.get_attribute("href") or "")
        assert "attachment" in answer.headers["content-disposition"]
        files[link.text_content()] = answer.content
    texts = [one.text for one in found]
    assert [row["text"] for row in csv.DictReader(io.StringIO(files["CSV"].decode(), newline=""))] == texts
    assert [json.loads(line)["text"] for line in files["JSON Lines"].splitlines()] == texts
    header, *rows = load_workbook(io.BytesIO(files["Excel"]))["articles"].values
    assert [dict(zip(header, row, strict=True))["text"] for row in rows] == texts


def test_named_queries_agree_with_the_articles(room: Room) -> None:
    def rows(query: str) -> list[dict[str, object]]:
        return list(room.ask(f"/kbs/{query}&_shape=array").json())

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
    # By night, too, light is what lies behind it.
    reader.show(DESKTOP, "dark")
    assert drawings[0].locator("svg").evaluate("svg => getComputedStyle(svg).filter") != "none"
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
    page.select_option("#filter-by", "année")
    page.fill("#filter-word", "SOMMET, Corée")
    reader.follow("form.filters button")
    assert page.locator("figcaption").first.text_content() == "Articles par année et par catégorie"
    assert all(bar.startswith("année: 2026; ") for bar in bars(page, "months"))
    # Side by side, since an article can have both words.
    first, second = page.locator(".drawing[data-slug=word] g.mark-rect path").all()
    left, right = first.bounding_box(), second.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"] + 1
    page = reader.open("/-/dashboards/fr/gaps?since=2026-11-21&until=2026-11-22")
    assert page.locator(".drawing").inner_text() == "Aucune ligne."


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


def test_a_link_lets_one_browser_of_the_local_network_in(browser: Browser, room: Room) -> None:
    with opened(room.database, "--share") as shared, browser.new_context(locale="fr-FR") as guest:
        assert shared.process.stdout is not None
        link = shared.process.stdout.readline().strip()
        address = link.partition("share/")[0]
        for host, status in {"": 403, "localhost": 421, "127.0.0.1": 421, "evil.example": 421}.items():
            headers = {"Host": f"{host}:{urlsplit(address).port}"} if host else {}
            assert httpx.get(address, headers=headers).status_code == status
        assert httpx.get(f"{address}share/guessed").status_code == 403
        assert httpx.get(link).status_code == 200  # a messenger shows a preview of it
        reader = Reader(guest.new_page()).enter(address)
        reader.show(PHONE, "light")
        reader.page.goto(link)
        reader.page.wait_for_url(address)
        assert reader.look().locator(".cards h3").count()
        reader.follow(".cards h3 a >> nth=0")
        with browser.new_context() as other:
            answer = other.new_page().goto(link)
            assert answer is not None
            assert answer.status == 403
        assert shared.process.stdout.readline().strip() not in {"", link}
        assert shared.ask("/").status_code == 200


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
def test_every_page_fits_a_desk_by_day_and_a_phone_by_night_in_both_languages(reader: Reader, path: str) -> None:
    page = reader.open(path)
    assert page.locator("html").get_attribute("lang") == "fr"
    by_day = page.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.show(PHONE, "dark")
    page.context.add_cookies([{"name": "kbsworld-language", "value": "en", "url": page.url}])
    reader.open(path)
    page.context.clear_cookies()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != by_day
