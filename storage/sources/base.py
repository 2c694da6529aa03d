"""What a source is: a file, or some of a folder, that holds captures, cut into parts that are read apart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Protocol

from storage.archive import Capture, Location

_NO_UTF8 = re.compile(rb"\\x([89a-f][0-9a-f])")


def name_of(path: str | PurePath) -> str:
    """A path as it is told and stored: itself; bytes in it that are no UTF-8 are written in hexadecimal."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(name: str) -> str:
    """The path that is told as `name`; the name itself where nothing is at either."""
    if os.path.lexists(name):
        return name
    path = os.fsdecode(_NO_UTF8.sub(lambda byte: bytes([int(byte[1], 16)]), name.encode("utf-8", "surrogateescape")))
    return path if os.path.lexists(path) else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A capture that is refused unread.

    Attributes:
        url, fetched_at, location: as of a Capture.
        reason: a phrase that can be counted, such as `larger than a page may be`.
    """

    url: str
    fetched_at: datetime
    location: Location
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisit:
    """A capture whose payload stands elsewhere, since it had come before.

    Attributes:
        url, fetched_at: the capture's.
        location: where the `revisit` record stands.
        digest: of the payload: `sha1:…`.
        refers_to_url, refers_to_date: the capture that has it, where the record says so; the date aware, UTC.
    """

    url: str
    fetched_at: datetime
    location: Location
    digest: str | None
    refers_to_url: str | None
    refers_to_date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wound:
    """A place of a source that is not as it should be.

    Attributes:
        location: the place.
        url: the address of the capture there, where it is known; what is none of the site's is no loss.
        what: a phrase: `gzip data are damaged`.
        mended: nothing is lost by it: the capture there is read all the same.
        unrelated: it is a file of a folder that has nothing to do with captures.
        incomplete: the file just ends there, as that of a crawl that was killed, or runs, does.
    """

    location: Location
    url: str | None = None
    what: str
    mended: bool = False
    unrelated: bool = False
    incomplete: bool = False

    @property
    def counts_as(self) -> str:
        """`damaged`, or why nothing is lost: `mended`, `unrelated`, or `incomplete`.

        What a file of a crawl ends in is fetched again; one that was brought in from elsewhere was cut.
        """
        if self.mended or self.unrelated:
            return "mended" if self.mended else "unrelated"
        return "incomplete" if self.incomplete and self.location.is_own else "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Where a part that was cut at any byte really begins and ends; the last item of such a part.

    Attributes:
        begin: where its first record does.
        end: where the first record behind it does, or the file ends.
    """

    begin: int
    end: int


Item = Capture | Refused | Revisit | Wound


class Part(Protocol):
    """A part of a source: what one task reads. It can be pickled."""

    @property
    def cursor(self) -> str:
        """Where reading goes on behind it, as `Source.parts` takes it."""

    @property
    def size(self) -> int:
        """Its share of the source's bytes."""

    def read(self, max_page: int) -> Iterator[Item | Seam]:
        """What it holds, in order.

        Args:
            max_page: the length in bytes above which a page is refused, unpacked or not.
        """

    def halves(self) -> tuple[Part, Part] | None:
        """Two parts that hold the same; None where there is nothing to halve."""


class Source(Protocol):
    """Captures that belong together: one archive, one dump, some page files."""

    @property
    def name(self) -> str:
        """The file, as the rows of its captures name it (`Location.file`, see `name_of`); of page files the first."""

    @property
    def size(self) -> int:
        """Its bytes; 0 where that is not known."""

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its parts in order, those behind a part's `cursor` or all.

        Raises:
            OSError: it cannot be read.
        """
