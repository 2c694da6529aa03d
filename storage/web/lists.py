"""The lists of articles: by day, and by what an address asks for (words, days, category, …), as pages and files."""

import re
import sys
from calendar import monthcalendar
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from importlib import import_module
from itertools import groupby
from json import dumps
from operator import itemgetter
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlencode

from sqlite_utils import Database

from extractors.address import SITE
from storage.database import WrongNameError
from storage.exports import atom, sound
from storage.query import QueryError, fts_expression
from storage.schema import SQL
from storage.search import BEGIN, END, find, shown_by
from storage.selection import NEWEST, Order, Selection, find_category, select_rows
from storage.statistics import summarize
from storage.versions import Row
from storage.web.language import PageError, seen_in_korea

Context = dict[str, Any]
#: The parameters of an address, as they are given; all, or those of a list.
Asked = dict[str, str]

#: Files of a list: ending -> module of storage.exports.
FILES = {"csv": "csv_table", "xlsx": "excel", "jsonl": "json_lines"}
#: Columns of the catalogue that are facets.
FACETS = ("category", "month", "kind", "lang", "layout")

_NAMES = ("q", "since", "until", "order", "category", "kind", "lang", "layout")
# Of these, the filters of dashboards.
_FILTERS = {"since", "until", "category", "lang"}
# The orders of lists but `rank` as SQL has them: lists show when an article was written.
_ORDERS: dict[str, Order] = {"newest": "newest-written", "date": "written"}
_NEWS = re.compile(rf"{re.escape(SITE)}/service/news_view\.htm\?lang=([a-z])&Seq_Code=([0-9A-Za-z_]+)")
# Articles of a page by days (which are shown whole), of a page of results or a feed, and of all pages of results.
_DAYS, _RESULTS, _ALL_RESULTS = 40, 50, 1_000
# Of damaged rows, on the terminal.
_tell = partial(print, file=sys.stderr)
# Values of a facet, and characters of a title or snippet that are shown: each can be as long as a page.
_VALUES, _CHARACTERS = 1_000, 500
# Characters that people read in a minute: 230 French words, 500 signs where a sign is a syllable.
_PER_MINUTE, _SIGNS_PER_MINUTE, _SIGNS = 1_300, 500, {"ko", "ja", "zh"}
_SENTENCE = re.compile(r".{40,300}?(?<!\bM)[.!?…](?: ?[»”])?(?= |$)")


def asked_in(given: Asked) -> Asked:
    """The list that an address asks for; an empty category is that of articles without one."""
    asked = {name: given[name].strip() for name in _NAMES if name in given}
    return {name: value for name, value in asked.items() if value or name == "category"}


def selection_of(db: Database, asked: Asked) -> Selection:
    """What is asked for; PageError where a day is none or no article has the category."""
    days = {name: _day(asked[name]) for name in ("since", "until") if name in asked}
    several: Any = {f"{name}s": (asked[name],) for name in ("kind", "lang", "layout") if name in asked}
    try:
        categories = (find_category(db, asked["category"]),) if "category" in asked else ()
    except WrongNameError:
        raise PageError("unknown_category", given=asked["category"][:80]) from None
    query = asked.get("q", "")
    order = _ORDERS.get(asked.get("order", ""), "rank" if query else "newest-written")
    return Selection(query=query, order=order, categories=categories, **days, **several)  # type: ignore[arg-type]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PageError("no_day", given=text[:40]) from None


def ids_of(db: Database, selection: Selection) -> list[int]:
    """The ids in `catalogue` of what is selected, in its order; the first ones, if there are many."""
    return [key for key, _ in find(db, replace(selection, limit=_ALL_RESULTS))]


def search_page(db: Database, given: Asked) -> Context:
    """A page of what is asked for, how many there are, and their facets; or the fault in its words."""
    asked = asked_in(given)
    selection = selection_of(db, asked)
    try:
        ids = ids_of(db, selection)
    except QueryError as error:
        return {"asked": asked, "fault": error.words}
    page = int(given["page"]) if re.fullmatch("[1-9][0-9]?", given.get("page", ""), re.ASCII) else 1
    begin = _RESULTS * (page - 1)
    names = ", ".join(FACETS)
    condition = replace(selection, order="newest").condition
    sql = f"select {names}, count(*) as articles from catalogue where {condition} group by {names}"  # noqa: S608
    counted = list(db.query(sql, selection.values))
    more = asked | {"page": str(page + 1)} if len(ids) > begin + _RESULTS else None
    return {
        "asked": asked,
        "count": sum(row["articles"] for row in counted),
        "cut": _ALL_RESULTS if len(ids) == _ALL_RESULTS else None,
        "facets": {name: _facet(asked, name, counted) for name in FACETS},
        "hits": list(cards(db, ids[begin : begin + _RESULTS], selection.query)),
        "more": more and f"/search?{urlencode(more)}",
        "address": urlencode(asked),
    }


def fault_of_charts(db: Database, given: Asked) -> Mapping[str, str] | None:
    """Why a dashboard has no charts of what an address asks for, in each language; None where it has."""
    asked = {name: it for name, it in asked_in(given).items() if it and name in _FILTERS}
    period, word = given.get("by") or "month", given.get("word")
    if period not in {"month", "year"}:
        return PageError("wrong_period", given=period[:40]).words
    try:
        if word:
            fts_expression(word)
        found = find(db, replace(selection_of(db, asked), limit=1))
    except (PageError, QueryError) as error:
        return error.words
    return None if found else PageError("none_found").words


