"""What crawls remember (runs, coverage of lists, pending articles, payloads), and unfinished re-extractions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database

from extractors.address import parse_address
from extractors.layout import GENERIC
from storage.archive.capture import Capture, Location, Place, Revisit, payload_digest
from storage.database import Store
from storage.schema import SQL
from storage.versions import COLUMNS, believed, is_undated

#: In how many runs a pending article is fetched before it is given up.
MAX_TRIES = 5
#: In how many runs an article is fetched for a date that only its list entry has.
MAX_LOOKS = 3

# How long a time is that ends with its seconds.
_SECOND = len("2026-11-24T12:00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The part of a list within which nothing was left out."""

    complete_from: str  #: ISO 8601 day in KST from which on; empty: the list's beginning
    complete_to: datetime  #: the moment up to which; aware
    interrupted: bool = False  #: whether a later walk over the list began and did not finish


class CrawlState:
    """The crawls' own tables of a database. Its writes belong to the batch that is open, if one is."""

    def __init__(self, store: Store) -> None:
        self._db = store.db
        #: Full responses by address, with digest and end; `save_payloads` writes them.
        self.archived: dict[str, Place] = {}

    def begin_run(self, spider: str, arguments: Mapping[str, str], started_at: datetime) -> int:
        """Note that a run began; the number of its row."""
        sql = "insert into runs (spider, arguments, started_at) values (?, ?, ?)"
        run = self._db.execute(sql, [spider, _json(arguments), _utc(started_at)]).lastrowid
        assert run is not None
        return run

    def end_run(self, run: int, ended_at: datetime, complaints: Sequence[str], **values: int | str) -> None:
        """Note how a run ended. A run that was killed keeps a row without an end."""
        row = {"ended_at": _utc(ended_at), "complaints": json.dumps(list(complaints), ensure_ascii=False)}
        self._db.table("runs").update(run, row | values)

    def runs_with_news(self, spider: str, arguments: Mapping[str, str]) -> list[datetime]:
        """When the last 100 runs of a spider with the same arguments began that brought something new, newest first."""
        rows = self._db.execute(SQL["runs_with_news"], [spider, _json(arguments), _utc(datetime.now(UTC))])
        return [datetime.fromisoformat(started_at) for (started_at,) in rows]

    def runs_ahead(self) -> int:
        """How many runs began after now: the clock was ahead, so what they noted is not relied on."""
        return self._db.table("runs").count_where("started_at > ?", [_utc(datetime.now(UTC))])

    def coverage(self, url: str) -> Coverage | None:
        """The coverage of the list that begins at `url`; None where it was never read completely, or only after now."""
        sql = "select complete_from, complete_to, interrupted from lists where url = ? and complete_to <= ?"
        row = self._db.execute(sql, [url, _utc(datetime.now(UTC))]).fetchone()
        if row is None:
            return None
        first, last, interrupted = row
        return Coverage(complete_from=first, complete_to=datetime.fromisoformat(last), interrupted=bool(interrupted))

    def save_coverage(self, url: str, coverage: Coverage) -> None:
        """Save the coverage of a list, at the end of a walk."""
        values = [url, coverage.complete_from, _utc(coverage.complete_to)]
        self._db.execute("insert or replace into lists values (?, ?, ?, 0)", values)

    def begin_walk(self, url: str) -> None:
        """Note that a walk over a list begins; `save_coverage` notes its end."""
        self._db.execute("update lists set interrupted = 1 where url = ?", [url])

    def knows(self, url: str, timestamp: str | None) -> bool:
        """Whether the version of an article that a list entry shows is stored; `url` is canonical.

        `timestamp` is the entry's; None, where it has no date: any version counts.
        """
        columns = ("timestamp", "updated_at", "written_at", "fetched_at")
        sql = f"select {', '.join(columns)} from articles where url = ? and truncated = 0 and layout <> 'text'"  # noqa: S608
        versions = [believed(dict(zip(columns, row, strict=True))) for row in self._db.execute(sql, [url])]
        if not versions or timestamp is None:
            return bool(versions)
        # A day and a moment are compared as days.
        dated = (version["timestamp"] for version in versions if not is_undated(version))
        if any(stored[: len(timestamp)] >= timestamp[: len(stored)] for stored in dated):
            return True
        sql = "select looks from entry_dates where url = ? and timestamp = ? and looks >= ?"
        return self._db.execute(sql, [url, timestamp, MAX_LOOKS]).fetchone() is not None

    def known_articles(self, most: int) -> list[str]:
        """The addresses of the newest articles that a layout was read with, so many at most.

        By turns an updated one and another, while there are both: each shows what the other may not.
        """
        sql = f"select url from articles where layout <> 'text' and layout <> '{GENERIC}' group by url "  # noqa: S608
        turns = "row_number() over (partition by max(updated_at) is null order by max(timestamp) desc)"
        return [url for (url,) in self._db.execute(f"{sql} order by {turns} limit ?", [most])]

    def note_entry_date(self, url: str, timestamp: str) -> None:
        """Remember a list entry's date that the article's own page does not have.

        The page may lag behind its entry, so it is fetched in some more runs before the entry is taken to be wrong.
        """
        self._db.execute(SQL["add_entry_date"], [url, timestamp])

    def pending(self, spider: str, tries: int = MAX_TRIES) -> list[str]:
        """What a spider has failed to fetch, in fewer than `tries` attempts; the longest pending first."""
        sql = "select url from pending where spider = ? and tries < ? order by asked_at, url"
        return [url for (url,) in self._db.execute(sql, [spider, tries])]

    def add_pending(self, url: str, spider: str, reason: str, *, tried: bool = True) -> None:
        """Note that an article was not fetched in this run; `tried`: it was really requested."""
        self._db.execute(SQL["add_pending"], [url, spider, reason, int(tried), _utc(datetime.now(UTC))])

    def remove_pending(self, url: str) -> None:
        """Note that an article is no longer pending."""
        self._db.execute("delete from pending where url = ?", [url])

    def payload(self, url: str) -> Place | None:
        """The last full response archived for an address, with digest and end."""
        sql = "select archive_file, archive_offset, url, fetched_at, digest, archive_end from payloads where url = ?"
        row = None if url in self.archived else self._db.execute(sql, [url]).fetchone()
        return _place(*row) if row else self.archived.get(url)

    def has_read(self, url: str, captured_at: datetime) -> bool:
        """Whether a capture of an archive was read."""
        sql = "select 1 from captures where url = ? and fetched_at = ?"
        return self._db.execute(sql, [url, _utc(captured_at)]).fetchone() is not None

    def save_capture(self, capture: Capture) -> None:
        """Remember a capture of an archive as read."""
        place = capture.location
        values = [capture.url, _utc(capture.fetched_at), capture.digest, place and place.file, place and place.offset]
        self._db.execute("insert or replace into captures values (?, ?, ?, ?, ?)", values)

    def archived_payload(self, digest: str) -> Place | None:
        """Where the project's own archive has a payload, and of which capture."""
        row = self._db.execute(SQL["archived_payload"], {"digest": digest}).fetchone()
        return row and _place(*row)

    def save_payloads(self) -> None:
        """Write the payloads of `archived`. Without them a page is archived again; none is lost."""
        rows = [
            (url, kept.digest, _utc(kept.fetched_at), kept.location.file, kept.location.offset, kept.end)
            for url, kept in self.archived.items()
        ]
        self._db.conn.executemany("insert or replace into payloads values (?, ?, ?, ?, ?, ?)", rows)
        self.archived.clear()


