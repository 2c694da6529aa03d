"""JSON Lines: one object per line, with all columns."""

import json
from collections.abc import Iterable
from typing import IO

from storage.exports import FLAGS, Exported


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row, paragraphs in articles:
        values = {**row, **{name: bool(row[name]) for name in FLAGS}, "paragraphs": paragraphs}
        stream.write(f"{encode(values)}\n".encode())
