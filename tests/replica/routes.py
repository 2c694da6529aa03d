"""Which page an address of the replica names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from extractors.dates import KST
from tests.replica import pages
from tests.replica.pages import ListPages
from tests.replica.world import PAGE_SIZE, World

#: The parameters of an address.
Query = Mapping[str, str]

HTML = "text/html; charset=utf-8"
XML = "text/xml; charset=utf-8"

#: List -> how it is looked up.
_LISTS: dict[str, Callable[[World, Query], ListPages]] = {
    "news_list.htm": lambda world, query: pages.news_list(world, query.get("id", "")),
    "contents_list.htm": lambda world, query: pages.feature_list(world, query.get("menu_cate", "")),
    "news_vod_list.htm": lambda world, _: pages.video_list(world),
    "program_playlist_list.htm": lambda world, query: pages.programme_list(world, query.get("procode", "")),
    "search.htm": lambda world, query: pages.search_list(world, query.get("keyword", "")),
}
#: View -> what it shows, and the parameter with the article's number.
_VIEWS = {
    "news_view.htm": ("news", "Seq_Code"),
    "news_vod_view.htm": ("news", "Seq_Code"),
    "contents_view.htm": ("features", "board_seq"),
    "program_playlist_view.htm": ("programmes", "no"),
}


def find_page(world: World, path: str, query: Query, fault: str = "") -> tuple[str, bytes] | None:
    """Content type and body of the page, or None if the site has no such page.

    Args:
        world: of the address's edition.
        path: of the address.
        query: its parameters.
        fault: one of faults.SITE_PAGES, or empty.
    """
    if path == "/rss/rss_news.htm":
        return XML, pages.feed(world, pages.news_list(world, query.get("id", "")).entries)
    if path == "/rss/rss_enternews.htm":
        return XML, pages.feed(world, pages.feature_list(world, "enternews").entries)
    name = path.removeprefix("/service/")
    page: bytes | None = None
    if name == "news_today.htm":
        page = _day(world, query, fault)
    elif name in _LISTS:
        page = _list_page(world, _LISTS[name](world, query), max(1, _number(query.get("page", "1"))), fault)
    elif name in _VIEWS:
        page = _view(world, name, query, fault)
    return None if page is None else (HTML, page)


def _view(world: World, name: str, query: Query, fault: str) -> bytes:
    of, parameter = _VIEWS[name]
    entry = world.listing(of).by_seq.get(_number(query.get(parameter)))
    if entry is None or fault == "soft-404":
        return pages.missing_page(world)
    return pages.news_page(world, entry, "video" if name == "news_vod_view.htm" else "news")


def _list_page(world: World, listed: ListPages, page: int, fault: str) -> bytes:
    total = len(listed.entries)
    if fault == "soft-404":
        return listed.draw(world, [], page, 0)
    shown = listed.entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    if fault:  # no-cards or endless: the links lead on without end
        shown = [] if fault == "no-cards" else listed.entries[:PAGE_SIZE]
        total = max(total, (page + 5) * PAGE_SIZE)
    return listed.draw(world, shown, page, total)


def _day(world: World, query: Query, fault: str) -> bytes | None:
    day = query.get("date") or f"{datetime.now(KST):%Y-%m-%d}"
    try:
        entries = world.written_on(date.fromisoformat(day))
    except ValueError:
        return None
    return pages.day_page(world, [] if fault else entries, day)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1
