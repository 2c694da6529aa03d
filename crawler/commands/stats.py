"""Count the stored articles by month, category, hour, length, layout, words, or show how complete they are.

Counts the newest version of each article in the database of KBS_DB; with --word also those that contain a word, how
often it occurs, and how often in a million words of the edition. --coverage instead shows where the articles of each
month are from, and on which weekdays no news are stored. The reading room draws the same. A crawl may run meanwhile.

Examples:
  kbsworld stats --only word --word sommet --word '"kim jong un"' --by year
  kbsworld stats --only months --format csv > months.csv
  kbsworld stats --coverage --since 2009-01-01 --until 2009-12-31
  kbsworld stats --plot articles.png
"""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from crawler.arguments import ArgumentError, add_selection_options, selection_of
from crawler.command import OfflineCommand
from crawler.terminal import clean, counted, print_csv, table
from storage.charts import Spec, below_one_another, drawn
from storage.exports import ExportError, whole_file
from storage.query import fts_expression, split
from storage.statistics import MAX_WORDS_ASKED, OTHERS, STATISTICS, Language, Statistic, run, summarize
from storage.versions import Row

_VERSION = "6.4"  # of Vega-Lite, whose schema the charts name
_NOTHING = "No stored article matches."


class Command(OfflineCommand):
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        text = "also count this, written as for kbsworld search; repeatable, or several separated by commas"
        add("--word", metavar="QUERY", action="append", default=[], help=text)
        add("--by", choices=("month", "year"), default="month", help="what is counted over time (default: month)")
        chosen = parser.add_mutually_exclusive_group().add_argument
        chosen("--only", choices=STATISTICS, help="one statistic; origins and gaps are those of --coverage")
        chosen("--coverage", action="store_true", help="where articles were first captured, weekdays without news")
        add("--format", choices=("text", "csv", "json"), help="text: aligned columns (default); csv: needs --only")
        add("--plot", metavar="FILE", help="draw into this .png or .svg file, and print nothing (needs kbsworld[plot])")
        add("--titles", choices=("en", "fr"), default="en", help="language of the drawing (default: en)")
        add_selection_options(parser)

    def work(self, _: list[str], opts: Namespace) -> None:
        word = ", ".join(opts.word)
        queries = split(word)
        for query in queries or opts.word:
            fts_expression(query)
        if len(queries) > MAX_WORDS_ASKED:
            raise ArgumentError(f"--word takes {MAX_WORDS_ASKED} words side by side; leave some out.")
        if not queries and opts.only == "word":
            raise ArgumentError("--only word needs a word; give --word too, such as --word Corée.")
        if opts.format == "csv" and opts.only is None:
            raise ArgumentError("CSV is one table; choose it, such as --only months.")
        if opts.plot is not None and Path(opts.plot).suffix.lower() not in {".png", ".svg"}:
            raise ArgumentError(f"--plot must be a file name that ends in .png or .svg, not {opts.plot or 'empty'}.")
        language: Language = "en" if opts.plot is None else opts.titles
        word = word.encode("utf-8", "replace").decode()  # bytes that are no text are in no article either
        usual = [one for one in STATISTICS.values() if (word if one.asks_for_word else one.coverage == opts.coverage)]
        chosen = [STATISTICS[opts.only]] if opts.only else usual
        if opts.by == "year":
            chosen = [statistic.by_year() for statistic in chosen]
        with self.open_database() as db:
            selection = selection_of(opts, db)
            summary = summarize(db, selection)
            found = [(one, run(db, one, selection, language, word)) for one in chosen]
        if opts.plot is None:
            _print(summary, [_by(*each) for each in found], opts.format, word)
        elif summary["articles"]:
            charts = [drawn(statistic, rows, language, word) for statistic, rows in found]
            plot(charts[0] if len(charts) == 1 else below_one_another(charts, language), Path(opts.plot))
        else:
            self.complain(f"{_NOTHING} There is nothing to draw.")


