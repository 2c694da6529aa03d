"""Functions that queries call, in the web pages and in the project's own statistics alike."""

import sqlite3
import unicodedata

from storage.query import QueryError, fts_expression

#: How many characters a label in a chart or a table has at most; pages can make theirs as long as they like.
MAX_LABEL = 30
# An expression of FTS5 that matches nothing; neither null nor an empty text is one.
_NOWHERE = '""'


def register(connection: sqlite3.Connection) -> None:
    """Give a connection the functions `kbs_fts` (`match_expression`) and `kbs_label` (`label`)."""
    connection.create_function("kbs_fts", 1, match_expression, deterministic=True)
    connection.create_function("kbs_label", 1, label, deterministic=True)


def match_expression(query: object) -> str:
    """What `articles_fts match` takes for a query as typed; one that cannot be understood matches nothing."""
    try:
        return fts_expression(query) if isinstance(query, str) else _NOWHERE
    except QueryError:
        return _NOWHERE


def label(value: object) -> str | None:
    """A value as a short line without control and format characters; None where nothing is left."""
    if not isinstance(value, str):
        return None
    kept = (" " if unicodedata.category(char)[0] in "CZ" else char for char in value[:200])
    line = " ".join("".join(kept).split())
    return (line if len(line) <= MAX_LABEL else f"{line[: MAX_LABEL - 1]}…") or None
