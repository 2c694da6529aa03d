"""Walks over lists: where they stop, and what is covered afterwards."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from crawler.spiders.coverage import MAX_FAILED, MAX_PAGES, Bounds, Walk
from extractors.address import parse_address
from extractors.article import KST
from extractors.listing import ListEntry, ListPage
from storage.crawl_state import Coverage

NEWS = "https://world.kbs.co.kr/service/news_list.htm?lang=f"
FEATURES = "https://world.kbs.co.kr/service/contents_list.htm?lang=f&menu_cate=culture"
NOW = datetime(2026, 11, 24, 12, tzinfo=KST)
BOUNDS = Bounds(since=None, until=None, full=False, pages=None, recheck_days=2, today=NOW.date())
NO_RECHECK = replace(BOUNDS, recheck_days=0)
COMPLETE = Coverage(complete_from="", complete_to=NOW)
FIVE_DAYS_AGO = Coverage(complete_from="", complete_to=NOW - timedelta(days=5))


def page(*days_ago: float, links: tuple[int, ...] = ()) -> ListPage:
    entries = []
    for days in days_ago:
        written_at = NOW - timedelta(days=days)
        address = parse_address(f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={int(days * 100)}")
        assert address is not None
        entries.append(ListEntry(address=address, written_at=written_at))
    return ListPage(entries=tuple(entries), pages=frozenset(links))


def read(walk: Walk, listed: ListPage, number: int, bounds: Bounds = BOUNDS, *, known: bool = True) -> int | None:
    fresh = walk.add(listed, number)
    urls = {entry.address.url for entry in listed.entries} if known else set()
    return walk.next_page(listed, fresh, number, urls, bounds)


def test_a_walk_stops_behind_the_recheck_days() -> None:
    walk = Walk(NEWS, COMPLETE)
    assert read(walk, page(0.1, 0.9), 1) == 2
    assert read(walk, page(1.0, 1.4), 2) == 3
    assert read(walk, page(1.45, 2.1), 3) is None
    assert walk.ended == "known"


@pytest.mark.parametrize(
    ("coverage", "days_ago", "known", "bounds", "next_page"),
    [
        (COMPLETE, (0.1, 0.2), True, BOUNDS, 2),
        (COMPLETE, (0.1, 0.2), True, NO_RECHECK, None),
        (COMPLETE, (0.1, 0.2), False, NO_RECHECK, 2),
        (COMPLETE, (0.1, 0.2), True, replace(NO_RECHECK, full=True), 2),
        # No earlier walk covers the rest.
        (None, (0.1, 0.2), True, NO_RECHECK, 2),
        (FIVE_DAYS_AGO, (0.1, 0.2), True, NO_RECHECK, 2),
        # A pinned old article, or one dated years ahead, beside three that a killed run has stored.
        (FIVE_DAYS_AGO, (0.1, 0.2, 0.3, 9000.0), True, NO_RECHECK, 2),
        (FIVE_DAYS_AGO, (0.1, 0.2, 0.3, -2000.0), True, NO_RECHECK, 2),
    ],
)
def test_a_walk_stops_on_its_first_page_or_goes_on(
    coverage: Coverage | None, days_ago: tuple[float, ...], known: bool, bounds: Bounds, next_page: int | None
) -> None:
    assert read(Walk(NEWS, coverage), page(*days_ago), 1, bounds, known=known) == next_page


def test_since_ends_it_behind_that_day_and_is_remembered() -> None:
    bounds = replace(BOUNDS, since=date(2026, 11, 20))
    walk = Walk(NEWS)
    assert read(walk, page(3, 5), 1, bounds, known=False) == 2
    assert read(walk, page(6, 7), 2, bounds, known=False) is None
    coverage = walk.covered(bounds, NOW)
    assert coverage == Coverage(complete_from="2026-11-20", complete_to=NOW)
    later = Walk(NEWS, coverage)
    assert read(later, page(4, 5), 1, replace(BOUNDS, since=date(2026, 11, 1))) == 2


def test_the_end_of_a_list_is_a_page_without_a_new_entry() -> None:
    walk = Walk(NEWS)
    assert read(walk, page(1, 2), 1, known=False) == 2
    assert read(walk, page(), 2) is None
    assert walk.covered(BOUNDS, NOW) == COMPLETE


def test_a_repeated_page_is_skipped_while_more_are_linked() -> None:
    """New articles push those that were seen onto the next page."""
    walk = Walk(NEWS)
    assert read(walk, page(1, 2, links=(2, 3, 4, 5, 6)), 1, known=False) == 2
    assert read(walk, page(1, 2), 2) == 3
    assert read(walk, page(3, 4), 3, known=False) == 4
    assert [read(walk, page(3, 4), number) for number in (4, 5, 6)] == [5, 6, None]


def test_without_dates_only_a_walk_to_its_end_covers_the_rest() -> None:
    entries = tuple(replace(entry, written_at=None) for entry in page(1, 2).entries)
    undated = ListPage(entries=entries, pages=frozenset())
    assert read(Walk(NEWS, COMPLETE), undated, 1) is None
    assert read(Walk(NEWS, replace(COMPLETE, interrupted=True)), undated, 1) == 2


def test_a_list_of_unknown_paging_is_followed_by_its_links() -> None:
    walk = Walk(FEATURES)
    assert read(walk, page(1, links=(1, 2, 3)), 1, known=False) == 2
    assert read(walk, page(2, links=(1, 2)), 2, known=False) is None
    from_zero = Walk(FEATURES)
    assert read(from_zero, page(1, links=(0, 1, 2)), 1, known=False) == 1


def test_failed_pages_are_skipped_until_there_are_too_many() -> None:
    walk = Walk(NEWS)
    assert [walk.page_failed(number, BOUNDS) for number in range(1, MAX_FAILED)] == list(range(2, MAX_FAILED + 1))
    assert walk.page_failed(MAX_FAILED, BOUNDS) is None
    assert walk.covered(BOUNDS, NOW) is None


def test_a_failed_page_that_came_after_all_leaves_nothing_out() -> None:
    walk = Walk(NEWS)
    read(walk, page(1, links=(2, 3)), 1, known=False)
    walk.page_failed(2, BOUNDS)
    read(walk, page(3), 3, known=False)
    read(walk, page(), 4)
    assert walk.covered(BOUNDS, NOW) is None
    read(walk, page(2), 2, known=False)
    assert walk.ended == "end"  # its next page was read before
    assert walk.covered(BOUNDS, NOW) == COMPLETE


def test_a_walk_within_bounds_or_without_end_covers_nothing() -> None:
    for bounds, number, ended in [
        (replace(BOUNDS, pages=1), 1, "pages"),
        (replace(BOUNDS, until=NOW.date()), 1, "end"),
        (BOUNDS, MAX_PAGES, "too long"),
    ]:
        walk = Walk(NEWS)
        if read(walk, page(1), number, bounds, known=False):
            read(walk, page(), number + 1, bounds)
        assert walk.ended == ended
        assert walk.covered(bounds, NOW) is None
