"""What a file is, told by how it begins, and what it unpacks to."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from contextlib import AbstractContextManager, nullcontext, suppress
from enum import Enum, auto
from io import BufferedIOBase
from typing import IO, BinaryIO, cast

from extractors.text import looks_like_capture
from storage.archive.members import GZIP
from storage.sources.http import GZIP_MAGIC
from storage.sources.rows import begins_json, csv_delimiter

#: How much of a file tells what it is.
HEAD = 4096
#: What gzip raises on data that are damaged; EOFError where they end too early.
DAMAGED = (gzip.BadGzipFile, zlib.error, EOFError)

#: What the header of a dump has at least.
TABLE_COLUMNS = (frozenset({"url"}), frozenset({"html", "text"}))
#: What a file is told that is none of these.
UNKNOWN = "no archive, dump or page"
NO_CAPTURE = "text that begins as no page of the site does, nor as a dump with the columns url and html or text"
DAMAGED_GZIP = "gzip data are damaged"
SHORT_GZIP = "gzip data end too early"

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Kind(Enum):
    """What captures come in."""

    WARC = auto()
    ARC = auto()
    ZIP = auto()
    TABLE = auto()
    PAGE = auto()
    #: Text that begins as no page of the site does; a page only where somebody says so.
    TEXT = auto()


def kind_of(head: bytes) -> Kind | str:
    """What a file is, or why it is nothing that can be read.

    Args:
        head: its first `HEAD` bytes, or all of a shorter one, packed or not.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[:1] and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"):
        return "zstd-compressed; unpack it first, as with zstd -d"
    if not head.startswith(GZIP_MAGIC):
        return _plain_kind(head) if head else "empty"
    rest, inside = head, b""
    try:
        while rest and not inside:
            member = zlib.decompressobj(GZIP)
            inside, rest = member.decompress(rest, HEAD), member.unused_data
    except zlib.error:
        return DAMAGED_GZIP
    if inside:
        return _plain_kind(inside)
    return "empty" if member.eof and len(head) < HEAD else SHORT_GZIP


def read_head(stream: IO[bytes]) -> bytes:
    """The first bytes of a stream; where it is damaged, as far as it goes: whoever comes to that place says so."""
    head = b""
    with suppress(*DAMAGED):
        while len(head) < HEAD and (more := cast("BufferedIOBase", stream).read1(HEAD - len(head))):
            head += more
    return head


def unpacked(file: BinaryIO | IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    """A file, seekable and at its beginning, as what it unpacks to; itself where it is not gzip."""
    packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    file.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else nullcontext(file)


def damage(error: Exception) -> tuple[str, bool]:
    """What is wrong with a gzip file, and whether it just ends too early."""
    early = isinstance(error, EOFError)
    return SHORT_GZIP if early else DAMAGED_GZIP, early


def _plain_kind(head: bytes) -> Kind | str:
    if head.startswith(b"WARC/"):
        return Kind.WARC
    if head.startswith(b"filedesc:"):
        return Kind.ARC
    if begins_json(head):
        return Kind.TABLE if _is_json_line(head) else "no JSON Lines: it must have an object a line, as jq -c writes it"
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"["):
        return "a JSON array; it must be JSON Lines, as jq -c '.[]' writes it"
    if csv_delimiter(head, TABLE_COLUMNS) is not None:
        return Kind.TABLE
    if start.startswith(b"<"):
        return Kind.PAGE
    text = _text(head)
    if text is None:
        return UNKNOWN
    return Kind.PAGE if looks_like_capture(text) else Kind.TEXT


def _is_json_line(head: bytes) -> bool:
    """Whether a file begins with a whole object, or one that is longer than the head."""
    line, end, _ = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")
    if not end and len(head) >= HEAD:
        return True
    try:
        return isinstance(json.loads(line.decode("utf-8", "replace")), dict)
    except (ValueError, RecursionError):
        return False


def _text(head: bytes) -> str | None:
    """The beginning of a text, or None where it is none."""
    utf16 = head.startswith(_UTF16)
    if b"\0" in head and not utf16:
        return None
    try:
        # A character may be cut at the end of the head.
        decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
        return decoder.decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return None
