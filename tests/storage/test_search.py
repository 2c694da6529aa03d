"""Search over stored articles: what is found, in which order, and what is marked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from extractors import Article
from extractors.address import site_url
from extractors.article import KST
from storage import ArticleStore, Capture, ReadOnlyStore, Selection
from storage import search as module
from storage.database import open_to_read
from storage.schema import migrations
from storage.search import BEGIN, END
from tests.bench.many_articles import CATEGORIES, fill
from tests.rows import article

FIRST = datetime(2020, 1, 1, 9, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path / "kbs.db") as store:
        yield store


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadOnlyStore]:
    path = tmp_path_factory.mktemp("many") / "kbs.db"
    fill(path, 600)
    with ReadOnlyStore(path) as store:
        yield store


def add(store: ArticleStore, number: int, title: str | None, *paragraphs: str, updated: bool = False) -> Article:
    written_at = FIRST + timedelta(days=number)
    article = Article(
        url=site_url("news", "f", number=number),
        kind="news",
        lang="fr",
        title=title,
        written_at=written_at,
        updated_at=written_at + timedelta(hours=1) if updated else None,
        paragraphs=paragraphs,
        layout="news",
    )
    fetched_at = written_at.astimezone(UTC) + timedelta(hours=2 if updated else 0)
    store.add(article, Capture(url=article.url, fetched_at=fetched_at, body=b""))
    return article


def numbers(store: ArticleStore, query: str, selection: Selection | None = None, limit: int = 20) -> list[int]:
    """The numbers in the addresses of what is found, in order."""
    return [int(hit.url.rpartition("=")[2]) for hit in store.search(query, selection or Selection(), limit)]


def test_title_matches_come_first_then_newer_articles(store: ArticleStore) -> None:
    add(store, 1, "Le Japon", "Rien de neuf à Tokyo.")
    add(store, 2, "Autre chose", "Le Japon, encore le Japon, et le Japon.")
    add(store, 3, "Le Japon", "Rien de neuf à Tokyo.")
    for number in range(4, 9):
        add(store, number, "Autre chose", "Rien à signaler à Séoul.")
    assert numbers(store, "japon") == [3, 1, 2]
    assert numbers(store, "japon", limit=2) == [3, 1]


def test_only_the_newest_version_is_found_by_default(store: ArticleStore) -> None:
    add(store, 1, "Le sommet est prévu", "Texte.")
    add(store, 1, "Le sommet est reporté", "Texte.", updated=True)
    assert numbers(store, "prevu") == []
    assert numbers(store, "sommet") == [1]
    assert numbers(store, "sommet", Selection(all_versions=True)) == [1, 1]


def test_matching_words_are_marked(store: ArticleStore) -> None:
    add(store, 1, "La Corée du Nord", "Un texte sur la Corée.", "Et un autre.")
    add(store, 2, None, "Sans titre, sur Busan.")
    [hit] = store.search("coree")
    assert hit.title == f"La {BEGIN}Corée{END} du Nord"
    assert hit.snippet == f"Un texte sur la {BEGIN}Corée{END}. Et un autre."
    [hit] = store.search("busan")
    assert not hit.title


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("la ﬁn oﬃcielle", "fin officielle", "la [ﬁn] [oﬃcielle]"),
        ("la fin officielle", "ﬁn oﬃcielle", "la [fin] [officielle]"),
        ("un Ｋ９ Ｔｈｕｎｄｅｒ", '"k9 thunder"', "un [Ｋ９ Ｔｈｕｎｄｅｒ]"),
        ("à 10 ㎞ de là", '"10 km de"', "à [10 km de] là"),
        ("à 10㎞ de là", "10km", "à [10km] de là"),
        ("sur 30 m² ici", "m2 ici", "sur 30 [m²] [ici]"),
        ("de Łódź à Bjørn", "lodz bjorn", "de [Łódź] à [Bjørn]"),
        ("de Lodz à Bjorn", "title:Łódź OR Bjørn", "de Lodz à [Bjorn]"),
        ("Đà Nẵng, à 25℃", '"da nang" "25°C"', "[Đà Nẵng], à [25°C]"),
        ("un ½ cœur", "coeur", "un 1⁄2 [cœur]"),
        ("le Ⅻᵉ et le ① de Ａ", "xiie 1 a", "le [Ⅻᵉ] et le [①] de [Ａ]"),
    ],
)
def test_what_unicode_calls_the_same_is_found(store: ArticleStore, text: str, query: str, shown: str) -> None:
    with store.batch():
        article = add(store, 1, "Un titre", text)
        add(store, 2, "Un titre", "Rien de cela.")
    [hit] = store.search(query)
    assert hit.snippet.replace(BEGIN, "[").replace(END, "]") == shown
    assert [one.paragraphs for one in store if one.url == article.url] == [(text,)]
    with store.batch():
        store.db.execute("update articles set text = 'fini' where text = ?", [text])
    assert store.search(query) == []


def test_an_older_index_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = Migrations("kbsworld")
    for migration in migrations.pending(Database(memory=True)):
        if migration.name < "m007":
            older(name=migration.name)(migration.fn)
    monkeypatch.setattr("storage.database.migrations", older)
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.table("articles").insert(article(1, title="La ﬁn"))
        assert numbers(store, "fin") == []
    monkeypatch.undo()
    with open_to_read(tmp_path / "kbs.db", lambda _: None) as db:
        assert [hit.title for hit in module.search(db, Selection(query="fin", order="rank"))] == [f"La {BEGIN}ﬁn{END}"]


def test_days_and_categories_limit_what_is_found(many: ReadOnlyStore) -> None:
    year = Selection(since=date(2015, 1, 1), until=date(2015, 12, 31), categories=CATEGORIES[:1])
    hits = many.search("la", year, 500)
    wanted = {one.url for one in many.articles(year)}
    assert {hit.url for hit in hits} == wanted
    assert len(wanted) > 5


@pytest.mark.parametrize("query", ["coree", "title:coree NOT visiteurs"])
@pytest.mark.parametrize("look", [1, 40, 5000])
def test_frequent_words_are_found_newest_first(
    many: ReadOnlyStore, monkeypatch: pytest.MonkeyPatch, query: str, look: int
) -> None:
    selection = Selection(categories=CATEGORIES[1:2])
    wanted = set(numbers(many, query, selection, 1000))
    assert wanted
    monkeypatch.setattr(module, "FREQUENT", 0)
    monkeypatch.setattr(module, "_FIRST", look)
    assert set(numbers(many, query, selection, 1000)) == wanted
    # Numbers are in the order of time: what is found first is among the newest.
    some = numbers(many, query, selection, 3)
    assert len(some) == min(3, len(wanted))
    assert look > 40 or min(some) >= sorted(wanted)[-min(len(wanted), 8 * 40)]
