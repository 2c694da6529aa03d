"""JSON Lines: an object a line, with all columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO

from storage.exports.base import FLAGS, Exported

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream."""
    for row, paragraphs in articles:
        values = {**row, **{name: bool(row[name]) for name in FLAGS}, "paragraphs": paragraphs}
        stream.write(_encode(values).encode() + b"\n")
