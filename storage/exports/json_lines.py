"""JSON Lines: one object per line, with all columns; of what is told to be new, with the change and what was before."""

import json
from collections.abc import Iterable
from typing import IO, Any

from storage.exports import FLAGS, Exported
from storage.selection import NEWEST, Selection


def write(articles: Iterable[Exported], stream: IO[bytes], _: Selection = NEWEST) -> None:
    """Write articles into a stream."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for article in articles:
        values = _values(article)
        if article.change:
            values |= {"change": article.change, "before": article.before and _values(article.before)}
        stream.write(f"{encode(values)}\n".encode())


def _values(article: Exported) -> dict[str, Any]:
    flags = {name: bool(article.row[name]) for name in FLAGS}
    return {**article.row, **flags, "paragraphs": article.paragraphs}
