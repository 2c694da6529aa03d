"""Any number of different pages, one after the other."""

from collections.abc import Iterator
from dataclasses import replace

from extractors.address import site_url

from .pages import entry_page
from .world import World

# A world is in memory as a whole: many small ones need less than a large one.
_WORLD = 250
_FIRST_SEQ = 100_000


def many_pages(count: int) -> Iterator[tuple[str, bytes]]:
    """Address and page of `count` different articles."""
    for first in range(0, count, _WORLD):
        world = World(_WORLD, seed=first)
        for seq, entry in enumerate(world.entries[: count - first], start=_FIRST_SEQ + first):
            url = site_url("news", "f", number=seq)
            yield url, entry_page(world, replace(entry, seq=seq, truth=replace(entry.truth, url=url)))
