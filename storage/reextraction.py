"""What an interrupted re-extraction has done, kept in the article database for the same call to go on."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlite_utils import Database

from extractors.address import parse_address
from storage.archive import Location
from storage.archive.capture import Revisit
from storage.sources import Place
from storage.versions import COLUMNS

_PLACE = "select archive_file, archive_offset from"
_READ = f"{_PLACE} reextraction_payloads where call = ? and digest = ? "
_KEPT = f"{_PLACE} payloads where url = ? and digest = ?"
_ARTICLE = f"{_PLACE} articles where url = ? and source_url = ? and fetched_at = ? and archive_file is not null"
_REFUSAL = f"{_PLACE} refusals where url = ? and fetched_at = ? and archive_file is not null"


class ReextractionState:
    """The state of one call. All that it writes belongs to the transaction of the caller."""

    def __init__(self, db: Database, call: str) -> None:
        """The state of the call `call` in an article database."""
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
        """Remember the payloads of captures: digest, url, file and offset."""
        rows = [(self._call, *payload) for payload in payloads]
        self._db.conn.executemany("insert or replace into reextraction_payloads values (?, ?, ?, ?, ?)", rows)

    def original(self, revisit: Revisit) -> Place | None:
        """A revisit with the place of its payload: in what this call has read, or where the database has it."""
        fetched_at = revisit.refers_to_date and revisit.refers_to_date.isoformat(timespec="microseconds")
        url = revisit.refers_to_url or revisit.url
        address = parse_address(url)
        for sql, values in (
            # A capture of the same address; else of any, since the digest says that they are the same.
            (_READ + "and url = ?", [self._call, revisit.digest, url]),
            (_READ + "limit 1", [self._call, revisit.digest]),
            (_KEPT, [url, revisit.digest]),
            (_ARTICLE, [address and address.url, url, fetched_at]),
            (_REFUSAL, [url, fetched_at]),
        ):
            row = self._db.execute(sql, values).fetchone()
            if row is not None:
                location = Location(file=row[0], offset=row[1])
                return Place(location=location, url=revisit.url, fetched_at=revisit.fetched_at)
        return None


def places_of(db: Database, only: Mapping[str, str]) -> list[Place | None]:
    """Where the captures of some articles are; None for an article whose capture is not archived.

    Args:
        db: the article database.
        only: columns of `articles` and the values they must have, as text; an empty one means null.
    """
    assert only.keys() <= set(COLUMNS)
    flags = {"true": "1", "false": "0"}  # as Python and JSON write them
    where = " and ".join(f"cast(coalesce({name}, '') as text) = ?" for name in only)
    rows = db.execute(
        f"select archive_file, archive_offset, source_url, fetched_at from articles where {where}",  # noqa: S608
        [flags.get(value.lower(), value) for value in only.values()],
    )
    return [
        Place(location=Location(file=file, offset=offset), url=url, fetched_at=datetime.fromisoformat(fetched_at))
        if file
        else None
        for file, offset, url, fetched_at in rows
    ]
