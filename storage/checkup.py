"""What the doctor reads in a database: runs, days, layouts, pending articles, refusals, what is damaged; and repairs.

Rows are dicts by the headings under which they are shown. Only `repair` writes; each function raises sqlite3.Error
where the file is too damaged for it.
"""

import re
import tomllib
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from extractors.address import EDITIONS, site_url
from storage.archive.capture import Location
from storage.archive.check import Rows
from storage.database import Store, StoreError
from storage.schema import index_folded, migrations

#: What is known of days without news whose pages were not read when the days were over.
NOT_KNOWN = "not known"

_SQL = tomllib.loads(Path(__file__).with_name("checkup.toml").read_text("utf-8"))
# How many days up to the last article are looked at.
_MAX_DAYS = 90


def table(db: Database, name: str) -> list[dict[str, Any]]:
    """One of the tables of checkup.toml: `last_runs`, `layouts_by_month`, `pending_articles` or `doubtful_dates`."""
    return list(db.query(_SQL[name]))


def days_of_news(db: Database, today: date) -> list[dict[str, Any]]:
    """Ranges of days in KST with and without news, for each edition up to its last news; `today` is the last day."""
    rows = db.execute(_SQL["days_of_news"], [today.isoformat()]).fetchall()
    ranges = []
    for edition, lang in EDITIONS.items():
        news = {date.fromisoformat(day) for code, day in rows if code == lang}
        if not news:
            continue
        first, last = min(news), max(news)
        days = [last - timedelta(days=before) for before in reversed(range(_MAX_DAYS))]
        known = [("every day" if day in news else _without_news(db, edition, day), day) for day in days if day >= first]
        for what, group in groupby(known, itemgetter(0)):
            span = [day for _, day in group]
            ranges.append({"language": lang, "from": span[0], "to": span[-1], "days": len(span), "news": what})
    return ranges


def _without_news(db: Database, edition: str, day: date) -> str:
    is_read = db.execute(_SQL["read_days"], [site_url("day", edition, day=day), day.isoformat()]).fetchone()
    return "none: read and empty" if is_read else NOT_KNOWN


def refusals(db: Database, most: int, reason: str | None = None) -> list[dict[str, Any]]:
    """Refused pages, the newest `most` of each reason (-1: all) or of one, with the number of its pages and advice."""
    rows = db.query(_SQL["refusals"], {"most": most, "reason": reason})
    advice = [(re.compile(words["reasons"], re.DOTALL), words) for words in _SQL["advice"]]
    return [row | {"advice": next(words for about, words in advice if about.fullmatch(row["reason"]))} for row in rows]


def integrity(db: Database) -> list[str]:
    """What SQLite finds damaged."""
    return [message for (message,) in db.execute("pragma integrity_check") if message != "ok"]


def schema(db: Database) -> list[str]:
    """Which tables, columns, views, indexes and triggers are missing, and how to come by them."""
    names = ", ".join(missing(db))
    return [_SQL["about_schema"].format(missing=names)] if names else []


def missing(db: Database) -> list[str]:
    """The names of what is missing; a column of a table that is there as `table.column`."""
    fresh = Database(memory=True)
    migrations.apply(fresh)
    wanted, found = ({name for (name,) in one.execute(_SQL["schema"])} for one in (fresh, db))
    lost = wanted - found
    return sorted(name for name in lost if "." not in name or name.partition(".")[0] not in lost)


def texts(db: Database) -> list[str]:
    """Which articles have a text that differs from their paragraphs."""
    return [finding for (finding,) in db.execute(_SQL["texts"])]


def catalogue_and_index(db: Database) -> list[str]:
    """What of catalogue and search index does not agree with the articles; of a text, its length is compared."""
    counts = [(what, db.execute(sql).fetchone()[0]) for what, sql in _SQL["differences"].items()]
    advice = "do not agree with the articles; kbsworld doctor --repair makes them anew"
    return [f"{count:,} rows of the {what} {advice}" for what, count in counts if count]


def archived_rows(db: Database) -> Rows:
    """Where in the archive the pages of articles are."""
    rows = Rows()
    for file, offset, url in db.execute("select archive_file, archive_offset, source_url from articles"):
        if file is None or offset is None:
            rows.unarchived += 1
        elif not Location(file=file, offset=offset).is_own:
            rows.elsewhere += 1
        else:
            rows.here += 1
            rows.named.setdefault(file, {}).setdefault(offset, []).append(url)
    return rows


def repair(store: Store) -> None:
    """Make triggers, views, catalogue and search index anew, in one transaction; ids in `catalogue` stay.

    Raises:
        StoreError: something is missing that is not derived from the articles.
    """
    fresh, db = Database(memory=True), store.db
    migrations.apply(fresh)
    derived = list(fresh.execute(_SQL["derived"]))
    names = {name for _, name, _, _ in derived}
    lost = [name for name in missing(db) if name not in names and not name.startswith("articles_fts_")]
    if lost:
        raise StoreError(f"{store.path} has lost {', '.join(lost)}, made from nothing else; restore a copy of it.")
    with store.batch():
        for kind, name, _, is_anew in derived:
            if is_anew:
                db.execute(f"drop {kind} if exists {name}")
        triggers = [sql for kind, _, sql, is_anew in derived if kind == "trigger" and is_anew]
        absent = missing(db)
        created = [sql for _, name, sql, _ in derived if name in absent and sql not in triggers]
        for sql in created + _SQL["fill"]["before"]:
            db.execute(sql)
        index_folded(db, db.query("select url, timestamp, title, text from articles"))
        for sql in _SQL["fill"]["after"] + triggers:
            db.execute(sql)
