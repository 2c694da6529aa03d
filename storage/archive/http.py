"""HTTP responses as they came: their heads, and bodies without content and transfer codings, within bounds.

Crawls and archives share it: what a crawl could read, its archive gives again. Of damaged data FastWARC keeps too
little, and it takes cut ones for whole.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

from fastwarc.stream_io import BrotliReader, GzipReader, ZstdReader

from storage.archive.capture import Capture

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: Why a page is refused whose body is too large.
TOO_LARGE = "larger than a page may be"
#: The headers of a record or response end within this.
MAX_HEADERS = 1 << 16
END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")

# How much is unpacked at a time: of damaged data so much before the damage may be lost.
_STEP = 1 << 10
# No server packs a page more often, or into more gzip members; chains without end would cost a page's time for each.
_MOST_CODINGS = 4
_MOST_MEMBERS = 1000
# The line ending behind a chunk is not part of it.
_CHUNK_HEAD = re.compile(rb"(?:\A|\r?\n)([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_TAG = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,1000}<[!?A-Za-z]")
_STATUS = re.compile(rb"\s{0,100}HTTP(?:/[0-9.]{1,9})?[ \t]+([1-9][0-9]{2})(?![0-9])", re.IGNORECASE)
_FIELD = re.compile(r"\n([!-9;-~]{1,100})[ \t]*:([^\r\n]*(?:(?:\r?\n[ \t]|\r(?!\n))[^\r\n]*)*)")


def fields_of(head: bytes, encoding: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and values of a head's fields; a line that begins with a blank continues the one above."""
    for name, value in _FIELD.findall(head.decode(encoding, "replace")):
        yield name.lower(), " ".join(map(str.strip, value.split("\n")))


def read_response(block: bytes) -> tuple[int | None, dict[str, str], bytes]:
    """Status, fields and body of the final response in a block: interim ones (100, 103) may precede it.

    The status is None where it is no response. The fields are by their names in lower case; several of one name are
    joined by commas.
    """
    at = 0
    while status := _STATUS.match(block, at):
        end = END_OF_HEADERS.search(block, at, at + MAX_HEADERS)
        if end is None and len(block) - at > MAX_HEADERS:
            break
        start, stop = (end.end(), end.start()) if end else (len(block), len(block))
        if status[1].startswith(b"1") and _STATUS.match(block, start):
            at = start
            continue
        fields: dict[str, str] = {}
        for name, value in fields_of(block[at:stop], "latin-1"):
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return int(status[1]), fields, block[start:]
    return None, {}, block


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
    zlib's frame), br, zstd, chunked, or several; others are ignored. Tools that remove an encoding may keep the header
    that names it: a body that does not look encoded is taken as it is. Of a body that is cut or damaged, what comes
    before is taken.

    Raises:
        ValueError: nothing of it can be unpacked, or it is encoded too many times; the message is a phrase.
    """
    names = [name.strip().lower().removeprefix("x-") for header in encodings for name in (header or "").split(",")]
    codings = [name for name in names if name in _DECODERS]
    if len(codings) > _MOST_CODINGS:
        raise ValueError("encoded too many times over")
    body = raw
    for coding in reversed(codings):
        unpacked = _DECODERS[coding](body, max_page)
        # Deflate and Brotli have no mark to know them by.
        if unpacked is None and not _TAG.match(body):
            raise ValueError(f"{coding} data are damaged")
        body = body if unpacked is None else unpacked
        if len(body) > max_page:
            break
    return (body, "") if len(body) <= max_page else (b"", TOO_LARGE)


def _gunzip(body: bytes, max_page: int) -> bytes | None:
    """Members that follow one another are one body; what else follows is left out."""
    if not body.startswith(GZIP_MAGIC):
        return body
    if body.count(GZIP_MAGIC) > _MOST_MEMBERS:
        return None
    # FastWARC takes three fifths of zlib's time, and cut data for whole ones: those do not end in their length.
    with suppress(OSError):
        unpacked = bytes(GzipReader(BytesIO(body)).read(max_page + 1))
        if len(unpacked) <= max_page and body.endswith(len(unpacked).to_bytes(4, "little")):
            return unpacked
    # A wrong or missing checksum is noticed here when all is unpacked.
    return _read(gzip.GzipFile(fileobj=BytesIO(body)).read1, max_page)


def _inflate(body: bytes, max_page: int) -> bytes | None:
    if body.startswith(GZIP_MAGIC):  # servers take one for the other
        return _gunzip(body, max_page)
    # The standard has it in zlib's frame, whose checksum does not matter; some servers send it without.
    is_framed = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    unpacked = _inflate_raw(body[2:], max_page) if is_framed else None
    return _inflate_raw(body, max_page) if unpacked is None else unpacked


def _inflate_raw(body: bytes, max_page: int) -> bytes | None:
    unpacker, packed = zlib.decompressobj(-zlib.MAX_WBITS), BytesIO(body)
    return _read(lambda _: unpacker.decompress(packed.read(_STEP)), max_page)


def _read(read: Callable[[int], bytes], max_page: int) -> bytes | None:
    """What can be read of a body, or enough to be too large; None if its data are damaged from the beginning."""
    unpacked = bytearray()
    try:
        while len(unpacked) <= max_page and (chunk := read(_STEP)):
            unpacked += chunk
    except (OSError, EOFError, zlib.error):
        return bytes(unpacked) or None
    return bytes(unpacked)


def _unchunk(body: bytes, _: int) -> bytes | None:
    head = _CHUNK_HEAD.match(body)
    chunks: list[bytes] = [] if head else [body]
    while head and (length := int(head[1], 16)):
        end = head.end() + length
        chunks.append(body[head.end() : end])
        head = _CHUNK_HEAD.match(body, end)
    return b"".join(chunks)


_DECODERS: dict[str, Callable[[bytes, int], bytes | None]] = {
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": lambda body, max_page: _read(BrotliReader(BytesIO(body)).read, max_page),
    "zstd": lambda body, max_page: (
        _read(ZstdReader(BytesIO(body)).read, max_page) if body.startswith(ZSTD_MAGIC) else body
    ),
    "chunked": _unchunk,
}
