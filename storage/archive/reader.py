"""Reads WARC and ARC files record by record, reports damaged stretches, and goes on at the next record behind them.

FastWARC parses the records. Where they begin and end is found here: FastWARC stops at damage, and takes gzip data that
end too early for whole ones. ARC records are read as the WARC records they would be: warcio, which reads ARC too, finds
nothing behind damage, and reads lines of any length.
"""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader, BytesIO
from typing import IO, cast

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord

GZIP_MAGIC = b"\x1f\x8b\x08"
#: zlib's parameter for gzip members.
GZIP = 16 + zlib.MAX_WBITS

CUT = "the file ends inside this record"
BROKEN = "its gzip data are damaged"
WRONG_LENGTH = "its length is wrong"
NO_RECORD = "not a record of a WARC or ARC file"
SEVERAL = "several records in one gzip member; convert the file with warcio recompress"
BOMB = "a gzip bomb: it unpacks to more than 200 times its size"

# Text compresses about twentyfold; what unpacks to this many bytes, and this many times its size, is a bomb.
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 200
_CHUNK = 1 << 16
# The headers of a record end within this.
_HEADERS = 1 << 16
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
# A WARC record ends with up to four bytes behind its content.
_LINE_ENDS = 4
# A page may speak of WARC; the first header of a record follows at once.
_WARC = rb"WARC/[01]\.[0-9]{1,2}\r?\n(?:WARC|Content)-[A-Za-z-]{1,40}[ \t]*:"
_ARC = rb"([a-z][a-z0-9+.-]{1,20}:[^\r\n]{1,4000}) \S+ ([0-9]{14}) \S+ ([0-9]+)\r?\n"
_ARC_LINE = re.compile(_ARC)
_RECORD = re.compile(re.escape(GZIP_MAGIC) + rb"|" + _WARC + rb"|(?<=\n)" + _ARC)
_RECORD_INSIDE = re.compile(rb"\r?\n\r?\n" + _WARC)
_LONGEST_MARK = 4200
# The kinds that hold a page.
_PAGES = frozenset({"response", "resource", "conversion"})
# Those that FastWARC can compute.
_DIGEST = re.compile(r"(?:sha1|sha256|sha512|md5):(?:[0-9A-Fa-f]+|[A-Z2-7]+=*)")


