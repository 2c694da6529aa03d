"""What a database tells of its own state: its runs, days, layouts, missing articles, and whether it is sound.

Nothing here writes. A query that a damaged file fails becomes a flaw, and the others go on.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

from sqlite_utils import Database

from extractors.address import EDITIONS, day_url
from extractors.dates import KST
from storage.archive import Location
from storage.archive.check import Rows
from storage.crawl_state import MAX_TRIES

T = TypeVar("T")

#: The columns of `runs` that count, in order.
COUNTS = ("pages", "new", "updated", "edited", "unchanged", "refused", "failed")
#: So many days back from the last article, gaps in the news are looked for.
MAX_DAYS = 90
#: So many missing articles are named.
MAX_NAMED = 5
#: So many flaws of one kind are told.
MAX_FLAWS = 10

_LETTERS = {lang: letter for letter, lang in EDITIONS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A row of `runs`.

    Attributes:
        started_at, ended_at: aware, UTC; None where the row has none that can be read.
        ended: whether it has an end; one without was killed, or is still running.
        counts: by the names of COUNTS.
        complaints: the sentences it was found unhealthy with.
    """

    spider: str
    started_at: datetime | None
    ended: bool
    ended_at: datetime | None
    reason: str
    exit_status: int | None
    counts: dict[str, int | None]
    complaints: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days in a row, in KST, on which no news was written; `read_and_empty`: each was read when it was over."""

    first: date
    last: date
    read_and_empty: bool

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The days of the news of one language: those looked at, in KST, and the gaps in them."""

    lang: str
    edition: str | None
    first: date
    last: date
    gaps: list[Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Articles that lists point to and that are not stored: how many, of them given up, and the first few rows."""

    total: int = 0
    given_up: int = 0
    named: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A whole database, examined.

    Attributes:
        articles: how many versions are stored; None where they cannot be counted.
        runs: the last run of each spider, and its last that ended where that is another.
        news: one entry a language.
        layouts: how many articles, by month of `fetched_at` (`2026-11`, UTC) and layout.
        missing: articles not stored.
        flaws: what is wrong with the database, a phrase each.
        rows: where in the archive the articles stand.
    """

    articles: int | None
    runs: list[Run]
    news: list[News]
    layouts: Counter[tuple[str, str]]
    missing: Missing
    flaws: list[str]
    rows: Rows


def examine(db: Database, today: date) -> Examination:
    """Examine a database.

    Args:
        db: opened read-only.
        today: the day in KST; news that claim a later one do not count for the days.
    """
    flaws: list[str] = []
    return Examination(
        articles=_part(flaws, "articles", lambda: db.execute("select count(*) from articles").fetchone()[0], None),
        runs=_part(flaws, "runs", lambda: last_runs(db), []),
        news=_part(flaws, "articles and lists", lambda: days_without_news(db, today), []),
        layouts=_part(flaws, "articles", lambda: layouts_by_month(db), Counter()),
        missing=_part(flaws, "missing", lambda: missing_articles(db), Missing()),
        rows=_part(flaws, "articles", lambda: archived_rows(db), Rows()),
        flaws=[*database_flaws(db), *dict.fromkeys(flaws)],
    )


def last_runs(db: Database) -> list[Run]:
    """The last run of each spider, and behind one without an end the last that has one."""
    rows = db.query(
        """
        select * from runs where id in (
            select max(id) from runs group by spider
            union select max(id) from runs where ended_at is not null group by spider
        ) order by spider, id desc
        """
    )
    return [
        Run(
            spider=row["spider"],
            started_at=_moment(row["started_at"]),
            ended=row["ended_at"] is not None,
            ended_at=_moment(row["ended_at"]),
            reason=row["reason"] or "",
            exit_status=row["exit_status"],
            counts={name: row[name] for name in COUNTS},
            complaints=_sentences(row["complaints"]),
        )
        for row in rows
    ]


def days_without_news(db: Database, today: date) -> list[News]:
    """For each language, the days without news between its first and its last article, MAX_DAYS at most."""
    rows = db.query(
        "select distinct lang, substr(written_at, 1, 10) as day from articles "
        "where kind = 'news' and written_at is not null order by lang, day"
    )
    found = []
    for lang, group in groupby(rows, key=lambda row: str(row["lang"])):
        days = {day for row in group if (day := _day(row["day"])) is not None and day <= today}
        if days:
            last = max(days)
            first = max(min(days), last - timedelta(days=MAX_DAYS - 1))
            edition = _LETTERS.get(lang)
            gaps = list(_gaps(db, edition, first, last, days))
            found.append(News(lang=lang, edition=edition, first=first, last=last, gaps=gaps))
    return found


def layouts_by_month(db: Database) -> Counter[tuple[str, str]]:
    """How many versions were fetched in each month (UTC), by layout."""
    rows = db.query("select substr(fetched_at, 1, 7) as month, layout, count(*) as n from articles group by 1, 2")
    return Counter({(row["month"], row["layout"]): row["n"] for row in rows})


def missing_articles(db: Database) -> Missing:
    """What lists point to and no run could have; those that will still be asked for are named first."""
    total, given_up = db.execute(
        "select count(*), count(*) filter (where tries >= ?) from missing", [MAX_TRIES]
    ).fetchone()
    named = db.query("select * from missing order by tries >= ?, asked_at, url limit ?", [MAX_TRIES, MAX_NAMED])
    return Missing(total=total, given_up=given_up, named=tuple(named))


def archived_rows(db: Database) -> Rows:
    """Where in the archive the articles stand, by their rows."""
    rows = Rows()
    for file, offset, url in db.execute("select archive_file, archive_offset, source_url from articles"):
        if file is None or offset is None:
            rows.unarchived += 1
        elif not Location(file=file, offset=offset).is_own:
            rows.elsewhere += 1
        else:
            rows.named.setdefault(file, {}).setdefault(offset, []).append(url)
    return rows


def database_flaws(db: Database) -> list[str]:
    """What is wrong with the database: as SQLite sees it, then with the articles' own words."""
    checks: tuple[Callable[[Database], Iterator[str]], ...] = (_integrity, _foreign_keys, _paragraphs)
    flaws: list[str] = []
    for check in checks:
        found: list[str] = []
        try:
            found.extend(check(db))
        except sqlite3.Error as error:
            found.append(f"SQLite: {error}")
        flaws += found[:MAX_FLAWS]
        if len(found) > MAX_FLAWS:
            flaws.append(f"and {len(found) - MAX_FLAWS:,} more like these")
    return list(dict.fromkeys(flaws))


def _integrity(db: Database) -> Iterator[str]:
    for (message,) in db.execute("pragma integrity_check").fetchall():
        yield from (f"SQLite: {line}" for line in str(message).splitlines() if line not in {"ok", ""})


def _foreign_keys(db: Database) -> Iterator[str]:
    for table, row, parent, _ in db.execute("pragma foreign_key_check"):
        yield f"SQLite: row {row} of {table} refers to a row that {parent} does not have"


def _paragraphs(db: Database) -> Iterator[str]:
    for url, timestamp, stored, text in db.execute("select url, timestamp, paragraphs, text from articles"):
        try:
            paragraphs = json.loads(stored)
        except (TypeError, ValueError, RecursionError):
            paragraphs = None
        if not isinstance(paragraphs, list) or not all(isinstance(paragraph, str) for paragraph in paragraphs):
            yield f"{url} of {timestamp}: its paragraphs are no JSON list of text"
        elif text != "\n\n".join(paragraphs):
            yield f"{url} of {timestamp}: its text is not its paragraphs"


def _gaps(db: Database, edition: str | None, first: date, last: date, days: set[date]) -> Iterator[Gap]:
    every = [first + timedelta(days=n) for n in range((last - first).days)]
    empty = [(day, _was_read(db, edition, day)) for day in every if day not in days]
    # Days in a row of one kind have the same distance from their place among the empty ones.
    for (read, _), group in groupby(enumerate(empty), key=lambda at: (at[1][1], at[1][0].toordinal() - at[0])):
        members = [day for _, (day, _) in group]
        yield Gap(first=members[0], last=members[-1], read_and_empty=read)


def _was_read(db: Database, edition: str | None, day: date) -> bool:
    """Whether the page of a day was read completely when that day was over."""
    if edition is None:
        return False
    row = db.execute("select complete_to from lists where url = ?", [day_url(edition, day)]).fetchone()
    moment = _moment(row[0]) if row else None
    return moment is not None and moment.astimezone(KST).date() > day


def _part(flaws: list[str], table: str, read: Callable[[], T], default: T) -> T:
    try:
        return read()
    except sqlite3.Error as error:
        flaws.append(f"{table} cannot be read: {error}")
        return default


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sentences(stored: str | None) -> list[str]:
    try:
        found = json.loads(stored or "[]")
    except ValueError:
        found = [stored]
    return [str(sentence) for sentence in found] if isinstance(found, list) else [str(found)]
