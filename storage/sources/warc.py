"""Captures of WARC files: this project's, wget's, Common Crawl's, browsertrix's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from fastwarc.warc import ArchiveIterator, HeaderMap

from storage.archive import MAX_PAGE_BYTES, Capture, Location
from storage.archive.members import Section, is_packed, next_record
from storage.archive.reader import Damage, Record, read_warc, utc
from storage.sources.base import Item, Part, Refused, Revisit, Seam, Wound
from storage.sources.batches import batches, counted
from storage.sources.forward import Unpacked, Window
from storage.sources.http import TOO_LARGE, TooLarge, Undecodable, charset_of, decode_body

#: What one task reads of a file, in bytes as stored: eighty pages, or a fifth of a second. Of a small one less, so
#: that there is something to do for everybody up to its end.
PART_BYTES = 750_000
_LEAST_PART = 250_000
_PARTS = 64
# Shorter than a record with a page, in bytes as stored.
_SMALLEST_RANGE = 1000
# Of what is around a page: headers, the marks of chunks.
_MARGIN = 1 << 20
# No file begins with such a page.
_LARGE = 1 << 26
_KINDS = frozenset({"response", "resource", "conversion", "revisit"})
# All that is printed; only blanks and control characters are escaped.
_AS_IT_IS = "".join(map(chr, range(33, 127)))


@dataclass(frozen=True, slots=True)
class WarcSource:
    """A WARC file, or one that stands uncompressed inside another file.

    Attributes:
        path: the file.
        name: as the rows of its captures name it.
        base, length: where in the file it begins, and how long it is; None: to the file's end.
        max_page: as of `Part.read`, for what is read while parts are made.
        skip: the places of records that are left out.
    """

    path: Path
    name: str
    base: int = 0
    length: int | None = None
    max_page: int = MAX_PAGE_BYTES
    skip: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """Its bytes as stored."""
        return self.path.stat().st_size - self.base if self.length is None else self.length

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Ranges of bytes; of a file that was compressed as a whole, batches that are read here."""
        with self.opened() as stream:
            if is_packed(stream, 0) and _is_one_member(stream):
                stream.seek(0)
                window = _window(cast("IO[bytes]", Unpacked(stream)), self.max_page)
                yield from batches(counted(_items_of(window, self.name, self.max_page), after))
                return
        size, first = self.size, int(after or 0)
        step = min(PART_BYTES, max(_LEAST_PART, size // _PARTS))
        for start in range(first, size, step) or [first]:
            end = min(start + step, size)
            skip = frozenset(place for place in self.skip if start <= place < end)
            yield WarcRange(replace(self, skip=skip), start, end, is_exact=start == first)

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes, to be read and sought in."""
        with self.path.open("rb") as file:
            end = None if self.length is None else self.base + self.length
            yield file if self.length is None else cast("IO[bytes]", Section(file, self.base, end))


@dataclass(frozen=True, slots=True)
class WarcRange:
    """The records of a WARC file that begin within a range of its bytes.

    Attributes:
        source: the file.
        start, end: the range.
        is_exact: whether a record begins at its start; otherwise the first one behind it is looked for.
    """

    source: WarcSource
    start: int
    end: int
    is_exact: bool

    @property
    def cursor(self) -> str:
        """The end of the range; where the next record really begins is told by the seam."""
        return str(self.end)

    @property
    def size(self) -> int:
        """The bytes of the range."""
        return self.end - self.start

    def halves(self) -> tuple[WarcRange, WarcRange] | None:
        """Two ranges; None where there may be no more than one record in it."""
        middle = (self.start + self.end) // 2
        if self.size <= _SMALLEST_RANGE:
            return None
        return replace(self, end=middle), replace(self, start=middle, is_exact=False)

    def begun_at(self, offset: int) -> WarcRange | None:
        """The same range from a place on at which a record begins; None where the range ends before it."""
        return replace(self, start=offset, is_exact=True) if offset < self.end else None

    def read(self, max_page: int) -> Iterator[Item | Seam]:
        """Its captures and wounds, and the seam."""
        with self.source.opened() as stream:
            packed = is_packed(stream, 0)
            begin: int | None = self.start
            if not self.is_exact:
                begin = next_record(stream, self.start, packed=packed)
            at = self.source.size if begin is None else begin
            begin = at
            records = read_warc(stream, at, self.end, max_body=max_page + _MARGIN, check_digests=not packed)
            for record in records if at < self.end else ():
                if record.offset not in self.source.skip:
                    yield from _items(record, self.source.name, max_page)
                at = record.end
        yield Seam(begin=begin, end=at)


def warc_items(stream: IO[bytes], name: str, max_page: int) -> Iterator[Item]:
    """The captures and wounds of a WARC file that can only be read forward, compressed or not.

    Args:
        stream: the file.
        name: as the rows of its captures name it.
        max_page: as of `Part.read`.
    """
    window = _window(stream, max_page)
    whole = is_packed(window, 0) and _is_one_member(window)
    window.seek(0)
    if whole:
        window = _window(cast("IO[bytes]", Unpacked(window)), max_page)
    yield from _items_of(window, name, max_page)


def _window(stream: IO[bytes], max_page: int) -> IO[bytes]:
    """A stream that can only be read forward, with room for a page to go back over."""
    return cast("IO[bytes]", Window(stream, 2 * (max_page + _MARGIN)))


def _items_of(window: IO[bytes], name: str, max_page: int) -> Iterator[Item]:
    packed = is_packed(window, 0)
    for record in read_warc(window, max_body=max_page + _MARGIN, check_digests=not packed):
        yield from _items(record, name, max_page)


def _is_one_member(stream: IO[bytes]) -> bool:
    """Whether a file was compressed as a whole, so that no record can be read without those before it."""
    stream.seek(0)
    places = []
    try:
        for record in islice(ArchiveIterator(stream, parse_http=False), 2):
            places.append(record.stream_pos)
            if record.content_length > _LARGE:  # which FastWARC would unpack to find the next one
                return False
    except (OSError, ValueError):
        return False
    # Records of one gzip member have its place, or that of FastWARC's reading; those of their own have theirs.
    return len(places) == 2 and not is_packed(stream, places[1])


def _items(record: Record | Damage, name: str, max_page: int) -> Iterator[Item]:
    """What a record holds, if anything."""
    location = Location(file=name, offset=record.offset)
    if isinstance(record, Damage):
        yield Wound(location=location, what=record.what, incomplete=record.incomplete)
    elif _lost_its_kind(record):
        yield Wound(location=location, url=_address(record.url or "") or None, what="its type cannot be read")
    elif record.kind in _KINDS:
        url = _address(record.url or "")
        if flaw := _flaw(record, url):
            yield Wound(location=location, url=url or None, what=flaw)
            return
        if url != record.url:
            yield Wound(location=location, url=url, what="its target address is not written as one", mended=True)
        yield _item(record, url, location, max_page)


def _lost_its_kind(record: Record) -> bool:
    """Whether a record may have been a page; kinds that others invented are no wounds."""
    if record.kind != "unknown":
        return False
    return "WARC-Type" not in record.headers or "response" in (record.headers.get("Content-Type") or "")


def _flaw(record: Record, url: str) -> str | None:
    """What makes a record useless."""
    if not url:
        return "it has no target address"
    if record.date is None:
        return "its date cannot be read"
    if not record.sound:
        return "its content does not have its digest"
    if record.kind == "response" and record.http is not None and record.http.status_code is None:
        return "it holds no HTTP response"
    return None


def _item(record: Record, url: str, location: Location, max_page: int) -> Item:
    assert record.date is not None
    fetched_at = record.date
    if record.kind == "revisit":
        return _revisit(record, url, fetched_at, location)
    if record.body is None:
        return Refused(url=url, fetched_at=fetched_at, location=location, reason=TOO_LARGE)
    http = record.http
    content_type = (record.headers if http is None else http).get("Content-Type") or ""
    try:
        body = record.body if http is None else _decoded(record.body, http, max_page)
    except TooLarge:
        return Refused(url=url, fetched_at=fetched_at, location=location, reason=TOO_LARGE)
    except Undecodable as error:
        return Wound(location=location, url=url, what=str(error))
    return Capture(
        url=url,
        fetched_at=fetched_at,
        status=200 if http is None or http.status_code is None else http.status_code,
        body=body,
        charset=charset_of(content_type),
        media_type="text/plain" if record.kind == "conversion" else "text/html",
        location=location,
        digest=record.headers.get("WARC-Payload-Digest"),
    )


def _decoded(body: bytes, http: HeaderMap, max_page: int) -> bytes:
    return decode_body(body, http.get("Content-Encoding"), http.get("Transfer-Encoding"), max_page)


def _revisit(record: Record, url: str, fetched_at: datetime, location: Location) -> Revisit:
    refers_to = record.headers.get("WARC-Refers-To-Target-URI")
    return Revisit(
        url=url,
        fetched_at=fetched_at,
        location=location,
        digest=record.headers.get("WARC-Payload-Digest"),
        refers_to_url=_address(refers_to) if refers_to else None,
        refers_to_date=utc(record.headers.get("WARC-Refers-To-Date")),
    )


def _address(written: str) -> str:
    """An address as it should be: some tools set it in angle brackets, or leave blanks in it."""
    return quote(written.strip(" \t<>"), safe=_AS_IT_IS)
