"""A concordance: each place where stored articles have what a query looks for, with the words around it."""

import re
from collections.abc import Iterator
from itertools import islice

from sqlite_utils import Database

from storage.query import as_written, fts_expression
from storage.search import BEGIN, END, marked
from storage.selection import Selection, select_rows
from storage.versions import Row

# How many articles are looked through at once: few, so that the first lines come soon.
_BATCH = 200
# Characters a word of context has at most; a text can be one word of any length.
_WORD = 40


def concordance(db: Database, selection: Selection, context: int, *, exact: bool = False) -> Iterator[Row]:
    """The places in the articles of a selection, which has a query, in its order.

    Each is the row of its version with `part`, `title` or `text`, and `left`, `match`, `right`: what was found and the
    words before and after it, as written, paragraphs joined by a blank.

    Args:
        context: how many words before and after.
        exact: accents and capitals must be as in the query.

    Raises:
        QueryError: the query cannot be understood.
    """
    expression = fts_expression(selection.query)
    written = as_written(selection.query)
    rows = select_rows(db, selection)
    while batch := list(islice(rows, _BATCH)):
        texts = [(key, row["title"], row.pop("text")) for key, row in enumerate(batch)]
        for key, title, text in marked(expression, texts):
            for part, found in (("title", title), ("text", text)):
                for left, match, right in _places(found or "", context):
                    if not exact or written.fullmatch(match):
                        yield batch[key] | {"part": part, "left": left, "match": match, "right": right}


def _places(found: str, context: int) -> Iterator[tuple[str, str, str]]:
    """What is between BEGIN and END in a text, with so many words before and after."""
    width = context * _WORD
    for place in re.finditer(f"{BEGIN}([^{END}]*){END}", found):
        sides = found[max(0, place.start() - width) : place.start()], found[place.end() : place.end() + width]
        before, after = (re.sub(f"[{BEGIN}{END}]", "", side).split() for side in sides)
        yield " ".join(before[-context:] if context else []), " ".join(place[1].split()), " ".join(after[:context])
