"""What the doctor examines in a database: its runs, days, layouts and pending articles, and whether it is damaged.

Nothing here writes. A query that fails on a damaged file becomes a flaw, and the others go on.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

from sqlite_utils import Database

from extractors.address import EDITIONS, day_url
from extractors.dates import KST
from storage.archive import Location
from storage.archive.check import Rows, RunSpan
from storage.crawl_state import MAX_TRIES

T = TypeVar("T")

#: The columns of `runs` that count, in order.
COUNTS = ("pages", "new", "updated", "edited", "unchanged", "refused", "failed")

# How many days before the last article are searched for gaps; how many pending articles and flaws of a kind are named.
_MAX_DAYS = 90
_MAX_NAMED = 5
_MAX_FLAWS = 10

_LETTERS = {lang: letter for letter, lang in EDITIONS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A row of `runs`.

    Attributes:
        started_at: aware, UTC; None where it is not readable.
        ended: whether it has an end; a run without one was killed, or is still running.
        counts: by the names of COUNTS.
        complaints: why it was unhealthy, in sentences.
    """

    spider: str
    started_at: datetime | None
    ended: bool
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
    """The days of the news of one language: those examined, in KST, and the gaps in them."""

    lang: str
    edition: str | None
    first: date
    last: date
    gaps: list[Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Articles that lists name and that are not stored: how many, how many of them given up, and the first rows."""

    total: int = 0
    given_up: int = 0
    named: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found in a database.

    Attributes:
        articles: how many versions are stored; None where they cannot be counted.
        runs: the last run of each spider, and where that has no end, its last with one.
        news: one entry a language.
        layouts: how many versions, by month of `fetched_at` (`2026-11`, UTC) and layout.
        pending: articles not stored.
        flaws: what is wrong with the database, a phrase each.
        rows: where in the archive the articles are.
        spans: all runs, oldest first, for the archive's check.
    """

    articles: int | None
    runs: list[RunRow]
    news: list[News]
    layouts: Counter[tuple[str, str]]
    pending: Pending
    flaws: list[str]
    rows: Rows
    spans: list[RunSpan]


def examine(db: Database, today: date) -> Examination:
    """Examine a database.

    Args:
        db: open for reading.
        today: the day in KST; articles of later days do not count for the gaps.
    """
    unreadable: list[str] = []

    def read(table: str, what: Callable[[], T], default: T) -> T:
        try:
            return what()
        except sqlite3.Error as error:
            unreadable.append(f"{table} cannot be read: {error}")
            return default

    return Examination(
        articles=read("articles", lambda: db.execute("select count(*) from articles").fetchone()[0], None),
        runs=read("runs", lambda: _last_runs(db), []),
        news=read("articles and lists", lambda: _days_without_news(db, today), []),
        layouts=read("articles", lambda: _layouts_by_month(db), Counter()),
        pending=read("pending", lambda: _pending(db), Pending()),
        rows=read("articles", lambda: _archived_rows(db), Rows()),
        spans=read("runs", lambda: _run_spans(db), []),
        flaws=[*_flaws(db), *dict.fromkeys(unreadable)],
    )


def _last_runs(db: Database) -> list[RunRow]:
    rows = db.query(
        """
        select * from runs where id in (
            select max(id) from runs group by spider
            union select max(id) from runs where ended_at is not null group by spider
        ) order by spider, id desc
        """
    )
    return [
        RunRow(
            spider=row["spider"],
            started_at=_moment(row["started_at"]),
            ended=row["ended_at"] is not None,
            reason=row["reason"] or "",
            exit_status=row["exit_status"],
            counts={name: row[name] for name in COUNTS},
            complaints=_sentences(row["complaints"]),
        )
        for row in rows
    ]


def _run_spans(db: Database) -> list[RunSpan]:
    rows = db.execute("select spider, started_at, ended_at, reason from runs order by started_at, id")
    return [RunSpan(*row) for row in rows]


def _days_without_news(db: Database, today: date) -> list[News]:
    """For each language, the gaps between its first and its last article, in _MAX_DAYS at most."""
    rows = db.execute(
        "select distinct lang, date(substr(written_at, 1, 10)) as day from articles "
        "where kind = 'news' and day between '1900-01-01' and ? order by lang, day",
        [today.isoformat()],
    )
    found = []
    for lang, group in groupby(rows, key=lambda row: str(row[0])):
        days = [date.fromisoformat(day) for _, day in group]
        first = max(days[0], days[-1] - timedelta(days=_MAX_DAYS - 1))
        edition = _LETTERS.get(lang)
        gaps = _gaps(db, edition, first, days)
        found.append(News(lang=lang, edition=edition, first=first, last=days[-1], gaps=gaps))
    return found


def _gaps(db: Database, edition: str | None, first: date, days: list[date]) -> list[Gap]:
    gaps: list[Gap] = []
    every = {first + timedelta(days=number) for number in range((days[-1] - first).days)}
    for day in sorted(every.difference(days)):
        read = _was_read(db, edition, day)
        if gaps and gaps[-1].last == day - timedelta(days=1) and gaps[-1].read_and_empty == read:
            gaps[-1] = replace(gaps[-1], last=day)
        else:
            gaps.append(Gap(first=day, last=day, read_and_empty=read))
    return gaps


def _was_read(db: Database, edition: str | None, day: date) -> bool:
    """Whether the page of a day was read completely when that day was over."""
    if edition is None:
        return False
    row = db.execute("select complete_to from lists where url = ?", [day_url(edition, day)]).fetchone()
    moment = _moment(row[0]) if row else None
    return moment is not None and moment.astimezone(KST).date() > day


def _layouts_by_month(db: Database) -> Counter[tuple[str, str]]:
    rows = db.execute("select substr(fetched_at, 1, 7), layout, count(*) from articles group by 1, 2")
    return Counter({(month, layout): count for month, layout, count in rows})


def _pending(db: Database) -> Pending:
    """Those that will still be fetched are named first."""
    total, given_up = db.execute(
        "select count(*), count(*) filter (where tries >= ?) from pending", [MAX_TRIES]
    ).fetchone()
    named = db.query("select * from pending order by tries >= ?, asked_at, url limit ?", [MAX_TRIES, _MAX_NAMED])
    return Pending(total=total, given_up=given_up, named=tuple(named))


def _archived_rows(db: Database) -> Rows:
    rows = Rows()
    for file, offset, url in db.execute("select archive_file, archive_offset, source_url from articles"):
        if file is None or offset is None:
            rows.unarchived += 1
        elif not Location(file=file, offset=offset).is_own:
            rows.elsewhere += 1
        else:
            rows.named.setdefault(file, {}).setdefault(offset, []).append(url)
    return rows


def _flaws(db: Database) -> list[str]:
    """What is wrong with the database, as SQLite sees it and by the articles' own text."""
    flaws: list[str] = []
    for check in (_integrity, _paragraphs):
        found: list[str] = []
        try:
            found.extend(check(db))
        except sqlite3.Error as error:
            found.append(f"SQLite: {error}")
        flaws += found[:_MAX_FLAWS]
        if len(found) > _MAX_FLAWS:
            flaws.append(f"and {len(found) - _MAX_FLAWS:,} more like these")
    return list(dict.fromkeys(flaws))


def _integrity(db: Database) -> Iterator[str]:
    for (message,) in db.execute("pragma integrity_check").fetchall():
        yield from (f"SQLite: {line}" for line in str(message).splitlines() if line not in {"ok", ""})


def _paragraphs(db: Database) -> Iterator[str]:
    for url, timestamp, stored, text in db.execute("select url, timestamp, paragraphs, text from articles"):
        try:
            paragraphs = json.loads(stored)
        except (TypeError, ValueError, RecursionError):
            paragraphs = None
        if not isinstance(paragraphs, list) or not all(isinstance(paragraph, str) for paragraph in paragraphs):
            yield f"{url} of {timestamp}: its paragraphs are not a JSON list of text"
        elif text != "\n\n".join(paragraphs):
            yield f"{url} of {timestamp}: its text differs from its paragraphs"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _sentences(stored: str | None) -> list[str]:
    try:
        return [str(sentence) for sentence in json.loads(stored or "[]")]
    except (TypeError, ValueError):
        return [str(stored)]
