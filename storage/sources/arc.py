"""ARC files, the format before WARC, plain or gzip; warcio finds the records."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr
from io import BufferedIOBase, StringIO
from pathlib import Path
from typing import IO, Any, cast

from warcio.archiveiterator import ARCIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from storage.archive import MAX_PAGE_BYTES, Capture, Location
from storage.archive.members import GZIP
from storage.sources.base import Item, Part, Refused, Wound, name_of
from storage.sources.batches import Step, batches
from storage.sources.http import GZIP_MAGIC, TOO_LARGE, TooLarge, Undecodable, charset_of, decode_body, headers_of
from storage.sources.kinds import unpacked
from storage.sources.tables import iso_moment

# How long the line of a record, and how long the header of a response may be.
_MAX_HEAD = 1 << 16
_CHUNK = 1 << 16
_MOST_EMPTY_LINES = 100
_LONGEST_LINE = 4096
_RECORD_LINE = re.compile(rb"\S{3,4000} \S+ [0-9]{14} \S+ [0-9]+\r?\n")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STATUS = re.compile(r"HTTP/[0-9.]+ +([0-9]{3})\b")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
# What warcio raises on bytes that are no record, and gzip on those that it cannot unpack.
_UNREADABLE = (
    *(ArchiveLoadFailed, StatusAndHeadersParserException, EOFError),
    *(ValueError, LookupError, TypeError, OSError, zlib.error),
)


class ArcSource:
    """An ARC file. Offsets are those of its records as stored, or, where it is packed as a whole, unpacked."""

    def __init__(self, path: Path, *, max_page: int = MAX_PAGE_BYTES) -> None:
        """The file at `path`; pages longer than `max_page` bytes are refused."""
        self.name = name_of(path)
        self.size = path.stat().st_size
        self._path = path
        self._max_page = max_page

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its records, some at a time; those from the offset `after` on, or all.

        Raises:
            OSError: it cannot be read.
        """
        yield from batches(self._steps(int(after or 0)))

    def _steps(self, start: int) -> Iterator[Step]:
        with ExitStack() as stack:
            file: IO[bytes] = stack.enter_context(self._path.open("rb"))
            size, read = os.fstat(file.fileno()).st_size, 0
            by_member = file.read(2) == GZIP_MAGIC and not _is_packed_as_a_whole(file)
            file.seek(0)
            stream = file if by_member else stack.enter_context(unpacked(file))
            at: int | None = start
            while at is not None:
                stream.seek(at)
                for item, end in arc_items(stream, self.name, self._max_page):
                    at = end
                    yield item, str(end), max(0, min(file.tell(), size) - read)
                    read = max(read, file.tell())
                # Behind a damaged place of a file in members, the next member is as good as any.
                damaged = by_member and at < size
                at = _next_member(file, at + 1) if damaged else None


def arc_items(stream: IO[bytes], name: str, max_page: int) -> Iterator[tuple[Item, int]]:
    """What an ARC file holds from here on, up to its end or the first place that cannot be read.

    Args:
        stream: the file, plain or gzip, at a record; it is only read forward.
        name: how locations name it.
        max_page: the length in bytes above which a page is refused.

    Yields:
        Each capture with the offset behind it, and the damaged place with its own.
    """
    records = ARCIterator(_Piecewise(stream), no_record_parse=True, arc2warc=True)
    records.reader = _Reader(records.fh)
    at = records.offset
    while True:
        try:
            # warcio writes to standard error what it cannot read.
            with redirect_stderr(StringIO()):
                found = _next(records, name, max_page)
        except _UNREADABLE:
            yield Wound(location=Location(file=name, offset=at), what="no ARC record, or a damaged one"), at
            return
        if found is None:
            return
        item, at = found
        if item is not None:
            yield item, at


