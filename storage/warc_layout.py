"""The bytes of a WARC file: where gzip members end, and where, behind a damaged place, the next record begins."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from typing import IO

GZIP_MAGIC = b"\x1f\x8b\x08"
GZIP = 16 + zlib.MAX_WBITS
# How much of a file is in memory at a time.
_CHUNK = 1 << 16
_PLAIN_RECORD = re.compile(rb"WARC/1\.[01]\r?\n")
_ANY_RECORD = re.compile(rb"WARC/1\.[01]\r?\n|" + re.escape(GZIP_MAGIC))
# As long as the longest of these.
_LONGEST_MARK = 10
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
        flaw: why it has no end: `BROKEN`, `CUT` or `BOMB`.
    """

    end: int | None
    size: int
    head: bytes
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


def is_packed(stream: IO[bytes], at: int) -> bool | None:
    """Whether a gzip member begins at a place, or a plain record; None where neither does."""
    stream.seek(at)
    head = stream.read(5)
    return True if head.startswith(GZIP_MAGIC) else False if head == b"WARC/" else None


def gzip_member(stream: IO[bytes], at: int) -> Member:
    """The gzip member that begins at a place: unpacked to find its end, and kept nowhere."""
    stream.seek(at)
    unpacker = zlib.decompressobj(GZIP)
    size, taken, head = 0, 0, b""
    try:
        while chunk := stream.read(_CHUNK):
            taken += len(chunk)
            while chunk and not unpacker.eof:
                data = unpacker.decompress(chunk, _CHUNK)
                chunk = unpacker.unconsumed_tail
                head, size = head or data[:1024], size + len(data)
                if size > max(_BOMB_BYTES, _BOMB_RATIO * taken):
                    return Member(None, size, head, BOMB)
            if unpacker.eof:
                return Member(at + taken - len(unpacker.unused_data), size, head)
    except zlib.error:
        return Member(None, size, head, BROKEN)
    return Member(None, size, head, CUT)


def next_record(stream: IO[bytes], at: int, *, packed: bool | None) -> int | None:
    """Where, from a place on, the next record begins; None where none does, and then the stream is at its end.

    Args:
        stream: the file.
        at: the place.
        packed: whether its records are gzip members; None: nobody knows.
    """
    pattern = _ANY_RECORD if packed is None else re.compile(re.escape(GZIP_MAGIC)) if packed else _PLAIN_RECORD
    stream.seek(at)
    base, window = at, b""
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
