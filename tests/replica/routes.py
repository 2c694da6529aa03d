"""Which page an address of the replica names."""

from collections.abc import Mapping
from datetime import date, datetime

from extractors.article import KST

from . import pages
from .world import PAGE_SIZE, World

#: The parameters of an address.
Query = Mapping[str, str]

HTML = "text/html; charset=utf-8"
XML = "text/xml; charset=utf-8"
#: View -> what it shows, and the parameter with the article's number.
_VIEWS = {
    "news_view.htm": ("news", "Seq_Code"),
    "news_vod_view.htm": ("news", "Seq_Code"),
    "contents_view.htm": ("features", "board_seq"),
    "program_playlist_view.htm": ("programmes", "no"),
}


def find_page(world: World, path: str, query: Query, fault: str = "") -> tuple[str, bytes] | None:
    """Content type and body of the page, or None if the site has no such page; `fault`: one of faults.SITE_PAGES."""
    if path == "/rss/rss_news.htm":
        return XML, pages.feed(world, pages.list_entries(world, "news_list.htm", query.get("id", "")))
    if path == "/rss/rss_enternews.htm":
        return XML, pages.feed(world, pages.list_entries(world, "contents_list.htm", "enternews"))
    name = path.removeprefix("/service/")
    page: bytes | None = None
    if name == "news_today.htm":
        page = _day(world, query, fault)
    elif name in pages.PARAMETERS:
        page = _list_page(world, name, query, fault)
    elif name in _VIEWS:
        page = _view(world, name, query, fault)
    return None if page is None else (HTML, page)


def _view(world: World, name: str, query: Query, fault: str) -> bytes:
    of, parameter = _VIEWS[name]
    entry = world.listing(of).by_seq.get(_number(query.get(parameter)))
    if entry is None or fault == "soft-404":
        return pages.missing_page(world)
    return pages.news_page(world, entry, "video" if name == "news_vod_view.htm" else "news")


def _list_page(world: World, file: str, query: Query, fault: str) -> bytes:
    value = query.get(pages.PARAMETERS[file], "")
    page = max(1, _number(query.get("page", "1")))
    entries = pages.list_entries(world, file, value)
    shown, total = entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], len(entries)
    if fault == "soft-404":
        shown, total = [], 0
    elif fault:  # no-cards or endless: the links lead on without end
        shown = [] if fault == "no-cards" else entries[:PAGE_SIZE]
        total = max(total, (page + 5) * PAGE_SIZE)
    return pages.draw_list(world, file, value, shown, page, total)


def _day(world: World, query: Query, fault: str) -> bytes | None:
    day = query.get("date") or f"{datetime.now(KST):%Y-%m-%d}"
    try:
        entries = world.written_on(date.fromisoformat(day))
    except ValueError:
        return None
    return pages.day_page(world, [] if fault else entries, day)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1