@dataclass(slots=True)
class Record:
    """A whole record.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the file as stored.
        url: its WARC-Target-URI as written.
        date: its WARC-Date; aware, UTC. None if it cannot be read.
        http: its HTTP headers, if it is a page with some; without status if they cannot be read.
        body: what follows the headers; None if the record is longer than was to be read.
        sound: whether its content matches its digest; None if that was not or cannot be checked.
    """

    offset: int
    end: int
    kind: str
    url: str | None
    date: datetime | None
    headers: HeaderMap
    http: HeaderMap | None = None
    body: bytes | None = None
    sound: bool | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a file without a record that can be read.

    Attributes:
        what: what is wrong, a phrase; empty for an empty gzip member, which is not damage.
        incomplete: the file ends inside a record, as that of a process that was killed does.
    """

    offset: int
    end: int
    what: str
    incomplete: bool = False


class _Unreadable(Exception):
    """Its arguments: what is wrong, a phrase, and how many bytes certainly hold no other record."""


def read_warc(
    stream: IO[bytes], *, at: int = 0, end: int | None = None, longest: int, check_digests: bool = False
) -> Iterator[Record | Stretch]:
    """The records and damaged stretches of a WARC or ARC file, in order.

    Args:
        stream: the file, positioned at `at`, where a record begins; it is only read forward.
        end: bytes from here on are not read.
        longest: records up to this many bytes are read into memory, at least 100,000.
        check_digests: check also the digests of compressed records, although gzip has its own checksum.
    """
    if not check_digests and isinstance(stream, BufferedReader):
        base = stream.tell() - at
        for record in _sound_records(stream, at, end, longest):
            yield record
            at = record.end
        stream.seek(base + at)
    window = _Window(stream, at, end)
    if at == 0 and not window.peek(1):
        yield Stretch(0, 0, "empty", incomplete=True)
    while head := window.peek(_LONGEST_MARK):
        if blank := len(head) - len(head.lstrip(b"\r\n")):
            window.advance(blank)
            continue
        start, is_packed = window.at, _is_packed(head)
        item: Record | Stretch
        try:
            if is_packed is None:
                raise _Unreadable(NO_RECORD, 1)  # noqa: TRY301
            if is_packed:
                item = _packed_record(window, longest, check_digests=check_digests)
            else:
                item = _plain_record(window, longest)
        except _Unreadable as error:
            what, length = error.args
            window.advance(start + length - window.at)
            item = _resync(window, start, what, BROKEN if is_packed else WRONG_LENGTH)
        window.advance(item.end - window.at)
        if isinstance(item, Record) or item.what:
            yield item


def _sound_records(stream: BufferedReader, at: int, end: int | None, longest: int) -> Iterator[Record]:
    """Compressed records, each whole and followed by two others, as FastWARC reads them; up to the first other one.

    It takes a quarter of the time of looking at each by itself.
    """
    base = stream.tell() - at
    held: list[Record] = []
    with suppress(OSError, ValueError):
        for found in ArchiveIterator(stream, parse_http=False):
            place = found.stream_pos - base
            # Of several records in one gzip member, FastWARC gives the later ones other places, or that of the next.
            head = os.pread(stream.fileno(), 512, found.stream_pos)
            if not (head.startswith(GZIP_MAGIC) and begins_record(head)):
                return
            if found.content_length > longest or (end is not None and place >= end) or (held and held[-1].end == place):
                return
            if len(held) == 2:
                yield held.pop(0)
            if held:
                held[-1].end = place
            record = _record(found, place, place, is_whole=True)
            if record.kind == "unknown" or len(record.body or b"") != found.content_length:
                return
            held.append(record)


def begins_record(head: bytes) -> bool:
    """Whether a file that begins so is a WARC or ARC file, packed or not."""
    if head.startswith(GZIP_MAGIC):
        member = zlib.decompressobj(GZIP)
        try:
            # No more than needed: the member may be damaged behind its first bytes.
            head = member.decompress(head, 5)
            if head != b"WARC/":
                head += member.decompress(member.unconsumed_tail, _LONGEST_MARK)
        except zlib.error:
            return False
    return head.startswith((b"WARC/", b"filedesc:")) or _ARC_LINE.match(head) is not None


def utc(written: object) -> datetime | None:
    """A time in ISO 8601 in UTC, which is also assumed where it has no time zone; None if it is not a time."""
    try:
        text = written.strip() if isinstance(written, str) else ""
        moment = written if isinstance(written, datetime) else datetime.fromisoformat(text)
    except ValueError:
        return None
    # Other years are mistakes, and not all time zones have them.
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) if 1900 <= moment.year <= 9000 else None


class _Window:
    """The bytes of a stream from a place on, to be looked at before they are passed."""

    def __init__(self, stream: IO[bytes], at: int, end: int | None) -> None:
        self.at = at
        self._stream = stream
        self._left = 1 << 62 if end is None else max(end - at, 0)
        self._held = bytearray()

    def peek(self, length: int, skip: int = 0) -> bytes:
        """`length` bytes behind the next `skip`; fewer at the end."""
        while len(self._held) < skip + length and (chunk := self._stream.read(min(_CHUNK, self._left))):
            self._left -= len(chunk)
            self._held += chunk
        return bytes(self._held[skip : skip + length])

    def advance(self, length: int) -> None:
        """Pass `length` bytes, or as many as there are."""
        while length > 0 and (step := min(length, len(self._held) or len(self.peek(_CHUNK)))):
            del self._held[:step]
            self.at += step
            length -= step


def _is_packed(head: bytes) -> bool | None:
    """Whether a gzip member begins so, or a plain record; None if neither. The file may end behind any byte."""
    for mark, packed in ((GZIP_MAGIC, True), (b"WARC/", False), (b"filedesc:", False)):
        if head.startswith(mark) or (head and mark.startswith(head)):
            return packed
    return False if _ARC_LINE.match(head) else None


def _resync(window: _Window, start: int, what: str, if_more: str) -> Stretch:
    """The stretch from `start` to the next record behind the window; `if_more`: what is wrong if it is not cut."""
    while head := window.peek(2 * _CHUNK):
        for mark in _RECORD.finditer(head):
            if mark[0] == GZIP_MAGIC and not begins_record(window.peek(512, mark.start())):
                continue
            window.advance(mark.start())
            return Stretch(start, window.at, if_more if what == CUT else what)
        window.advance(len(head) - _LONGEST_MARK if len(head) == 2 * _CHUNK else len(head))
    return Stretch(start, window.at, what, incomplete=what == CUT)


def _unpack(window: _Window, longest: int) -> tuple[bytes, int, int]:
    """The gzip member at the window: the first `longest` bytes of what it unpacks to, the size of that, and its end."""
    data, size, start, taken = bytearray(), 0, window.at, 0
    unpacker = zlib.decompressobj(GZIP)
    while not unpacker.eof:
        if taken > longest:
            window.advance(taken)
            taken = 0
        chunk = window.peek(_CHUNK, taken)
        taken += len(chunk)
        if not chunk:
            raise _Unreadable(CUT, 1)
        while chunk and not unpacker.eof:
            try:
                part = unpacker.decompress(chunk, _CHUNK)
            except zlib.error:
                raise _Unreadable(BROKEN, 1) from None
            chunk = unpacker.unconsumed_tail
            size += len(part)
            data += part[: longest - len(data)]
            if size > max(_BOMB_BYTES, _BOMB_RATIO * (window.at + taken - start)):
                raise _Unreadable(BOMB, 1)
    return bytes(data), size, window.at + taken - len(unpacker.unused_data)


def _packed_record(window: _Window, longest: int, *, check_digests: bool) -> Record | Stretch:
    start = window.at
    unpacked, size, end = _unpack(window, longest)
    if not unpacked.strip():
        return Stretch(start, end, "")
    data = _as_warc(unpacked)
    headers, found = _END_OF_HEADERS.search(data, 0, _HEADERS), _parse(data)
    if not data.startswith(b"WARC/") or not headers:
        raise _Unreadable(NO_RECORD, end - start)
    length = headers.end() + (found.content_length if found else 0)
    surplus = size + len(data) - len(unpacked) - length
    rest = data[length:].lstrip(b"\r\n")
    if begins_record(rest) or (surplus > _LINE_ENDS and size > longest):
        raise _Unreadable(SEVERAL, end - start)
    if found is None or surplus < 0 or rest:
        raise _Unreadable(WRONG_LENGTH, end - start)
    return _record(found, start, end, is_whole=size <= longest, check_digests=check_digests)


def _plain_record(window: _Window, longest: int) -> Record | Stretch:
    """The uncompressed record at the window, if its length leads to its end."""
    start, stored = window.at, window.peek(_HEADERS)
    head = _as_warc(stored)
    headers, found = _END_OF_HEADERS.search(head, 0, _HEADERS), _parse(head)
    if headers is None or found is None:
        raise _Unreadable(CUT if headers is None and len(stored) < _HEADERS else NO_RECORD, 1)
    content = len(stored) - len(head) + headers.end()
    length = content + found.content_length
    if length > longest:
        # Not read into memory: it is whole if the next one begins where its length says.
        window.advance(1)
        stretch = _resync(window, start, CUT, WRONG_LENGTH)
        if not 0 <= stretch.end - start - length <= _LINE_ENDS:
            return stretch
        return _record(found, start, stretch.end, is_whole=False)
    data = window.peek(length)
    found = _parse(_as_warc(data))
    if len(data) < length or found is None:
        raise _Unreadable(CUT, 1)
    record = _record(found, start, start + length, is_whole=True, check_digests=True)
    inside = _RECORD_INSIDE.search(data, content)
    # A page may quote an archive: then its digest is right.
    if inside is not None and not record.sound:
        raise _Unreadable(WRONG_LENGTH, inside.start())
    tail = window.peek(_LINE_ENDS, length)
    rest = tail.lstrip(b"\r\n")
    if head is stored and not b"WARC".startswith(rest):
        raise _Unreadable(WRONG_LENGTH, 1)
    record.end += len(tail) - len(rest)
    return record


def _as_warc(data: bytes) -> bytes:
    """An ARC record with the headers of a WARC record; a WARC record as it is."""
    line = None if data.startswith(b"WARC/") else _ARC_LINE.match(data)
    if line is None:
        return data
    url, date, length = (value.decode("latin-1") for value in line.groups())
    kind = "response" if url.startswith(("http:", "https:")) else "metadata"
    headers = [
        *("WARC/1.0", f"WARC-Type: {kind}", f"WARC-Target-URI: {url}"),
        f"WARC-Date: {date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:]}Z",
        *("Content-Type: application/http; msgtype=response", f"Content-Length: {length}", "", ""),
    ]
    return "\r\n".join(headers).encode("latin-1") + data[line.end() :]


def _parse(data: bytes) -> WarcRecord | None:
    """The record that begins so, or None."""
    try:
        found = next(ArchiveIterator(BytesIO(data), parse_http=False, quirks_mode=True), None)
    except (OSError, ValueError):
        return None
    return found if found is not None and found.stream_pos == 0 else None


def _record(found: WarcRecord, offset: int, end: int, *, is_whole: bool, check_digests: bool = False) -> Record:
    """A record as FastWARC parsed it, with its content if that is whole."""
    date = cast("datetime | None", found.record_date) or found.headers.get("WARC-Date")
    url = found.headers.get("WARC-Target-URI")
    record = Record(offset, end, str(found.record_type), url, utc(date), found.headers)
    if not is_whole:
        return record
    if check_digests:
        found.freeze()
        record.sound = found.verify_block_digest() if _has_digest(found, "WARC-Block-Digest") else None
    if record.kind in _PAGES and found.is_http:
        try:
            found.parse_http(quirks_mode=True)
            record.http = found.http_headers
        except OSError:
            record.http = HeaderMap()
    # A revisit's payload is another record's; that of a chunked page may have been taken with the chunks or without.
    is_checked = check_digests and record.sound is None and record.kind != "revisit"
    if is_checked and _has_digest(found, "WARC-Payload-Digest"):
        record.sound = "Transfer-Encoding" in (record.http or {}) or found.verify_payload_digest()
    record.body = found.reader.read()
    return record


def _has_digest(found: WarcRecord, name: str) -> bool:
    return _DIGEST.fullmatch(found.headers.get(name) or "") is not None
