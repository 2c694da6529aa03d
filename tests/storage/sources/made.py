"""Pages of the replica, and what tests of sources share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.archive import Capture
from storage.sources import Damage, Item, Source, find_sources
from tests.replica import World
from tests.replica.pages import entry_page
from tests.replica.world import Entry

MAX_PAGE = 10_000_000
WORLD = World(articles=6)


def entries() -> Sequence[Entry]:
    return WORLD.entries


def page(number: int = 0) -> bytes:
    return entry_page(WORLD, entries()[number])


def url(number: int = 0) -> str:
    return entries()[number].truth.url


def sources(*paths: Path | str) -> list[Source | Damage]:
    return list(find_sources([str(path) for path in paths]))


def read(*paths: Path | str, max_page: int = MAX_PAGE) -> list[Item]:
    """All that is found at paths, including damages of the search."""
    found: list[Item] = []
    for source in sources(*paths):
        found += [source] if isinstance(source, Damage) else source.read(max_page)
    return found


def captures(items: Iterable[Item]) -> list[Capture]:
    return [item for item in items if isinstance(item, Capture) and not item.refused]


def damages(items: Iterable[Item | Source]) -> list[str]:
    return [item.what for item in items if isinstance(item, Damage)]


def refused(items: Iterable[Item]) -> list[str]:
    return [item.refused for item in items if isinstance(item, Capture) and item.refused]
