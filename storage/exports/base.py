"""What every format is given: sound rows, each with its paragraphs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from storage.versions import Row

#: What neither XML nor a terminal takes: control characters but tab and the ends of lines, halves of characters, and
#: what Unicode keeps for no character.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: What stands for it.
REPLACEMENT = "\ufffd"
#: With what a paragraph begins that is an item of a list.
ITEM = "- "

_HALF = re.compile("[\ud800-\udfff]")
_TYPES = {str, int, type(None)}


class ExportError(OSError):
    """Articles cannot be written; the message is a sentence."""


class Exported(NamedTuple):
    """One version of an article.

    Attributes:
        row: of `articles`, by its columns.
        paragraphs: what its `paragraphs` holds as JSON.
    """

    row: Row
    paragraphs: list[str]


def sound(rows: Iterable[Row], tell: Callable[[str], None]) -> Iterator[Exported]:
    """The rows that hold what their columns are for.

    Args:
        rows: of `articles`.
        tell: told of each of the others, in a sentence.
    """
    for row in rows:
        try:
            yield Exported(row, _paragraphs(row))
        except ValueError as error:
            tell(f"damaged: {row['url']}, version {row['timestamp']}: {error}")


def _paragraphs(row: Row) -> list[str]:
    """The paragraphs of a row.

    Raises:
        ValueError: they are none, or another column holds something else; the message is a phrase.
    """
    stored = row["paragraphs"]
    try:
        paragraphs = json.loads(stored) if isinstance(stored, str) else None
    except (ValueError, RecursionError):
        paragraphs = None
    if not isinstance(paragraphs, list) or not set(map(type, paragraphs)) <= {str}:
        raise ValueError("paragraphs is no list of text as JSON")
    if "\\" in stored and _HALF.search("".join(paragraphs)):  # nothing but an escape can make one
        raise ValueError("paragraphs holds half a character")
    if not set(map(type, row.values())) <= _TYPES or not {row["has_video"], row["truncated"]} <= {0, 1}:
        raise ValueError("a column holds something else than its kind")
    return paragraphs
