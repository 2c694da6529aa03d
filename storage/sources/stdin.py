"""Standard input as a source: whatever it brings, read forward once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from gzip import GzipFile
from typing import IO, cast

from storage.archive import MAX_PAGE_BYTES, Capture, Location
from storage.sources.base import Item, Part, Refused, Wound
from storage.sources.batches import batches, counted
from storage.sources.http import GZIP_MAGIC, TooLarge, Undecodable, decode_body
from storage.sources.kinds import NO_CAPTURE, Kind, kind_of, read_head
from storage.sources.tables import table_items
from storage.sources.warc import warc_items

#: How locations name it; as a path, since bare names are those of the project's own archive.
STANDARD_INPUT = "/dev/stdin"

# What may be there, and cannot be read.
_UNREADABLE = {Kind.ZIP: "a zip, which cannot be read from a pipe; name its file", Kind.TEXT: NO_CAPTURE}


class StreamSource:
    """A stream that can be read once: a WARC or ARC file, a dump, or one page, plain or gzip.

    Its captures have no location, since nobody finds them there again.
    """

    name = "-"
    size = 0

    def __init__(self, stream: IO[bytes], *, max_page: int = MAX_PAGE_BYTES) -> None:
        """What `stream` brings; pages longer than `max_page` bytes are refused."""
        self._stream = stream
        self._max_page = max_page

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """What it holds, some at a time; behind the number `after`, or all. Can be read once."""
        yield from batches(counted(map(_nowhere, self._items()), after))

    def _items(self) -> Iterator[Item]:
        head = read_head(self._stream)
        kind = kind_of(head)
        whole = cast("IO[bytes]", io.BufferedReader(_Rejoined(head, self._stream)))
        if kind is Kind.WARC:
            yield from warc_items(whole, STANDARD_INPUT, self._max_page)
        elif kind is Kind.ARC:
            # Imported with the first one: few have any, and it takes warcio.
            from storage.sources.arc import arc_items

            yield from (item for item, _ in arc_items(whole, STANDARD_INPUT, self._max_page))
        elif kind is Kind.TABLE:
            yield from self._table(whole, packed=head.startswith(GZIP_MAGIC))
        elif kind is Kind.PAGE:
            yield self._page(whole)
        else:
            yield _wound(_UNREADABLE[kind] if isinstance(kind, Kind) else kind)

    def _table(self, whole: IO[bytes], *, packed: bool) -> Iterator[Item]:
        opened: AbstractContextManager[IO[bytes]]
        opened = cast("IO[bytes]", GzipFile(fileobj=whole)) if packed else nullcontext(whole)
        with opened as stream:
            head = read_head(stream)
            rejoined = cast("IO[bytes]", io.BufferedReader(_Rejoined(head, stream)))
            now = datetime.now(UTC)
            yield from (item for item, _ in table_items(rejoined, head, STANDARD_INPUT, self._max_page, now))

    def _page(self, whole: IO[bytes]) -> Item:
        now = datetime.now(UTC)
        try:
            body = decode_body(whole.read(self._max_page + 1), "gzip", None, self._max_page)
        except TooLarge as error:
            nowhere = Location(file=STANDARD_INPUT, offset=0)
            return Refused(url=f"file:{STANDARD_INPUT}", fetched_at=now, location=nowhere, reason=str(error))
        except Undecodable as error:
            return _wound(str(error))
        return Capture(url="", fetched_at=now, body=body, media_type=None)


class _Rejoined(io.RawIOBase):
    """A stream whose beginning was read already, from its beginning."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _wound(what: str) -> Wound:
    return Wound(location=Location(file=STANDARD_INPUT, offset=0), what=what)


def _nowhere(item: Item) -> Item:
    return replace(item, location=None) if isinstance(item, Capture) else item
