"""Which page an address of the replica names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from extractors.dates import KST
from tests.replica import lists, pages
from tests.replica.feeds import feed
from tests.replica.world import PAGE_SIZE, PROGRAMME, Entry, World

#: The parameters of an address.
Query = Mapping[str, str]

HTML = "text/html; charset=utf-8"
XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Listed:
    """A list that has pages.

    Attributes:
        entries: all that it lists.
        draw: makes a page of it: `draw(entries of the page, page=…, total=…)`.
    """

    entries: Sequence[Entry]
    draw: Callable[..., bytes]


def find_page(world: World, path: str, query: Query, fault: str = "") -> tuple[str, bytes] | None:
    """Content type and body of the page, or None where the site has no such page.

    Args:
        world: of the address's edition.
        path: of the address.
        query: its parameters.
        fault: one that is a page of the site: `soft-404`, `no-cards` or `endless`.
    """
    if path in _FEEDS:
        return XML, feed(world, _FEEDS[path](world, query))
    name = path.removeprefix("/service/")
    page: bytes | None = None
    if name == "news_today.htm":
        page = _day(world, query, fault)
    elif name in _LISTS:
        page = _list_page(_LISTS[name](world, query), max(1, _number(query.get("page", "1"))), fault)
    elif name in _VIEWS:
        entry = None if fault == "soft-404" else _VIEWS[name](world, query)
        view = "video" if name == "news_vod_view.htm" else "news"
        page = pages.missing_page(world) if entry is None else _view(world, entry, view)
    return None if page is None else (HTML, page)


def _view(world: World, entry: Entry, view: str) -> bytes:
    return pages.news_page(world, entry, view) if entry.truth.kind == "news" else pages.entry_page(world, entry)


def _list_page(listed: Listed, page: int, fault: str) -> bytes:
    total = len(listed.entries)
    shown = listed.entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    if fault == "soft-404":
        return listed.draw([], page=page, total=0)
    if fault in {"no-cards", "endless"}:
        shown = [] if fault == "no-cards" else listed.entries[:PAGE_SIZE]
        total = max(total, (page + 5) * PAGE_SIZE)  # the links lead on whatever there is
    return listed.draw(shown, page=page, total=total)


def _day(world: World, query: Query, fault: str) -> bytes | None:
    day = query.get("date") or f"{datetime.now(KST):%Y-%m-%d}"
    try:
        entries = world.written_on(date.fromisoformat(day))
    except ValueError:
        return None
    return pages.day_page(world, [] if fault in {"soft-404", "no-cards"} else entries, day)


def _news(world: World, query: Query) -> Listed:
    category_id = query.get("id", "")
    entries = world.listing("news").by_category.get(category_id, [])
    return Listed(entries, partial(pages.list_page, world, category_id=category_id))


def _features(world: World, query: Query) -> Listed:
    menu = query.get("menu_cate", "")
    entries = world.listing("features").by_category.get(menu, []) if menu else []
    return Listed(entries, partial(lists.feature_list, world, menu=menu))


def _videos(world: World, _: Query) -> Listed:
    return Listed(world.videos, partial(lists.video_list, world))


def _programmes(world: World, query: Query) -> Listed:
    procode = query.get("procode", "")
    entries = world.programmes if procode == PROGRAMME else []
    return Listed(entries, partial(lists.programme_list, world, procode=procode))


def _search(world: World, query: Query) -> Listed:
    keyword = query.get("keyword", "")
    found = world.listing("news").titled(keyword) if keyword else []
    return Listed(found, partial(lists.search_list, world, keyword=keyword))


def _numbered(of: str, parameter: str) -> Callable[[World, Query], Entry | None]:
    """What finds an article by the parameter that holds its number."""
    return lambda world, query: world.listing(of).by_seq.get(_number(query.get(parameter)))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1


_LISTS: dict[str, Callable[[World, Query], Listed]] = {
    "news_list.htm": _news,
    "contents_list.htm": _features,
    "news_vod_list.htm": _videos,
    "program_playlist_list.htm": _programmes,
    "search.htm": _search,
}
_VIEWS: dict[str, Callable[[World, Query], Entry | None]] = {
    "news_view.htm": _numbered("news", "Seq_Code"),
    "news_vod_view.htm": _numbered("news", "Seq_Code"),
    "contents_view.htm": _numbered("features", "board_seq"),
    "program_playlist_view.htm": _numbered("programmes", "no"),
}
_FEEDS: dict[str, Callable[[World, Query], Sequence[Entry]]] = {
    "/rss/rss_news.htm": lambda world, query: _news(world, query).entries,
    "/rss/rss_enternews.htm": lambda world, _: world.listing("features").by_category.get("enternews", []),
}
