"""What a benchmark prints: tables, figures, and which of its bounds failed."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure and its bounds; without a bound it is only reported."""

    what: str
    value: float
    at_least: float = -math.inf
    at_most: float = math.inf

    @property
    def holds(self) -> bool:
        return self.at_least <= self.value <= self.at_most

    def __str__(self) -> str:
        least = f" (at least {self.at_least:,g})" if math.isfinite(self.at_least) else ""
        most = f" (at most {self.at_most:,g})" if math.isfinite(self.at_most) else ""
        return f"{self.what}: {self.value:,.2f}{least}{most}"


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown: names in the first column, numbers in the others."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    print("\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")


def conclude(figures: Sequence[Figure]) -> int:
    """Print the figures, then those that miss a bound; returns the exit status, 1 if there are any."""
    print("\n".join(map(str, figures)), flush=True)
    failed = [figure for figure in figures if not figure.holds]
    for figure in failed:
        print(f"FAILED: {figure}", file=sys.stderr)
    return 1 if failed else 0
