"""Counting the articles: what a statistic is, its rows, and how much there is of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlite_utils import Database

from storage.datasette.functions import register
from storage.selection import Selection

#: The language of titles and sentences; the articles' own is another matter.
Language = Literal["en", "fr"]
#: The same words in each language.
Words = Mapping[str, str]
Row = dict[str, Any]

#: What SQL says for the rest of many, and for what has no name, where it stands in braces.
OTHERS: Words = {"en": "others", "fr": "autres"}
NONE: Words = {"en": "(none)", "fr": "(sans)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A question to the database, and how its answer is shown.

    Attributes:
        name: a word of letters.
        title, description: a heading; a sentence for who cannot see the chart.
        columns: of its rows, those that are shown, with their headings.
        sql: the query; `{selected}` stands for the condition on `catalogue`, `{others}` and `{none}` for words. It may
            call the functions of `storage.datasette.functions`, and with the parameter `:word` it asks for a word.
        chart: mark and encoding in Vega-Lite, without headings.
        across: the column whose values are the columns of a table; empty where rows are shown as they are.
    """

    name: str
    title: Words
    description: Words
    columns: Mapping[str, Words]
    sql: str
    chart: Mapping[str, Any] = field(repr=False)
    across: str = ""

    @property
    def asks_for_word(self) -> bool:
        """Whether it is about a word that somebody gives."""
        return ":word" in self.sql

    def query(self, condition: str, language: Language) -> str:
        """The query in one line.

        Args:
            condition: on rows of `catalogue`, in SQL; the code's own, with parameters for values.
            language: of the words for what has no name.
        """
        sql = self.sql.format(selected=condition, others=OTHERS[language], none=NONE[language])
        return " ".join(sql.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How much there is of a selection.

    Attributes:
        articles, versions: articles selected, and all versions of articles that fulfil the rest of the selection.
        first, last: days, in KST, the first and the last with an article; None where there is none.
        days: with an article.
        refused: pages without article, of the whole database.
        pulled_at: when the last crawl ended, or began where it has no end; ISO 8601, UTC; None: there was none.
    """

    articles: int
    versions: int
    first: str | None
    last: str | None
    days: int
    refused: int
    pulled_at: str | None


def run(
    db: Database, statistic: Statistic, selection: Selection, language: Language = "en", word: str = ""
) -> list[Row]:
    """The rows of a statistic, in its order.

    Args:
        db: a database of kbsworld.
        statistic: one of storage.statistics.STATISTICS.
        selection: the articles that count.
        language: of the words for what has no name.
        word: as typed into a search (`storage.query`), for the one that asks for a word; what cannot be understood is
            found nowhere.
    """
    register(db.conn)
    return list(db.query(statistic.query(selection.condition, language), {**selection.values, "word": word}))


def summarize(db: Database, selection: Selection) -> Summary:
    """Count what a selection holds."""
    values = selection.values
    sql = "select {} from catalogue where {}"
    articles, first, last, days = db.execute(
        sql.format("count(*), min(day), max(day), count(distinct day)", selection.condition), values
    ).fetchone()
    all_versions = replace(selection, all_versions=True).condition
    versions = db.execute(sql.format("count(*)", all_versions), values).fetchone()[0]
    refused = db.execute("select count(*) from refusals").fetchone()[0]
    pulled_at = db.execute("select max(coalesce(ended_at, started_at)) from runs").fetchone()[0]
    return Summary(
        articles=articles,
        versions=versions,
        first=first,
        last=last,
        days=days,
        refused=refused,
        pulled_at=pulled_at,
    )
