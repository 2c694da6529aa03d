"""Any number of different pages, made one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extractors.address import news_url
from tests.replica.pages import entry_page
from tests.replica.world import World

# A world is kept as a whole; many small ones are not.
_WORLD = 250
_FIRST_SEQ = 100_000


def many_pages(count: int) -> Iterator[tuple[str, bytes]]:
    """So many different articles: address and page."""
    for first in range(0, count, _WORLD):
        world = World(_WORLD, seed=first)
        for seq, entry in enumerate(world.entries[: count - first], start=_FIRST_SEQ + first):
            url = news_url("f", seq)
            yield url, entry_page(world, replace(entry, seq=seq, truth=replace(entry.truth, url=url)))