def plot(spec: Spec, path: Path) -> None:
    """Draw a chart, Vega-Lite complete with its rows, into a .png or .svg file; nothing is fetched.

    Raises:
        ExportError: it cannot be drawn or written; a file that was there is as it was.
        ImportError: vl-convert-python is missing.
    """
    import vl_convert

    try:
        if path.suffix.lower() == ".png":
            # Twice as many pixels, for fine screens and print.
            picture = vl_convert.vegalite_to_png(spec, scale=2.0, vl_version=_VERSION, allowed_base_urls=[])
        else:
            picture = vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=[]).encode()
    except ValueError as error:
        reason = next(iter(str(error).splitlines()[1:]), str(error))
        raise ExportError(f"{path} cannot be drawn ({reason}).") from error
    with whole_file(path) as stream:
        stream.write(picture)


def _by(statistic: Statistic, rows: list[Row]) -> tuple[Statistic, list[Row]]:
    """A statistic and its rows, whose column `month` is called what it is."""
    columns = {statistic.period if name == "month" else name: words for name, words in statistic.columns.items()}
    return replace(statistic, columns=columns), [row | {statistic.period: row.get("month")} for row in rows]


def _print(summary: Row, found: Sequence[tuple[Statistic, list[Row]]], form: str | None, word: str) -> None:
    if form == "csv":
        [(statistic, rows)] = found
        print_csv(statistic.columns, *([row[name] for name in statistic.columns] for row in rows))
    elif form == "json":
        tables = {each.name: [{name: row[name] for name in each.columns} for row in rows] for each, rows in found}
        print(json.dumps({"summary": summary, "statistics": tables}, ensure_ascii=False, indent=2))
    else:
        print(*_lines(summary, found, word), sep="\n")


def _lines(summary: Row, found: Sequence[tuple[Statistic, list[Row]]], word: str) -> Iterator[str]:
    if summary["articles"]:
        pulled_at, span = summary["pulled_at"], f"{summary['first']} to {summary['last']}"
        pulled_at = f"{clean(pulled_at.replace('T', ' ')[:16])} UTC" if pulled_at else "none yet"
        yield f"articles    {summary['articles']:,}"
        yield f"editions    {clean(summary['editions'])}"
        yield f"versions    {summary['versions']:,}"
        yield f"edited      {counted(summary['silent_edits'], 'time')} without a new date"
        yield f"days        {summary['days']:,} with articles, {clean(span)}, in KST"
        yield f"last crawl  {pulled_at}"
        yield f"refused     {summary['refused']:,} pages of the whole database"
    else:
        yield _NOTHING
        found = [(statistic, rows) for statistic, rows in found if statistic.coverage and rows]
    for statistic, rows in found:
        subject = f": {clean(word)}" if statistic.asks_for_word else ""
        yield from ("", f"{statistic.title['en']}{subject}", *table(_cells(statistic, rows)))


def _cells(statistic: Statistic, rows: Sequence[Row]) -> list[Sequence[object]]:
    """A statistic as a table, headings first; with columns for each value of `across`, the greatest first."""
    headings = {name: words["en"] for name, words in statistic.columns.items()}
    across, beside = statistic.across, statistic.beside
    if not across or len(beside) > 1 == len({row[across] for row in rows}):
        headings.pop("series", None)
        return [tuple(headings.values()), *(tuple(row[name] for name in headings) for row in rows)]
    first = next(iter(headings))
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    totals = Counter[str]()
    for row in rows:
        for name in beside:
            title = row[across] if len(beside) == 1 else f"{row[across]}: {headings[name]}"
            counts[row[first]][title] += row[name]
            totals[title] += row[name]
    # Words are in the order in which they are asked for.
    names = list(totals)
    if len(beside) == 1:
        names.sort(key=lambda name: (name == OTHERS["en"], -totals[name], name))
    return [(headings[first], *names), *((key, *(count[name] for name in names)) for key, count in counts.items())]
