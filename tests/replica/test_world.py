"""A world that changes while it is served, and one of many days."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from extractors import Article, extract_html
from tests.replica import World, pages
from tests.replica.world import MENUS, NEWEST, Entry

SORTS = ["news", "features", "programmes"]


def extract(page: bytes, url: str) -> Article:
    return replace(extract_html(page, url), source_url=None)


def dated(world: World, of: str) -> list[Entry]:
    return [entry for entry in world.listing(of).entries if entry.truth.written_at is not None]


def test_the_news_of_many_days_reach_back_just_so_far_at_moments_of_their_own() -> None:
    world = World(articles=500, days=90)
    times = [entry.written_at for entry in world.entries]
    assert times == sorted(set(times), reverse=True)
    assert times[0] == NEWEST
    assert timedelta(days=89, hours=23) < times[0] - times[-1] < timedelta(days=90)
    assert len({a - b for a, b in pairwise(times)}) > 400
    assert sum(len(world.written_on((NEWEST - timedelta(days=i)).date())) for i in range(91)) == 500
    assert world.entries == World(articles=500, days=90).entries


@pytest.mark.parametrize("articles", [0, 1, 2])
def test_few_articles_of_many_days(articles: int) -> None:
    assert len(World(articles, days=1).entries) == articles


def test_more_articles_than_seconds_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit into 1 days"):
        World(articles=86_400, days=1)


def test_features_are_of_every_menu_and_a_quarter_of_the_news_has_a_video() -> None:
    world = World(articles=40)
    assert Counter(entry.category_id for entry in world.features) == dict.fromkeys(MENUS, 4)
    assert {entry.truth.category for entry in world.features} >= {"Culture", "Northkorea"}
    assert len(world.videos) == 10
    assert all(any(entry is other for other in world.entries) for entry in world.videos)


@pytest.mark.parametrize("of", SORTS)
def test_what_is_published_is_newer_than_all_before_it(of: str) -> None:
    world = World(articles=12)
    before = world.listing(of).entries
    old = before.copy()
    new = world.publish(3, of)
    after = world.listing(of).entries
    assert before == old
    assert after == [*new, *old]
    assert [entry.seq for entry in new] == [old[0].seq + 3, old[0].seq + 2, old[0].seq + 1]
    times = [str(entry.truth.written_at) for entry in after if entry.truth.written_at is not None]
    assert times == sorted(set(times), reverse=True)
    for entry in new:
        assert extract(pages.entry_page(world, entry), entry.truth.url) == entry.truth


@pytest.mark.parametrize("of", SORTS)
def test_an_empty_world_can_be_published_in(of: str) -> None:
    world = World(articles=0)
    assert world.publish(2, of) == world.listing(of).entries


@pytest.mark.parametrize("of", SORTS)
def test_an_update_is_a_later_version_in_the_same_place(of: str) -> None:
    world = World(articles=60)
    for entry in Random(1).sample(dated(world, of), 20):
        before = world.listing(of).entries
        at = before.index(entry)
        version = world.update(entry)
        assert world.listing(of).entries == [*before[:at], version, *before[at + 1 :]]
        assert str(version.truth.timestamp) > str(entry.truth.timestamp)
        assert isinstance(version.truth.updated_at, datetime) == (of == "news")
        assert version.truth.written_at == entry.truth.written_at
        assert len(set(version.truth.paragraphs) - set(entry.truth.paragraphs)) == 1
        assert len(version.body) - len(entry.body) in {0, 1}


@pytest.mark.parametrize("of", SORTS)
def test_pages_of_updated_articles_equal_their_truth(of: str) -> None:
    world = World(articles=60, seed=3)
    for entry in dated(world, of):
        version = world.update(world.update(entry))
        assert extract(pages.entry_page(world, version), version.truth.url) == version.truth
        if of == "news":
            assert extract(pages.news_page(world, version, "video"), version.video_url) == version.video_truth


def test_an_old_version_stands_for_its_article() -> None:
    world = World(articles=12)
    first = world.entries[0]
    second, third = world.update(first), world.update(first)
    assert str(third.truth.timestamp) > str(second.truth.timestamp)
    assert world.entries[0] is third


def test_what_cannot_change_is_told() -> None:
    world = World(articles=40)
    undated = next(entry for entry in world.programmes if entry.truth.written_at is None)
    for entry in (undated, world.infographics[0]):
        with pytest.raises(ValueError, match="cannot be updated"):
            world.update(entry)
    with pytest.raises(ValueError, match="are not published"):
        world.publish(1, "infographics")
    with pytest.raises(KeyError):
        World(articles=3).update(world.entries[0])
