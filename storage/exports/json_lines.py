"""JSON Lines: an object a line, with all columns; and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO

from storage.exports.base import Exported

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream."""
    for row, paragraphs in articles:
        flags = {"has_video": bool(row["has_video"]), "truncated": bool(row["truncated"])}
        stream.write(f"{_encode(row | flags | {'paragraphs': paragraphs})}\n".encode())
