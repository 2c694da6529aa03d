"""Which articles are meant: by day, category, edition; the newest version of each, or all."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from storage.versions import COLUMNS, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some of the articles of a database.

    Attributes:
        since, until: first and last day, in KST, on which they were written; an article without such a date counts by
            its version's. None: no bound.
        category: the page's own word (`find_category` finds it); empty: articles without one; None: any.
        lang: ISO 639-1 code of the edition; None: any.
        all_versions: every version, and not only the newest of each article.
    """

    since: date | None = None
    until: date | None = None
    category: str | None = None
    lang: str | None = None
    all_versions: bool = False

    @property
    def condition(self) -> str:
        """What `catalogue` rows must fulfil, in SQL, with the parameters of `values`."""
        conditions = {
            "catalogue.latest = 1": not self.all_versions,
            "catalogue.day >= :since": self.since is not None,
            "catalogue.day <= :until": self.until is not None,
            "catalogue.category = :category": bool(self.category),
            "catalogue.category is null": self.category == "",
            "catalogue.lang = :lang": self.lang is not None,
        }
        return " and ".join(condition for condition, applies in conditions.items() if applies) or "true"

    @property
    def values(self) -> dict[str, str | None]:
        """The parameters of `condition`."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "category": self.category,
            "lang": self.lang,
        }


#: The newest version of each article.
NEWEST = Selection()


def select_rows(db: Database, selection: Selection) -> Iterator[Row]:
    """Rows of `articles`, one by one, in order of their timestamps and addresses: the same each time."""
    # For each case there is an index in this order: long texts are not sorted.
    source, order = "catalogue join articles", "catalogue"
    if selection.all_versions:
        source, order = "articles cross join catalogue", "articles"
    columns = ", ".join(f"articles.{name}" for name in COLUMNS)
    sql = (
        f"select {columns} from {source} using (url, timestamp) "  # noqa: S608
        f"where {selection.condition} order by {order}.timestamp, {order}.url"
    )
    return db.query(sql, selection.values)


def count_rows(db: Database, selection: Selection) -> int:
    """How many versions are selected."""
    sql = f"select count(*) from catalogue where {selection.condition}"  # noqa: S608
    return int(db.execute(sql, selection.values).fetchone()[0])


def find_category(db: Database, given: str) -> str:
    """The stored category that `given` names, with or without its accents and capitals; empty where `given` is blank.

    Raises:
        ValueError: no article has it; the message names the categories that exist.
    """
    found = db.execute("select distinct category from catalogue where category is not null order by category")
    categories = [category for (category,) in found]
    for category in sorted(categories, key=given.__ne__):  # as it is written, before others that are alike
        if _fold(category) == _fold(given):
            return str(category)
    if not given.strip():
        return ""
    known = ", ".join(categories[:20])
    raise ValueError(f"No article has the category {given}" + (f"; there are: {known}." if known else "."))


def _fold(text: str) -> str:
    """A text without its accents, in lower case: as search compares."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()
