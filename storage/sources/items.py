"""What sources are made of: captures, and what is in their place."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from storage.archive.capture import Capture, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisit:
    """A capture with the payload of an earlier one, which its `revisit` record may name; dates are aware, UTC."""

    url: str
    fetched_at: datetime
    location: Location
    digest: str | None
    refers_to_url: str | None
    refers_to_date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that cannot be read, or only with a correction; `what` is a phrase: `its gzip data are damaged`.

    `harmless` is empty, or why nothing is lost: `mended`, the capture is read all the same; `unrelated`, a file of a
    folder that has nothing to do with captures; `incomplete`, the end of a file that a crawl still writes.
    """

    location: Location
    url: str | None = None
    what: str
    harmless: str = ""


Item = Capture | Revisit | Damage


@dataclass(frozen=True, slots=True)
class Source:
    """Captures that belong together: an archive, a table, the pages of a folder.

    Attributes:
        name: the file or folder, as locations name it; `-` for standard input.
        size: in bytes; 0 if unknown.
        stamp: changes when the content does; empty if that cannot be known.
        is_archive: whether reading can begin at any record without cost.
    """

    name: str
    size: int
    stamp: str
    items: Callable[[int, int], Iterator[Item]]
    is_archive: bool = False

    def read(self, max_page: int, start: int = 0) -> Iterator[Item]:
        """The items in order, of archives and tables those from `start` on; a Damage where it cannot be read further.

        Pages of more than `max_page` bytes are refused, packed or not.
        """
        try:
            yield from self.items(max_page, start)
        except OSError as error:
            yield damaged(self.name, error.strerror or str(error), start)


def damaged(path: str | PurePath, what: str, offset: int = 0, harmless: str = "") -> Damage:
    """A Damage of a file."""
    return Damage(location=Location(file=name_of(path), offset=offset), what=what, harmless=harmless)


def stamp_of(status: os.stat_result) -> str:
    """The stamp of a source that is one file."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def name_of(path: str | PurePath) -> str:
    """A path as it is shown and stored: bytes in it that are not UTF-8 are written in hexadecimal."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
