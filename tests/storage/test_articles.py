"""The storage rules, one by one."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors import Article
from storage import ArticleStore, Capture, Outcome
from storage.archive.capture import Location
from tests.replica import World

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = timedelta(0)

PAGE = World(articles=30).entries[0].truth
TRUNCATED = replace(PAGE, paragraphs=PAGE.paragraphs[:1], truncated=True)
REWRITTEN = replace(PAGE, paragraphs=("Réécrit.",))
UPDATED = replace(PAGE, timestamp=None, updated_at=datetime(2026, 11, 25, tzinfo=UTC), title="Autre titre")
VIDEO = replace(PAGE, has_video=True, layout="video", image_credit="KBS Thumbnail")
UNDATED = replace(PAGE, timestamp=None, written_at=None, updated_at=None)
UNDATED_OTHER = replace(UNDATED, title="Autre")
UNDATED_TRUNCATED = replace(UNDATED, paragraphs=PAGE.paragraphs[:1], truncated=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path / "kbs.db") as store:
        yield store


def capture(after: timedelta = NOW, url: str = "https://world.kbs.co.kr/x") -> Capture:
    return Capture(url=url, fetched_at=NOON + after, body=b"", location=Location(file="a.warc.gz", offset=7))


def test_an_article_is_stored_with_every_field_and_its_capture(store: ArticleStore) -> None:
    assert store.add(PAGE, capture()) is Outcome.NEW
    assert store.versions(PAGE.url) == [PAGE]
    [row] = store.db.table("articles").rows
    assert (row["text"], row["archive_file"], row["archive_offset"]) == (PAGE.text, "a.warc.gz", 7)
    assert row["fetched_at"] == "2026-11-24T12:00:00.123456+00:00"


SECOND = timedelta(seconds=1)
# Undated versions have the time of their capture, in KST.
WHOLE = replace(UNDATED, timestamp="2026-11-24T21:00:00+09:00")
OTHER = replace(UNDATED_OTHER, timestamp="2026-11-24T21:00:00+09:00")
LATER = replace(UNDATED_OTHER, timestamp="2026-11-24T22:00:00+09:00")
RULES: dict[str, tuple[list[tuple[Article, timedelta]], Outcome, list[Article]]] = {
    "same content": ([(PAGE, NOW), (PAGE, HOUR)], Outcome.UNCHANGED, [PAGE]),
    "new timestamp": ([(PAGE, NOW), (UPDATED, HOUR)], Outcome.UPDATED, [PAGE, UPDATED]),
    "same capture": ([(PAGE, NOW), (REWRITTEN, NOW)], Outcome.REEXTRACTED, [REWRITTEN]),
    "silent edit": ([(PAGE, NOW), (REWRITTEN, HOUR)], Outcome.EDITED, [REWRITTEN]),
    "earlier capture": ([(PAGE, HOUR), (REWRITTEN, NOW)], Outcome.EDITED, [PAGE]),
    "truncated after whole": ([(PAGE, NOW), (TRUNCATED, HOUR)], Outcome.UNCHANGED, [PAGE]),
    "whole after truncated": ([(TRUNCATED, NOW), (PAGE, HOUR)], Outcome.EDITED, [PAGE]),
    "lost its dates": ([(PAGE, NOW), (UNDATED, HOUR)], Outcome.UNCHANGED, [PAGE]),
    "dates are read now": ([(UNDATED, NOW), (PAGE, NOW)], Outcome.REEXTRACTED, [PAGE]),
    "dates come later": ([(UNDATED, NOW), (PAGE, HOUR)], Outcome.EDITED, [PAGE]),
    "first view with a video": ([(PAGE, NOW), (VIDEO, HOUR)], Outcome.EDITED, [replace(PAGE, has_video=True)]),
    "plain view again": (
        [(VIDEO, NOW), (PAGE, HOUR), (VIDEO, 2 * HOUR)],
        Outcome.UNCHANGED,
        [replace(PAGE, has_video=True)],
    ),
    "first capture counts": ([(UNDATED, NOW), (UNDATED, HOUR)], Outcome.UNCHANGED, [WHOLE]),
    "an older archive": ([(UNDATED, HOUR), (UNDATED, NOW)], Outcome.UNCHANGED, [WHOLE]),
    "other content": ([(UNDATED, NOW), (UNDATED_OTHER, HOUR)], Outcome.UPDATED, [WHOLE, LATER]),
    "within one second": ([(UNDATED, NOW), (UNDATED_OTHER, SECOND / 1e6)], Outcome.EDITED, [OTHER]),
    "whole before an undated one": ([(UNDATED_TRUNCATED, HOUR), (UNDATED, NOW)], Outcome.EDITED, [WHOLE]),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_versions(store: ArticleStore, rule: str) -> None:
    captures, outcome, stored = RULES[rule]
    assert [store.add(article, capture(after)) for article, after in captures][-1] is outcome
    assert store.versions(PAGE.url) == stored
    assert list(store) == stored[-1:]


def test_what_a_first_capture_replaces_within_its_second_is_kept(store: ArticleStore) -> None:
    store.add(UNDATED_OTHER, capture(SECOND))
    store.add(UNDATED, capture(5 * SECOND))
    assert store.add(UNDATED, capture(1.5 * SECOND)) is Outcome.EDITED
    assert [version.title for version in store.versions(PAGE.url)] == [PAGE.title]
    assert [row["title"] for row in store.db.table("silent_edits").rows] == ["Autre"]


def test_captures_of_one_moment_differ_by_their_address(store: ArticleStore) -> None:
    store.add(replace(PAGE, source_url="http://a/"), capture())
    assert store.add(replace(PAGE, source_url="http://b/"), capture()) is Outcome.UNCHANGED


def test_a_refusal_is_forgotten_when_an_article_is_extracted(store: ArticleStore) -> None:
    for _ in range(2):
        store.refuse(capture(), "no article on the page")
    [refusal] = store.db.table("refusals").rows
    assert (refusal["url"], refusal["reason"]) == ("https://world.kbs.co.kr/x", "no article on the page")
    store.add(replace(PAGE, source_url=capture().url), capture())
    assert store.db.table("refusals").count == 0


def test_a_batch_is_stored_whole_or_not_at_all(store: ArticleStore) -> None:
    for error in (RuntimeError, None):
        with suppress(RuntimeError), store.batch():
            store.add(PAGE, capture())
            if error:
                raise error
        assert len(store) == (0 if error else 1)