def _facet(asked: Asked, name: str, counted: Sequence[Row]) -> list[Context]:
    counts = Counter[str]()
    for row in counted:
        counts[row[name] or ""] += row["articles"]
    ordered = sorted(counts.items(), reverse=True) if name == "month" else counts.most_common()
    return [{"value": value, "count": count, **_toggled(asked, name, value)} for value, count in ordered[:_VALUES]]


def _toggled(asked: Asked, name: str, value: str) -> Context:
    """Whether a value of a facet is asked for, and the address that asks for it or no longer does."""
    if name == "month":
        first = date.fromisoformat(f"{value}-01")
        last = (first + timedelta(31)).replace(day=1) - timedelta(1)
        wanted = {"since": first.isoformat(), "until": last.isoformat()}
    else:
        wanted = {name: value}
    is_on = wanted.items() <= asked.items()
    rest = {other: it for other, it in asked.items() if other not in wanted}
    return {"is_on": is_on, "address": f"/search?{urlencode(rest if is_on else rest | wanted)}"}


def days_page(db: Database, given: Asked) -> Context:
    """The articles of a day and of days before, as many as fit; of the newest day, with counts, where none is given."""
    day = _day(given["day"]).isoformat() if given.get("day") else ""
    ids = [key for (key,) in db.execute(SQL["until"], [f"{day}~", _DAYS + 1])]
    days = [(name, list(group)) for name, group in groupby(cards(db, ids), itemgetter("day"))]
    is_cut = len(ids) > _DAYS and len(days) == 1
    if len(ids) > _DAYS and not is_cut:
        days.pop()  # it is on the next page, whole
    first = day or (days[0][0] if days else "")
    return {
        "days": days,
        "first_day": None if days else _only(db, "day_after", ""),
        "is_cut": is_cut,
        "earlier": _only(db, "day_before", days[-1][0]) if days else None,
        "calendar": _calendar(db, first) if first else None,
        "counts": None if day else summarize(db, NEWEST),
    }


def _calendar(db: Database, day: str) -> Context:
    month = day[:7]
    return {
        "month": month,
        "weeks": monthcalendar(int(day[:4]), int(day[5:7])),
        "counts": dict(db.execute(SQL["of_month"], [month, f"{month}~"])),
        "earlier": _only(db, "day_before", month),
        "later": _only(db, "day_after", f"{month}~"),
    }


def _only(db: Database, name: str, moment: str) -> str | None:
    [found] = db.execute(SQL[name], [moment]).fetchone()
    return found  # type: ignore[no-any-return]


def cards(db: Database, ids: Sequence[int], query: str = "") -> Iterator[Context]:
    """What lists show of articles, in the order of their ids; with a query what it finds in them, marked."""
    rows = {row["id"]: row for row in db.query(SQL["cards"], [dumps(ids)])}
    found = shown_by(db, query, ids) if query else {}
    for row in (rows[key] | found.get(key, {}) for key in ids if key in rows):
        yield row | {
            "title": pieces(row["title"]),
            "lede": pieces(row.get("snippet") or _lede(row["text"])),
            "minutes": minutes(row["characters"], row["lang"]),
            "edited_at": seen_in_korea(row["edited_at"]),
            "is_updated": row["written_at"] and row["timestamp"] != row["written_at"],
        }


def pieces(text: str | None, most: int | None = _CHARACTERS) -> list[tuple[str, str]]:
    """The beginning of a text in pieces, as storage.difference has them: what a search found is a `mark`."""
    parts = re.split(f"[{BEGIN}{END}]", text[:most]) if text else []
    return [("mark" if at % 2 else "equal", part) for at, part in enumerate(parts)]


def _lede(text: str) -> str:
    """The first sentence of a text."""
    paragraph = " ".join(text.lstrip().partition("\n\n")[0].split())
    sentence = _SENTENCE.match(paragraph)
    return sentence[0] if sentence else f"{paragraph[:300]}…" if len(paragraph) > 300 else paragraph


def minutes(characters: int, lang: str) -> int:
    """How long it takes to read a text."""
    return max(1, round(characters / (_SIGNS_PER_MINUTE if lang in _SIGNS else _PER_MINUTE)))


def article_path(url: str, asked: Asked | None = None) -> str:
    """The address in the reading room of an article, in a list of what is asked for."""
    news = _NEWS.fullmatch(url)
    query = urlencode((asked or {}) if news else {"url": url, **(asked or {})})
    path = f"/article/{news[1]}/{news[2]}" if news else "/article"
    return f"{path}?{query}" if query else path


def write_file(db: Database, given: Asked, form: str, address: str) -> Any:
    """What is asked for as one of FILES, or its newest articles as the feed that is at `address`; a file that is open.

    Raises:
        ValueError: it cannot be understood; the message is a sentence.
    """
    selection = selection_of(db, asked_in(given))
    file = NamedTemporaryFile(suffix=f".{form}")  # noqa: SIM115  (whoever sends it closes it)
    if form == "atom":
        newest = replace(selection, order="newest", limit=_RESULTS)
        atom.write(sound(select_rows(db, newest), _tell), file, newest, address)
    else:
        module = import_module(f"storage.exports.{FILES[form]}")
        module.write(sound(select_rows(db, selection), _tell), file)
    file.flush()
    return file
