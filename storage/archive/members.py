"""The bytes of a WARC file: where gzip members end, and where, behind a damaged place, the next record begins."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from typing import IO

GZIP_MAGIC = b"\x1f\x8b\x08"
LEAD = gzip.compress(b"\r\n", mtime=0)
GZIP = 16 + zlib.MAX_WBITS
# How much of a file is in memory at a time.
_CHUNK = 1 << 16
# How much of what a member unpacks to is kept: the headers of its record.
_HEAD = 1 << 13
# A page may speak of WARC; a record's first header follows at once.
_PLAIN = rb"WARC/[01]\.[0-9]{1,2}\r?\n(?:WARC|Content)-[A-Za-z-]{1,40}[ \t]*:"
_PLAIN_RECORD = re.compile(_PLAIN)
_ANY_RECORD = re.compile(_PLAIN + b"|" + re.escape(GZIP_MAGIC))
# As long as the longest of these, at least.
_LONGEST_MARK = 100
# Text packs to a twentieth; what unpacks to so much, and to so many times its size, is a bomb.
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 200

BOMB = f"a gzip bomb: it unpacks to more than {_BOMB_RATIO} times its size"
CUT = "the file ends inside it"
BROKEN = "its gzip data are damaged"


@dataclass(frozen=True, slots=True)
class Member:
    """A gzip member.

    Attributes:
        end: where it ends; None where it has no end.
        size: the length of what it unpacks to, as far as that was found out.
        head: how that begins.
        is_blank: whether it unpacks to blank lines, or nothing.
        flaw: why it has no end: `BROKEN`, `CUT` or `BOMB`.
    """

    end: int | None
    size: int
    head: bytes
    is_blank: bool = False
    flaw: str = ""


class Section(io.RawIOBase):
    """A stretch of a stream, to be read as if it were all of it."""

    def __init__(self, stream: IO[bytes], start: int, end: int | None) -> None:
        """From `start` to `end` of the stream, or to its end; nobody else may read it meanwhile."""
        super().__init__()
        self._stream = stream
        self._start = start
        self._end = end
        stream.seek(start)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, from its beginning."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        if self._end is not None:
            left = max(self._end - self._stream.tell(), 0)
            size = left if size < 0 else min(size, left)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the beginning of the section."""
        if whence != io.SEEK_SET:
            raise OSError("A section is sought in from its beginning.")
        return self._stream.seek(self._start + offset) - self._start

    def tell(self) -> int:
        """The place, counted from the beginning of the section."""
        return self._stream.tell() - self._start


class Led(io.RawIOBase):
    """The rest of a stream behind a gzip member of a blank line.

    FastWARC gives records of the first gzip member it reads the place of its reading, not that of the member.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """From where the stream stands."""
        super().__init__()
        self._stream = stream
        self._led = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        if not self._led:
            self._led = len(LEAD)
            return LEAD
        return self._stream.read(size)

    def tell(self) -> int:
        """The place in the stream, as if the member stood in it."""
        return self._stream.tell() + self._led


def is_packed(stream: IO[bytes], at: int) -> bool | None:
    """Whether a gzip member begins at a place, or a plain record; None where neither does.

    Of a file that ends there, the first byte tells.
    """
    stream.seek(at)
    head = stream.read(5)
    for mark, packed in ((GZIP_MAGIC, True), (b"WARC/", False)):
        if head.startswith(mark) or (head and len(head) < len(mark) and mark.startswith(head)):
            return packed
    return None


def gzip_member(stream: IO[bytes], at: int) -> Member:
    """The gzip member that begins at a place: unpacked to find its end, and kept nowhere."""
    stream.seek(at)
    unpacker = zlib.decompressobj(GZIP)
    size, taken, head, is_blank = 0, 0, b"", True
    try:
        while chunk := stream.read(_CHUNK):
            taken += len(chunk)
            while chunk and not unpacker.eof:
                data = unpacker.decompress(chunk, _CHUNK)
                chunk = unpacker.unconsumed_tail
                head, size = head + data[: _HEAD - len(head)], size + len(data)
                is_blank = is_blank and not data.strip()
                if size > max(_BOMB_BYTES, _BOMB_RATIO * taken):
                    return Member(None, size, head, flaw=BOMB)
            if unpacker.eof:
                return Member(at + taken - len(unpacker.unused_data), size, head, is_blank)
    except zlib.error:
        return Member(None, size, head, flaw=BROKEN)
    return Member(None, size, head, flaw=CUT)


def next_record(stream: IO[bytes], at: int, *, packed: bool | None) -> int | None:
    """Where, from a place on, the next record begins; None where none does, and then the stream is at its end.

    Args:
        stream: the file.
        at: the place.
        packed: whether its records are gzip members; None: nobody knows.
    """
    pattern = _ANY_RECORD if packed is None else re.compile(re.escape(GZIP_MAGIC)) if packed else _PLAIN_RECORD
    # What can only be read forward has forgotten what lies far behind.
    with contextlib.suppress(OSError):
        stream.seek(at)
    base, window = stream.tell(), b""
    while chunk := stream.read(_CHUNK):
        window += chunk
        for mark in pattern.finditer(window):
            place = base + mark.start()
            if mark[0] != GZIP_MAGIC or _begins_record(stream, place):
                return place
        kept = window[-_LONGEST_MARK:]
        base += len(window) - len(kept)
        window = kept
        stream.seek(base + len(window))
    return None


def _begins_record(stream: IO[bytes], at: int) -> bool:
    stream.seek(at)
    try:
        return zlib.decompressobj(GZIP).decompress(stream.read(512), 5) == b"WARC/"
    except zlib.error:
        return False
