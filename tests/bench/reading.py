"""python -m tests.bench.reading: how fast the command starts, and a large database is searched, opened and exported.

The database has invented articles of fifteen years. The pages are those of a reading room that really serves them; the
export and the help are whole runs of the command.
"""

import argparse
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

from storage import ArticleStore
from storage.selection import Selection
from tests.bench.many_articles import fill
from tests.bench.processes import measure
from tests.bench.report import Figure, conclude, print_table
from tests.storage.web.rooms import opened

_ALL, _NORTH = Selection(), Selection(categories=("Intercoréen",))
_YEAR = Selection(since=date(2020, 1, 1), until=date(2020, 12, 31))
#: Frequent words and rare ones, several, phrases, beginnings, and parts of the articles.
SEARCHES = (
    *((query, _ALL) for query in ("coree", "séoul", "president", "milliards", "japon", "dossiers", "etats-unis")),
    *((query, _ALL) for query in ("coree nord", "conseil securite", '"la reprise du dialogue"', '"semi-conducteurs"')),
    *((query, _ALL) for query in ("export*", "gangneung OR busan", "coree NOT japon", "titre:ministre", "9731")),
    *(("introuvable", _ALL), ("coree", _NORTH), ("séoul", _YEAR), ("dialogue sommet", _NORTH)),
)


_ARTICLE = "article/f/1500"  # many_articles numbers them from 1000
#: Formats of texts, and how many articles a second each is written with at least.
TEXTS = {**dict.fromkeys(("csv", "html", "markdown", "atom", "txt", "tei"), 10_000), "vertical": 1_000}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reading", description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000, help="articles in the database (default: 100000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name:
        database = Path(name) / "kbs.db"
        print(f"filling a database with {options.articles:,} articles ...", file=sys.stderr)
        fill(database, options.articles)
        seconds = {
            f"a search, of {len(SEARCHES)} kinds": _searches(database, options.rounds),
            "the front page of the reading room": _page(database, "", 4 * options.rounds),
            "an article in the reading room": _page(database, _ARTICLE, 4 * options.rounds),
            "an article in the results of a search": _page(database, f"{_ARTICLE}?q=coree", 4 * options.rounds),
            "kbsworld new, where nothing is new": _news(database, options.rounds),
            "kbsworld export, from start to end": _exports(database, options.articles, options.rounds),
            "kbsworld --help": [measure("crawler", "--help").seconds for _ in range(options.rounds)],
        }
        rates = {form: options.articles / _export(database, form) for form in TEXTS}
    *_, new, export, starts = (statistics.median(taken) for taken in seconds.values())
    _, front, *articles = (statistics.quantiles(taken, n=20)[-1] for taken in list(seconds.values())[:4])
    rows = [
        [what, f"{statistics.median(taken) * 1000:,.1f}", f"{statistics.quantiles(taken, n=20)[-1] * 1000:,.1f}"]
        for what, taken in seconds.items()
    ]
    print_table([f"of {options.articles:,} articles", "median, ms", "95th percentile, ms"], rows)
    return conclude(
        [
            Figure("articles exported in a second", options.articles / export, at_least=15_000),
            *(Figure(f"as {form}", rates[form], at_least=least) for form, least in TEXTS.items()),
            Figure("seconds of the front page, 95th percentile", front, at_most=0.3),
            Figure("seconds of an article, 95th percentile", max(articles), at_most=0.1),
            Figure("seconds of kbsworld new where nothing is new", new, at_most=0.7),
            Figure("seconds until kbsworld --help ends", starts, at_most=0.6),
        ]
    )


def _searches(database: Path, rounds: int) -> list[float]:
    with ArticleStore(database) as store:
        searches = [lambda query=query, where=where: store.search(query, where) for query, where in SEARCHES]
        return [_seconds(search) for _ in range(rounds) for search in searches]


def _page(database: Path, path: str, rounds: int) -> list[float]:
    def get() -> None:
        with urllib.request.urlopen(f"{room.address}{path}") as response:  # noqa: S310  (loopback)
            response.read()

    with opened(database) as room:
        get()  # Datasette reads the schema at the first one
        return [_seconds(get) for _ in range(rounds)]


def _exports(database: Path, articles: int, rounds: int) -> list[float]:
    target = database.with_name("articles.jsonl")
    taken = []
    for _ in range(rounds):
        run = measure("crawler", "export", "--format", "jsonl", "-o", str(target), own={"KBS_DB": str(database)})
        with target.open("rb") as lines:
            if (written := sum(1 for _ in lines)) != articles:
                sys.exit(f"{written} of {articles} articles were exported: the rate means nothing.")
        taken.append(run.seconds)
    return taken


def _export(database: Path, form: str) -> float:
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        target = f"{folder}/{form}{'.md' if form == 'markdown' else ''}"
        return measure("crawler", "export", "--format", form, "-o", target, own={"KBS_DB": str(database)}).seconds


def _news(database: Path, rounds: int) -> list[float]:
    # The first one tells everything.
    return [measure("crawler", "new", own={"KBS_DB": str(database)}).seconds for _ in range(rounds + 1)][1:]


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
