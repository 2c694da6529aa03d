"""Pages of the replica, and what tests of sources share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.archive import MAX_PAGE_BYTES, Capture
from storage.sources.base import Item, Refused, Seam, Source, Wound
from storage.sources.find import find_sources
from tests.replica import World
from tests.replica.pages import entry_page
from tests.replica.world import Entry

WORLD = World(articles=6)


def entries() -> Sequence[Entry]:
    return WORLD.entries


def page(number: int = 0) -> bytes:
    return entry_page(WORLD, entries()[number])


def url(number: int = 0) -> str:
    return entries()[number].truth.url


def items_of(source: Source, after: str | None = None, max_page: int = MAX_PAGE_BYTES) -> list[Item]:
    parts = (part.read(max_page) for part in source.parts(after))
    return [item for items in parts for item in items if not isinstance(item, Seam)]


def read(*paths: Path, max_page: int = MAX_PAGE_BYTES) -> list[Item]:
    """All that is found at paths, wounds of the search among it."""
    found: list[Item] = []
    for source in find_sources([str(path) for path in paths], max_page=max_page):
        found += [source] if isinstance(source, Wound) else items_of(source, max_page=max_page)
    return found


def captures(items: Iterable[Item]) -> list[Capture]:
    return [item for item in items if isinstance(item, Capture)]


def wounds(items: Iterable[Item]) -> list[str]:
    return [item.what for item in items if isinstance(item, Wound)]


def refused(items: Iterable[Item]) -> list[str]:
    return [item.reason for item in items if isinstance(item, Refused)]
