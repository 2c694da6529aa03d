"""How far a re-extraction came, kept beside the articles, so that one that was killed goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from extractors.address import parse_address
from storage.archive import Location
from storage.sources.base import Revisit

_PLACE = "select archive_file, archive_offset from"
_READ = f"{_PLACE} reextraction_payloads where call = ? and digest = ? "
_KEPT = f"{_PLACE} payloads where url = ? and digest = ?"
_ARTICLE = f"{_PLACE} articles where url = ? and source_url = ? and fetched_at = ? and archive_file is not null"
_REFUSAL = f"{_PLACE} refusals where url = ? and fetched_at = ? and archive_file is not null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the sources of a re-extraction.

    Attributes:
        source: the name of the one that was being read.
        cursor: where in it reading goes on, as `Source.parts` takes it.
        counts: what was counted until there.
    """

    source: str
    cursor: str
    counts: Mapping[str, int]


class Reextraction:
    """One re-extraction's rows in a database. Its writes belong to the batch that is open."""

    def __init__(self, db: Database, call: str) -> None:
        """A re-extraction.

        Args:
            db: where its state is kept, an article database.
            call: what is read, and how: the same call goes on where it stopped.
        """
        self._db = db
        self._call = call

    def position(self) -> Position | None:
        """Where it stopped; None where it did not begin, or came to its end."""
        row = self._db.execute(
            "select source, cursor, counts from reextractions where call = ?", [self._call]
        ).fetchone()
        return row and Position(source=row[0], cursor=row[1], counts=json.loads(row[2]))

    def save(self, position: Position) -> None:
        """Note how far it came."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.execute(
            "insert or replace into reextractions values (?, ?, ?, ?, ?)",
            [self._call, position.source, position.cursor, json.dumps(dict(position.counts)), now],
        )

    def forget(self) -> None:
        """Forget it: it came to its end, or shall begin anew."""
        for table in ("reextractions", "reextraction_payloads", "reextraction_revisits"):
            self._db.execute(f"delete from {table} where call = ?", [self._call])  # noqa: S608

    def remember_payloads(self, payloads: Iterable[tuple[str, str, str, int]]) -> None:
        """Note the payloads of captures: digest, url, file and offset."""
        rows = [(self._call, *payload) for payload in payloads]
        self._db.conn.executemany("insert or replace into reextraction_payloads values (?, ?, ?, ?, ?)", rows)

    def defer(self, revisits: Iterable[Revisit]) -> None:
        """Keep revisits whose original was not read yet: it may come in a later source."""
        rows = [
            (
                self._call,
                revisit.location.file,
                revisit.location.offset,
                revisit.url,
                revisit.fetched_at.isoformat(),
                revisit.digest,
                revisit.refers_to_url,
                revisit.refers_to_date and revisit.refers_to_date.isoformat(),
            )
            for revisit in revisits
        ]
        self._db.conn.executemany("insert or replace into reextraction_revisits values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def deferred(self, limit: int) -> list[Revisit]:
        """Some of the revisits that were kept."""
        rows = self._db.query("select * from reextraction_revisits where call = ? limit ?", [self._call, limit])
        return [_revisit(row) for row in rows]

    def done_with(self, revisits: Iterable[Revisit]) -> None:
        """Keep these no longer."""
        places = [(self._call, revisit.location.file, revisit.location.offset) for revisit in revisits]
        sql = "delete from reextraction_revisits where call = ? and archive_file = ? and archive_offset = ?"
        self._db.conn.executemany(sql, places)

    def original(self, revisit: Revisit) -> Location | None:
        """Where the payload of a revisit stands: in what was read so far, or where the database knows it to be."""
        fetched_at = revisit.refers_to_date and revisit.refers_to_date.isoformat(timespec="microseconds")
        url = revisit.refers_to_url or revisit.url
        address = parse_address(url)
        for sql, values in (
            # The last one read of the same address; else of any, since the digest says that they are the same.
            (_READ + "and url = ?", [self._call, revisit.digest, url]),
            (_READ + "limit 1", [self._call, revisit.digest]),
            (_KEPT, [url, revisit.digest]),
            (_ARTICLE, [address and address.url, url, fetched_at]),
            (_REFUSAL, [url, fetched_at]),
        ):
            row = self._db.execute(sql, values).fetchone()
            if row is not None:
                return Location(file=row[0], offset=row[1])
        return None


def _revisit(row: dict[str, Any]) -> Revisit:
    date = row["refers_to_date"]
    return Revisit(
        url=row["url"],
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        location=Location(file=row["archive_file"], offset=row["archive_offset"]),
        digest=row["digest"],
        refers_to_url=row["refers_to_url"],
        refers_to_date=datetime.fromisoformat(date) if date else None,
    )
