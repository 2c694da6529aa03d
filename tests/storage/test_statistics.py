"""What can be counted of the articles, against a naive count in Python; and the dashboards' queries."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from extractors import Article
from extractors.article import KST
from storage import ArticleStore, Capture
from storage.charts import chart
from storage.query import fold
from storage.schema import TOKENIZE
from storage.selection import NEWEST, Selection
from storage.statistics import MAX_LABEL, STATISTICS, Language, register, run, summarize, words_asked
from storage.versions import Row
from storage.web.app import charts

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
AUTUMN = Selection(since=date(2026, 9, 1), until=date(2026, 10, 20), langs=("fr",))
# How many are named in statistics.toml.
MAX_CATEGORIES = 8
CATEGORIES = ["Politique"] * 6 + ["Société"] * 4 + ["Culture", None, "IK", "Sport", "a", "b", "c", "d", "e", "f"]


def articles(count: int = 300) -> Iterator[Article]:
    """Of half a year, in two editions, some with a day only, some updated."""
    random = Random(7)
    for number in range(count):
        moment = datetime(2026, 4, 20, tzinfo=KST) + timedelta(seconds=random.randrange(175 * 86_400))
        text = " ".join(random.choices(["Séoul", "le", "Coréens", "nord"], k=random.choice([1, 90, 400, 1200])))
        article = Article(
            url=f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={number}",
            kind="news",
            lang=random.choice(["fr", "fr", "en"]),
            title=None,
            category=random.choice(CATEGORIES),
            written_at=moment.date() if number % 7 == 0 else moment,
            paragraphs=(text,),
            layout=random.choice(["news", "video", "generic", "tomorrow's"]),
        )
        yield article
        if number % 9 == 0:
            yield replace(article, timestamp=None, updated_at=moment + timedelta(days=40), category="Culture")


def stored(path: Path, made: Iterator[Article]) -> ArticleStore:
    store = ArticleStore(path)
    with store.batch():
        for number, article in enumerate(made):
            fetched_at = NOON + timedelta(seconds=number)
            store.add(article, Capture(url=article.url, fetched_at=fetched_at, body=b""))
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArticleStore]:
    with stored(tmp_path_factory.mktemp("statistics") / "kbs.db", articles()) as store:
        yield store


@pytest.fixture(params=[NEWEST, AUTUMN, Selection(categories=("Culture",)), Selection(all_versions=True)])
def selection(request: pytest.FixtureRequest) -> Selection:
    assert isinstance(request.param, Selection)
    return request.param


def month(article: Article) -> str:
    assert article.written_at is not None
    return article.written_at.isoformat()[:7]


def counted(rows: list[Row], *columns: str) -> dict[Any, int]:
    return {tuple(row[column] for column in columns): row["articles"] for row in rows if row["articles"]}


def test_months_count_frequent_categories_and_others(store: ArticleStore, selection: Selection) -> None:
    found = list(store.articles(selection))
    names = Counter(article.category or "(none)" for article in found)
    named = set(sorted(names, key=lambda name: (-names[name], name))[:MAX_CATEGORIES])
    naive = Counter(
        (month(article), name if (name := article.category or "(none)") in named else "others") for article in found
    )
    rows = run(store.db, STATISTICS["months"], selection)
    assert counted(rows, "month", "category") == naive
    assert [row["month"] for row in rows] == sorted(row["month"] for row in rows)


def test_hours_are_those_of_korea(store: ArticleStore, selection: Selection) -> None:
    times = [article.written_at for article in store.articles(selection)]
    naive = Counter((time.hour,) for time in times if isinstance(time, datetime))
    rows = run(store.db, STATISTICS["hours"], selection)
    assert [row["hour"] for row in rows] == list(range(24))
    assert counted(rows, "hour") == naive


def test_lengths_are_a_histogram_with_an_open_last_bar(store: ArticleStore, selection: Selection) -> None:
    naive = Counter((min(len(article.text), 5000) // 250 * 250,) for article in store.articles(selection))
    rows = run(store.db, STATISTICS["lengths"], selection)
    assert counted(rows, "at_least") == naive
    assert [(row["at_least"], row["below"]) for row in rows] == [
        *((at_least, at_least + 250) for at_least in range(0, 5000, 250)),
        (5000, None),
    ]


def test_a_word_is_counted_beside_all_articles_of_the_month(store: ArticleStore, selection: Selection) -> None:
    found = list(store.articles(selection))
    every = Counter((month(article), article.lang) for article in found)
    holding = Counter((month(article), article.lang) for article in found if "Séoul" in article.text)
    rows = run(store.db, STATISTICS["word"], selection, word="seoul")
    assert {edition_of(row): (row["articles"], row["all_articles"]) for row in rows} == {
        each: (holding[each], every[each]) for each in every
    }
    assert all(row["share"] == pytest.approx(100 * row["articles"] / row["all_articles"], abs=0.051) for row in rows)


@pytest.mark.parametrize("by", ["month", "year"])
@pytest.mark.parametrize(
    ("query", "pattern"),
    [("séoul", "Séoul"), ('"seoul le"', "Séoul le"), ("cor*", "Coréens"), ("seoul OR nord", "Séoul|nord")],
)
def test_occurrences_are_counted_by_edition(
    store: ArticleStore, selection: Selection, by: str, query: str, pattern: str
) -> None:
    length = {"month": 7, "year": 4}[by]
    times, words = Counter[Any](), Counter[Any]()
    for article in store.articles(selection):
        edition = month(article)[:length], article.lang
        times[edition] += len(re.findall(rf"\b(?:{pattern})\b", article.text))
        words[edition] += len(article.text.split())
    word, all_words = (STATISTICS[name].by_year() if by == "year" else STATISTICS[name] for name in ("word", "words"))
    rows = run(store.db, word, selection, word=f"{query}, absent")
    counted = [row for row in rows if not row["series"].startswith("absent")]
    assert {edition_of(row): (row["occurrences"], row["words"]) for row in counted} == {
        each: (times[each], words[each]) for each in words
    }
    assert all(row["per_million"] == pytest.approx(1e6 * row["occurrences"] / row["words"], abs=0.051) for row in rows)
    assert {row["occurrences"] for row in rows if row not in counted} == {0}
    assert {(row["month"], row["lang"]): row["words"] for row in run(store.db, all_words, selection)} == words


def edition_of(row: Row) -> tuple[str, str]:
    """Month or year and language; a selection of one edition names none."""
    return row["month"], row["series"].partition(" · ")[2] or "fr"


def test_unknown_layouts_are_others(store: ArticleStore, selection: Selection) -> None:
    naive = Counter(
        (month(article), article.layout if article.layout != "tomorrow's" else "autres")
        for article in store.articles(selection)
    )
    assert counted(run(store.db, STATISTICS["layouts"], selection, "fr"), "month", "layout") == naive


@pytest.mark.parametrize("word", ['"', "\x00", "' or 1=1 --"])
def test_an_invalid_word_is_found_nowhere(store: ArticleStore, word: str) -> None:
    rows = run(store.db, STATISTICS["word"], NEWEST, word=word)
    assert rows
    assert {row["articles"] for row in rows} == {0}


def test_the_summary_counts_articles_versions_and_days(store: ArticleStore) -> None:
    found = list(store.articles(AUTUMN))
    days = {article.written_at.isoformat()[:10] for article in found if article.written_at}
    summary = summarize(store.db, AUTUMN)
    assert (summary["articles"], summary["days"]) == (len(found), len(days))
    assert (summary["first"], summary["last"]) == (min(days), max(days))
    assert summary["versions"] == len(list(store.articles(replace(AUTUMN, all_versions=True)))) > summary["articles"]
    assert summary["pulled_at"] is None


def test_an_empty_database_has_rows_for_hours_only(tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as empty:
        rows = {name: run(empty.db, statistic, NEWEST, word="x") for name, statistic in STATISTICS.items()}
        assert summarize(empty.db, NEWEST)["first"] is None
    assert {name for name in rows if rows[name]} == {"hours"}


def test_thousands_of_hostile_categories_become_a_few_labels(tmp_path: Path) -> None:
    ugly = ["<script>alert(1)</script>" * 4000, "\x1b[2J\x00\u202e", "=1+1", "{{ 1 }}"]
    categories = [*ugly, *(f"c{number}" for number in range(2_000))]
    base = replace(next(articles(1)), paragraphs=("x",))
    made = (replace(base, url=f"urn:{number}", category=category) for number, category in enumerate(categories))
    with stored(tmp_path / "kbs.db", made) as store:
        rows = run(store.db, STATISTICS["months"], NEWEST)
    assert len(rows) == MAX_CATEGORIES + 1
    assert sum(row["articles"] for row in rows) == len(categories)
    assert rows[-1]["category"] == "others"
    assert all(len(row["category"]) <= MAX_LABEL and row["category"].isprintable() for row in rows)


@pytest.mark.parametrize("colour", chart(STATISTICS["months"], "en")["config"]["range"]["category"])
def test_colours_have_contrast_to_white(colour: str) -> None:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 3


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", STATISTICS)
def test_a_chart_has_axis_titles_and_a_description(name: str, language: Language) -> None:
    statistic = STATISTICS[name]
    spec = chart(statistic, language)
    assert spec["description"].endswith(".")
    for layer in spec.get("layer", [spec]):
        for channel in ("x", "y"):
            assert isinstance(layer["encoding"][channel]["title"], str)
    scale = spec.get("encoding", {}).get("color", {}).get("scale")
    assert scale is None or len(scale["domain"]) == len(scale["range"])


def answered(connection: sqlite3.Connection, query: str, given: dict[str, str]) -> list[Row]:
    """As the plugin and Datasette do: optional parts without a value are removed, other parameters are bound."""
    for part in re.findall(r"\[\[.*?\]\]", query):
        [name] = re.findall(r":(\w+)", part)
        query = query.replace(part, part.strip("[]") if given.get(name) else "")
    values = {name: given.get(name, "") for name in re.findall(r":(\w+)", query)}
    return [dict(row) for row in connection.execute(query, values)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_dashboards_and_the_command_count_the_same(store: ArticleStore, language: Language) -> None:
    connection = sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    register(connection)
    chosen = replace(AUTUMN, langs=(), categories=("Culture",))
    given = {"word": "seoul", "since": "2026-09-01", "until": "2026-10-20", "category": "Culture"}
    shown = charts(language)
    assert shown.keys() == STATISTICS.keys()
    for name, each in shown.items():
        statistic = STATISTICS[name]
        assert answered(connection, each["query"], given) == run(store.db, statistic, chosen, language, "seoul")
        everything = run(store.db, statistic, NEWEST, language, "seoul")
        assert answered(connection, each["query"], {"word": "seoul"}) == everything
    connection.close()


def test_words_are_looked_up_as_the_index_has_them() -> None:
    letters = [chr(code) for code in (*range(0x250), *range(0x250, 0xFFFF, 31)) if chr(code).isalnum()]
    with sqlite3.connect(":memory:") as index:
        index.execute(f"create virtual table written using fts5 (word, tokenize='{TOKENIZE}')")
        index.execute("create virtual table terms using fts5vocab (written, instance)")
        words = [(ord(letter), fold(f"A{letter}b")) for letter in letters]
        index.executemany("insert into written (rowid, word) values (?, ?)", words)
        terms = {chr(key): term for key, term in index.execute("select doc, term from terms")}
    index.close()
    looked_up = {letter: json.loads(words_asked(f"A{letter}b"))[0]["terms"] for letter in letters}
    assert len([letter for letter in letters if looked_up[letter]]) > 900
    assert all(terms[letter] in (found or terms[letter]) for letter, found in looked_up.items())
