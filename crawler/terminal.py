"""Text from anywhere, made fit for a terminal."""

from __future__ import annotations

import sys
import unicodedata

#: Exit statuses of the project's commands.
WORK_FAILED = 1
WRONG_CALL = 2
UNHEALTHY = 3
#: A run that a signal ended has this plus the signal's number, as shells have it.
SIGNALLED = 128

# Longer than any sentence of ours; pages can make theirs as long as they like.
_MAX_LINE = 1000


def clean(text: object, limit: int = _MAX_LINE) -> str:
    """Text from a page or a file as one line that does nothing to a terminal: no control or format characters.

    What is longer than `limit` characters is cut.
    """
    kept = (char if unicodedata.category(char)[0] not in "CZ" else " " for char in str(text))
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def tell(sentence: str) -> None:
    """Tell the person at the terminal."""
    # File names and arguments may hold anything.
    print(*map(clean, sentence.splitlines()), sep="\n", file=sys.stderr)
