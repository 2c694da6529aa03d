"""Search over stored articles: what is found, in which order, and what is marked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from extractors import Article
from extractors.address import site_url
from extractors.article import KST
from storage import ArticleStore, Capture, ReadOnlyStore, Selection
from storage import search as module
from storage.search import BEGIN, END
from tests.bench.many_articles import CATEGORIES, fill

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


def test_days_and_categories_limit_what_is_found(many: ReadOnlyStore) -> None:
    year = Selection(since=date(2015, 1, 1), until=date(2015, 12, 31), category=CATEGORIES[0])
    hits = many.search("la", year, 500)
    wanted = {one.url for one in many.articles(year)}
    assert {hit.url for hit in hits} == wanted
    assert len(wanted) > 5


@pytest.mark.parametrize("query", ["coree", "title:coree NOT visiteurs"])
@pytest.mark.parametrize("look", [1, 40, 5000])
def test_frequent_words_are_found_newest_first(
    many: ReadOnlyStore, monkeypatch: pytest.MonkeyPatch, query: str, look: int
) -> None:
    selection = Selection(category=CATEGORIES[1])
    wanted = set(numbers(many, query, selection, 1000))
    assert wanted
    monkeypatch.setattr(module, "FREQUENT", 0)
    monkeypatch.setattr(module, "_FIRST", look)
    assert set(numbers(many, query, selection, 1000)) == wanted
    # Numbers are in the order of time: what is found first is among the newest.
    some = numbers(many, query, selection, 3)
    assert len(some) == min(3, len(wanted))
    assert look > 40 or min(some) >= sorted(wanted)[-min(len(wanted), 8 * 40)]
