"""Exit statuses, and text from anywhere made fit for a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence

#: Exit statuses of the project's commands.
WORK_FAILED = 1
WRONG_CALL = 2
UNHEALTHY = 3
#: A run that a signal ended has this plus the signal's number, as in shells.
SIGNALLED = 128

# Longer than any sentence of ours, and than any address worth reading; text from pages can have any length.
_MAX_LINE, _MAX_CELL = 1000, 200


def clean(text: object, limit: int = _MAX_LINE, keep: str = "") -> str:
    """Text from a page or a file as one line without control and format characters, so that no terminal obeys it.

    Args:
        text: anything.
        limit: longer text is cut to this many characters.
        keep: control characters that stay.
    """
    kept = (char if char in keep or unicodedata.category(char)[0] not in "CZ" else " " for char in str(text))
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def tell(sentence: str) -> None:
    """Print a message for the person at the terminal on standard error."""
    # File names and arguments may hold anything.
    print(*map(clean, sentence.splitlines()), sep="\n", file=sys.stderr)


def table(rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows in aligned columns, the first row being the headings; numbers to the right, None as a dash."""
    cells = [["-" if value is None else value for value in row] for row in rows]
    texts = [[_cell(value) for value in row] for row in cells]
    columns = [
        (max(map(len, text)), len(column) > 1 and all(map(_is_number, column[1:])))
        for text, column in zip(zip(*texts, strict=True), zip(*cells, strict=True), strict=True)
    ]
    lines = []
    for row in texts:
        aligned = [
            text.rjust(width) if right else text.ljust(width) for text, (width, right) in zip(row, columns, strict=True)
        ]
        lines.append("  " + "  ".join(aligned).rstrip())
    return lines


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else clean(value, _MAX_CELL)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or value == "-" or str(value).isdigit()
