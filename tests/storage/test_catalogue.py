"""Catalogue and search index match the articles, whatever writes to the database."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database, Migrations

from extractors import Article
from extractors.address import site_url
from extractors.article import KST
from storage import ArticleStore, Capture
from storage.articles import article_row
from storage.schema import migrations
from storage.versions import COLUMNS, Row
from tests.bench.many_articles import fill

NOON = datetime(2026, 11, 24, 12, tzinfo=KST)
WORDS = ("Corée", "coree", "Cœur", "États-Unis", "l’été", "Séoul", "ﬁn", "Ørsted")
# Without the id, which depends on the order of writing.
_CATALOGUE = (
    "select latest, title, category, written_at, day, month, kind, lang, layout, characters, url, timestamp"
    " from catalogue order by url, timestamp"
)

PLAIN = ("insert or replace", "upsert", "delete", "move", "vacuum")


@st.composite
def rows(draw: st.DrawFn) -> Row:
    title = draw(st.none() | st.sampled_from(WORDS))
    hours = draw(st.integers(0, 2))
    is_dated = draw(st.booleans())
    article = Article(
        url=site_url("news", "f", number=draw(st.integers(1, 3))),
        kind="news",
        lang="fr",
        title=title,
        category=title,
        written_at=NOON if is_dated else None,
        updated_at=NOON + timedelta(hours=hours) if is_dated and hours else None,
        paragraphs=tuple(draw(st.lists(st.sampled_from(WORDS), max_size=3))),
        layout="news",
    )
    fetched_at = NOON.astimezone(UTC) + timedelta(minutes=draw(st.integers(0, 3)))
    return article_row(article, Capture(url=article.url, fetched_at=fetched_at, body=b""))


steps = st.one_of(
    st.tuples(st.just("add_row"), rows()),
    st.tuples(st.just("add_rows"), st.lists(rows(), min_size=1, max_size=4)),
    st.tuples(st.sampled_from(PLAIN), rows()),
)


def take(store: ArticleStore, step: tuple[str, Any]) -> None:
    """Write once, through the store or as other programs do."""
    how, what = step
    if how in PLAIN:
        write(store.path, how, what | {"timestamp": what["timestamp"] or what["fetched_at"]})
        return
    with store.batch():
        store.add_rows(what) if how == "add_rows" else store.add_row(what)


def write(path: Path, how: str, row: Row) -> None:
    """Write with plain SQL, as other programs do."""
    key = "url = :url and timestamp = :timestamp"
    values = f"into articles values ({', '.join(f':{name}' for name in COLUMNS)})"
    sql = {
        "upsert": f"insert {values} on conflict do update set title = excluded.title, text = excluded.text, "
        "paragraphs = excluded.paragraphs",
        "delete": f"delete from articles where {key}",  # noqa: S608
        "move": f"update or ignore articles set timestamp = '2030-01-01', category = 'Z' where {key}",  # noqa: S608
        "vacuum": "vacuum",
    }.get(how, f"{how} {values}")
    with Database(path) as db:
        db.execute(sql, row)


def catalogues(path: Path) -> tuple[list[Any], list[Any]]:
    """The catalogue, and what it should be: built from these articles at once, the newest of each flagged.

    An index that does not match the articles is an error of SQLite.
    """
    with closing(Database(path)) as db, closing(Database(memory=True)) as fresh:
        migrations.apply(fresh)
        stored = list(db.table("articles").rows)
        fresh.table("articles").insert_all(stored)
        newest = {row["url"]: max(one["timestamp"] for one in stored if one["url"] == row["url"]) for row in stored}
        wanted = list(fresh.query(_CATALOGUE))
        for row in wanted:
            row["latest"] = int(newest[row["url"]] == row["timestamp"])
        db.execute("insert into articles_fts (articles_fts, rank) values ('integrity-check', 1)")
        return list(db.query(_CATALOGUE)), wanted


@settings(max_examples=25, deadline=None)
@given(taken=st.lists(steps, max_size=12))
def test_catalogue_and_index_match_whatever_is_written(
    tmp_path_factory: pytest.TempPathFactory, taken: Sequence[tuple[str, Any]]
) -> None:
    with ArticleStore(tmp_path_factory.mktemp("step") / "kbs.db") as store:
        for step in taken:
            take(store, step)
        found, wanted = catalogues(store.path)
    assert found == wanted


def test_an_article_keeps_its_id_when_edited_and_after_vacuum(tmp_path: Path) -> None:
    fill(tmp_path / "kbs.db", 5)
    with ArticleStore(tmp_path / "kbs.db") as store:
        article = list(store)[2]
        [before] = store.search(f'"{article.title}"')
        edited = replace(article, title="Séoul dément")
        later = Capture(url=article.url, fetched_at=datetime(2026, 11, 26, tzinfo=UTC), body=b"")
        with store.batch():
            store.add(edited, later)
        store.db.execute("vacuum")
        [after] = store.search("seoul dement")
    assert (after.id, after.url) == (before.id, article.url)


def test_a_database_of_the_first_version_is_upgraded(tmp_path: Path) -> None:
    first = Migrations("kbsworld")
    oldest = migrations.pending(Database(memory=True))[0]
    first(name=oldest.name)(oldest.fn)
    fill(tmp_path / "new.db", 60)
    with closing(Database(tmp_path / "new.db")) as new, closing(Database(tmp_path / "kbs.db")) as old:
        first.apply(old)
        old.table("articles").insert_all(new.table("articles").rows)
    with ArticleStore(tmp_path / "kbs.db") as store:
        article = list(store)[7]
        assert article.url in {hit.url for hit in store.search(f'title:"{article.title}"')}
    found, wanted = catalogues(tmp_path / "kbs.db")
    assert found == wanted
