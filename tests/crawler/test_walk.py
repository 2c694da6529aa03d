"""Walks over lists: where they stop, and what they can be relied on for afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from crawler.spiders.coverage import MAX_PAGES, MAX_FAILED, Bounds, Walk
from extractors.address import parse_address
from extractors.dates import KST
from extractors.listing import ListEntry, ListPage
from storage.crawl_state import Coverage

NEWS = "https://world.kbs.co.kr/service/news_list.htm?lang=f"
FEATURES = "https://world.kbs.co.kr/service/contents_list.htm?lang=f&menu_cate=culture"
NOW = datetime(2026, 11, 24, 12, tzinfo=KST)
BOUNDS = Bounds(since=None, until=None, full=False, pages=None, recheck_days=2, today=NOW.date())
CLEAN = Coverage(complete_from="", complete_to=NOW)


def page(*days_ago: float, links: tuple[int, ...] = ()) -> ListPage:
    cards = []
    for days in days_ago:
        written_at = NOW - timedelta(days=days)
        address = parse_address(f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={int(days * 100)}")
        assert address is not None
        cards.append(ListEntry(address=address, written_at=written_at))
    return ListPage(entries=tuple(cards), pages=frozenset(links))


def turn(walk: Walk, listed: ListPage, number: int, bounds: Bounds = BOUNDS, *, known: bool = True) -> int | None:
    fresh = walk.add(listed, number)
    urls = {card.address.url for card in listed.entries} if known else set()
    return walk.next_page(listed, fresh, number, urls, bounds)


def test_a_walk_stops_where_all_is_known_behind_the_recheck_days() -> None:
    walk = Walk(NEWS, CLEAN)
    assert turn(walk, page(0.1, 0.9), 1) == 2
    assert turn(walk, page(1.0, 1.4), 2) == 3
    assert turn(walk, page(1.45, 2.1), 3) is None
    assert walk.ended == "known"


def test_without_recheck_days_it_stops_on_the_first_page() -> None:
    assert turn(Walk(NEWS, CLEAN), page(0.1, 0.2), 1, replace(BOUNDS, recheck_days=0)) is None


@pytest.mark.parametrize("reach", [None, Coverage(complete_from="", complete_to=NOW - timedelta(days=9))])
def test_it_goes_on_where_no_earlier_walk_vouches_for_the_rest(reach: Coverage | None) -> None:
    assert turn(Walk(NEWS, reach), page(4, 5), 1) == 2


def test_what_is_not_known_keeps_it_going_and_so_does_full() -> None:
    assert turn(Walk(NEWS, CLEAN), page(4, 5), 1, known=False) == 2
    assert turn(Walk(NEWS, CLEAN), page(4, 5), 1, replace(BOUNDS, full=True)) == 2


def test_since_ends_it_behind_that_day_and_is_remembered() -> None:
    bounds = replace(BOUNDS, since=date(2026, 11, 20))
    walk = Walk(NEWS)
    assert turn(walk, page(3, 5), 1, bounds, known=False) == 2
    assert turn(walk, page(6, 7), 2, bounds, known=False) is None
    reach = walk.covered(bounds, NOW)
    assert reach == Coverage(complete_from="2026-11-20", complete_to=NOW)
    later = Walk(NEWS, reach)
    assert turn(later, page(4, 5), 1, replace(BOUNDS, since=date(2026, 11, 1))) == 2


def test_the_end_of_a_list_is_a_page_without_anything_fresh() -> None:
    walk = Walk(NEWS)
    assert turn(walk, page(1, 2), 1, known=False) == 2
    assert turn(walk, page(), 2) is None
    assert walk.covered(BOUNDS, NOW) == Coverage(complete_from="", complete_to=NOW)


def test_a_page_that_repeats_another_is_passed_over_while_more_are_promised() -> None:
    """New articles push what was met onto the next page."""
    walk = Walk(NEWS)
    assert turn(walk, page(1, 2, links=(2, 3, 4, 5, 6)), 1, known=False) == 2
    assert turn(walk, page(1, 2), 2) == 3
    assert turn(walk, page(3, 4), 3, known=False) == 4
    assert [turn(walk, page(3, 4), number) for number in (4, 5, 6)] == [5, 6, None]


@pytest.mark.parametrize("wrong", [9000.0, -2000.0])
def test_one_card_with_a_wrong_date_decides_nothing(wrong: float) -> None:
    """A pinned old article, or one dated years ahead, beside three that a killed run has stored."""
    walk = Walk(NEWS, Coverage(complete_from="", complete_to=NOW - timedelta(days=5)))
    assert turn(walk, page(0.1, 0.2, 0.3, wrong), 1, replace(BOUNDS, recheck_days=0)) == 2


def test_without_dates_only_a_walk_that_came_to_its_end_vouches_for_the_rest() -> None:
    undated = ListPage(entries=tuple(replace(card, written_at=None) for card in page(1, 2).entries), pages=frozenset())
    assert turn(Walk(NEWS, CLEAN), undated, 1) is None
    assert turn(Walk(NEWS, replace(CLEAN, interrupted=True)), undated, 1) == 2


def test_a_list_whose_paging_is_not_known_is_followed_by_its_links_alone() -> None:
    walk = Walk(FEATURES)
    assert turn(walk, page(1, links=(1, 2, 3)), 1, known=False) == 2
    assert turn(walk, page(2, links=(1, 2)), 2, known=False) is None
    from_zero = Walk(FEATURES)
    assert turn(from_zero, page(1, links=(0, 1, 2)), 1, known=False) == 1


def test_pages_that_fail_are_passed_over_until_there_are_too_many() -> None:
    walk = Walk(NEWS)
    assert [walk.page_failed(number, BOUNDS) for number in range(1, MAX_FAILED)] == list(range(2, MAX_FAILED + 1))
    assert walk.page_failed(MAX_FAILED, BOUNDS) is None
    assert walk.covered(BOUNDS, NOW) is None


def test_a_page_that_failed_and_was_had_after_all_leaves_nothing_out() -> None:
    walk = Walk(NEWS)
    turn(walk, page(1, links=(2, 3)), 1, known=False)
    walk.page_failed(2, BOUNDS)
    turn(walk, page(3), 3, known=False)
    turn(walk, page(), 4)
    assert walk.covered(BOUNDS, NOW) is None
    turn(walk, page(2), 2, known=False)
    turn(walk, page(), 4)
    assert walk.covered(BOUNDS, NOW) is not None


@pytest.mark.parametrize("bounds", [replace(BOUNDS, pages=1), replace(BOUNDS, until=NOW.date())])
def test_a_walk_that_was_bounded_vouches_for_nothing(bounds: Bounds) -> None:
    walk = Walk(NEWS)
    turn(walk, page(1), 1, bounds, known=False)
    turn(walk, page(), 2, bounds)
    assert walk.covered(replace(bounds, pages=1), NOW) is None or bounds.until is None


def test_no_list_is_endless() -> None:
    walk = Walk(NEWS)
    assert turn(walk, page(1), MAX_PAGES, known=False) is None
    assert walk.ended == "too long"
    assert walk.covered(BOUNDS, NOW) is None
