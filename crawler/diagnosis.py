"""The words of `scrapy doctor`: what was found in a database and an archive, as plain text in aligned columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from crawler.extensions.health import MAX_GENERIC
from crawler.terminal import UNHEALTHY, WORK_FAILED, clean
from extractors.layout import GENERIC
from storage.archive.check import ArchiveReport, Finding, Rows
from storage.checkup import COUNTS, Examination, Gap, News
from storage.checkup import Pending as Missing
from storage.checkup import RunRow as Run
from storage.crawl_state import MAX_TRIES

#: So many months, and so many findings in the archive, are shown.
MAX_MONTHS = 12
MAX_FINDINGS = 20
# Longer than any address worth reading; pages can make theirs as long as they like.
_MAX_CELL = 200
_WIDTH = 116


def table(rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows in aligned columns, the first row being the heads; numbers to the right, None as a dash."""
    cells = [["-" if value is None else value for value in row] for row in rows]
    texts = [[_text(value) for value in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    right = [
        len(column) > 1 and all(_is_number(value) or value == "-" for value in column[1:])
        for column in zip(*cells, strict=True)
    ]
    return ["  " + "  ".join(map(_justify, row, widths, right)).rstrip() for row in texts]


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 0:
        return "in the future"
    for length, noun in ((1440, "day"), (60, "hour"), (1, "minute")):
        count = minutes // length
        # "36 hours" says more than "1 day".
        if count >= 2 or (count == 1 and noun != "day"):
            return f"{count} {noun}{'s' if count > 1 else ''} ago"
    return "just now"


def exit_status(found: Examination, archive: ArchiveReport) -> int:
    """1 where the database or the archive is broken; 3 where a spider's last finished run was unhealthy; else 0."""
    if found.flaws or archive.broken:
        return WORK_FAILED
    return UNHEALTHY if unhealthy(found.runs) else 0


def unhealthy(runs: Iterable[Run]) -> list[str]:
    """The spiders whose last finished run was unhealthy."""
    return [run.spider for run in runs if run.ended and run.exit_status == UNHEALTHY]


def database_lines(found: Examination, now: datetime) -> Iterator[str]:
    """The report of a database, line by line.

    Args:
        found: what was found in it.
        now: the time of the report; aware, UTC.
    """
    yield from _section("Last run of each spider", _runs(found.runs, now))
    yield from _section("Days without news, in KST", _days(found.news))
    yield from _section("Layouts of the articles, by month of fetching in UTC", _layouts(found))
    yield from _section("Pending articles", _missing(found.pending))
    yield from _section("Database", _database(found))


def archive_lines(folder: str, rows: Rows, report: ArchiveReport, *, quick: bool) -> Iterator[str]:
    """The report of an archive, line by line; `folder` is empty where none is kept, and then nothing was checked."""
    yield from _section("Archive", _archive(folder, rows, report, quick=quick))


def verdict(found: Examination, archive: ArchiveReport) -> str:
    """The last line: what the exit status says, in words."""
    status = exit_status(found, archive)
    if status == WORK_FAILED:
        parts = [name for name, broken in (("database", found.flaws), ("archive", archive.broken)) if broken]
        return f"Broken: the {' and the '.join(parts)}, see above."
    if status == UNHEALTHY:
        names = clean(", ".join(unhealthy(found.runs)))
        return f"Database and archive are sound, but the last run was unhealthy of {names}; see above."
    failed = sorted({run.spider for run in found.runs if run.exit_status})
    if failed:
        return clean(f"Database and archive are sound, but the last run of {', '.join(failed)} failed; see above.")
    return "All well."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (title, *lines, "")


def _runs(runs: list[Run], now: datetime) -> Iterator[str]:
    if not runs:
        yield "  no run yet"
        return
    heads = ("spider", "began (UTC)", "", "ended", "status", *COUNTS)
    yield from table([heads, *(_run(run, now) for run in runs)])
    for run in runs:
        began = f"{run.started_at:%Y-%m-%d %H:%M} UTC" if run.started_at else "unknown time"
        for told in run.complaints:
            yield from _wrapped(f"{clean(run.spider)}, {began}, unhealthy: {clean(told)}")
    if not all(run.ended for run in runs):
        yield "  A run without an end was killed, or is still running; below it stands the last one that ended, if any."


def _run(run: Run, now: datetime) -> tuple[object, ...]:
    began = f"{run.started_at:%Y-%m-%d %H:%M}" if run.started_at else None
    elapsed = ago(run.started_at, now) if run.started_at else None
    ended = (run.reason or "unknown") if run.ended else "no end"
    return run.spider, began, elapsed, ended, run.exit_status, *(run.counts[name] for name in COUNTS)


def _days(news: list[News]) -> Iterator[str]:
    if not news:
        yield "  no news yet"
    for each in news:
        looked = f"{clean(each.lang)}, {each.first} to {each.last}"
        if not each.gaps:
            yield f"  {looked}: news every day"
            continue
        yield f"  {looked}: {sum(gap.days for gap in each.gaps):,} without"
        rows = [(_span(gap), gap.days, "read and empty" if gap.read_and_empty else "not known") for gap in each.gaps]
        yield from (f"  {line}" for line in table([("days", "", "what is known"), *rows]))
        unknown = [gap for gap in each.gaps if not gap.read_and_empty]
        if unknown and each.edition:
            bounds = f"-a since={unknown[0].first} -a until={unknown[-1].last}"
            yield f"    scrapy crawl kbs_days -a lang={each.edition} {bounds}   reads those not known"


def _span(gap: Gap) -> str:
    return f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"


def _layouts(found: Examination) -> Iterator[str]:
    if not found.layouts:
        yield "  no article yet"
        return
    months = sorted({month for month, _ in found.layouts}, reverse=True)
    layouts = sorted({layout for _, layout in found.layouts})
    rows = [(month, *(found.layouts[month, layout] for layout in layouts)) for month in months[:MAX_MONTHS]]
    yield from table([("month", *layouts), *rows])
    if len(months) > MAX_MONTHS:
        yield f"  and {_count(len(months) - MAX_MONTHS, 'month')} before"
    newest = months[0]
    generic, total = found.layouts[newest, GENERIC], sum(found.layouts[newest, layout] for layout in layouts)
    if generic > MAX_GENERIC * total:
        yield from _wrapped(
            f"{generic:,} of the {total:,} articles of {clean(newest)} were found by structure alone (layout "
            f"{GENERIC}): the site's template has changed; extractors/layouts.py wants a new entry."
        )


def _missing(missing: Missing) -> Iterator[str]:
    if not missing.total:
        yield "  none that a list points to"
        return
    asked = missing.total - missing.given_up
    yield (
        f"  {missing.total:,} that lists point to are not stored: {asked:,} will be asked for again, "
        f"{missing.given_up:,} were given up after {MAX_TRIES} runs"
    )
    rows = [(row["url"], row["tries"], row["reason"]) for row in missing.named]
    yield from table([("the first of them", "runs", "why"), *rows])


def _database(found: Examination) -> Iterator[str]:
    if not found.flaws:
        yield f"  sound; versions of articles stored: {found.articles:,}"
        return
    for flaw in found.flaws:
        yield from _wrapped(clean(flaw))
    yield "  Put back a copy of the database, or save what can be read with the recover command of SQLite's own shell."


def _archive(folder: str, rows: Rows, report: ArchiveReport, *, quick: bool) -> Iterator[str]:
    named = sum(map(rows.count, rows.named))
    if not folder:
        yield f"  KBS_ARCHIVE names none; versions of articles that name a place in one, not looked up: {named:,}"
        return
    yield f"  {_count(report.files, 'file')}, {_size(report.size)}" + (
        ", not read (--quick)" if quick else f", {_count(report.records, 'record')} read"
    )
    yield f"  versions of articles that name their page there: {named:,}; that have none archived: {rows.unarchived:,}"
    if rows.elsewhere:
        yield f"  versions of articles that were brought in from elsewhere, not looked up: {rows.elsewhere:,}"
    serious = sorted(report.findings, key=lambda finding: finding.harmless)
    if serious:
        yield from table([("file", "byte", "articles", "what"), *map(_finding, serious[:MAX_FINDINGS])])
    if len(serious) > MAX_FINDINGS:
        yield f"  and {len(serious) - MAX_FINDINGS:,} more"
    if report.broken:
        yield "  Put back copies of these files; the articles themselves are in the database and are not touched by it."
    elif not quick:
        yield "  sound: every record is whole, and every row leads to its page"


def _finding(finding: Finding) -> tuple[object, ...]:
    # Without commas: it is there to be given to other tools.
    offset = None if finding.offset is None else str(finding.offset)
    return finding.file, offset, finding.articles, finding.what


def _wrapped(sentence: str) -> list[str]:
    wrapper = textwrap.TextWrapper(_WIDTH, "  ", "    ", break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(sentence)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else clean(value, _MAX_CELL)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or str(value).isdigit()


def _justify(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
