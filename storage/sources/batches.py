"""Parts of sources that are read by one process from front to back: the items themselves, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from storage.archive import Capture
from storage.sources.base import Item

#: An item, where reading goes on behind it, and its share of the source's bytes.
Step = tuple[Item, str, int]

MAX_ITEMS = 100
#: Of bodies; a batch is full with the item that reaches it.
MAX_BYTES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A part that was read before it was handed out.

    Attributes:
        items: what it holds.
        cursor, size: as of a Part.
    """

    items: tuple[Item, ...]
    cursor: str
    size: int

    def read(self, max_page: int) -> Iterator[Item]:
        """What it holds; pages that are too large were refused when it was made."""
        del max_page
        yield from self.items

    def halves(self) -> tuple[Batch, Batch] | None:
        """Two batches; None where there is nothing to halve."""
        middle = len(self.items) // 2
        return (replace(self, items=self.items[:middle]), replace(self, items=self.items[middle:])) if middle else None


def batches(steps: Iterable[Step]) -> Iterator[Batch]:
    """Group what is read into batches of `MAX_ITEMS` items and about `MAX_BYTES` of bodies at most."""
    items: list[Item] = []
    cursor, size, held = "", 0, 0
    for item, cursor, share in steps:
        items.append(item)
        size += share
        held += len(item.body) if isinstance(item, Capture) else 0
        if len(items) >= MAX_ITEMS or held >= MAX_BYTES:
            yield Batch(items=tuple(items), cursor=cursor, size=size)
            items, size, held = [], 0, 0
    if items:
        yield Batch(items=tuple(items), cursor=cursor, size=size)


def counted(items: Iterable[Item], after: str | None) -> Iterator[Step]:
    """Items of a stream that has no other places than their number; those `after` one are found by reading up to it.

    Args:
        items: all of them, from the first.
        after: the number of those that were read before, as a cursor.
    """
    done = int(after or 0)
    for number, item in enumerate(items, start=1):
        if number > done:
            yield item, str(number), 0
