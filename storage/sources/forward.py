"""Streams that can only be read forward, made so that what was read last can be read again."""

from __future__ import annotations

import io
import zlib
from typing import IO

from storage.archive.members import GZIP, GZIP_MAGIC

_CHUNK = 1 << 16


class Window(io.RawIOBase):
    """A stream that is read forward, and a little backwards: its last bytes are kept."""

    def __init__(self, stream: IO[bytes], keep: int) -> None:
        """A window on a stream.

        Args:
            stream: what is read.
            keep: how many bytes it can be sought backwards, at least.
        """
        super().__init__()
        self._stream = stream
        self._keep = keep
        self._kept = bytearray()
        self._begin = 0  # of what is kept, in the stream
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, within what is kept, and forward."""
        return True

    def tell(self) -> int:
        """The place in the stream."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place.

        Raises:
            OSError: it lies behind what is kept.
        """
        if whence != io.SEEK_SET or offset < self._begin:
            raise OSError("This stream can only be read forward.")
        while offset > self._end and self._fill():
            pass
        self._at = min(offset, self._end)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, unless that is more than is kept; fewer at the end alone."""
        if size < 0:
            return self.readall()
        size = min(size, self._keep)
        while self._at + size > self._end and self._fill():
            pass
        start = self._at - self._begin
        data = bytes(self._kept[start : start + size])
        self._at += len(data)
        return data

    @property
    def _end(self) -> int:
        return self._begin + len(self._kept)

    def _fill(self) -> bool:
        data = self._stream.read(_CHUNK)
        self._kept += data
        # Moved seldom: each time costs as much as what is kept.
        if len(self._kept) > 2 * self._keep:
            surplus = len(self._kept) - self._keep
            del self._kept[:surplus]
            self._begin += surplus
        return bool(data)


class Unpacked(io.RawIOBase):
    """What gzip data unpack to, member after member; damaged data end the member, and the next one follows."""

    def __init__(self, stream: IO[bytes]) -> None:
        """What `stream` unpacks to, from where it stands."""
        super().__init__()
        self._stream = stream
        self._packed = b""
        self._member = zlib.decompressobj(GZIP)

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        if size < 0:
            return self.readall()
        while size:
            if not self._packed:
                self._packed = self._stream.read(_CHUNK)
                if not self._packed:
                    return b""
            try:
                data = self._member.decompress(self._packed, size)
                self._packed = self._member.unconsumed_tail
            except zlib.error:
                self._skip_to_member()
                continue
            if self._member.eof:
                self._packed = self._member.unused_data
                self._member = zlib.decompressobj(GZIP)
            if data:
                return data
        return b""

    def _skip_to_member(self) -> None:
        """Go on at the next member there may be; where it is none either, at the one after."""
        self._member = zlib.decompressobj(GZIP)
        data = self._packed[1:]
        while (found := data.find(GZIP_MAGIC)) < 0:
            more = self._stream.read(_CHUNK)
            if not more:
                self._packed = b""
                return
            data = data[-2:] + more
        self._packed = data[found:]
