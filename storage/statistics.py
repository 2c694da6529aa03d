"""What can be counted of the articles: each statistic once (statistics.toml), for tables, charts and the web pages."""

import sqlite3
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Literal

from sqlite_utils import Database

from extractors.layout import GENERIC, LAYOUT_NAMES, TEXT
from storage.query import QueryError, fts_expression
from storage.selection import Selection
from storage.versions import Row

#: The language of titles and sentences, not of the articles.
Language = Literal["en", "fr"]
#: The same words in each language.
Words = Mapping[str, str]

#: The name in results of the less frequent values together.
OTHERS: Words = {"en": "others", "fr": "autres"}
_NONE: Words = {"en": "(none)", "fr": "(sans)"}
#: How many characters a label in a chart or a table has at most; pages can make theirs as long as they like.
MAX_LABEL = 30
#: The names of the layouts, news first.
KNOWN_LAYOUTS = (*LAYOUT_NAMES, TEXT, GENERIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A question to the database, and how its answer is shown; the comments of statistics.toml explain the fields."""

    name: str
    title: Words
    description: Words
    columns: Mapping[str, Words]
    chart: Mapping[str, Any]
    sql: str
    across: str = ""
    coverage: bool = False
    words: Mapping[str, Words] = field(default_factory=dict)

    @property
    def asks_for_word(self) -> bool:
        """Whether it is about a word of the caller."""
        return ":word" in self.sql

    def query(self, condition: str, language: Language) -> str:
        """The query in one line, with words for what has no name; it may call the functions that `register` adds.

        `condition` on rows of `catalogue` is the code's own SQL, with parameters for values.
        """
        words = {name: each[language] for name, each in {"others": OTHERS, "none": _NONE, **self.words}.items()}
        return " ".join(self.sql.format(selected=condition, layouts=KNOWN_LAYOUTS, **words).split())


#: All there are, by name, in the order in which they are shown.
STATISTICS: Mapping[str, Statistic] = {
    name: Statistic(name=name, **entry)
    for name, entry in tomllib.loads(files("storage").joinpath("statistics.toml").read_text("utf-8")).items()
}


def run(
    db: Database, statistic: Statistic, selection: Selection, language: Language = "en", word: str = ""
) -> list[Row]:
    """The rows of one of STATISTICS, in its order, for the articles of a selection.

    Args:
        language: of the words for what has no name.
        word: a search query (`storage.query`), for the statistic that asks for a word; an invalid one matches nothing.
    """
    register(db.conn)
    return list(db.query(statistic.query(selection.condition, language), {**selection.values, "word": word}))


def summarize(db: Database, selection: Selection) -> Row:
    """Count what a selection holds.

    Returns:
        articles, versions: articles selected, and all versions of articles that match the rest of the selection.
        first, last: the first and the last day with an article, in KST; None where there is no article.
        days: with an article.
        refused: pages without article, of the whole database.
        pulled_at: when the last crawl ended, or began where it has no end; ISO 8601, UTC; None: there was none.
    """
    [counted] = db.query(
        f"""
        select count(*) as articles,
          (select count(*) from catalogue where {replace(selection, all_versions=True).condition}) as versions,
          min(day) as first, max(day) as last, count(distinct day) as days,
          (select count(*) from refusals) as refused,
          (select max(coalesce(ended_at, started_at)) from runs) as pulled_at
        from catalogue where {selection.condition}
        """,  # noqa: S608
        selection.values,
    )
    return counted


def register(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that queries call: `kbs_fts` (`match_expression`) and `kbs_label` (`label`)."""
    connection.create_function("kbs_fts", 1, match_expression, deterministic=True)
    connection.create_function("kbs_label", 1, label, deterministic=True)


def match_expression(query: object) -> str:
    """What `articles_fts match` takes for a query as typed; one that cannot be understood matches nothing."""
    try:
        return fts_expression(query if isinstance(query, str) else "")
    except QueryError:
        return '""'  # neither null nor an empty text is an expression


def label(value: object) -> str | None:
    """A value as a short line without control and format characters; None where nothing is left."""
    if not isinstance(value, str):
        return None
    kept = (" " if unicodedata.category(char)[0] in "CZ" else char for char in value[:200])
    line = " ".join("".join(kept).split())
    return (line if len(line) <= MAX_LABEL else f"{line[: MAX_LABEL - 1]}…") or None
