"""JSON Lines: one object per line, with all columns."""

import json
from collections.abc import Iterable
from typing import IO

from storage.exports import FLAGS, Exported
from storage.selection import NEWEST, Selection


def write(articles: Iterable[Exported], stream: IO[bytes], _: Selection = NEWEST) -> None:
    """Write articles into a stream."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for article in articles:
        flags = {name: bool(article.row[name]) for name in FLAGS}
        values = {**article.row, **flags, "paragraphs": article.paragraphs}
        stream.write(f"{encode(values)}\n".encode())
