"""Full-text search over titles and texts, best matches first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise
from typing import Any

from sqlite_utils import Database

from storage.query import fts_expression
from storage.schema import TOKENIZE
from storage.selection import EVERYTHING, Selection

#: Around the words that were found in `Hit.title` and `Hit.snippet`; no text has them.
BEGIN, END = "\x02", "\x03"

#: What more articles than these match is made of frequent words: of those the newest are ranked, not all.
FREQUENT = 5_000
# How many of the newest articles are looked through then, and how many times as many where too few of them match.
_FIRST, _FURTHER = 1_000, 8
# Their ids are read in so many ranges at most, parted only by gaps that are wider than this.
_RANGES, _GAP = 4, 1_000

_SNIPPET_WORDS = 32
_COUNT = f"select count(*) from (select 1 from articles_fts where articles_fts match ? limit {FREQUENT + 1})"  # noqa: S608
# A cross join, so that the index is read through once, and not asked for each article.
_RANKED = """
    select id, rank from articles_fts cross join catalogue on catalogue.id = articles_fts.rowid
    where articles_fts match :expression and {condition} order by rank, timestamp desc, url limit :limit
"""
_NEWEST = "select id from catalogue where {condition} order by timestamp desc, url limit :limit"
# The plus keeps SQLite from asking the index for each id; a rank is worked out only for these.
_AMONG = """
    select rowid, rank from articles_fts where articles_fts match :expression and rowid between :first and :last
      and +rowid in (select value from json_each(:ids))
"""
_SHOWN = """
    select id, url, timestamp, catalogue.category, catalogue.written_at, catalogue.lang, articles.title, text
    from catalogue join articles using (url, timestamp) where id in (select value from json_each(?))
"""
_MARKED = f"""
    select rowid, highlight(shown, 0, :begin, :end), snippet(shown, 1, :begin, :end, '…', {_SNIPPET_WORDS})
    from shown where shown match :expression
"""  # noqa: S608
_NO_MARKS = str.maketrans("", "", BEGIN + END)


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found.

    Attributes:
        id: its row in `catalogue`.
        url, timestamp: of the version.
        title, snippet: what was found stands between BEGIN and END; a snippet is some words of the text.
        category, written_at, lang: as in Article, times as text.
        score: how well it fits; greater is better, and only its order means anything.
    """

    id: int
    url: str
    timestamp: str
    title: str | None
    snippet: str
    category: str | None
    written_at: str | None
    lang: str
    score: float


def search(db: Database, query: str, selection: Selection = EVERYTHING, limit: int = 20) -> list[Hit]:
    """The articles that fit a query best, the newer one first of two that fit as well.

    A match in the title counts ten times. To rank takes longer than all the rest, 0.2 seconds for a word that is in
    100,000 articles, and how often such a word is in which of them says little. So where more than FREQUENT match,
    the newest articles are ranked alone, as many as it takes to find enough.

    Args:
        db: a database of kbsworld.
        query: as typed (`query.fts_expression` says what it may be).
        selection: where to look.
        limit: how many, at most.

    Raises:
        QueryError: the query cannot be understood; the message is a sentence.
    """
    expression = fts_expression(query)
    ranked = _best(db, expression, selection, limit)
    shown = _shown(db, expression, [key for key, _ in ranked])
    return [Hit(id=key, score=-rank, **shown[key]) for key, rank in ranked if key in shown]


def _best(db: Database, expression: str, selection: Selection, limit: int) -> list[tuple[int, float]]:
    """Ids and ranks of the best matches that are selected, best first."""
    [matches] = db.execute(_COUNT, [expression]).fetchone()
    if matches > FREQUENT:
        return _best_of_newest(db, expression, selection, limit)
    values = {**selection.values, "expression": expression, "limit": limit}
    return list(db.execute(_RANKED.format(condition=selection.condition), values))


def _best_of_newest(db: Database, expression: str, selection: Selection, limit: int) -> list[tuple[int, float]]:
    """The same among the newest articles that are selected."""
    look = max(_FIRST, limit)
    while True:
        newest = db.execute(_NEWEST.format(condition=selection.condition), {**selection.values, "limit": look})
        order = {key: place for place, (key,) in enumerate(newest)}
        values = {"expression": expression, "ids": json.dumps(list(order))}
        found = [match for ends in _ranges(order) for match in db.execute(_AMONG, values | ends)]
        if len(found) >= limit or len(order) < look:
            return sorted(found, key=lambda match: (match[1], order[match[0]]))[:limit]
        look *= _FURTHER


def _ranges(ids: Iterable[int]) -> Iterator[dict[str, int]]:
    """First and last of ids that stand close together: articles of one time were mostly stored one after the other."""
    ordered = sorted(ids)
    gaps = {place: ordered[place] - ordered[place - 1] for place in range(1, len(ordered))}
    widest = [place for place in nlargest(_RANGES - 1, gaps, key=gaps.__getitem__) if gaps[place] > _GAP]
    for begin, end in pairwise([0, *sorted(widest), len(ordered)] if ordered else []):
        yield {"first": ordered[begin], "last": ordered[end - 1]}


def _shown(db: Database, expression: str, ids: list[int]) -> dict[int, dict[str, Any]]:
    """What is shown of each article, by its id."""
    rows = {row["id"]: row for row in db.query(_SHOWN, [json.dumps(ids)])}
    marked = _marked(expression, [(row["id"], row.pop("title"), row.pop("text")) for row in rows.values()])
    return {row.pop("id"): row | marked[key] for key, row in rows.items() if key in marked}


def _marked(expression: str, texts: list[tuple[int, str | None, str]]) -> dict[int, dict[str, Any]]:
    """Titles and snippets, by id, in an index of these texts alone: the large one would be asked anew for each."""
    cleaned = [(key, *(text and text.translate(_NO_MARKS) for text in both)) for key, *both in texts]
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(f"create virtual table shown using fts5 (title, text, tokenize='{TOKENIZE}')")
        db.executemany("insert into shown (rowid, title, text) values (?, ?, ?)", cleaned)
        found = db.execute(_MARKED, {"expression": expression, "begin": BEGIN, "end": END})
        return {key: {"title": title, "snippet": " ".join(snippet.split())} for key, title, snippet in found}
