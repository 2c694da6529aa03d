"""JSON Lines: one object per line, with all columns; of what is told to be new, with the change and what was before."""

import json
from collections.abc import Iterable
from typing import IO

from storage.exports import Exported


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for article in articles:
        values = article.values
        if article.change:
            values |= {"change": article.change, "before": article.before and article.before.values}
        stream.write(encode(values).encode())
        stream.write(b"\n")