class _Piecewise:
    """A stream that gives what it has: where a gzip file ends too early, what stands before that is not lost."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = cast("BufferedIOBase", stream)

    def read(self, length: int) -> bytes:
        return self._stream.read1(length)

    def tell(self) -> int:
        return self._stream.tell()


class _Reader(DecompressingBufferedReader):  # type: ignore[misc]
    """warcio's reader, for which no line is too long and no stretch of empty ones."""

    _empty = 0

    def readline(self, length: int | None = None) -> bytes:
        line: bytes = super().readline(min(length or _MAX_HEAD, _MAX_HEAD))
        self._empty = 0 if line.strip() else self._empty + 1
        if self._empty > _MOST_EMPTY_LINES:
            raise ArchiveLoadFailed("nothing but empty lines")
        return line


def _next(records: Any, name: str, max_page: int) -> tuple[Item | None, int] | None:
    """The next record as an item, None where it is no page, with the offset behind it; None at the end.

    Raises:
        ValueError: and others, see `_UNREADABLE`: it cannot be read.
    """
    record = next(records, None)
    if record is None:
        return None
    longest = max_page + _MAX_HEAD
    content = record.raw_stream.read(longest + 1)
    offset = records.get_record_offset()
    member = records.reader and records.reader.decompressor
    if getattr(record.raw_stream, "limit", 0) or (member is not None and not member.eof):
        raise EOFError
    url = record.rec_headers.get_header("WARC-Target-URI")
    # warcio takes any line of five words for a record's.
    if not (_SCHEME.match(url or "filedesc:") and record.rec_headers.get_header("Content-Length").isdecimal()):
        raise ValueError("no record")
    if record.rec_type != "response" or not url.startswith(("http://", "https://")):
        return None, records.offset
    fetched_at = iso_moment(record.rec_headers.get_header("WARC-Date"))
    location = Location(file=name, offset=offset)
    item: Item
    try:
        status, headers, body = _response(content)
        body = decode_body(body, headers.get("content-encoding"), headers.get("transfer-encoding"), max_page)
        charset = charset_of(headers.get("content-type", ""))
        item = Capture(url=url, fetched_at=fetched_at, status=status, body=body, charset=charset, location=location)
    except TooLarge:
        item = Refused(url=url, fetched_at=fetched_at, location=location, reason=TOO_LARGE)
    except Undecodable as error:
        item = Wound(location=location, what=str(error))
    return item, records.offset


def _response(content: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a response.

    Raises:
        Undecodable: it is none.
    """
    end = _END_OF_HEAD.search(content, 0, _MAX_HEAD)
    status = _STATUS.match(content[:100].decode("latin-1"))
    if end is None or status is None:
        raise Undecodable("no HTTP response")
    return int(status[1]), headers_of(content[: end.start()]), content[end.end() :]


def _is_packed_as_a_whole(file: IO[bytes]) -> bool:
    """Whether the first gzip member holds more than the record it begins with."""
    file.seek(0)
    try:
        start = zlib.decompressobj(GZIP).decompress(file.read(_CHUNK), _CHUNK)
        line, _, rest = start.partition(b"\n")
        return len(rest.rstrip()) > int(line.split()[-1])
    except (zlib.error, ValueError, IndexError):
        return False


def _next_member(file: IO[bytes], at: int) -> int | None:
    """Where, from `at` on, the next gzip member with a record begins."""
    window = b""
    while True:
        file.seek(at + len(window))
        chunk = file.read(_CHUNK)
        if not chunk:
            return None
        window += chunk
        found = window.find(GZIP_MAGIC)
        while found >= 0:
            if _begins_record(file, at + found):
                return at + found
            found = window.find(GZIP_MAGIC, found + 1)
        at += len(window) - 1
        window = window[-1:]


def _begins_record(file: IO[bytes], at: int) -> bool:
    file.seek(at)
    try:
        return bool(_RECORD_LINE.match(zlib.decompressobj(GZIP).decompress(file.read(_LONGEST_LINE), _LONGEST_LINE)))
    except zlib.error:
        return False
