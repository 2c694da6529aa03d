"""kbsworld doctor: whether the database and the archive are sound, and how the last runs went."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.command import OfflineCommand
from crawler.terminal import UNHEALTHY, WORK_FAILED, clean, table

if TYPE_CHECKING:
    from storage.archive.check import ArchiveReport, Rows
    from storage.checkup import Examination, News, Pending, RunRow

# How many months, and how many findings in the archive, are shown.
_MAX_MONTHS = 12
_MAX_FINDINGS = 20


class Command(OfflineCommand):
    """Check the database and the archive, and show how the last runs went.

    Reports on the database of KBS_DB and the archive of KBS_ARCHIVE: the last run of each spider, days without news,
    layouts by month, pending articles, whether the database is sound, and whether every page in the archive is whole
    and is where its article says. Nothing is written; a crawl may run at the same time.

    Exit status: 0 all well; 1 where database or archive are damaged, or there is no database; 2 for a wrong call; 3
    where both are sound and the last finished run of a spider was unhealthy (ended with status 3).

    Examples:
      kbsworld doctor
      kbsworld doctor --quick
    """

    prints = True
    interrupted = "Interrupted."

    def add_own_options(self, parser: ArgumentParser) -> None:
        text = "do not read the archive: only check that the files that articles name exist and are long enough"
        parser.add_argument("--quick", action="store_true", help=text)

    def prepare(self, _: list[str], opts: Namespace) -> Callable[[], int]:
        assert self.settings is not None
        folder = str(self.settings["KBS_ARCHIVE"] or "").strip()
        return partial(_report, self.database, folder, quick=opts.quick)


def _report(database: str, folder: str, *, quick: bool) -> int:
    """Print the report; the exit status. `folder` is empty where no archive is kept."""
    from extractors.dates import KST
    from storage import StoreError
    from storage.checkup import examine
    from storage.database import open_to_read

    now = datetime.now(UTC)
    with open_to_read(database) as db:
        found = examine(db, now.astimezone(KST).date())
    print(f"{database} and {folder or 'no archive'}, {now:%Y-%m-%d %H:%M} UTC\n")
    _print("Last run of each spider", _runs(found.runs, now))
    _print("Days without news, in KST", _days(found.news))
    _print("Layouts of the articles, by month of fetching in UTC", _layouts(found))
    _print("Pending articles", _pending(found.pending))
    _print("Database", _database(found))
    try:
        archive = _check(folder, found, quick=quick)
    except OSError as error:
        raise StoreError(f"The archive {folder} cannot be read ({error.strerror}).") from error
    _print("Archive", _archive(folder, found.rows, archive, quick=quick))
    return _conclude(found, archive)


def _check(folder: str, found: Examination, *, quick: bool) -> ArchiveReport:
    """The report of the archive; an empty one where none is kept."""
    import click

    from storage.archive.check import ArchiveReport, check_archive, check_files

    if not folder:
        return ArchiveReport()
    path = Path(folder).expanduser()
    if quick:
        return check_files(path, found.rows)
    with click.progressbar(length=0, label="archive", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int, *_: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return check_archive(path, found.rows, found.spans, progress)


def _print(title: str, lines: Iterable[str]) -> None:
    print(title, *lines, "", sep="\n", flush=True)


def _conclude(found: Examination, archive: ArchiveReport) -> int:
    """Print the last line, which says the exit status in words; the exit status."""
    if found.flaws or archive.broken:
        parts = [name for name, damaged in (("database", found.flaws), ("archive", archive.broken)) if damaged]
        print(f"Damaged: the {' and the '.join(parts)}, see above.")
        return WORK_FAILED
    unhealthy = [run.spider for run in found.runs if run.ended and run.exit_status == UNHEALTHY]
    failed = sorted({run.spider for run in found.runs if run.exit_status})
    if not failed:
        print("All well.")
        return 0
    names, what = (unhealthy, "was unhealthy") if unhealthy else (failed, "failed")
    print(clean(f"Database and archive are sound, but the last run of {', '.join(names)} {what}; see above."))
    return UNHEALTHY if unhealthy else 0


def _runs(runs: list[RunRow], now: datetime) -> Iterator[str]:
    from storage.checkup import COUNTS

    if not runs:
        yield "  no run yet"
        return
    rows: list[tuple[object, ...]] = [("spider", "began (UTC)", "", "ended", "status", *COUNTS)]
    complaints: list[str] = []
    for run in runs:
        began = f"{run.started_at:%Y-%m-%d %H:%M}" if run.started_at else None
        ended = (run.reason or "unknown") if run.ended else "no end"
        counts = (run.counts[name] for name in COUNTS)
        rows.append((run.spider, began, _ago(run.started_at, now), ended, run.exit_status, *counts))
        complaints += [f"{run.spider}, {began or 'unknown time'} UTC, unhealthy: {one}" for one in run.complaints]
    yield from table(rows)
    yield from (f"  {clean(complaint)}" for complaint in complaints)
    if not all(run.ended for run in runs):
        yield "  A run without an end was killed or is still running; the last finished one, if any, is below it."


def _ago(moment: datetime | None, now: datetime) -> str | None:
    """How long ago, in words; in hours up to 48, which say more than "1 day"."""
    if moment is None:
        return None
    minutes = int((now - moment).total_seconds() // 60)
    for length, unit, least in ((1440, "days", 2880), (60, "h", 60), (1, "min", 1)):
        if minutes >= least:
            return f"{minutes // length} {unit} ago"
    return "just now" if minutes >= 0 else "in the future"


def _days(news: list[News]) -> Iterator[str]:
    if not news:
        yield "  no news yet"
    for each in news:
        without = f"{sum(gap.days for gap in each.gaps):,} without" if each.gaps else "news every day"
        yield f"  {clean(each.lang)}, {each.first} to {each.last}: {without}"
        rows: list[tuple[object, ...]] = [("days", "", "what is known")]
        for gap in each.gaps:
            span = f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"
            rows.append((span, gap.days, "read and empty" if gap.read_and_empty else "not known"))
        if each.gaps:
            yield from (f"  {line}" for line in table(rows))
        unknown = [gap for gap in each.gaps if not gap.read_and_empty]
        if unknown and each.edition:
            bounds = f"-a since={unknown[0].first} -a until={unknown[-1].last}"
            yield f"    kbsworld crawl kbs_days -a lang={each.edition} {bounds}   reads those not known"


def _layouts(found: Examination) -> Iterator[str]:
    from crawler.extensions.health import MAX_GENERIC
    from extractors.layout import GENERIC

    if not found.layouts:
        yield "  no article yet"
        return
    months = sorted({month for month, _ in found.layouts}, reverse=True)
    layouts = sorted({layout for _, layout in found.layouts})
    rows = [(month, *(found.layouts[month, layout] for layout in layouts)) for month in months[:_MAX_MONTHS]]
    yield from table([("month", *layouts), *rows])
    if len(months) > _MAX_MONTHS:
        yield f"  and earlier months: {len(months) - _MAX_MONTHS:,}"
    newest = months[0]
    generic, total = found.layouts[newest, GENERIC], sum(found.layouts[newest, layout] for layout in layouts)
    if generic > MAX_GENERIC * total:
        yield f"  {generic:,} of the {total:,} articles of {clean(newest)} match no template (layout {GENERIC}):"
        yield "  the site's template has changed; extractors/README.md says what to do."


def _pending(pending: Pending) -> Iterator[str]:
    from storage.crawl_state import MAX_TRIES

    if not pending.total:
        yield "  none"
        return
    yield (
        f"  {pending.total:,} that lists name are not stored: {pending.total - pending.given_up:,} will be asked for "
        f"again, {pending.given_up:,} were given up after {MAX_TRIES} runs"
    )
    rows = [(row["url"], row["tries"], row["reason"]) for row in pending.named]
    yield from table([("the first of them", "runs", "why"), *rows])


def _database(found: Examination) -> Iterator[str]:
    if not found.flaws:
        yield f"  sound; versions of articles stored: {found.articles:,}"
        return
    yield from (f"  {clean(flaw)}" for flaw in found.flaws)
    yield "  Restore a copy of the database, or save what can be read with the recover command of SQLite's own shell."


def _archive(folder: str, rows: Rows, report: ArchiveReport, *, quick: bool) -> Iterator[str]:
    named = sum(map(rows.count, rows.named))
    if not folder:
        yield f"  no archive is kept (KBS_ARCHIVE is empty); versions of articles that name a page in one: {named:,}"
        return
    read = "not read (--quick)" if quick else f"records: {report.records:,}"
    yield f"  files: {report.files:,} ({report.size / 1e6:,.1f} MB); {read}"
    yield f"  versions of articles with their page there: {named:,}; without an archived page: {rows.unarchived:,}"
    if rows.elsewhere:
        yield f"  versions of articles with their page in other archives, not checked: {rows.elsewhere:,}"
    findings = sorted(report.findings, key=lambda finding: finding.harmless)
    if findings:
        # Offsets have no thousands separators: they are given to other tools.
        offsets = [None if each.offset is None else str(each.offset) for each in findings]
        cells = [(each.file, offset, each.articles, each.what) for each, offset in zip(findings, offsets, strict=True)]
        yield from table([("file", "offset", "articles", "what"), *cells[:_MAX_FINDINGS]])
    if len(findings) > _MAX_FINDINGS:
        yield f"  and {len(findings) - _MAX_FINDINGS:,} more"
    if report.broken:
        yield "  Restore copies of these files; the articles themselves are in the database and are not affected."
    elif not quick:
        yield "  sound: every record is whole, and every row leads to its page"
