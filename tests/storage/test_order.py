"""What is stored does not depend on the order in which captures are read."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count, permutations
from operator import itemgetter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import ArticleStore, Outcome, Selection
from storage.selection import count_rows, select_rows
from storage.versions import COLUMNS, Row

WRITTEN, UPDATED = "2026-01-01T09:00:00+09:00", "2026-01-04T09:00:00+09:00"
VIEWS: dict[str, dict[str, Any]] = {
    "plain": {"layout": "news", "image_url": "picture", "image_credit": "YONHAP News"},
    "video": {"layout": "video", "image_url": "still", "image_credit": None, "has_video": 1, "source_url": "vod"},
    "text": {"layout": "text"},
    "body": {"layout": "text", "title": None},
}
# Where a capture is archived depends on which archive is read first.
FREE = {"archive_file", "archive_offset"}
URLS = count(1)


def view(day: int, name: str = "plain", words: str = "A", date: str | None = WRITTEN, **values: Any) -> Row:
    """A capture at noon in UTC of a day of January."""
    given = {
        "kind": "news",
        "lang": "fr",
        "title": "Un titre",
        "has_video": 0,
        "timestamp": date,
        "written_at": date and WRITTEN,
        "updated_at": UPDATED if date == UPDATED else None,
        "text": words,
        "paragraphs": f'["{words}"]',
        "truncated": 0,
        "source_url": "view",
        "fetched_at": f"2026-01-{day:02}T12:00:00.000000+00:00",
        **VIEWS[name],
        **values,
    }
    return {name: given.get(name) for name in COLUMNS}


def truncated(day: int, name: str = "plain", words: str = "A", date: str | None = WRITTEN) -> Row:
    return view(day, name, f"{words[:1]}…", date, truncated=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path_factory.mktemp("order") / "kbs.db") as store:
        yield store


def stored(store: ArticleStore, captures: Sequence[Row]) -> list[Row]:
    """The rows that captures of an article give, the newest version first; read again they give the same."""
    return [row for row in history(store, captures) if row["replaced_at"] is None]


def history(store: ArticleStore, captures: Sequence[Row]) -> list[Row]:
    """Those rows and the silent edits."""
    url = f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={next(URLS)}"
    columns = ", ".join(COLUMNS)
    sql = (
        f"select {columns}, null as replaced_at from articles where url = :url union all "  # noqa: S608
        f"select {columns}, replaced_at from silent_edits where url = :url order by timestamp desc, replaced_at"
    )
    with store.batch():
        for row in captures:
            store.add_row(row | {"url": url})
        found = list(store.db.query(sql, {"url": url}))
        for row in captures:
            store.add_row(row | {"url": url})
        assert list(store.db.query(sql, {"url": url})) == found
    return [{name: value for name, value in row.items() if name not in FREE | {"url"}} for row in found]


def in_any_order(store: ArticleStore, *captures: Row) -> list[Row]:
    """The rows that captures give, in whatever order they are read: so do the silent edits, and the past."""
    first = history(store, sorted(captures, key=itemgetter("fetched_at", "source_url")))
    for order in permutations(captures):
        assert history(store, order) == first, [row["fetched_at"][:10] for row in order]
    return [row for row in first if row["replaced_at"] is None]


def test_text_is_the_later_views_and_picture_the_plain_views(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5), view(6, "video", "B"))
    assert (row["text"], row["image_url"], row["has_video"]) == ("B", "picture", 1)


def test_a_whole_text_counts_more_than_a_truncated_page(store: ArticleStore) -> None:
    [row] = in_any_order(store, truncated(5), view(6, "text"), truncated(7, "text"))
    assert (row["text"], row["layout"]) == ("A", "text")


def test_a_body_alone_counts_less_than_a_whole_page_of_text(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5, "text"), view(6, "body", "B", None), view(7, "body", "C", None))
    assert (row["text"], row["title"], row["timestamp"]) == ("A", "Un titre", WRITTEN)


def test_a_video_view_replaces_a_text_capture(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5, "video"), view(6, "text"))
    assert (row["layout"], row["image_url"]) == ("video", "still")


def test_the_text_of_a_capture_never_replaces_its_page(store: ArticleStore) -> None:
    """An archive may have a page and its text, under the same address and time."""
    [row] = in_any_order(store, view(5, archive_file="/a.warc"), view(5, "text", archive_file="/a.wet"))
    assert row["layout"] == "news"


def test_other_words_without_dates_are_never_dropped(store: ArticleStore) -> None:
    rows = in_any_order(store, view(5), view(6, words="B", date=None))
    assert [row["text"] for row in rows] == ["B", "A"]


def test_an_undated_page_from_before_an_update_is_a_version(store: ArticleStore) -> None:
    rows = in_any_order(store, view(2, date=None), view(5, words="B", date=UPDATED), view(6, words="B", date=None))
    assert [(row["text"], row["timestamp"]) for row in rows] == [("B", UPDATED), ("A", "2026-01-02T21:00:00+09:00")]


def test_a_whole_undated_page_stays_beside_a_truncated_one(store: ArticleStore) -> None:
    rows = in_any_order(store, view(5, date=None), truncated(6))
    assert [row["text"] for row in rows] == ["A", "A…"]


FUTURE = "2062-01-01T09:00:00+09:00"
AHEAD = "2140-01-01T00:00:00.000000+00:00"
LAST = "9999-12-31T23:59:59.999999+00:00"


@pytest.mark.parametrize("date", [None, FUTURE, "1970-01-01T09:00:00+09:00", "0001-01-01T00:00:00+09:00", "9999-12-31"])
@pytest.mark.parametrize("words", "AB")
def test_a_later_capture_with_a_date_wins_over_one_without(store: ArticleStore, date: str | None, words: str) -> None:
    [row] = in_any_order(store, view(5, date=date, written_at=date), view(6, words=words))
    assert (row["text"], row["timestamp"]) == (words, WRITTEN)


def test_a_capture_dated_to_the_month_keeps_the_dates_of_its_page(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5, fetched_at="2025-12-01T00:00:00.000000+00:00"))
    assert row["timestamp"] == WRITTEN


def test_a_false_update_is_none(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5, date=FUTURE, updated_at=FUTURE), view(6, words="B"))
    assert (row["text"], row["timestamp"], row["updated_at"]) == ("B", WRITTEN, None)


@pytest.mark.parametrize("date", [WRITTEN, None])
@pytest.mark.parametrize("moment", [AHEAD, LAST])
def test_a_capture_from_after_now_counts_less_than_any(store: ArticleStore, date: str | None, moment: str) -> None:
    [row] = in_any_order(store, view(5, words="B", date=date), view(6, words="A", date=date, fetched_at=moment))
    assert (row["text"], row["timestamp"][:7]) == ("B", "2026-01")


def test_a_false_date_is_not_imported(store: ArticleStore) -> None:
    with store.batch():
        row = view(5, date=FUTURE, written_at=FUTURE, url="imported")
        assert store.add_version(row, together=False) is Outcome.NEW
        [article] = store.versions("imported")
    assert (article.timestamp, article.written_at) == ("2026-01-05T21:00:00+09:00", None)


def test_a_version_of_an_older_release_is_merged_anew(store: ArticleStore) -> None:
    with store.batch():
        for one in (view(4), view(5, words="B", date=FUTURE, written_at=FUTURE)):
            store._insert([one | {"url": "older"}])
        assert store.add_row(view(6, words="C") | {"url": "older"}) is Outcome.EDITED
        [article] = store.versions("older")
    assert (article.text, article.timestamp) == ("C", WRITTEN)


def test_a_capture_read_again_keeps_what_another_view_added(store: ArticleStore) -> None:
    row = view(5, url="again")
    with store.batch():
        store.add_row(row)
        store.add_row(view(6, "video", url="again"))
        assert store.add_row(row) is Outcome.UNCHANGED


def empty(store: ArticleStore) -> None:
    for table in ("articles", "silent_edits", "seen"):
        store.db.table(table).delete_where()


def test_rows_added_together_are_stored_as_one_by_one(store: ArticleStore) -> None:
    rows = [
        *(view(5, url=f"{number}") for number in range(3)),
        *(view(day, "video", url="video") for day in (5, 6)),
        *(view(4, words="A", date=None, url="undated"), view(5, url="undated")),
        *(view(5, url="updated"), view(6, words="B", date=UPDATED, url="updated")),
    ]
    sql = "select * from articles order by url, timestamp"
    with store.batch():
        empty(store)
        singly = [store.add_row(row) for row in rows]
        one_by_one = list(store.db.query(sql))
        empty(store)
        outcomes = store.add_rows(rows)
        assert list(store.db.query(sql)) == one_by_one
        assert outcomes.count(Outcome.NEW) == singly.count(Outcome.NEW) == 6
        assert {*store.add_rows(rows)} == {Outcome.UNCHANGED}


def test_versions_from_another_database_stay_as_they_were(store: ArticleStore) -> None:
    """Also where one of them would supersede the other here."""
    undated = view(2, date=None, url="copied") | {"timestamp": "2026-01-02T21:00:00+09:00"}
    versions = [view(5, url="copied"), undated]
    with store.batch():
        assert store.add_version(versions[0], together=False) is Outcome.NEW
        assert store.add_version(versions[1], together=True) is Outcome.UPDATED
        assert [store.add_version(row, together=False) for row in versions] == [Outcome.UNCHANGED] * 2
        assert len(store.versions("copied")) == 2


_KINDS = [(make, name) for make in (view, truncated) for name in VIEWS]


@st.composite
def captures(draw: st.DrawFn) -> list[Row]:
    """Captures of one article on different days. What was changed is never changed back, and updates change words.

    Either there are silent edits, or pages without dates: for both together not enough is stored (DATA.md).
    """
    rows: list[Row] = []
    edited = draw(st.booleans())
    reached = {WRITTEN: 0, UPDATED: 3}
    for day in sorted(draw(st.sets(st.integers(1, 6), min_size=2, max_size=4))):
        make, name = draw(st.sampled_from(_KINDS))
        date = UPDATED if day > 3 else WRITTEN
        reached[date] += draw(st.integers(0, 1)) if edited else 0
        given_date = date if edited else draw(st.sampled_from([date, date, None]))
        rows.append(make(day, name, "ABCDEFG"[reached[date]], given_date))
    return rows


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(captures())
def test_the_order_of_reading_does_not_matter(store: ArticleStore, captures: list[Row]) -> None:
    assert in_any_order(store, *captures)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(captures(), st.randoms(use_true_random=False))
def test_what_the_database_held_is_what_it_would_hold_without_later_captures(
    store: ArticleStore, captures: list[Row], random: Random
) -> None:
    captures = [row | {"url": "one"} for row in captures]
    random.shuffle(captures)
    with store.batch():
        for row in captures:
            moment = datetime.fromisoformat(row["fetched_at"])
            for all_versions in (False, True):
                empty(store)
                store.add_rows([one for one in captures if one["fetched_at"] <= row["fetched_at"]])
                then = list(select_rows(store.db, Selection(all_versions=all_versions)))
                store.add_rows(captures)
                past = Selection(all_versions=all_versions, as_of=moment)
                assert list(select_rows(store.db, past)) == then
                assert count_rows(store.db, past) == len(then)


def test_silent_edits_are_kept_until_they_are_replaced(store: ArticleStore) -> None:
    first = history(store, [view(1), view(3, words="C"), view(2, words="B"), view(4, words="C")])
    assert [(row["text"], (row["replaced_at"] or "")[:10]) for row in first] == [
        ("C", ""),
        ("A", "2026-01-02"),
        ("B", "2026-01-03"),
    ]


def test_an_edit_is_extracted_again_where_it_is(store: ArticleStore) -> None:
    rows = history(store, [view(1), view(3, words="B"), view(1, words="A!")])
    assert [row["text"] for row in rows] == ["B", "A!"]


def test_words_that_were_changed_and_changed_back_are_the_later_ones(store: ArticleStore) -> None:
    rows = in_any_order(store, view(1), view(2, words="B"), view(3))
    assert [(row["text"], row["fetched_at"][:10]) for row in rows] == [("A", "2026-01-03")]
    for number, order in enumerate(permutations([view(1), view(2, words="B"), view(3), view(4)])):
        with store.batch():
            for row in order:
                store.add_row(row | {"url": f"back {number}"})
        [article] = store.versions(f"back {number}")
        assert article.text == "A", [one["fetched_at"][:10] for one in order]


def test_the_clock_of_a_capture_from_after_now_does_not_keep_words(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(5), view(6, fetched_at=AHEAD), view(7, words="B"))
    assert row["text"] == "B"


def test_a_row_names_the_earliest_capture_with_its_words(store: ArticleStore) -> None:
    [row] = in_any_order(store, view(2), view(3, words="B"), view(4, words="B"), view(5, words="B", source_url="other"))
    assert (row["text"], row["fetched_at"][:10], row["source_url"]) == ("B", "2026-01-03", "view")
