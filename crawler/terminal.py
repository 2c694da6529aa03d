"""Text from anywhere, made fit for a terminal."""

from __future__ import annotations

import unicodedata

# Longer than any sentence of ours; pages can make theirs as long as they like.
_MAX_LINE = 1000


def clean(text: object, limit: int = _MAX_LINE) -> str:
    """Text from a page or a file as one line that does nothing to a terminal: no control or format characters.

    What is longer than `limit` characters is cut.
    """
    kept = (char if unicodedata.category(char)[0] not in "CZ" else " " for char in str(text))
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
