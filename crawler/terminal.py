"""Exit statuses, and text from anywhere made fit for a terminal."""

import csv
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

#: Exit statuses of the project's commands.
WORK_FAILED = 1
WRONG_CALL = 2
UNHEALTHY = 3
BUSY = 75  # EX_TEMPFAIL of sysexits.h
#: A run that a signal ended has this plus the signal's number, as in shells.
SIGNALLED = 128

# Longer than any sentence of ours, and than any address worth reading; text from pages can have any length.
_MAX_LINE, _MAX_CELL = 1000, 200


def clean(text: object, limit: int = _MAX_LINE, keep: str = "") -> str:
    """Text from a page or a file as one line without characters that could control the terminal.

    It is cut to `limit` characters; `keep` are control characters that stay.
    """
    line = " ".join(_harmless(text, keep).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def marked(pieces: Iterable[tuple[str, str]]) -> str:
    """Pieces of a text, each with its change (`storage.difference`), as a line fit for a terminal.

    What was removed and added is in colour on a terminal, unless NO_COLOR is set, else in brackets.
    """
    removed, added = ("\x1b[31m{}\x1b[0m", "\x1b[32m{}\x1b[0m") if highlights()[0] else ("[-{}-]", "{{+{}+}}")
    marks = {"equal": "{}", "delete": removed, "insert": added}
    return " ".join("".join(marks[change].format(_harmless(piece)) for change, piece in pieces).split())


def _harmless(text: object, keep: str = "") -> str:
    return "".join(char if char in keep or unicodedata.category(char)[0] not in "CZ" else " " for char in str(text))


def print_csv(*rows: Iterable[object]) -> None:
    """Print rows of CSV without formulas."""
    from storage.exports.csv_table import not_a_formula

    csv.writer(sys.stdout, lineterminator="\n").writerows(map(not_a_formula, row) for row in rows)


def tell(sentence: str) -> None:
    """Print a message on standard error; file names and arguments in it may hold anything."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""  # over a live line
    print(start + "\n".join(map(clean, sentence.splitlines())), file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 time`, `1,234 times`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def highlights() -> tuple[str, str]:
    """What begins and ends a highlight on standard output: nothing where it is no terminal, or NO_COLOR is set."""
    return ("\x1b[1;33m", "\x1b[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")


def table(rows: Sequence[Sequence[object]]) -> list[str]:
    """Rows in aligned columns, the first row being the headings; numbers to the right, None as a dash."""
    columns = []
    for first, *values in zip(*rows, strict=True):
        texts = [_cell(value) for value in (first, *values)]
        width = max(map(len, texts))
        is_number = all(value is None or isinstance(value, int | float) for value in values)
        columns.append([text.rjust(width) if is_number else text.ljust(width) for text in texts])
    return ["  " + "  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else clean(value, _MAX_CELL)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, if that is a terminal; call what it gives with how much is done, and of how much."""
    import click

    with click.progressbar(length=0, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
