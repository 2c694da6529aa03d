"""Reads WARC files record by record, and says where they are damaged; what stands behind a damaged place is read."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import IO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

# How much of a record, or of a file, is in memory at a time.
_CHUNK = 1 << 16
_GZIP_MEMBER = b"\x1f\x8b\x08"
_GZIP = 16 + zlib.MAX_WBITS
# What warcio raises on bytes that are no record.
_UNREADABLE = (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, ValueError, LookupError, zlib.error)


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read to its end.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the file as stored.
        kind: `response`, `request`, `revisit`, `warcinfo`.
        url: its WARC-Target-URI.
        sound: whether its content has the digests it was written with.
    """

    offset: int
    end: int
    kind: str
    url: str | None
    sound: bool


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a file that is no record.

    Attributes:
        offset, end: where the record that cannot be read begins, and where the next readable one, or the file's end.
        incomplete: the file just ends inside the record, as that of a process that was killed does.
    """

    offset: int
    end: int
    incomplete: bool


def read_warc(stream: IO[bytes]) -> Iterator[Record | Damage]:
    """Every record of a WARC file, and every damaged stretch, in order and without a hole between them.

    Args:
        stream: the file, opened for reading bytes; seekable.
    """
    at = 0
    while True:
        stream.seek(at)
        records = ArchiveIterator(stream, check_digests=True)
        while (record := _take(records)) is not None:
            yield record
            at = record.end
        size = os.fstat(stream.fileno()).st_size
        if at >= size > 0:
            return
        damage = _damage(stream, at, size)
        yield damage
        at = damage.end
        if at >= size:
            return


def _take(records: ArchiveIterator) -> Record | None:
    """The next record, read to its end; None where there is none, or none that is whole."""
    # warcio writes to standard error what the caller finds out here.
    with redirect_stderr(StringIO()):
        try:
            record = next(records, None)
            if record is None or record.length is None:
                return None
            while record.raw_stream.read(_CHUNK):
                pass
            offset, end = records.get_record_offset(), records.offset
        except _UNREADABLE:
            return None
    member = records.reader.decompressor
    # A member that breaks off, or fails its checksum, has no end.
    if record.raw_stream.limit or records.err_count or (member is not None and not member.eof):
        return None
    url = record.rec_headers.get_header("WARC-Target-URI")
    return Record(offset, end, record.rec_type or "", url, record.digest_checker.passed is not False)


def _damage(stream: IO[bytes], at: int, size: int) -> Damage:
    following = _next_record(stream, at + 1)
    incomplete = following is None and _breaks_off(stream, at)
    return Damage(at, size if following is None else following, incomplete)


def _next_record(stream: IO[bytes], at: int) -> int | None:
    """Where, from `at` on, the next gzip member with a record begins."""
    stream.seek(at)
    base, window = at, b""
    while chunk := stream.read(_CHUNK):
        window += chunk
        found = window.find(_GZIP_MEMBER)
        while found >= 0:
            if _begins_record(stream, base + found):
                return base + found
            found = window.find(_GZIP_MEMBER, found + 1)
        keep = len(_GZIP_MEMBER) - 1
        base += len(window) - len(window[-keep:])
        window = window[-keep:]
        stream.seek(base + len(window))
    return None


def _begins_record(stream: IO[bytes], at: int) -> bool:
    stream.seek(at)
    try:
        return zlib.decompressobj(_GZIP).decompress(stream.read(512), 5) == b"WARC/"
    except zlib.error:
        return False


def _breaks_off(stream: IO[bytes], at: int) -> bool:
    """Whether the gzip member that begins at `at` is right as far as it goes, and the file ends inside it."""
    stream.seek(at)
    member = zlib.decompressobj(_GZIP)
    try:
        while chunk := stream.read(_CHUNK):
            while chunk:
                member.decompress(chunk, _CHUNK)
                chunk = member.unconsumed_tail
            if member.eof:
                return False
    except zlib.error:
        return False
    return True
