"""JSON Lines: one object per line, with all columns."""

import json
from collections.abc import Iterable
from typing import IO

from storage.exports import FLAGS, Exported

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NO_TEXT = '"paragraphs":null,"text":null'


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream."""
    for row, paragraphs in articles:
        values = {**row, **{name: bool(row[name]) for name in FLAGS}, "paragraphs": paragraphs}
        if not paragraphs or "\\" in row["paragraphs"] or row["text"] != "\n\n".join(paragraphs):
            line = _encode(values)
        else:  # nothing in the paragraphs needs an escape; to look for such takes longer than all the rest
            listed, text = '","'.join(paragraphs), r"\n\n".join(paragraphs)
            whole = f'"paragraphs":["{listed}"],"text":"{text}"'
            line = _encode(values | {"paragraphs": None, "text": None}).replace(_NO_TEXT, whole, 1)
        stream.write(f"{line}\n".encode())
