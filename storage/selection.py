"""Which articles are meant: by words, day, kind, edition, category, address, …; the newest version of each, or all."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from sqlite_utils import Database

from extractors.address import EDITIONS, parse_address, site_url
from storage.database import WrongNameError
from storage.query import fts_expression, unaccented
from storage.schema import SQL
from storage.search import marked
from storage.versions import COLUMNS, Row

#: Orders of a selection: `date` is oldest version first, `newest` the reverse; `written` and `newest-written` the same
#: by the time an article was written; `rank` best match of the query first.
Order = Literal["date", "newest", "written", "newest-written", "rank"]

#: Values of Article.kind.
KINDS = ("news", "feature", "programme", "other")
_WRITTEN = "coalesce(catalogue.written_at, catalogue.timestamp)"
#: What each order is of, in SQL; there is an index of all but the last.
ORDERS = {
    "date": "catalogue.timestamp, catalogue.url",
    "newest": "catalogue.timestamp desc, catalogue.url desc",
    "written": f"{_WRITTEN}, catalogue.timestamp, catalogue.url",
    "newest-written": f"{_WRITTEN} desc, catalogue.timestamp desc, catalogue.url desc",
    "rank": "rank, catalogue.timestamp desc, catalogue.url",
}
_MATCH = "articles_fts match :expression"
# A cross join, so that the index is read through once and not asked for each article.
_RANKED = "articles_fts cross join catalogue on catalogue.id = articles_fts.rowid"

_PRESENT = "with catalogue as not materialized (select *, null as replaced_at from main.catalogue)"
# The conditions that have several values, of which one must be true.
_ANY_OF = {f"{name}s": f"catalogue.{name}" for name in ("kind", "layout", "lang", "url")}
_ANY_OF["categories"] = "coalesce(catalogue.category, '')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some of the articles of a database. All conditions must be true; of the values of one, any.

    Attributes:
        since, until: first and last day, in KST, on which they were written; an article without such a date counts by
            its version's. None: no bound.
        query: what `query.fts_expression` understands; empty: any words.
        kinds, layouts, langs: as in Article; empty: any.
        categories: the pages' own words (`find_category` finds them); an empty one: articles without; no tuple: any.
        urls: canonical addresses (`find_urls` finds them); empty: any.
        all_versions: every version, silent edits too, and not only the newest of each article.
        limit: the most versions, the first ones of the order; None: all.
        order: of the rows; `rank` needs a query.
        as_of: what the database held at this moment (aware), by the captures that it has now. None: what it holds.
    """

    since: date | None = None
    until: date | None = None
    query: str = ""
    kinds: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    all_versions: bool = False
    limit: int | None = None
    order: Order = "date"
    as_of: datetime | None = None

    @property
    def condition(self) -> str:
        """What `catalogue` rows must fulfil, in SQL, with the parameters of `values`."""
        if self.limit is None:
            return self._matching
        return f"catalogue.id in (select catalogue.id from {self.source} limit :limit)"  # noqa: S608

    @property
    def source(self) -> str:
        """What follows `from` for the `catalogue` rows of the selection in their order, without its limit."""
        source = f"{_RANKED} where {_MATCH} and" if self.order == "rank" else "catalogue where"
        return f"{source} {self._matching} order by {ORDERS[self.order]}"

    @property
    def values(self) -> Row:
        """The parameters of `condition` and `source`.

        Raises:
            QueryError: the query cannot be understood.
        """
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "expression": fts_expression(self.query) if self.query else None,
            "limit": -1 if self.limit is None else self.limit,
            "as_of": self.as_of.astimezone(UTC).isoformat(timespec="microseconds") if self.as_of else "~",
            "all_versions": self.all_versions,
            "edits": "[]",
            **{name: json.dumps(getattr(self, name)) for name in _ANY_OF},
        }

    @property
    def _matching(self) -> str:
        # The plus keeps SQLite from reading articles in the order of ids, and sorting their long texts.
        ids = f"select rowid from articles_fts where {_MATCH} union all select value from json_each(:edits)"  # noqa: S608
        matching = f"+catalogue.id in ({ids})"
        conditions = {
            "catalogue.latest = 1": not self.all_versions,
            "catalogue.latest > 0": not self.all_versions and self.order.endswith("written"),  # as its index has it
            "catalogue.day >= :since": self.since is not None,
            "catalogue.day <= :until": self.until is not None,
            **{f"{it} in (select value from json_each(:{name}))": getattr(self, name) for name, it in _ANY_OF.items()},  # noqa: S608
            matching: self.query and self.order != "rank",
        }
        return " and ".join(condition for condition, applies in conditions.items() if applies) or "true"


#: The newest version of each article.
NEWEST = Selection()


def select_rows(db: Database, selection: Selection) -> Iterator[Row]:
    """Rows of `articles`, one by one, in the order of the selection: the same each time.

    With `replaced_at`, which is None but for silent edits: those of a row come before it, if they are not ranked.
    """
    catalogue, values = _catalogue(db, selection)
    column = "articles.{0}" if catalogue == _PRESENT else "coalesce(articles.{0}, silent_edits.{0}) as {0}"
    columns = ", ".join(map(column.format, COLUMNS))
    sql = SQL["selected"].format(catalogue=catalogue, columns=columns, source=selection.source)
    return db.query(sql, values)


def count_rows(db: Database, selection: Selection) -> int:
    """How many rows `select_rows` gives."""
    catalogue, values = _catalogue(db, selection)
    sql = f"{catalogue} select count(*) from (select 1 from {selection.source} limit :limit)"  # noqa: S608
    return int(db.execute(sql, values).fetchone()[0])


def _catalogue(db: Database, selection: Selection) -> tuple[str, Row]:
    """What stands in for `catalogue` where silent edits may be among the rows, and the parameters of a selection."""
    values = selection.values
    if selection.order == "rank" or not (selection.as_of or selection.all_versions):
        return _PRESENT, values
    if selection.query:  # no index has the words of silent edits
        edits = db.execute("select -id, title, text from silent_edits")
        values["edits"] = json.dumps([key for key, *_ in marked(values["expression"], edits)])
    return SQL["past"], values


def find_urls(db: Database, given: Sequence[str]) -> tuple[str, ...]:
    """The canonical addresses of stored articles, from any addresses of them and numbers (`Seq_Code`) of news.

    Raises:
        WrongNameError: one of them is not stored; the message names it.
    """
    found = dict[str, None]()
    for text in given:
        address = parse_address(text)
        meant = [text if address is None else address.url]
        if text.isascii() and text.isdigit():
            meant = [site_url("news", edition, number=text) for edition in EDITIONS]
        sql = "select distinct url from catalogue where url in (select value from json_each(?))"
        stored = {url: None for (url,) in db.execute(sql, [json.dumps(meant)])}
        if not stored:
            raise WrongNameError(f"The article {text[:200]} is not stored; leave it out, or crawl it first.")
        found |= stored
    return tuple(found)


def find_category(db: Database, given: str) -> str:
    """The stored category that `given` names, with or without its accents and capitals; empty where `given` is blank.

    Raises:
        WrongNameError: no article has it; the message names the categories that exist.
    """
    found = db.execute("select distinct category from catalogue where category is not null order by category")
    categories = [category for (category,) in found]
    alike = [str(category) for category in categories if unaccented(category) == unaccented(given)]
    if alike:
        return given if given in alike else alike[0]
    if not given.strip():
        return ""
    known = ", ".join(categories[:20])
    raise WrongNameError(f"No article has the category {given}" + (f"; there are: {known}." if known else "."))
