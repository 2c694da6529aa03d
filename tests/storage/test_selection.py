"""Which articles a selection holds, against a naive choice in Python."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import ArticleStore, Selection
from storage.selection import count_rows, find_urls, select_rows
from storage.statistics import summarize
from storage.versions import Row
from tests.rows import article

KINDS, LAYOUTS, LANGS, CATEGORIES = ("news", "feature"), ("news", "video"), ("fr", "en"), ("Politique", "Culture", None)
WORDS = ("sommet", "missile", "Séoul")


def rows() -> list[Row]:
    """One of each combination and word, on ten days; every fifth in two versions."""
    random, made = Random(3), []
    for number, (kind, layout, lang, category, word) in enumerate(product(KINDS, LAYOUTS, LANGS, CATEGORIES, WORDS)):
        time = f"2026-11-{random.randrange(1, 11):02}T{random.randrange(24):02}:00:00+09:00"
        said = {"title": f"Le {word}" if number % 4 else "Un titre", "text": f"Un {word}. " * random.randrange(1, 5)}
        about = {"kind": kind, "layout": layout, "lang": lang, "category": category, "written_at": time, **said}
        made.append(article(number, timestamp=time, **about))
        if number % 5 == 0:
            later = time.replace("2026-11", "2026-12")
            made.append(article(number, timestamp=later, updated_at=later, **about | {"text": "Un sommet annulé."}))
    return made


ROWS = rows()
NEWEST = {row["url"]: row["timestamp"] for row in sorted(ROWS, key=lambda row: str(row["timestamp"]))}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path_factory.mktemp("selection") / "kbs.db") as store:
        with store.batch():
            store.db.table("articles").insert_all(ROWS)
        yield store


def is_meant(row: Row, selection: Selection) -> bool:
    day = date.fromisoformat(row["written_at"][:10])
    return (
        (selection.all_versions or NEWEST[row["url"]] == row["timestamp"])
        and (selection.since or date.min) <= day <= (selection.until or date.max)
        and (not selection.query or selection.query in f"{row['title']} {row['text']}")
        and all(
            not wanted or (row[name] or "") in wanted
            for name, wanted in (
                *(("kind", selection.kinds), ("layout", selection.layouts), ("lang", selection.langs)),
                *(("category", selection.categories), ("url", selection.urls)),
            )
        )
    )


def some(*values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


selections = st.builds(
    Selection,
    since=st.none() | st.dates(date(2026, 11, 1), date(2026, 11, 5)),
    until=st.none() | st.dates(date(2026, 11, 4), date(2026, 11, 11)),
    query=st.sampled_from(["", "sommet", "missile"]),
    kinds=some(*KINDS),
    layouts=some(*LAYOUTS),
    langs=some(*LANGS),
    categories=some("Politique", "Culture", ""),
    urls=st.just(()) | st.lists(st.sampled_from(sorted(NEWEST)), min_size=1).map(tuple),
    all_versions=st.booleans(),
    order=st.sampled_from(["date", "newest", "written", "newest-written"]),
)


@given(selections, st.none() | st.integers(1, 12))
def test_what_is_meant_is_selected_in_its_order(store: ArticleStore, selection: Selection, limit: int | None) -> None:
    selection = replace(selection, limit=limit)
    wanted = [row for row in ROWS if is_meant(row, selection)]
    by_written = selection.order.endswith("written")
    wanted.sort(
        key=lambda row: (by_written and (row["written_at"] or row["timestamp"]), row["timestamp"], row["url"]),
        reverse=selection.order.startswith("newest"),
    )
    found = list(select_rows(store.db, selection))
    assert {row.pop("replaced_at") for row in found} <= {None}
    assert found == wanted[:limit]
    assert count_rows(store.db, selection) == len(found)
    assert summarize(store.db, selection)["articles"] == len(found)


@pytest.mark.parametrize("limit", [None, 7])
@pytest.mark.parametrize("all_versions", [True, False])
def test_the_order_of_rank_is_that_of_search(store: ArticleStore, limit: int | None, *, all_versions: bool) -> None:
    selection = Selection(query="sommet", order="rank", limit=limit, all_versions=all_versions, langs=("fr",))
    found = [(row["url"], row["timestamp"]) for row in select_rows(store.db, selection)]
    hits = store.search("sommet", selection, limit or 1000)
    assert found == [(hit.url, hit.timestamp) for hit in hits]
    assert len(found) == count_rows(store.db, selection) > 6
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_articles_are_found_by_any_address_and_by_number(store: ArticleStore) -> None:
    given = ["http://rki.kbs.co.kr/service/news_vod_view.htm?Seq_Code=3&lang=f", "5", "005", "3"]
    with pytest.raises(ValueError, match="The article 005 is not stored"):
        find_urls(store.db, given)
    assert [url.rpartition("=")[2] for url in find_urls(store.db, ["5", *given[:2], "3"])] == ["5", "3"]
    assert find_urls(store.db, []) == ()
