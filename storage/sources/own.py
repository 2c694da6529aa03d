"""The project's own archive as sources: what rows stand on first, the newest files before the older ones; then all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from storage.archive import FILE_NAME, MAX_PAGE_BYTES, Location, warc_files
from storage.sources.base import Source
from storage.sources.places import Place, Places
from storage.sources.warc import WarcSource
from storage.versions import COLUMNS

_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSource:
    """The captures of a file that rows of `articles` name.

    Attributes:
        file: as the rows name it.
        archive: the folder of files that are named without one.
        places: of the captures, in order.
    """

    file: str
    archive: Path
    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        """The file, and that it is not read through."""
        return f"{self.file} (rows)"

    @property
    def size(self) -> int:
        """As far into the file as they reach, in bytes."""
        return self.places[-1].location.offset

    def parts(self, after: str | None = None) -> Iterator[Places]:
        """A hundred captures at a time; those of one place stay together."""
        before = int(after or -1)
        places = [place for place in self.places if place.location.offset > before]
        while places:
            end = places[:_BATCH][-1].location.offset
            batch = tuple(place for place in places if place.location.offset <= end)
            places = places[len(batch) :]
            yield Places(archive=self.archive, places=batch, cursor=str(end), size=end - max(before, 0))
            before = end


def own_archive(db: Database, archive: Path, max_page: int = MAX_PAGE_BYTES) -> Iterator[Source]:
    """All of the archive: what rows stand on, newest file first, and then what else is in it, oldest first.

    Args:
        db: the article database.
        archive: the folder of the WARC files.
        max_page: as of `Part.read`.
    """
    files = sorted(warc_files(archive), key=_age)
    for file in reversed(files):
        if places := tuple(_places(db, file, {})):
            yield RowsSource(file=file, archive=archive, places=places)
    for file in files:
        done = frozenset(place.location.offset for place in _places(db, file, {}))
        yield WarcSource(archive / file, file, max_page=max_page, skip=done)


def rows_alone(db: Database, archive: Path, only: Mapping[str, str]) -> Iterator[Source]:
    """What rows stand on that have given values, wherever it is archived.

    Args:
        db: the article database.
        archive: the folder of files that are named without one.
        only: columns of `articles` and their values as text; an empty one stands for null.
    """
    where, values = _conditions(only)
    files = db.execute(f"select distinct archive_file from articles where {where}", values)  # noqa: S608
    for file in sorted((file for (file,) in files.fetchall() if file is not None), key=_age, reverse=True):
        yield RowsSource(file=file, archive=archive, places=tuple(_places(db, file, only)))


def count_rows(db: Database, only: Mapping[str, str]) -> tuple[int, int]:
    """How many rows of `articles` have given values, and how many of these name where they are archived."""
    where, values = _conditions(only)
    found = db.execute(f"select count(*), count(archive_file) from articles where {where}", values)  # noqa: S608
    articles, archived = found.fetchone()
    return articles, archived


def _places(db: Database, file: str, only: Mapping[str, str]) -> Iterator[Place]:
    """The captures that rows name in a file, in the order in which they stand there."""
    where, values = _conditions(only)
    what = "select archive_offset, source_url, fetched_at from articles where archive_file = ?"
    rows = db.execute(f"{what} and {where} order by archive_offset, fetched_at", [file, *values])
    for offset, url, fetched_at in rows:
        location = Location(file=file, offset=offset)
        yield Place(location=location, url=url, fetched_at=datetime.fromisoformat(fetched_at))


def _conditions(only: Mapping[str, str]) -> tuple[str, list[str]]:
    """The conditions in SQL, and their values; the names are ours, whoever gave them."""
    # As Python and JSON write them.
    flags = {"true": "1", "false": "0"}
    known = {name: flags.get(value.lower(), value) for name, value in only.items() if name in COLUMNS}
    return " and ".join(["true", *(f"cast(coalesce({name}, '') as text) = ?" for name in known)]), list(known.values())


def _age(file: str) -> tuple[str, str]:
    """What sorts files by the time in their names; those without one are taken for older."""
    name = FILE_NAME.fullmatch(file)
    return (name["time"] if name else "", file)
