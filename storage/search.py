"""Full-text search over titles and texts, best matches first; and each place that has what a query looks for."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from storage.query import as_written, fold, fts_expression, words_of
from storage.schema import SQL, TOKENIZE
from storage.versions import Row

if TYPE_CHECKING:
    from storage.selection import Selection

#: Surround the matching words in `Hit.title` and `Hit.snippet`; no text has them.
BEGIN, END = "\x02", "\x03"

#: Words that are in more articles than this are frequent: of those only the newest are ranked.
FREQUENT = 5_000
# How many of the newest articles are looked through then, and by how much more where too few of them match.
_FIRST, _FURTHER = 1_000, 8
# How many articles a concordance looks through at once: few, so that the first lines come soon.
_BATCH = 200
# Characters a word of context has at most; a text can be one word of any length.
_WORD = 40

_WHOLE, _SNIPPET = "highlight(shown, 1, :begin, :end)", "snippet(shown, 1, :begin, :end, '…', 32)"
_UNMARKED = str.maketrans(BEGIN + END, "  ")


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found.

    Attributes:
        id: its row in `catalogue`.
        url, timestamp: of the version.
        title, snippet: with the matching words between BEGIN and END; a snippet is a part of the text.
        category, written_at, lang: as in Article, times as text.
        score: how well it matches, where the order is `rank`; greater is better, and only the order means anything.
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


def search(db: Database, selection: Selection) -> list[Hit]:
    """The articles that match a selection, which has a query, in its order; of two that match as well the newer first.

    Raises:
        QueryError: the query cannot be understood.
    """
    ranked = find(db, selection)
    shown = shown_by(db, selection.query, [key for key, _ in ranked])
    return [Hit(score=-rank, **shown[key]) for key, rank in ranked if key in shown]


def find(db: Database, selection: Selection) -> list[tuple[int, float]]:
    """The ids in `catalogue` of the articles of a selection in its order, and how well each matches: less is better.

    A match in the title counts ten times. Ranking takes most of the time, 0.2 seconds for a word that is in 100,000
    articles, and says little of such a word. So where more than FREQUENT match, only the newest articles are ranked, as
    many as it takes to find `limit`.

    Raises:
        QueryError: the query cannot be understood.
    """
    if selection.order != "rank":
        return list(db.execute(f"select id, 0.0 from {selection.source} limit :limit", selection.values))  # noqa: S608
    expression = fts_expression(selection.query)
    [matches] = db.execute(SQL["matches"], [expression, FREQUENT + 1]).fetchone()
    if matches > FREQUENT and selection.limit:
        return _best_of_newest(db, expression, selection, selection.limit)
    return list(db.execute(f"select id, rank from {selection.source} limit :limit", selection.values))  # noqa: S608


def _best_of_newest(db: Database, expression: str, selection: Selection, limit: int) -> list[tuple[int, float]]:
    """Ids and ranks of the best matches among the newest articles that are selected, best first."""
    look = max(_FIRST, limit)
    while True:
        newest = find(db, replace(selection, query="", limit=look, order="newest"))
        order = {key: place for place, (key, _) in enumerate(newest)}
        found = list(db.execute(SQL["best_among"], {"expression": expression, "ids": json.dumps(list(order))}))
        if len(found) >= limit or len(order) < look:
            return sorted(found, key=lambda match: (match[1], order[match[0]]))[:limit]
        look *= _FURTHER


def shown_by(db: Database, query: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The fields of each Hit but its score, by its id."""
    rows = {row["id"]: row for row in db.query(SQL["found"], [json.dumps(ids)])}
    texts = [(key, row.pop("title"), row.pop("text")) for key, row in rows.items()]
    found = marked(fts_expression(query), texts, _SNIPPET)
    return {key: {**rows[key], "title": title, "snippet": " ".join(snippet.split())} for key, title, snippet in found}


def concordance(rows: Iterator[Row], query: str, context: int, *, exact: bool = False) -> Iterator[Row]:
    """The places in rows of `articles` that have what a query looks for, in their order.

    Each is the row with `part`, `title` or `text`, and `left`, `match`, `right`: what was found and the words on both
    sides, as written, paragraphs joined by a blank.

    Args:
        context: how many words before and after.
        exact: accents and capitals must be as in the query.

    Raises:
        QueryError: the query cannot be understood.
    """
    expression, written = fts_expression(query), as_written(query)
    while batch := list(islice(rows, _BATCH)):
        texts = [(key, row["title"], row.pop("text")) for key, row in enumerate(batch)]
        for key, title, text in marked(expression, texts):
            for part, found in (("title", title), ("text", text)):
                for left, match, right in _places(found or "", context):
                    if not exact or all(map(written.fullmatch, words_of(match))):
                        yield batch[key] | {"part": part, "left": left, "match": match, "right": right}


def _places(found: str, context: int) -> Iterator[tuple[str, str, str]]:
    """What is between BEGIN and END in a text, with so many words before and after."""
    width = context * _WORD
    for place in re.finditer(f"{BEGIN}([^{END}]*){END}", found):
        sides = found[max(0, place.start() - width) : place.start()], found[place.end() : place.end() + width]
        before, after = (re.sub(f"[{BEGIN}{END}]", "", side).split() for side in sides)
        yield " ".join(before[-context:] if context else []), " ".join(place[1].split()), " ".join(after[:context])


def marked(
    expression: str, texts: Iterable[tuple[int, str | None, str]], text: str = _WHOLE
) -> list[tuple[int, str | None, str]]:
    """Keys, titles and texts with what an FTS5 expression matches between BEGIN and END, in the order of the keys."""
    # An index of these texts alone: highlighting in the large one evaluates the query anew for each. It marks words by
    # their number, so that those of texts with as many words can be marked.
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("create table texts (id integer primary key, title, text)")
        columns = "title, text, content='texts', content_rowid='id'"
        index.execute(f"create virtual table shown using fts5 ({columns}, tokenize='{TOKENIZE}')")
        texts = [(key, title and title.translate(_UNMARKED), text.translate(_UNMARKED)) for key, title, text in texts]
        for table, form in (("texts", _as_many_words), ("shown", fold)):
            forms = [(key, title and form(title), form(text)) for key, title, text in texts]
            index.executemany(f"insert into {table} (rowid, title, text) values (?, ?, ?)", forms)  # noqa: S608
        sql = SQL["marked"].format(text=text)
        return index.execute(sql, {"expression": expression, "begin": BEGIN, "end": END}).fetchall()


def _as_many_words(text: str) -> str:
    """A text as it is written, but with as many words as folded: ㎞ is none to search, and km is one."""
    if fold(text) == text:
        return text
    return "".join(char if char.isalnum() and fold(char).isalnum() else fold(char) for char in text)
