"""python -m tests.bench.reading (in `make bench`): how fast a large database is searched, opened and exported.

On invented articles of fifteen years: searches of all kinds in an open database, the front page of a reading room that
really serves it, and whole runs of `scrapy export`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from storage import ArticleStore
from storage.selection import Selection
from tests.bench.many_articles import fill
from tests.bench.processes import measure, number
from tests.storage.web.rooms import opened

#: Seconds that a search and the front page may take at the 95th percentile, and articles a second of an export.
SEARCH_SECONDS = 0.1
FRONT_PAGE_SECONDS = 0.3
EXPORT_RATE = 20_000

# What people look for: frequent words, rare ones, several, phrases, beginnings, and parts of what there is.
_NORTH, _YEAR = Selection(category="Intercoréen"), Selection(since=date(2020, 1, 1), until=date(2020, 12, 31))
_ALL = Selection()
SEARCHES: tuple[tuple[str, Selection], ...] = (
    ("coree", _ALL),
    ("séoul", _ALL),
    ("president", _ALL),
    ("milliards", _ALL),
    ("japon", _ALL),
    ("dossiers", _ALL),
    ("etats-unis", _ALL),
    ("coree nord", _ALL),
    ("conseil securite", _ALL),
    ('"la reprise du dialogue"', _ALL),
    ('"semi-conducteurs"', _ALL),
    ("export*", _ALL),
    ("gangneung OR busan", _ALL),
    ("coree NOT japon", _ALL),
    ("titre:ministre", _ALL),
    ("9731", _ALL),
    ("introuvable", _ALL),
    ("coree", _NORTH),
    ("séoul", _YEAR),
    ("dialogue sommet", _NORTH),
)


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Attributes:
        what: was measured.
        median, worst: as text, with the unit; the worst is the 95th percentile.
        bound: what it must reach, as text; whether it did.
    """

    what: str
    median: str
    worst: str
    bound: str
    reached: bool


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reading", description=__doc__)
    parser.add_argument("--articles", type=number, default=100_000, help="how many there are (default: 100000)")
    parser.add_argument("--rounds", type=number, default=5, help="how often each is measured (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name:
        database = Path(name) / "kbs.db"
        print(f"filling a database with {options.articles:,} articles ...", file=sys.stderr)
        fill(database, options.articles)
        table = [
            _searches(database, options.rounds),
            _front_page(database, 4 * options.rounds),
            _export(database, options.articles, options.rounds),
        ]
    print(f"\n| of {options.articles:,} articles | median | 95th percentile | to reach |")
    print("| --- | ---: | ---: | ---: |")
    for one in table:
        print(f"| {one.what} | {one.median} | {one.worst} | {one.bound} |")
    return 0 if all(one.reached for one in table) else 1


def _searches(database: Path, rounds: int) -> Measured:
    with ArticleStore(database) as store:
        taken = [
            _seconds(lambda query=query, where=where: store.search(query, where))  # type: ignore[misc]
            for _ in range(rounds)
            for query, where in SEARCHES
        ]
    return _in_time(f"a search, of {len(SEARCHES)} kinds", taken, SEARCH_SECONDS)


def _front_page(database: Path, rounds: int) -> Measured:
    with opened(database) as room:
        address = room.address
        _get(address)  # the first one has Datasette look at the schema
        taken = [_seconds(lambda: _get(address)) for _ in range(rounds)]
    return _in_time("the front page of the reading room", taken, FRONT_PAGE_SECONDS)


def _export(database: Path, articles: int, rounds: int) -> Measured:
    target = database.with_name("articles.jsonl")
    own = {"KBS_DB": str(database)}
    rates = []
    for _ in range(rounds):
        run = measure("scrapy", "export", "--format", "jsonl", "-o", str(target), own=own)
        with target.open("rb") as lines:
            if (written := sum(1 for _ in lines)) != articles:
                sys.exit(f"{written} of {articles} articles were exported; the rate says nothing.")
        rates.append(articles / run.seconds)
    median, worst = statistics.median(rates), min(rates)
    bound = f"{EXPORT_RATE:,} a second"
    what = "scrapy export --format jsonl, from start to end"
    return Measured(what, f"{median:,.0f} a second", f"{worst:,.0f} a second", bound, median >= EXPORT_RATE)


def _in_time(what: str, taken: list[float], most: float) -> Measured:
    worst = statistics.quantiles(taken, n=20)[-1]
    median = f"{statistics.median(taken) * 1000:,.1f} ms"
    return Measured(what, median, f"{worst * 1000:,.1f} ms", f"{most * 1000:g} ms", worst < most)


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address) as response:  # noqa: S310  (loopback)
        return bytes(response.read())


if __name__ == "__main__":
    sys.exit(main())
