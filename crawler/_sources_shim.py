"""The new interface of storage.sources over the old one, until that is merged; then this file is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from storage.archive import Capture, Location, warc_files
from storage.sources import base, find
from storage.sources.base import Refused, Revisit
from storage.sources.own import _age
from storage.sources.places import Place, Places
from storage.sources.warc import WarcRange, WarcSource

__all__ = ["Capture", "Damage", "Item", "Place", "Refused", "Revisit", "Source", "find_sources", "own_sources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    location: Location
    url: str | None = None
    what: str
    harmless: str = ""


Item = Capture | Refused | Revisit | Damage


class Source(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def stamp(self) -> str: ...
    def read(self, max_page: int) -> Iterator[Item]: ...


@dataclass(frozen=True)
class _Old:
    source: base.Source

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def stamp(self) -> str:
        paths = [getattr(self.source, "path", None) or base.path_of(self.source.name)]
        if pages := getattr(self.source, "pages", None) or getattr(self.source, "_pages", None):
            paths = [page.path for page in pages]
        try:
            return "|".join(f"{file.stat().st_size}-{file.stat().st_mtime_ns}" for file in map(Path, paths))
        except OSError:
            return ""

    def read(self, max_page: int) -> Iterator[Item]:
        for part in self.source.parts():
            whole: Any = replace(part, end=self.source.size) if isinstance(part, WarcRange) else part
            yield from map(_new, (item for item in whole.read(max_page) if not isinstance(item, base.Seam)))
            if isinstance(part, WarcRange):
                return


def _new(item: base.Item) -> Item:
    if not isinstance(item, base.Wound):
        return item
    harmless = "" if item.counts_as == "damaged" else item.counts_as
    return Damage(location=item.location, url=item.url, what=item.what, harmless=harmless)


def find_sources(paths: Sequence[str], max_page: int) -> Iterator[Source | Damage]:
    found = find.find_sources(paths, max_page=max_page)
    return (_new(one) if isinstance(one, base.Wound) else _Old(one) for one in found)  # type: ignore[misc]


def own_sources(archive: Path) -> Iterator[Source]:
    return (_Old(WarcSource(archive / file, file)) for file in sorted(warc_files(archive), key=_age))


def read_places(places: Sequence[Place], archive: Path, max_page: int) -> Iterator[Item]:
    return map(_new, Places(archive=archive, places=tuple(places), cursor="", size=0).read(max_page))


total_size = find.total_size
