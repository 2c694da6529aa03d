"""HTTP bodies as they are stored -> bytes of the page: transfer and content encodings undone, within bounds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from functools import lru_cache
from io import BytesIO
from typing import Protocol

from fastwarc.stream_io import BrotliReader, GzipReader, ZstdReader

#: Why a page is refused whose body is too large; the one reason, wherever it is found out.
TOO_LARGE = "larger than a page may be"

# How much is unpacked at a time, and so by how much the bound can be overstepped in memory.
_CHUNK = 1 << 16
# No server packs a page more often; a chain without end would cost a page's time for each link.
_MOST_CODINGS = 4
GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_TAG = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,1000}<[!?A-Za-z]")


class Undecodable(ValueError):
    """A body that is not in the encoding its headers name; the message is a phrase."""


class TooLarge(ValueError):
    """A body that unpacks to more than a page may have; the message is a phrase."""

    def __init__(self) -> None:
        super().__init__(TOO_LARGE)


def decode_body(raw: bytes, content_encoding: str | None, transfer_encoding: str | None, max_page: int) -> bytes:
    """A body with its encodings undone.

    Tools that undo an encoding may keep the header that names it: what does not look like its encoding is taken as
    it is.

    Args:
        raw: the body as stored.
        content_encoding, transfer_encoding: the headers' values: gzip, deflate (with and without zlib's frame), br,
            zstd, chunked, or several of them.
        max_page: the length above which a page is refused; never much more than that is unpacked.

    Raises:
        Undecodable: the body is damaged, ends too early, or its encoding is not known.
        TooLarge: it is larger than `max_page`, before or after.
    """
    codings = [*_codings(content_encoding), *_codings(transfer_encoding)]
    if len(codings) > _MOST_CODINGS:
        raise Undecodable("encoded too many times over")
    body = raw
    for coding in reversed(codings):
        decode = _DECODERS.get(coding)
        if decode is None:
            raise Undecodable(f"an encoding that is not known: {coding[:40]!r}")
        body = decode(body, max_page)
    if len(body) > max_page:
        raise TooLarge
    return body


@lru_cache
def charset_of(content_type: str) -> str | None:
    """What a Content-Type says of the encoding, in lower case; None where it says nothing."""
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_charset()


def headers_of(raw: bytes) -> dict[str, str]:
    """The fields of a header by name in lower case; those given twice are joined, as HTTP means them."""
    headers: dict[str, str] = {}
    for line in raw.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


@lru_cache  # a site sends the same ones with every page
def _codings(header: str | None) -> tuple[str, ...]:
    names = (name.strip().lower() for name in (header or "").split(","))
    return tuple(name for name in names if name not in {"", "identity", "none"})


def _gunzip(body: bytes, max_page: int) -> bytes:
    if not body.startswith(GZIP_MAGIC):
        return body
    # FastWARC's reader takes half of zlib's time. It passes over data that end too early; so the length at their end
    # must be right (RFC 1952, ISIZE), and whatever else may be the matter is looked at with zlib.
    with suppress(OSError):
        unpacked = GzipReader(BytesIO(body)).read(max_page + 1)
        if len(unpacked) == int.from_bytes(body[-4:], "little") <= max_page:
            return unpacked
    return _inflate(body, 16 + zlib.MAX_WBITS, max_page, "gzip")


def _undeflate(body: bytes, max_page: int) -> bytes:
    """Undo `deflate`, which the standard has in zlib's frame, and some servers send without."""
    framed = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    try:
        return _inflate(body, zlib.MAX_WBITS if framed else -zlib.MAX_WBITS, max_page, "deflate")
    except Undecodable:
        if _TAG.match(body):
            return body
        raise


def _inflate(body: bytes, wbits: int, max_page: int, name: str) -> bytes:
    """Unpack with zlib; gzip members that follow one another are one body, what else follows is left out."""
    unpacked, packed = b"", body
    while True:
        member = zlib.decompressobj(wbits)
        try:
            unpacked += member.decompress(packed, max_page + 1 - len(unpacked))
        except zlib.error:
            raise Undecodable(f"{name} data are damaged") from None
        if len(unpacked) > max_page:
            raise TooLarge
        if not member.eof:
            raise Undecodable(f"{name} data end too early")
        packed = member.unused_data
        if not packed.startswith(GZIP_MAGIC):
            return unpacked


class _Reader(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def _unbrotli(body: bytes, max_page: int) -> bytes:
    try:
        return _read(BrotliReader(BytesIO(body)), max_page, "br")
    except Undecodable:
        # Brotli has no mark to know it by.
        if _TAG.match(body):
            return body
        raise


def _unzstd(body: bytes, max_page: int) -> bytes:
    if not body.startswith(_ZSTD_MAGIC):
        return body
    return _read(ZstdReader(BytesIO(body)), max_page, "zstd")


def _read(reader: _Reader, max_page: int, name: str) -> bytes:
    unpacked = bytearray()
    try:
        while chunk := reader.read(_CHUNK):
            unpacked += chunk
            if len(unpacked) > max_page:
                raise TooLarge
    except OSError:
        raise Undecodable(f"{name} data are damaged") from None
    return bytes(unpacked)


def _unchunk(body: bytes, max_page: int) -> bytes:
    """Undo `chunked`. FastWARC's reader knows no extensions, and does not miss the last chunk."""
    del max_page  # it only ever gets shorter
    head = _CHUNK_HEAD.match(body)
    if head is None:
        return body
    chunks: list[bytes] = []
    while head is not None:
        length = int(head[1], 16)
        if length == 0:
            return b"".join(chunks)
        start, end = head.end(), head.end() + length
        if end > len(body):
            raise Undecodable("chunked data end too early")
        chunks.append(body[start:end])
        # The line end that closes a chunk is not part of it.
        end += 2 if body.startswith(b"\r\n", end) else 1
        if end >= len(body):
            raise Undecodable("chunked data end too early")
        head = _CHUNK_HEAD.match(body, end)
    raise Undecodable("chunked data are damaged")


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
    "chunked": _unchunk,
}
