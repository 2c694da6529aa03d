"""Captures that are read one by one, each at its place: those that rows name, and the originals of revisits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from storage.archive import Capture, Location
from storage.sources.base import Item, Refused, Seam, Source, Wound
from storage.sources.find import find_sources
from storage.sources.warc import WarcSource

ABSENT = "no page can be read there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A capture by its place.

    Attributes:
        location: where it stands.
        url, fetched_at: as the capture is known; they differ from what stands there where it came again unchanged.
    """

    location: Location
    url: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A part made of places.

    Attributes:
        archive: the folder of files that are named without one.
        places: those of one file stand together.
        cursor, size: as of a Part.
    """

    archive: Path
    places: tuple[Place, ...]
    cursor: str
    size: int

    def read(self, max_page: int) -> Iterator[Item]:
        """The captures that stand there; a Wound for each place where none does."""
        for file, places in groupby(self.places, key=lambda place: place.location.file):
            try:
                source = open_source(file, self.archive)
            except OSError as error:
                for place in places:
                    yield Wound(location=place.location, url=place.url, what=f"{error}".rstrip("."))
                continue
            for place in places:
                yield from _read(source, place, max_page)

    def halves(self) -> tuple[Places, Places] | None:
        """Two parts that hold the same; None where there is nothing to halve."""
        middle = len(self.places) // 2
        if not middle:
            return None
        return replace(self, places=self.places[:middle]), replace(self, places=self.places[middle:])


def open_source(file: str, archive: Path) -> Source:
    """The source that a row names.

    Args:
        file: `Location.file`.
        archive: the folder of files that are named without one.

    Raises:
        OSError: there is none any more; the message is a sentence.
    """
    if "/" not in file:
        path = archive / file
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file.")
        return WarcSource(path, file)
    outer = file if Path(file).exists() else file.partition("!")[0]
    for source in find_sources([outer]):
        if not isinstance(source, Wound) and source.name == file:
            return source
    raise FileNotFoundError(f"{file}: no archive, dump or page.")


def _read(source: Source, place: Place, max_page: int) -> Iterator[Item]:
    """What stands at a place, as the capture it is known as."""
    try:
        item = _first(source, place.location, max_page)
    except OSError as error:
        item = Wound(location=place.location, url=place.url, what=error.strerror or f"{error}")
    if isinstance(item, Capture | Refused):
        yield replace(item, url=place.url or "", fetched_at=place.fetched_at)
    else:
        yield item if isinstance(item, Wound) else Wound(location=place.location, url=place.url, what=ABSENT)


def _first(source: Source, location: Location, max_page: int) -> Item | None:
    """What stands at a place of a source."""
    for part in source.parts(str(location.offset)):
        for item in part.read(max_page):
            if not isinstance(item, Seam) and not (isinstance(item, Wound) and item.mended):
                here = isinstance(item, Wound) or item.location == location
                return item if here else None
    return None
