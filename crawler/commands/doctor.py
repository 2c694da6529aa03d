"""Check the database and the archive, and show how the last runs went.

Reports on the database of KBS_DB and the archive of KBS_ARCHIVE: the last run of each spider, days without news,
layouts by month, pending articles, dates that cannot be true, whether the database is sound, and whether every page
in the archive is whole and is where its article says. Nothing is written; a crawl may run at the same time.

--repair first makes triggers, catalogue and search index anew from the articles: other tools can drop triggers, as
sqlite-utils transform does. A crawl that runs waits meanwhile.

What is damaged must be restored from a copy; first remove the database with its -wal and -shm files, which SQLite would
apply to the copy. Of a database without one, the recover command of SQLite's own shell
saves what can be read; the archive only keeps pages, and its damage takes no article from the database.

Exit status: 0 all well; 1 where database or archive are damaged, or there is no database; 2 for a wrong call; 3
where both are sound and the last finished run of a spider was unhealthy (ended with status 3).

Examples:
  kbsworld doctor
  kbsworld doctor --quick
  kbsworld doctor --repair
"""

import sqlite3
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.command import OfflineCommand
from crawler.extensions.health import MAX_GENERIC, TEMPLATE_CHANGED
from crawler.terminal import UNHEALTHY, WORK_FAILED, clean, progress, table, tell
from extractors.address import EDITIONS
from extractors.article import KST
from storage import checkup
from storage.archive.check import ArchiveReport, Rows, check_archive
from storage.crawl_state import MAX_TRIES
from storage.database import Store, open_to_read

_MAX_SHOWN = 20  # pending articles, and things that are damaged


class Command(OfflineCommand):
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        text = "do not read the archive: only check that the files that articles name exist and are long enough"
        parser.add_argument("--quick", action="store_true", help=text)
        text = "first make triggers, catalogue and search index anew from the articles"
        parser.add_argument("--repair", action="store_true", help=text)

    def work(self, _: list[str], opts: Namespace) -> int:
        database, folder = self.database, str(self.settings["KBS_ARCHIVE"] or "").strip()
        now = datetime.now(UTC)
        damage: list[str] = []
        if opts.repair:
            open_to_read(database, tell).close()
            tell("Making triggers, catalogue and search index anew; 100,000 articles take some ten seconds.")
            with Store(database) as store:
                checkup.repair(store)
        with open_to_read(database) as db:

            def read(query: Callable[..., Any], *arguments: object) -> Any:
                """What a query gives; where it fails, nothing: that is damage, and the others go on."""
                try:
                    return query(db, *arguments)
                except sqlite3.Error as error:
                    what = " ".join([query.__name__, *map(str, arguments)]).replace("_", " ")
                    damage.append(f"{what} cannot be read: {error}")
                    return []

            print(f"{clean(database)} and {clean(folder or 'no archive')}, {now:%Y-%m-%d %H:%M} UTC\n")
            runs = read(checkup.table, "last_runs")
            complaints = [(run["spider"], run.pop("complaints")) for run in runs]  # too long for a column
            notes = [f"{spider} was unhealthy: {why}" for spider, why in complaints if why]
            _print("Last run of each spider", runs, notes)
            days = read(checkup.days_of_news, now.astimezone(KST).date())
            _print("Days with and without news, in KST", days, _about_days(days))
            months = read(checkup.table, "layouts_by_month")
            _print("Layouts of the articles, by month of fetching in UTC", months, _about_layouts(months))
            pending = read(checkup.table, "pending_articles")
            given_up = sum(row["runs"] >= MAX_TRIES for row in pending)
            note = f"in all: {len(pending):,}; given up after {MAX_TRIES} runs: {given_up:,}"
            _print("Pending articles", pending[:_MAX_SHOWN], [note])
            doubtful = read(checkup.table, "doubtful_dates")
            note = f"in all: {len(doubtful):,}; reextract drops wrong dates, the next crawls correct what is after now"
            _print("Dates that cannot be true", doubtful[:_MAX_SHOWN], [note] if doubtful else [])
            rows = read(checkup.archived_rows) or Rows()
            for query in (checkup.schema, checkup.integrity, checkup.texts, checkup.catalogue_and_index):
                damage += read(query)
        _print("Database", [], [f"findings: {len(damage):,}", *damage[:_MAX_SHOWN]])
        archive = ArchiveReport()
        if folder:
            with progress("archive") as show:
                archive = check_archive(Path(folder).expanduser(), rows, show, quick=opts.quick)
        _print("Archive", [], _about_archive(folder, rows, archive, quick=opts.quick))
        lost = [finding for finding in archive.findings if not finding.harmless]
        return _conclude(runs, [name for name, found in (("database", damage), ("archive", lost)) if found])


def _print(title: str, rows: list[dict[str, Any]], notes: Iterable[str]) -> None:
    """Print a section of the report: its rows under their keys, and notes on them."""
    lines = [f"  {clean(note)}" for note in notes]
    if rows:
        lines = table([list(rows[0]), *(list(row.values()) for row in rows)]) + lines
    print(title, *lines or ["  none"], "", sep="\n", flush=True)


def _about_days(days: list[dict[str, Any]]) -> Iterator[str]:
    for edition, lang in EDITIONS.items():
        gaps = [row for row in days if (row["language"], row["news"]) == (lang, checkup.NOT_KNOWN)]
        if gaps:
            bounds = f"-a since={gaps[0]['from']} -a until={gaps[-1]['to']}"
            yield f"To read those not known: kbsworld crawl kbs_days -a lang={edition} {bounds}"


def _about_layouts(months: list[dict[str, Any]]) -> list[str]:
    return [
        f"{row['generic']:,} of {row['articles']:,} articles of {row['month']} have layout generic: {TEMPLATE_CHANGED}"
        for row in months[:1]
        if row["generic"] > MAX_GENERIC * row["articles"]
    ]


def _about_archive(folder: str, rows: Rows, report: ArchiveReport, *, quick: bool) -> Iterator[str]:
    places = f"here {rows.here:,}, elsewhere {rows.elsewhere:,} (not checked), in no archive {rows.unarchived:,}"
    yield f"pages of the versions of articles: {places}"
    if not folder:
        yield "no archive is kept (KBS_ARCHIVE is empty)"
        return
    read = "not read (--quick)" if quick else f"records: {report.records:,}"
    yield f"files: {report.files:,} ({report.size / 1e6:,.1f} MB); {read}; findings: {len(report.findings):,}"
    for finding in sorted(report.findings, key=lambda finding: finding.harmless)[:_MAX_SHOWN]:
        place = finding.file if finding.offset is None else f"{finding.file} at {finding.offset}"
        yield f"{place}: {finding.what} (articles: {finding.articles:,})"


def _conclude(runs: list[dict[str, Any]], damaged: list[str]) -> int:
    """Print the last line, which says the exit status in words; the exit status."""
    if damaged:
        print(f"Damaged: the {' and the '.join(damaged)}, see above; if no way out is named, restore a copy.")
        return WORK_FAILED
    failed = [run["spider"] for run in runs if run["status"]]
    if not failed:
        print("All well.")
        return 0
    print(clean(f"Database and archive are sound; the last run of {', '.join(failed)} did not end well, see above."))
    return UNHEALTHY if any(run["status"] == UNHEALTHY for run in runs) else 0
