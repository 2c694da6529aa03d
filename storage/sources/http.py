"""Removes transfer and content encodings from HTTP bodies, within bounds.

FastWARC can do this too, but takes damaged and cut data for whole ones, and headers at their word.
"""

from __future__ import annotations

import re
import zlib
from email.message import Message
from functools import lru_cache
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ZstdReader

from storage.archive.reader import GZIP_MAGIC

#: Why a page is refused whose body is too large.
TOO_LARGE = "larger than a page may be"

# How much is unpacked at a time, and so by how much the bound can be exceeded in memory.
_CHUNK = 1 << 16
# No server packs a page more often; a chain without end would cost a page's time for each link.
_MOST_CODINGS = 4
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
    """A body without its encodings.

    Tools that remove an encoding may keep the header that names it: a body that does not look encoded is taken as it
    is.

    Args:
        raw: the body as stored.
        content_encoding, transfer_encoding: the headers' values: gzip, deflate (with and without zlib's frame), br,
            zstd, chunked, or several of them.
        max_page: pages of more bytes are refused; never much more than that is unpacked.

    Raises:
        Undecodable: the body is damaged or cut, or its encoding is not known.
        TooLarge: it is larger than `max_page`.
    """
    codings = [*_codings(content_encoding), *_codings(transfer_encoding)]
    if len(codings) > _MOST_CODINGS:
        raise Undecodable("encoded too many times over")
    body = raw
    for coding in reversed(codings):
        body = _decode(body, coding, max_page)
    if len(body) > max_page:
        raise TooLarge
    return body


@lru_cache
def charset_of(content_type: str) -> str | None:
    """The charset that a Content-Type names, in lower case; None if it names none."""
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_charset()


@lru_cache  # a site sends the same ones with every page
def _codings(header: str | None) -> tuple[str, ...]:
    names = (name.strip().lower().removeprefix("x-") for name in (header or "").split(","))
    return tuple(name for name in names if name not in {"", "identity", "none"})


def _decode(body: bytes, coding: str, max_page: int) -> bytes:
    try:
        match coding:
            case "gzip":
                return _inflate(body, 16 + zlib.MAX_WBITS, max_page, coding) if body.startswith(GZIP_MAGIC) else body
            case "deflate":
                # The standard has it in zlib's frame; some servers send it without.
                framed = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
                return _inflate(body, zlib.MAX_WBITS if framed else -zlib.MAX_WBITS, max_page, coding)
            case "br":
                return _read(BrotliReader(BytesIO(body)), max_page, coding)
            case "zstd":
                return _read(ZstdReader(BytesIO(body)), max_page, coding) if body.startswith(_ZSTD_MAGIC) else body
            case "chunked":
                return _unchunk(body)
    except Undecodable:
        # Deflate and Brotli have no mark to know them by.
        if _TAG.match(body):
            return body
        raise
    raise Undecodable(f"an encoding that is not known: {coding[:40]!r}")


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


def _read(reader: BrotliReader | ZstdReader, max_page: int, name: str) -> bytes:
    unpacked = bytearray()
    try:
        while chunk := reader.read(_CHUNK):
            unpacked += chunk
            if len(unpacked) > max_page:
                raise TooLarge
    except OSError:
        raise Undecodable(f"{name} data are damaged") from None
    return bytes(unpacked)


def _unchunk(body: bytes) -> bytes:
    """Remove `chunked`."""
    head = _CHUNK_HEAD.match(body)
    if head is None:
        return body
    chunks: list[bytes] = []
    while head is not None:
        length = int(head[1], 16)
        if length == 0:
            return b"".join(chunks)
        end = head.end() + length
        if end >= len(body):
            raise Undecodable("chunked data end too early")
        chunks.append(body[head.end() : end])
        # The line ending behind a chunk is not part of it.
        head = _CHUNK_HEAD.match(body, end + (2 if body.startswith(b"\r\n", end) else 1))
    raise Undecodable("chunked data are damaged")
