"""Full-text search over titles and texts, best matches first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from storage.query import fts_expression
from storage.selection import EVERYTHING, Selection

#: Around the words that were found in `Hit.title` and `Hit.snippet`; no text has them.
BEGIN, END = "\x02", "\x03"

_SNIPPET_WORDS = 32
_MATCHES = "select rowid, rank from articles_fts where articles_fts match ? order by rank limit ?"
_SHOWN = f"""
    select catalogue.id, catalogue.url, catalogue.timestamp, category, written_at, lang,
      highlight(articles_fts, 0, :begin, :end) as title,
      snippet(articles_fts, 1, :begin, :end, '…', {_SNIPPET_WORDS}) as snippet
    from articles_fts join catalogue on catalogue.id = articles_fts.rowid
    where articles_fts match :expression and articles_fts.rowid in (select value from json_each(:ids))
"""  # noqa: S608
# How many of the best matches are looked at first, and how much further each time that too few were wanted.
_FIRST, _FURTHER = 200, 8


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

    Args:
        db: a database of kbsworld.
        query: as typed (`query.fts_expression` says what it may be).
        selection: where to look.
        limit: how many, at most.

    Raises:
        QueryError: the query cannot be understood; the message is a sentence.
    """
    expression = fts_expression(query)
    ranked = list(_best(db, expression, selection, limit))
    if not ranked:
        return []
    shown = _shown(db, expression, [key for key, _ in ranked])
    return [Hit(id=key, score=-rank, **shown[key]) for key, rank in ranked]


def _best(db: Database, expression: str, selection: Selection, limit: int) -> list[tuple[int, float]]:
    """Ids and ranks of the best matches that are selected.

    Most articles may match a frequent word: only the best of them are looked up, and more where too few of those are
    selected.
    """
    look = max(_FIRST, limit)
    while True:
        matches = db.execute(_MATCHES, [expression, look]).fetchall()
        found = db.execute(
            "select id, timestamp from catalogue where id in (select value from json_each(:ids)) "  # noqa: S608
            f"and {selection.condition} order by timestamp desc, url",
            {**selection.values, "ids": json.dumps([key for key, _ in matches])},
        )
        order = {key: place for place, (key, _) in enumerate(found)}
        if len(order) >= limit or len(matches) < look:
            selected = [(key, rank) for key, rank in matches if key in order]
            return sorted(selected, key=lambda match: (match[1], order[match[0]]))[:limit]
        look *= _FURTHER


def _shown(db: Database, expression: str, ids: list[int]) -> dict[int, dict[str, Any]]:
    """What is shown of each article, by its id."""
    rows = db.query(_SHOWN, {"expression": expression, "ids": json.dumps(ids), "begin": BEGIN, "end": END})
    return {row.pop("id"): row | {"snippet": " ".join(row["snippet"].split())} for row in rows}
