"""Reads WARC and ARC files record by record, reports damaged stretches, and goes on at the next record behind them.

Not with a library: FastWARC stops at damage, and takes gzip data that end too early for whole ones; warcio finds
nothing behind damage, and reads lines of any length. ARC records are read as the WARC records they would be. Of gzip
data, the plain records are read that they unpack to, however these are distributed among the members.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from storage.archive.capture import matches_digest
from storage.archive.http import END_OF_HEADERS, GZIP_MAGIC, MAX_HEADERS, decode_body, fields_of, read_response

#: zlib's parameter for gzip members.
GZIP = 16 + zlib.MAX_WBITS

CUT = "the file ends inside this record"
BROKEN = "its gzip data are damaged"
WRONG_LENGTH = "its length is wrong"
NO_RECORD = "not a record of a WARC or ARC file"
BOMB = "a bomb: it unpacks to more than 200 times its size"

# Text compresses about twentyfold; what unpacks to this many bytes, and this many times its size, is a bomb.
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 200
_CHUNK = 1 << 16
# Of a gzip member, enough to see whether it holds a record.
_HEAD = 512
# A WARC record ends with up to four bytes behind its content.
_LINE_ENDS = 4
# A page may speak of WARC; the first header of a record follows at once.
_WARC = rb"WARC/[01]\.[0-9]{1,2}\r?\n(?i:WARC|Content)-[A-Za-z-]{1,40}[ \t]*:"
# Before the length: the content type, which may hold blanks or be missing, and five more fields in version 2.
_ARC = rb"([a-z][a-z0-9+.-]{1,20}:[^\r\n]{1,4000}) \S+ ([0-9]{14})(?: [^\r\n]{0,1000})? ([0-9]+)\r?\n"
_ARC_LINE = re.compile(_ARC)
_RECORD = re.compile(re.escape(GZIP_MAGIC) + rb"|" + _WARC + rb"|(?<=\n)" + _ARC)
# Behind an empty line. What it begins with is found fast.
_RECORD_INSIDE = re.compile(_WARC.replace(rb"/", rb"/(?:(?<=\n\nWARC/)|(?<=\n\r\nWARC/))", 1))
_LONGEST_MARK = 4200
# The kinds that hold a page.
_PAGES = frozenset({"response", "resource", "conversion"})
_KINDS = _PAGES | {"warcinfo", "request", "metadata", "revisit", "continuation"}
_VERSION = re.compile(rb"WARC/[01]\.[0-9]{1,2}[ \t]*\r?\n")
_LENGTH = re.compile("[0-9]{1,18}")


@dataclass(slots=True)
class Record:
    """A whole record.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the file as stored.
        url: its WARC-Target-URI as written.
        date: its WARC-Date; aware, UTC. None if it cannot be read.
        headers: by their names in lower case.
        status, fields: of its HTTP response as `read_response` gives them; no fields (None): it is no page with one.
        body: what follows the headers; None if the record is longer than was to be read.
        sound: whether its content matches its digest; None if that was not or cannot be checked.
        within: of a record that begins inside a gzip member, where a member before it begins; `offset` and `end` then
            count what the file unpacks to from there.
    """

    offset: int
    end: int
    kind: str
    url: str | None
    date: datetime | None
    headers: dict[str, str]
    status: int | None = None
    fields: dict[str, str] | None = None
    body: bytes | None = None
    sound: bool | None = None
    within: int | None = None


@dataclass(slots=True)
class Stretch:
    """A stretch of a file without a record that can be read.

    Attributes:
        what: what is wrong, a phrase.
        incomplete: the file ends inside a record, as that of a process that was killed does.
        within: as of a record.
    """

    offset: int
    end: int
    what: str
    incomplete: bool = False
    within: int | None = None


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
    window = _Window(stream.read, at, end)
    if at == 0 and not window.peek(1):
        yield Stretch(0, 0, "empty", incomplete=True)
    yield from _records(window, longest, check_digests=check_digests, is_packed=False)


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


def is_bomb(size: int, packed: int) -> bool:
    """Whether no archive unpacks to so much."""
    return size > max(_BOMB_BYTES, _BOMB_RATIO * packed)


def utc(written: object) -> datetime | None:
    """A time in ISO 8601 in UTC, which is also assumed where it has no time zone; None if it is not a time."""
    try:
        text = written.strip().upper() if isinstance(written, str) else ""  # a small z is allowed
        text = re.sub("([0-9]{8})([0-9]{6})", r"\1T\2", text) if len(text) == len("20261124120000") else text  # of CDX
        # The months and years of WARC 1.1: their first days.
        text += "-01-01"[len(text) - 4 :] if len(text) in {4, 7} else ""
        moment = written if isinstance(written, datetime) else datetime.fromisoformat(text)
    except ValueError:
        return None
    # Other years are mistakes, and not all time zones have them.
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) if 1900 <= moment.year <= 9000 else None


class _Window:
    """The bytes that `read` gives from a place on, to be looked at before they are passed."""

    def __init__(self, read: Callable[[int], bytes], at: int, end: int | None) -> None:
        self.at = at
        self._read = read
        self._left = 1 << 62 if end is None else max(end - at, 0)
        self._held = bytearray()

    def peek(self, length: int, skip: int = 0) -> bytes:
        """`length` bytes behind the next `skip`; fewer at the end."""
        while len(self._held) < skip + length and (chunk := self._read(min(_CHUNK, self._left))):
            self._left -= len(chunk)
            self._held += chunk
        return bytes(memoryview(self._held)[skip : skip + length])

    def advance(self, length: int) -> None:
        """Pass `length` bytes, or as many as there are."""
        while length > 0 and (step := min(length, len(self._held) or len(self.peek(_CHUNK)))):
            del self._held[:step]
            self.at += step
            length -= step


def _records(window: _Window, longest: int, *, check_digests: bool, is_packed: bool) -> Iterator[Record | Stretch]:
    """The records and damaged stretches at a window; `is_packed`: of what gzip members unpack to."""
    while head := window.peek(_LONGEST_MARK):
        if blank := len(head) - len(head.lstrip(b"\r\n")):
            window.advance(blank)
            continue
        if not is_packed and _is_packed(head):
            yield from _packed_records(window, longest, check_digests=check_digests)
            continue
        start = window.at
        item: Record | Stretch
        try:
            # gzip has its own checksum.
            item = _plain_record(window, longest, check_digests=check_digests or not is_packed)
        except _Unreadable as error:
            what, length = error.args
            window.advance(start + length - window.at)
            # The members are whole, or they say so.
            what = WRONG_LENGTH if is_packed and what == CUT else what
            item = _resync(window, start, what, WRONG_LENGTH, plain_only=is_packed)
        window.advance(item.end - window.at)
        yield item


def _packed_records(window: _Window, longest: int, *, check_digests: bool) -> Iterator[Record | Stretch]:
    """The records in the gzip members at a window, up to other data, or the first damaged member."""
    members, base = _Members(window, longest), 0
    stream = _Window(members.read, 0, None)
    for item in _records(stream, longest, check_digests=check_digests, is_packed=True):
        # Reads on, so that the checksum of the item's last member is looked at.
        stream.peek(1)
        if members.damage and item.end > members.sound:
            break
        starts, begin, end = members.starts, item.offset, item.end
        if begin in starts:
            base = begin
            item.offset, item.end = starts[base], starts.get(end, window.at)
        else:
            item.offset, item.end, item.within = begin - base, end - base, starts[base]
        members.starts = {at: start for at, start in starts.items() if at == base or at >= end}
        yield item
    if members.damage:
        window.advance(members.start + 1 - window.at)
        yield _resync(window, members.start, members.damage, BROKEN)


class _Members:
    """The gzip members at a window as one stream of what they unpack to, up to other data or damage.

    Attributes:
        start: where the present member begins in the file.
        starts: where members begin in the file, by where they do in the stream.
        sound: how much of the stream is of whole members.
        damage: what is wrong with the present member, a phrase.
    """

    def __init__(self, window: _Window, longest: int) -> None:
        self.starts: dict[int, int] = {}
        self.damage = ""
        self._window, self._longest, self._size, self._taken = window, longest, 0, 0
        self._unpacker = zlib.decompressobj(GZIP)
        self._begin()

    def read(self, length: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        while not self.damage:
            packed = self._unpacker.unconsumed_tail
            if not packed:
                is_new = self._window.at + self._taken == self.start
                # Little of a member that begins: it may be one of a million empty ones.
                packed = self._window.peek(_HEAD if is_new else _CHUNK, self._taken)
                if is_new and not _is_packed(packed):
                    break
                self._taken += len(packed)
            try:
                unpacked = self._unpacker.decompress(packed, length)
            except zlib.error:
                self.damage = BROKEN
                break
            self._size += len(unpacked)
            if self._unpacker.eof:
                self._begin()
            elif not packed:
                self.damage = CUT
            elif is_bomb(self._size - self.sound, self._window.at + self._taken - self.start):
                self.damage = BOMB
            elif self._taken > self._longest:
                self._window.advance(self._taken)
                self._taken = 0
            if unpacked:
                return unpacked
        return b""

    def _begin(self) -> None:
        self._window.advance(self._taken - len(self._unpacker.unused_data))
        self.start = self.starts[self._size] = self._window.at
        self.sound = self._size
        self._unpacker, self._taken = zlib.decompressobj(GZIP), 0


def _is_packed(head: bytes) -> bool | None:
    """Whether a gzip member begins so, or a plain record; None if neither. The file may end behind any byte."""
    for mark, packed in ((GZIP_MAGIC, True), (b"WARC/", False), (b"filedesc:", False)):
        if head.startswith(mark) or (head and mark.startswith(head)):
            return packed
    return False if _ARC_LINE.match(head) else None


def _resync(window: _Window, start: int, what: str, if_more: str, *, plain_only: bool = False) -> Stretch:
    """The stretch to the next record behind the window; `if_more`: what is wrong if it is not cut."""
    while head := window.peek(2 * _CHUNK):
        for mark in _RECORD.finditer(head):
            if mark[0] == GZIP_MAGIC and (plain_only or not begins_record(window.peek(_HEAD, mark.start()))):
                continue
            window.advance(mark.start())
            return Stretch(start, window.at, if_more if what == CUT else what)
        window.advance(len(head) - _LONGEST_MARK if len(head) == 2 * _CHUNK else len(head))
    return Stretch(start, window.at, what, incomplete=what == CUT)


def _plain_record(window: _Window, longest: int, *, check_digests: bool) -> Record | Stretch:
    """The uncompressed record at the window, if its length leads to its end."""
    start, stored = window.at, window.peek(MAX_HEADERS)
    headers, content = _begun(stored)
    if not headers:
        is_cut = not content and len(stored) < MAX_HEADERS and _is_packed(stored) is False
        raise _Unreadable(CUT if is_cut else NO_RECORD, 1)
    written = headers.get("content-length", "")
    length = content + (int(written) if _LENGTH.fullmatch(written) else 0)
    if length > longest:
        # Not read into memory: it is whole if the next one begins where its length says.
        window.advance(1)
        stretch = _resync(window, start, CUT, WRONG_LENGTH, plain_only=True)
        if not 0 <= stretch.end - start - length <= _LINE_ENDS:
            return stretch
        return _record(headers, start, stretch.end, None)
    data = window.peek(length)
    if len(data) < length:
        raise _Unreadable(CUT, 1)
    inside = _RECORD_INSIDE.search(data, content)
    record = _record(headers, start, start + length, data[content:], check_digests=check_digests or bool(inside))
    # A page may quote an archive: then its digest is right.
    if inside is not None and not record.sound:
        raise _Unreadable(WRONG_LENGTH, inside.start())
    tail = window.peek(_LINE_ENDS, length)
    rest = tail.lstrip(b"\r\n")
    if stored.startswith(b"WARC/") and not b"WARC".startswith(rest):
        raise _Unreadable(WRONG_LENGTH, 1)
    record.end += len(tail) - len(rest)
    return record


def _begun(stored: bytes) -> tuple[dict[str, str], int]:
    """The headers of the record that begins so, and where its content begins; empty or 0 where there are none."""
    line, end = _ARC_LINE.match(stored), END_OF_HEADERS.search(stored, 0, MAX_HEADERS)
    if line is not None:
        url, date, length = (value.decode("utf-8", "replace") for value in line.groups())
        return {
            "warc-type": "response" if url.startswith(("http:", "https:")) else "metadata",
            "warc-target-uri": url,
            "warc-date": f"{date[:8]}T{date[8:]}Z",
            "content-type": "application/http",
            "content-length": length,
        }, line.end()
    if end is None or not stored.startswith(b"WARC/"):
        return {}, 0
    # Of fields of the same name, the last counts.
    return dict(fields_of(stored[: end.start()], "utf-8") if _VERSION.match(stored) else ()), end.end()


def _record(
    headers: dict[str, str], offset: int, end: int, block: bytes | None, *, check_digests: bool = False
) -> Record:
    """A record, with its content if that is whole."""
    kind = headers.get("warc-type", "").lower()
    kind = kind if kind in _KINDS else "unknown"
    record = Record(offset, end, kind, headers.get("warc-target-uri"), utc(headers.get("warc-date")), headers)
    if block is None:
        return record
    record.body = block
    status, fields, body = read_response(block) if record.kind in _PAGES else (None, {}, block)
    is_http = headers.get("content-type", "").lower().startswith("application/http")
    if record.kind in _PAGES and (is_http or (record.kind == "response" and status)):
        record.status, record.fields, record.body = status, fields, body
    if check_digests:
        record.sound = matches_digest(headers.get("warc-block-digest"), block)
        # A revisit's payload is another record's; that of others may have been taken with its codings or without.
        if record.sound is None and record.kind != "revisit":
            digest, coding = headers.get("warc-payload-digest"), fields.get("content-encoding")
            # For some tools all behind the first head is payload, the final head behind an interim answer as well.
            record.sound = matches_digest(digest, body) or matches_digest(digest, block.partition(b"\r\n\r\n")[2])
            if record.sound is False and fields.keys() & {"content-encoding", "transfer-encoding"}:
                record.sound = "transfer-encoding" in fields
                with suppress(ValueError):
                    record.sound |= matches_digest(digest, decode_body(body, _BOMB_BYTES, coding)[0]) or False
    return record
