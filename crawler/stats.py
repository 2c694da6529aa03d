"""The work of `scrapy stats`: what can be counted of the articles, as tables or drawn."""

from __future__ import annotations

import csv
import json
import signal
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from crawler.diagnosis import table
from crawler.plot import check_plot, plot
from crawler.selecting import selection_of
from crawler.terminal import WORK_FAILED, clean, tell
from storage.charts import below_one_another, drawn
from storage.database import open_to_read
from storage.exports.csv_table import not_a_formula
from storage.query import fts_expression
from storage.statistics import OTHERS, STATISTICS, Language, Row, Statistic, Summary, run, summarize

# Of the tables, as of everything that commands say.
_SPOKEN: Language = "en"


class Stats:
    """One call of `scrapy stats`."""

    def __init__(self, database: str, opts: Namespace) -> None:
        """A call.

        Args:
            database: KBS_DB.
            opts: as parsed.

        Raises:
            ValueError: the call is wrong; the message is a sentence.
            ImportError: it needs what is not installed.
        """
        self._database = database
        self._opts = opts
        self._format = opts.format or "text"
        if opts.plot == "":
            raise ValueError("--plot has no name; give it a file's that ends in .png or .svg.")
        self._plot = None if opts.plot is None else Path(opts.plot)
        # As search takes it: what is no text in a call is none in the database either.
        self._word = (opts.word or "").encode("utf-8", "replace").decode()
        self._statistics = _asked_for(opts.only, has_word=opts.word is not None)
        if opts.word is not None:
            fts_expression(opts.word)
        if self._plot is not None:
            check_plot(self._plot)
            if opts.format is not None:
                raise ValueError("--plot draws and prints nothing: give either --plot or --format.")
        if self._format == "csv" and len(self._statistics) > 1:
            raise ValueError(f"CSV is one table: say which, such as --only {self._statistics[0].name}.")

    def run(self) -> int:
        """Print or draw it; the exit status.

        Raises:
            StoreError, OSError: the database cannot be read, or the picture not be written; the message is a sentence.
            ArgumentError: the call is wrong, as the database shows; the message is a sentence.
        """
        # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        language: Language = _SPOKEN if self._plot is None else self._opts.titles
        with open_to_read(self._database, tell) as db:
            selection = selection_of(self._opts, db)
            summary = summarize(db, selection)
            found = [(each, run(db, each, selection, language, self._word)) for each in self._statistics]
        if self._plot is not None:
            return self._draw(self._plot, summary, found, language)
        if self._format == "csv":
            _print_csv(*found[0])
        elif self._format == "json":
            print(json.dumps(_as_json(summary, found), ensure_ascii=False, indent=2))
        else:
            print(*self._lines(summary, found), sep="\n")
        return 0

    def _draw(
        self, path: Path, summary: Summary, found: Sequence[tuple[Statistic, list[Row]]], language: Language
    ) -> int:
        if not summary.articles:
            tell(f"{_NOTHING} There is nothing to draw.")
            return WORK_FAILED
        charts = [drawn(statistic, rows, language, self._word) for statistic, rows in found]
        plot(charts[0] if len(charts) == 1 else below_one_another(charts, language), path)
        return 0

    def _lines(self, summary: Summary, found: Sequence[tuple[Statistic, list[Row]]]) -> Iterator[str]:
        if not summary.articles:
            yield _NOTHING
            return
        yield from _head(summary)
        for statistic, rows in found:
            subject = f": {clean(self._word)}" if statistic.asks_for_word else ""
            yield from ("", f"{statistic.title[_SPOKEN]}{subject}", *table(_cells(statistic, rows)))


_NOTHING = "No article is stored that fits."


def _asked_for(only: str | None, *, has_word: bool) -> list[Statistic]:
    """The statistics that are meant.

    Raises:
        ValueError: there is no such one, or the word is missing; the message is a sentence.
    """
    if only is None:
        return [each for each in STATISTICS.values() if has_word or not each.asks_for_word]
    if only not in STATISTICS:
        raise ValueError(f"--only {only} is no statistic; there are: {', '.join(STATISTICS)}.")
    if STATISTICS[only].asks_for_word and not has_word:
        raise ValueError(f"--only {only} needs a word: give --word too, such as --word Corée.")
    return [STATISTICS[only]]


def _head(summary: Summary) -> Iterator[str]:
    """How much there is, a line each."""
    pulled = (summary.pulled_at or "none yet").replace("T", " ")[:16]
    told = {
        "articles": f"{summary.articles:,}",
        "versions": f"{summary.versions:,}",
        "days": f"{summary.days:,} with articles, {summary.first} to {summary.last}, in KST",
        "last crawl": f"{pulled} UTC" if summary.pulled_at else pulled,
        "refused": f"{summary.refused:,} pages of the whole database",
    }
    width = max(map(len, told))
    yield from (f"{name.ljust(width)}  {clean(value)}" for name, value in told.items())


def _cells(statistic: Statistic, rows: Sequence[Row]) -> list[Sequence[object]]:
    """A statistic as a table, heads first; with a column for each value of `across`, the greatest first."""
    heads: Mapping[str, str] = {name: words[_SPOKEN] for name, words in statistic.columns.items()}
    if not statistic.across:
        return [tuple(heads.values()), *(tuple(row[name] for name in heads) for row in rows)]
    first, across, value = heads
    totals: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        totals[row[across]] += row[value]
        counts.setdefault(row[first], Counter())[row[across]] += row[value]
    names = sorted(totals, key=lambda name: (name == OTHERS[_SPOKEN], -totals[name], name))
    return [(heads[first], *names), *((key, *(count[name] for name in names)) for key, count in counts.items())]


def _print_csv(statistic: Statistic, rows: Sequence[Row]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(statistic.columns)
    writer.writerows([not_a_formula(row[name]) for name in statistic.columns] for row in rows)


def _as_json(summary: Summary, found: Sequence[tuple[Statistic, list[Row]]]) -> dict[str, object]:
    tables = {each.name: [{name: row[name] for name in each.columns} for row in rows] for each, rows in found}
    return {"summary": asdict(summary), "statistics": tables}
