"""Batches are bounded, lose nothing, and can be handed to another process."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

from storage.archive import Capture, Location
from storage.sources.base import Item, Wound
from storage.sources.batches import MAX_BYTES, MAX_ITEMS, batches, counted

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def capture(length: int) -> Item:
    return Capture(url="", fetched_at=NOW, body=bytes(length))


def test_batches_are_bounded_by_count_and_by_bytes_and_keep_the_order() -> None:
    small: list[Item] = [Wound(location=Location(file="a", offset=i), what="w") for i in range(250)]
    made = list(batches((item, str(i), 2) for i, item in enumerate(small)))
    assert [len(batch.items) for batch in made] == [MAX_ITEMS, MAX_ITEMS, 50]
    assert [(batch.cursor, batch.size) for batch in made] == [("99", 200), ("199", 200), ("249", 100)]
    assert [item for batch in made for item in batch.read(1)] == small
    large = list(batches((capture(3_000_000), str(i), 1) for i in range(7)))
    assert [len(batch.items) for batch in large] == [3, 3, 1]
    assert MAX_BYTES == 8_000_000


def test_nothing_makes_no_batch_and_a_batch_can_be_pickled() -> None:
    assert list(batches([])) == []
    [batch] = batches([(capture(3), "7", 1)])
    assert pickle.loads(pickle.dumps(batch)) == batch  # noqa: S301


def test_items_without_places_are_counted() -> None:
    items = [capture(i) for i in range(5)]
    steps = list(counted(items, "2"))
    assert [(item, cursor) for item, cursor, _ in steps] == [(items[2], "3"), (items[3], "4"), (items[4], "5")]