class ReextractionState:
    """The state of one call. All that it writes belongs to the transaction of the caller."""

    def __init__(self, db: Database, call: str) -> None:
        self._db = db
        self._call = call

    def done(self) -> dict[str, str]:
        """The stamps of the sources that were read to their end, by name."""
        return dict(self._db.execute("select file, stamp from reextraction_files where call = ?", [self._call]))

    def mark_done(self, file: str, stamp: str) -> None:
        """Remember a source that was read to its end; one without a stamp is read again."""
        if stamp:
            self._db.execute("insert or replace into reextraction_files values (?, ?, ?)", [self._call, file, stamp])

    def forget(self) -> None:
        """Forget the call: it is finished, or begins anew."""
        for table in ("reextraction_files", "reextraction_payloads"):
            self._db.execute(f"delete from {table} where call = ?", [self._call])  # noqa: S608

    def remember_payloads(self, payloads: Iterable[tuple[str, str, str, int]]) -> None:
        """Remember the payloads of captures by their `names_of`."""
        rows = [(self._call, *payload) for payload in payloads]
        self._db.conn.executemany("insert or replace into reextraction_payloads values (?, ?, ?, ?, ?)", rows)

    def original(self, revisit: Revisit) -> Place | None:
        """A revisit with the place of its payload: in what this call has read, or where the database has it."""
        url = revisit.refers_to_url or revisit.url
        address = parse_address(url)
        # By its date, which many tools write to the second; else the last one before, where nothing says which.
        first = _utc(revisit.refers_to_date)[:_SECOND] if revisit.refers_to_date else ""
        values = {
            "call": self._call,
            "url": url,
            "article": address and address.url,
            "id": revisit.refers_to,
            "digest": revisit.digest,
            "dated": url if first or not (revisit.digest or revisit.refers_to) else None,
            "first": first,
            "last": f"{first or _utc(revisit.fetched_at)}~",
        }
        for sql in SQL["originals"]:
            row = self._db.execute(sql, values).fetchone()
            if row is not None:
                return _place(row[0], row[1], revisit.url, _utc(revisit.fetched_at))
        return None


def names_of(capture: Capture) -> Iterator[tuple[str, str, str, int]]:
    """By what a revisit may name the payload of a capture (two texts), with its file and offset.

    By digest and address, by address and date, or by WARC-Record-ID and address.
    """
    place, url = capture.location, capture.url
    if place is not None:
        yield capture.digest or payload_digest(capture.body), url, place.file, place.offset
        yield url, _utc(capture.fetched_at), place.file, place.offset
        if capture.record_id:
            yield capture.record_id, url, place.file, place.offset


def newest_places(db: Database, most: int) -> list[Place]:
    """Where the project's own archive has the newest captures of so many addresses."""
    return [_place(*row) for row in db.execute(SQL["newest_places"], [most])]


def places_of(db: Database, only: Mapping[str, str]) -> list[Place | None]:
    """Where the captures of some articles are; None for an article whose capture is not archived.

    `only`: columns of `articles` and the values they must have, as text; an empty one means null.
    """
    assert only.keys() <= set(COLUMNS)
    flags = {"true": "1", "false": "0"}  # as Python and JSON write them
    where = " and ".join(f"cast(coalesce({name}, '') as text) = ?" for name in only)
    rows = db.execute(
        f"select archive_file, archive_offset, source_url, fetched_at from articles where {where}",  # noqa: S608
        [flags.get(value.lower(), value) for value in only.values()],
    )
    return [_place(*row) if row[0] else None for row in rows]


def _place(file: str, offset: int, url: str | None, fetched_at: str, digest: str = "", end: int = 0) -> Place:
    location, moment = Location(file=file, offset=offset), datetime.fromisoformat(fetched_at)
    return Place(location=location, url=url, fetched_at=moment, digest=digest, end=end)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _json(arguments: Mapping[str, str]) -> str:
    return json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False)
