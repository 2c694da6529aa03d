"""A concordance: each place where stored articles have what a query looks for, with the words around it."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sqlite_utils import Database

from storage.query import as_written, fts_expression
from storage.search import BEGIN, END, marked
from storage.selection import Selection, select_rows
from storage.versions import Row

# The first lines come at once.
_FIRST, _FURTHER = 20, 500
# Characters a word of context has at most; a text can be one word of any length.
_WORD = 40


class Line(NamedTuple):
    """One place.

    Attributes:
        row: the version of the article, as in `articles`, without its text.
        part: `title` or `text`.
        left, match, right: what was found and the words before and after it, as written, paragraphs joined by a blank.
    """

    row: Row
    part: str
    left: str
    match: str
    right: str


def concordance(db: Database, selection: Selection, context: int, *, exact: bool = False) -> Iterator[Line]:
    """The places in the articles of a selection, which has a query, in its order; in titles too.

    Args:
        context: how many words before and after.
        exact: accents and capitals must be as in the query.

    Raises:
        QueryError: the query cannot be understood.
    """
    expression = fts_expression(selection.query)
    written = as_written(selection.query)
    rows = select_rows(db, selection)
    size = _FIRST
    while batch := list(islice(rows, size)):
        size = _FURTHER
        texts = [(key, row["title"], row.pop("text")) for key, row in enumerate(batch)]
        for key, title, text in marked(expression, texts):
            for part, found in (("title", title), ("text", text)):
                for left, match, right in _places(found or "", context):
                    if not exact or written.fullmatch(match):
                        yield Line(batch[key], part, left, match, right)


def _places(found: str, context: int) -> Iterator[tuple[str, str, str]]:
    """What is between BEGIN and END in a text, with so many words before and after."""
    pieces = re.split(f"[{BEGIN}{END}]", found)
    whole, width, at = "".join(pieces), context * _WORD, 0
    for number, piece in enumerate(pieces):
        end = at + len(piece)
        if number % 2:
            before, after = whole[max(0, at - width) : at].split(), whole[end : end + width].split()
            yield " ".join(before[-context:] if context else []), " ".join(piece.split()), " ".join(after[:context])
        at = end
