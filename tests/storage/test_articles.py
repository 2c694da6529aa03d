"""The storage rules, one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from extractors import Article
from storage import ArticleStore, Capture, Outcome, StoreError, schema
from storage.archive import Location
from tests.replica import World

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path / "kbs.db") as store:
        yield store


@pytest.fixture
def article() -> Article:
    return World(articles=30).entries[0].truth


def capture(after: timedelta = timedelta(0), url: str = "https://world.kbs.co.kr/x") -> Capture:
    return Capture(url=url, fetched_at=NOON + after, body=b"", location=Location(file="a.warc.gz", offset=7))


HOUR = timedelta(hours=1)


def undated(article: Article) -> Article:
    return replace(article, timestamp=None, written_at=None, updated_at=None)


def rows(store: ArticleStore, table: str = "articles") -> list[dict[str, object]]:
    return list(Database(sqlite3.connect(store.path)).table(table).rows)


def test_an_article_is_stored_with_every_field_and_its_capture(store: ArticleStore, article: Article) -> None:
    assert store.add(article, capture()) is Outcome.NEW
    assert store.versions(article.url) == [article]
    [row] = rows(store)
    assert row["text"] == article.text
    assert (row["fetched_at"], row["archive_file"], row["archive_offset"]) == (
        "2026-11-24T12:00:00.123456+00:00",
        "a.warc.gz",
        7,
    )


def test_the_same_content_again_changes_nothing(store: ArticleStore, article: Article) -> None:
    store.add(article, capture())
    before = rows(store)
    assert store.add(article, capture()) is Outcome.UNCHANGED
    assert store.add(replace(article, source_url="http://rki.kbs.co.kr/"), capture(HOUR)) is Outcome.UNCHANGED
    assert rows(store) == before


def test_a_new_timestamp_is_a_new_row_and_the_older_version_stays(store: ArticleStore, article: Article) -> None:
    later = replace(article, timestamp=None, updated_at=datetime(2026, 12, 1, tzinfo=UTC), title="Autre titre")
    store.add(article, capture())
    assert store.add(later, capture(HOUR)) is Outcome.UPDATED
    assert store.versions(article.url) == [article, later]
    assert store.newest(5) == [later]


def test_the_same_capture_read_again_is_replaced_in_place(store: ArticleStore, article: Article) -> None:
    store.add(article, capture())
    better = replace(article, category="Autre", layout="generic")
    assert store.add(better, capture()) is Outcome.REEXTRACTED
    assert store.versions(article.url) == [better]


def test_other_content_in_a_later_capture_is_an_edit(store: ArticleStore, article: Article) -> None:
    edited = replace(article, paragraphs=("Réécrit.",))
    store.add(article, capture())
    assert store.add(edited, capture(HOUR)) is Outcome.EDITED
    assert store.versions(article.url) == [edited]


def test_an_earlier_capture_never_overwrites_a_later_one(store: ArticleStore, article: Article) -> None:
    store.add(article, capture(HOUR))
    assert store.add(replace(article, paragraphs=("Ancien.",)), capture()) is Outcome.UNCHANGED
    assert store.versions(article.url) == [article]


def test_half_an_article_never_takes_the_place_of_a_whole_one(store: ArticleStore, article: Article) -> None:
    half = replace(article, paragraphs=article.paragraphs[:1], truncated=True)
    store.add(article, capture())
    assert store.add(half, capture(HOUR)) is Outcome.UNCHANGED
    assert store.versions(article.url) == [article]


def test_the_whole_takes_the_place_of_half_an_article(store: ArticleStore, article: Article) -> None:
    store.add(replace(article, paragraphs=article.paragraphs[:1], truncated=True), capture())
    assert store.add(article, capture(HOUR)) is Outcome.EDITED
    assert store.versions(article.url) == [article]


def test_a_page_without_timestamp_takes_the_time_of_its_first_capture(store: ArticleStore, article: Article) -> None:
    assert store.add(undated(article), capture()) is Outcome.NEW
    assert store.add(undated(article), capture(HOUR)) is Outcome.UNCHANGED
    assert [version.timestamp for version in store.versions(article.url)] == ["2026-11-24T21:00:00+09:00"]


def test_an_older_archive_that_comes_in_later_holds_the_first_capture(store: ArticleStore, article: Article) -> None:
    store.add(undated(article), capture(HOUR))
    assert store.add(undated(article), capture()) is Outcome.UNCHANGED
    assert [version.timestamp for version in store.versions(article.url)] == ["2026-11-24T21:00:00+09:00"]


def test_other_content_without_timestamp_is_another_version(store: ArticleStore, article: Article) -> None:
    store.add(undated(article), capture())
    assert store.add(replace(undated(article), title="Autre"), capture(HOUR)) is Outcome.UPDATED
    assert store.add(replace(undated(article), category="Autre"), capture()) is Outcome.REEXTRACTED
    assert len(store.versions(article.url)) == 2


def test_two_contents_within_one_second_do_not_clash(store: ArticleStore, article: Article) -> None:
    store.add(undated(article), capture())
    assert store.add(replace(undated(article), title="Autre"), capture(timedelta(microseconds=1))) is Outcome.EDITED
    assert len(store) == 1


def test_half_an_undated_article_is_no_version_of_its_own(store: ArticleStore, article: Article) -> None:
    whole = undated(article)
    half = replace(whole, paragraphs=article.paragraphs[:1], truncated=True)
    store.add(whole, capture())
    assert store.add(half, capture(HOUR)) is Outcome.UNCHANGED
    assert [version.truncated for version in store.versions(article.url)] == [False]


def test_the_whole_takes_the_place_of_half_an_undated_article(store: ArticleStore, article: Article) -> None:
    whole = undated(article)
    store.add(replace(whole, paragraphs=article.paragraphs[:1], truncated=True), capture())
    assert store.add(whole, capture(HOUR)) is Outcome.EDITED
    assert [version.paragraphs for version in store.versions(article.url)] == [article.paragraphs]


def test_a_page_that_lost_its_dates_is_no_new_version(store: ArticleStore, article: Article) -> None:
    store.add(article, capture())
    assert store.add(undated(article), capture(HOUR)) is Outcome.UNCHANGED
    assert store.newest(5) == [article]


def test_the_two_views_of_an_article_do_not_edit_each_other(store: ArticleStore, article: Article) -> None:
    video = replace(article, has_video=True, layout="video", image_credit="KBS Thumbnail")
    store.add(article, capture())
    assert store.add(video, capture(HOUR)) is Outcome.EDITED  # it has a video: that was not known
    assert store.add(article, capture(2 * HOUR)) is Outcome.UNCHANGED
    assert store.add(video, capture(3 * HOUR)) is Outcome.UNCHANGED
    assert store.versions(article.url) == [replace(article, has_video=True)]


def test_a_richer_page_takes_its_place_in_whatever_order_they_come(store: ArticleStore, article: Article) -> None:
    store.add(replace(article, paragraphs=article.paragraphs[:1], truncated=True), capture(HOUR))
    assert store.add(article, capture()) is Outcome.EDITED
    assert store.versions(article.url) == [article]


def test_a_capture_whose_dates_are_read_at_last_is_one_version(store: ArticleStore, article: Article) -> None:
    store.add(undated(article), capture())
    assert store.add(article, capture()) is Outcome.REEXTRACTED
    assert store.newest(5) == store.versions(article.url) == [article]


def test_an_undated_version_is_known_again_when_its_dates_come(store: ArticleStore, article: Article) -> None:
    store.add(undated(article), capture())
    assert store.add(article, capture(HOUR)) is Outcome.EDITED
    assert store.newest(5) == store.versions(article.url) == [article]


def test_a_first_capture_takes_no_other_versions_place(store: ArticleStore, article: Article) -> None:
    other = replace(undated(article), title="Autre")
    store.add(other, capture(timedelta(seconds=1)))
    store.add(undated(article), capture(timedelta(seconds=5)))
    assert store.add(undated(article), capture(timedelta(seconds=1.5))) is Outcome.UNCHANGED
    assert {version.title for version in store.versions(article.url)} == {article.title, "Autre"}


def test_a_text_capture_never_takes_the_place_of_an_html_page(store: ArticleStore, article: Article) -> None:
    poorer = replace(article, category=None, image_url=None, layout="text")
    store.add(article, capture())
    assert store.add(poorer, capture(HOUR)) is Outcome.UNCHANGED
    assert store.versions(article.url) == [article]


def test_two_captures_of_one_moment_are_told_apart_by_their_address(store: ArticleStore, article: Article) -> None:
    store.add(replace(article, source_url="http://a/"), capture())
    assert store.add(replace(article, source_url="http://b/"), capture()) is Outcome.UNCHANGED


def test_a_database_file_that_was_taken_away_takes_no_more(store: ArticleStore, article: Article) -> None:
    store.add(article, capture())
    store.path.rename(store.path.with_suffix(".away"))
    with pytest.raises(StoreError, match="was taken away while it was in use"), store.batch():
        store.add(article, capture(HOUR))


def test_foreign_keys_are_on(store: ArticleStore) -> None:
    assert store.db.execute("pragma foreign_keys").fetchone() == (1,)


@pytest.mark.parametrize("name", ["", " ", ":memory:"])
def test_a_database_that_is_no_file_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="has no name; give KBS_DB a file name"):
        ArticleStore(name)


def test_a_refusal_is_remembered_until_the_capture_turns_out_an_article(store: ArticleStore, article: Article) -> None:
    store.refuse(capture(), "no article on the page")
    store.refuse(capture(), "no article on the page")
    assert [(row["url"], row["reason"]) for row in rows(store, "refusals")] == [
        ("https://world.kbs.co.kr/x", "no article on the page")
    ]
    store.add(article, capture())
    assert rows(store, "refusals") == []


def test_a_batch_is_stored_whole_or_not_at_all(store: ArticleStore, article: Article) -> None:
    def fail() -> None:
        with store.batch():
            store.add(article, capture())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(store) == 0
    with store.batch():
        store.add(article, capture())
    assert len(store) == 1


def test_the_newest_version_of_each_article_comes_newest_first(store: ArticleStore) -> None:
    world = World(articles=30)
    with store.batch():
        for entry in world.entries:
            store.add(entry.truth, capture())
    expected = sorted((entry.truth.timestamp or "" for entry in world.entries), reverse=True)[:7]
    assert [article.timestamp for article in store.newest(7)] == expected


def test_the_database_is_in_wal_mode_and_strict(store: ArticleStore) -> None:
    database = Database(sqlite3.connect(store.path))
    assert database.journal_mode == "wal"
    assert database.table("articles").strict
    assert database.table("articles").pks == ["url", "timestamp"]


def test_an_existing_database_opens_again(store: ArticleStore, article: Article) -> None:
    store.add(article, capture())
    store.close()
    with ArticleStore(store.path) as again:
        assert again.versions(article.url) == [article]


def test_an_older_database_is_upgraded(tmp_path: Path, article: Article) -> None:
    path = tmp_path / "older.db"
    first = Migrations("kbsworld")
    first()(schema.m001_articles_and_refusals)
    older = Database(sqlite3.connect(path))
    first.apply(older)
    older.table("refusals").insert({"url": "u", "reason": "r", "fetched_at": "t"})
    older.close()
    with ArticleStore(path) as store:
        assert {"runs", "lists", "missing", "card_dates", "payloads"} <= set(store.db.table_names())
        assert store.db.table("refusals").count == 1
        store.add(article, capture())
        assert store.versions(article.url) == [article]
