"""Removes content and transfer encodings from bodies, within bounds.

FastWARC can do this too, but takes cut gzip or chunked data for whole ones, and trusts headers.
"""

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

from fastwarc.stream_io import BrotliReader, GzipReader, ZstdReader

from storage.archive.capture import Capture
from storage.archive.reader import GZIP, GZIP_MAGIC

#: Why a page is refused whose body is too large.
TOO_LARGE = "larger than a page may be"

# How much is unpacked at a time, and so by how much the bound can be exceeded in memory.
_CHUNK = 1 << 16
# No server packs a page more often; a chain without end would cost a page's time for each link.
_MOST_CODINGS = 4
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# The line ending behind a chunk is not part of it.
_CHUNK_HEAD = re.compile(rb"(?:\A|\r?\n)([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_TAG = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,1000}<[!?A-Za-z]")


class _TooLarge(Exception):
    pass


def decoded(capture: Capture, max_page: int) -> Capture:
    """A capture without its encodings; refused where its body has more than `max_page` bytes. Raises as `decode_body`.

    Not done where captures are read: those that are sent to other processes are sent packed.
    """
    if capture.refused:
        return capture
    body, refused = decode_body(capture.body, max_page, *capture.encodings)
    return replace(capture, body=body, encodings=(), refused=refused)


def decode_body(raw: bytes, max_page: int, *encodings: str | None) -> tuple[bytes, str]:
    """A body without its encodings, or empty and why it is refused, if it has more than `max_page` bytes.

    `encodings` are the values of Content-Encoding and Transfer-Encoding, in this order: gzip, deflate (with and without
    zlib's frame), br, zstd, chunked, or several. Tools that remove an encoding may keep the header that names it: a
    body that does not look encoded is taken as it is.

    Raises:
        ValueError: the body is damaged or cut, or its encoding is not known; the message is a phrase.
    """
    names = [name.strip().lower().removeprefix("x-") for header in encodings for name in (header or "").split(",")]
    codings = [name for name in names if name not in {"", "identity", "none"}]
    if len(codings) > _MOST_CODINGS:
        raise ValueError("encoded too many times over")
    body = raw
    for coding in reversed(codings):
        if coding not in _DECODERS:
            raise ValueError(f"an encoding that is not known: {coding[:40]!r}")
        try:
            body = _DECODERS[coding](body, max_page)
        except _TooLarge:
            return b"", TOO_LARGE
        except (OSError, zlib.error, EOFError) as error:
            # Deflate and Brotli have no mark to know them by.
            if not _TAG.match(body):
                what = "end too early" if isinstance(error, EOFError) else "are damaged"
                raise ValueError(f"{coding} data {what}") from None
    return (body, "") if len(body) <= max_page else (b"", TOO_LARGE)


def _unpack(packed: bytes, wbits: int, longest: int) -> tuple[bytes, bytes]:
    """What zlib unpacks, and the bytes behind it."""
    member = zlib.decompressobj(wbits)
    unpacked = member.decompress(packed, longest + 1)
    if len(unpacked) > longest:
        raise _TooLarge
    if not member.eof:
        raise EOFError
    return unpacked, member.unused_data


def _gunzip(body: bytes, max_page: int) -> bytes:
    """Members that follow one another are one body; what else follows is left out."""
    if not body.startswith(GZIP_MAGIC):
        return body
    # FastWARC takes three fifths of zlib's time, and cut data for whole ones: those do not end in their length.
    with suppress(OSError):
        unpacked = bytes(GzipReader(BytesIO(body)).read(max_page + 1))
        if len(unpacked) <= max_page and body.endswith(len(unpacked).to_bytes(4, "little")):
            return unpacked
    unpacked = b""
    while body.startswith(GZIP_MAGIC):
        part, body = _unpack(body, GZIP, max_page - len(unpacked))
        unpacked += part
    return unpacked


def _inflate(body: bytes, max_page: int) -> bytes:
    try:
        return _unpack(body, zlib.MAX_WBITS, max_page)[0]
    except zlib.error:
        # The standard has it in zlib's frame; some servers send it without.
        return _unpack(body, -zlib.MAX_WBITS, max_page)[0]


def _read(reader: BrotliReader | ZstdReader, max_page: int) -> bytes:
    unpacked = bytearray()
    while chunk := reader.read(_CHUNK):
        unpacked += chunk
        if len(unpacked) > max_page:
            raise _TooLarge
    return bytes(unpacked)


def _unchunk(body: bytes) -> bytes:
    head = _CHUNK_HEAD.match(body)
    if head is None:
        return body
    chunks: list[bytes] = []
    while length := int(head[1], 16):
        end = head.end() + length
        chunks.append(body[head.end() : end])
        head = _CHUNK_HEAD.match(body, end)
        if head is None:
            raise EOFError if end >= len(body) else OSError
    return b"".join(chunks)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": lambda body, max_page: _read(BrotliReader(BytesIO(body)), max_page),
    "zstd": lambda body, max_page: _read(ZstdReader(BytesIO(body)), max_page) if body.startswith(_ZSTD_MAGIC) else body,
    "chunked": lambda body, _: _unchunk(body),
}
