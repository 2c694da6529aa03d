"""The articles of a world: the same for a seed, and changed as a site changes."""

from datetime import datetime, timedelta
from random import Random

import pytest

from tests.replica import World
from tests.replica.world import NEWEST, Entry

SORTS = ["news", "features", "programmes"]


def dated(world: World, of: str) -> list[Entry]:
    return [entry for entry in world.listing(of).entries if entry.truth.written_at is not None]


def test_a_seed_gives_the_same_articles() -> None:
    assert World(seed=4).entries == World(seed=4).entries
    assert World(seed=4).entries != World(seed=5).entries
    assert World(edition="e").entries != World(edition="f").entries


def test_news_are_spread_over_the_days() -> None:
    world = World(articles=500, days=90)
    times = [entry.written_at for entry in world.entries]
    assert times == sorted(set(times), reverse=True)
    assert times[0] == NEWEST
    assert timedelta(days=89, hours=23) < times[0] - times[-1] < timedelta(days=90)
    assert sum(len(world.written_on((NEWEST - timedelta(days=i)).date())) for i in range(91)) == 500


@pytest.mark.parametrize("of", SORTS)
@pytest.mark.parametrize("articles", [0, 12])
def test_published_articles_are_the_newest(of: str, articles: int) -> None:
    world = World(articles)
    old = world.listing(of).entries
    new = world.publish(3, of)
    assert world.listing(of).entries == [*new, *old]
    times = [str(entry.truth.written_at) for entry in dated(world, of)]
    assert times == sorted(set(times), reverse=True)


@pytest.mark.parametrize("of", SORTS)
def test_an_update_is_a_later_version_in_its_place(of: str) -> None:
    world = World(articles=60)
    for entry in Random(1).sample(dated(world, of), 10):
        before = world.listing(of).entries
        at = before.index(entry)
        version = world.update(entry)
        assert world.listing(of).entries == [*before[:at], version, *before[at + 1 :]]
        assert str(version.truth.timestamp) > str(entry.truth.timestamp)
        assert isinstance(version.truth.updated_at, datetime) == (of == "news")
        assert version.truth.written_at == entry.truth.written_at
        assert len(set(version.truth.paragraphs) - set(entry.truth.paragraphs)) == 1
        # An older version names the same article.
        assert str(world.update(entry).truth.timestamp) > str(version.truth.timestamp)
