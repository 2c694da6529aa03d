"""Pages that were saved one by one: HTML or text captures, plain or gzip, told apart by content."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO
from zlib import crc32

from storage.archive import Capture, Location
from storage.sources.base import Item, Part, Refused, Wound, name_of
from storage.sources.http import TooLarge, Undecodable, decode_body

# In 2106; the greatest that many archivers can write.
_LAST_TIME = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A page file, and what is known of it before it is read.

    Attributes:
        path: as given.
        size: in bytes.
        url: where it was fetched from; empty where the page itself must tell.
        fetched_at: when; aware, UTC. None: the file's time counts, with a part of a second that is the path's own.
    """

    path: str
    size: int
    url: str = ""
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagesPart:
    """Page files that one task reads; it holds no more than their names."""

    files: tuple[PageFile, ...]

    @property
    def cursor(self) -> str:
        """The last of its files."""
        return name_of(self.files[-1].path)

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(file.size for file in self.files)

    def read(self, max_page: int) -> Iterator[Item]:
        """The pages; one that is longer than `max_page` bytes, unpacked or not, is refused."""
        for file in self.files:
            try:
                yield _read(file, max_page)
            except OSError as error:
                yield Wound(location=Location(file=name_of(file.path), offset=0), what=error.strerror or "not readable")

    def halves(self) -> tuple[PagesPart, PagesPart] | None:
        """Two parts; None where there is nothing to halve."""
        middle = len(self.files) // 2
        return (PagesPart(self.files[:middle]), PagesPart(self.files[middle:])) if middle else None


@dataclass(frozen=True, slots=True)
class PagesSource:
    """Page files that stand behind one another; one part."""

    files: tuple[PageFile, ...]

    @property
    def name(self) -> str:
        """The first of its files."""
        return name_of(self.files[0].path)

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return PagesPart(self.files).size

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its files, those behind the file `after` or all."""
        names = [name_of(file.path) for file in self.files]
        rest = self.files[names.index(after) + 1 :] if after in names else self.files
        if rest:
            yield PagesPart(rest)


def open_regular(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """A regular file, open to be read; of anything else, such as a pipe, nobody waits for what it may bring.

    Args:
        path: the file.
        follow_links: whether it may be a link to one.

    Raises:
        OSError: it is none, or cannot be read; `strerror` is a phrase.
    """
    # Asked of what was opened: what stands at a path may change after it was looked at. Windows has neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0)))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return os.fdopen(file, "rb")


def time_of(file: IO[bytes]) -> datetime:
    """When an open file was changed; aware, UTC. Archivers may leave times that no calendar has: the nearest counts."""
    return datetime.fromtimestamp(min(max(os.fstat(file.fileno()).st_mtime, 0), _LAST_TIME), UTC)


def read_bounded(path: Path, max_page: int) -> tuple[bytes, datetime]:
    """A file as far as `max_page` allows, one byte more where it is longer, and its time, aware, UTC.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        return stream.read(max_page + 1), time_of(stream)


def _read(file: PageFile, max_page: int) -> Item:
    body, mtime = read_bounded(Path(file.path), max_page)
    location, moment = Location(file=name_of(file.path), offset=0), file.fetched_at or mtime + _own_part(file.path)
    try:
        body = decode_body(body, "gzip", None, max_page)
    except TooLarge as error:
        url = file.url or f"file:{location.file}"
        return Refused(url=url, fetched_at=moment, location=location, reason=str(error))
    except Undecodable as error:
        return Wound(location=location, what=str(error))
    return Capture(url=file.url, fetched_at=moment, body=body, media_type=None, location=location)


def _own_part(path: str) -> timedelta:
    """Less than a second, by the path: files that were unpacked together have one time, and may be of one page."""
    return timedelta(microseconds=crc32(os.fsencode(path)) % 1_000_000)
