"""Captures that are read one by one, each at its place: those that rows name, and the originals of revisits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

from storage.archive import MAX_PAGE_BYTES, Capture, Location
from storage.sources.base import Item, Part, Refused, Seam, Source, Wound, path_of
from storage.sources.find import find_sources
from storage.sources.tables import TableSource
from storage.sources.warc import WarcRange, WarcSource

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
        places: in any order.
        cursor, size: as of a Part.
    """

    archive: Path
    places: tuple[Place, ...]
    cursor: str
    size: int

    def read(self, max_page: int) -> Iterator[Item]:
        """The captures that stand there, file by file; a Wound for each place where none does."""
        ordered = sorted(self.places, key=lambda place: (place.location.file, place.location.offset))
        for file, group in groupby(ordered, key=lambda place: place.location.file):
            places = tuple(group)
            try:
                source = open_source(file, self.archive, max_page)
            except OSError as error:
                yield from (_absent(place, f"{error}".rstrip(".")) for place in places)
            else:
                yield from _read(source, places, max_page)

    def halves(self) -> tuple[Places, Places] | None:
        """Two parts that hold the same; None where there is nothing to halve."""
        middle = len(self.places) // 2
        if not middle:
            return None
        return replace(self, places=self.places[:middle]), replace(self, places=self.places[middle:])


def open_source(file: str, archive: Path, max_page: int = MAX_PAGE_BYTES) -> Source:
    """The source that a row names.

    Args:
        file: `Location.file`.
        archive: the folder of files that are named without one.
        max_page: the length in bytes above which a page is refused.

    Raises:
        OSError: there is none any more; the message is a sentence.
    """
    if "/" not in file:
        path = archive / file
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file.")
        return WarcSource(path, file, max_page=max_page)
    paths = list(_paths(file))
    for given in paths:
        for source in find_sources([given], max_page=max_page):
            if not isinstance(source, Wound) and source.name == file:
                return source
    raise FileNotFoundError(f"{file}: no {'archive, dump or page' if paths else 'such file or folder'}.")


def _paths(file: str) -> Iterator[str]:
    """What a name may mean that is there: a file or folder, or the zip of a member; the mark may be in any name."""
    whole = path_of(file)
    if Path(whole).exists():
        yield whole
    outer = (path_of(file[: mark.start()]) for mark in re.finditer("!", file))
    yield from (path for path in outer if Path(path).is_file())


def _read(source: Source, places: Sequence[Place], max_page: int) -> Iterator[Item]:
    """What stands at places of a source, as the captures they are known as."""
    left: dict[int, list[Place]] = {}
    for place in places:
        left.setdefault(place.location.offset, []).append(place)
    last, why = max(left), ABSENT
    try:
        for item in _items(source, sorted(left), max_page):
            offset = item.location.offset if item.location else 0
            yield from (_known_as(place, item) for place in left.pop(offset, ()))
            if not left or offset > last:
                break
    except OSError as error:
        why = error.strerror or f"{error}"
    yield from (_absent(place, why) for rest in left.values() for place in rest)


def _items(source: Source, offsets: Sequence[int], max_page: int) -> Iterator[Item]:
    """What stands at offsets of a source, perhaps among others, in one pass: only archives can be read at any place."""
    if isinstance(source, WarcSource) and isinstance(next(source.parts(), None), WarcRange):
        for offset in offsets:
            yield from islice(_sound(WarcRange(source, offset, source.size, is_exact=True), max_page), 1)
        return
    # Imported here: it takes warcio.
    from storage.sources.arc import ArcSource

    # The others are read from where their cursors can say that; where these are numbers, from the beginning.
    begin = f"{offsets[0]}" if isinstance(source, ArcSource | TableSource) else None
    for part in source.parts(begin):
        yield from _sound(part, max_page)


def _sound(part: Part, max_page: int) -> Iterator[Item]:
    """What a part holds; wounds that cost nothing are told when the source is read."""
    for item in part.read(max_page):
        if not isinstance(item, Seam) and not (isinstance(item, Wound) and item.mended):
            yield item


def _known_as(place: Place, item: Item) -> Item:
    if isinstance(item, Capture | Refused):
        return replace(item, url=place.url or "", fetched_at=place.fetched_at)
    return item if isinstance(item, Wound) else _absent(place, ABSENT)


def _absent(place: Place, what: str) -> Wound:
    return Wound(location=place.location, url=place.url, what=what)
