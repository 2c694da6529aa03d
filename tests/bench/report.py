"""What a benchmark prints: tables, figures, and which of its bounds failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure and its bounds; without a bound it is reported only."""

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def __str__(self) -> str:
        text = f"{self.what}: {self.value:,.2f}"
        if self.at_least is not None:
            text += f" (at least {self.at_least:,g})"
        if self.at_most is not None:
            text += f" (at most {self.at_most:,g})"
        return text


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown: names in the first column, numbers in the others."""
    print("\n| " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * (len(heads) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def conclude(figures: Sequence[Figure]) -> int:
    """Print the figures, then those that miss a bound; returns the exit status, 1 if there are any."""
    for figure in figures:
        print(figure, flush=True)
    failed = [figure for figure in figures if not figure.holds]
    for figure in failed:
        print(f"FAILED: {figure}", file=sys.stderr)
    return 1 if failed else 0
