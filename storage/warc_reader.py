"""Reads WARC files record by record, and says where they are damaged; what stands behind a damaged place is read.

FastWARC reads. A record counts once the next one was found behind it; where that fails, it is looked at closely, by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord

from storage.warc_layout import BOMB, BROKEN, CUT, Member, Section, gzip_member, is_packed, next_record

# Other records than pages are read whole up to this length, and digests looked at up to that one, in bytes.
_SMALL = 1 << 16
_LARGE = 1 << 26
# Kinds that hold a page, or what somebody archived in its place.
_PAGES = frozenset({"response", "resource", "conversion"})
_RECORD_INSIDE = b"WARC/1."
# Headers end within this.
_HEADERS = 1 << 16
_END_OF_HEADERS = re.compile(rb"\r\n\r\n|\n\n")
WRONG_LENGTH = "its length is wrong"
NO_RECORD = "no record of a WARC file"
# What FastWARC raises on bytes that are no record.
_UNREADABLE = (OSError, ValueError)


@dataclass(slots=True)
class Record:
    """A record that was read to its end.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the file as stored.
        kind: `response`, `request`, `revisit`, `warcinfo`.
        url: its WARC-Target-URI, as it stands there.
        date: its WARC-Date; aware, UTC. None where it has none that can be read.
        headers: its own.
        http: those of HTTP, where it has some.
        body: what follows these; None of a large record, and where nobody asked for it.
        sound: whether its content has the digest it was written with; true where nobody asked.
    """

    offset: int
    end: int
    kind: str
    url: str | None
    date: datetime | None
    headers: HeaderMap
    http: HeaderMap | None
    body: bytes | None
    sound: bool


@dataclass(frozen=True, slots=True)
class Padding:
    """A stretch that holds nothing; `end` is where it does."""

    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a file that is no record.

    Attributes:
        offset, end: where the record that cannot be read begins, and where the next readable one, or the file's end.
        incomplete: the file just ends inside the record, as that of a process that was killed does.
        what: a phrase.
    """

    offset: int
    end: int
    incomplete: bool
    what: str = "damaged"


def read_warc(
    stream: IO[bytes],
    start: int = 0,
    end: int | None = None,
    *,
    max_body: int = 0,
    check_digests: bool = False,
) -> Iterator[Record | Damage]:
    """The records of a WARC file, and every damaged stretch, in order and without a hole between them.

    Args:
        stream: the file, opened for reading bytes; it can be sought in, at least a little backwards.
        start: where to begin, which is where a record does.
        end: records that begin there or behind it are left; None: the file's end.
        max_body: bodies up to this length are read, in bytes.
        check_digests: whether to find out if records are sound.
    """
    at, packed = start, is_packed(stream, start)
    while end is None or at < end:
        for record in _followed(stream, at, max_body, check_digests):
            yield record
            at = record.end
            if end is not None and at >= end:
                return
        stream.seek(at)
        if not stream.read(1):
            if at == 0:
                yield Damage(0, 0, incomplete=True, what="empty")
            return
        for item in _looked_at(stream, at, max_body, packed):
            if not isinstance(item, Padding):
                yield item
            at = item.end


def _followed(stream: IO[bytes], at: int, max_body: int, check_digests: bool) -> Iterator[Record]:
    """Records as long as each is whole and followed by another; the last of them is not among these."""
    held: Record | None = None
    stream.seek(at)
    try:
        for found in ArchiveIterator(stream, parse_http=False):
            if held is not None:
                held.end = found.stream_pos
                yield held
            held = _take(found, max_body, check_digests=check_digests)
            # What is large, or may have swallowed another one, is looked at by itself.
            if held is None or _RECORD_INSIDE in (held.body or b"") or found.content_length > max(max_body, _LARGE):
                return
    except _UNREADABLE:
        return


def _take(found: WarcRecord, max_body: int, *, check_digests: bool) -> Record | None:
    """A record as FastWARC found it, without its end; None where it ends too early."""
    kind, offset, length = str(found.record_type), found.stream_pos, found.content_length
    limit = max_body if kind in _PAGES else min(max_body, _SMALL)
    sound, http, body = True, None, None
    if check_digests and length <= _LARGE:
        found.freeze()
        if found.content_length != length:
            return None
        sound = _is_sound(found, kind)
    if kind in _PAGES and found.is_http and limit:
        found.parse_http(quirks_mode=True)
        http, length = found.http_headers, found.content_length
    if length <= limit:
        body = found.reader.read()
        if len(body) != length:
            return None
    url = found.headers.get("WARC-Target-URI")
    return Record(offset, offset, kind, url, found.record_date, found.headers, http, body, sound)


def _is_sound(found: WarcRecord, kind: str) -> bool:
    """Whether a record has the digests it was written with; a revisit's payload is another record's."""
    if "WARC-Block-Digest" in found.headers:
        return found.verify_block_digest()
    return kind == "revisit" or "WARC-Payload-Digest" not in found.headers or found.verify_payload_digest()


def _looked_at(stream: IO[bytes], at: int, max_body: int, packed: bool | None) -> Iterator[Record | Damage | Padding]:
    """What stands at a place of which the quick way made nothing."""
    begins = is_packed(stream, at)
    if begins is None:
        yield _lost(stream, at, packed, NO_RECORD)
    elif not begins:
        yield _plain(stream, at, max_body, packed)
    elif (member := gzip_member(stream, at)).end is not None:
        yield from _in_member(stream, at, member, max_body)
    elif member.flaw == BOMB:
        yield _bomb(stream, at, packed)
    else:
        yield _lost(stream, at, packed, member.flaw)


def _lost(stream: IO[bytes], at: int, packed: bool | None, what: str) -> Damage:
    """The stretch from a record that cannot be read to the next one."""
    following = next_record(stream, at + 1, packed=packed)
    if following is None:
        return Damage(at, stream.tell(), incomplete=what == CUT, what=what)
    # Where there is more, the file does not end there.
    what = what if what != CUT else BROKEN if packed else WRONG_LENGTH
    return Damage(at, following, incomplete=False, what=what)


def _bomb(stream: IO[bytes], at: int, packed: bool | None) -> Record | Damage:
    """A gzip member that is not unpacked to its end, as a record whose body is not read."""
    found = _first(Section(stream, at, None))
    record = found and _take(found, 0, check_digests=False)
    lost = _lost(stream, at, packed, BOMB)
    if not record:
        return lost
    record.offset, record.end = at, lost.end
    return record


def _in_member(stream: IO[bytes], at: int, member: Member, max_body: int) -> Iterator[Record | Damage | Padding]:
    """The records of a gzip member that is whole: one, as a rule."""
    assert member.end is not None
    if not member.head.strip() and member.size <= len(member.head):
        yield Padding(member.end)
        return
    records, whole = _all_of(Section(stream, at, member.end), max_body)
    for record in records:
        record.offset, record.end = at, member.end
        yield record
    if not whole:
        what = WRONG_LENGTH if member.head.startswith(b"WARC/") else NO_RECORD
        yield Damage(at, member.end, incomplete=False, what=what)


def _all_of(stream: Section, max_body: int) -> tuple[list[Record], bool]:
    """The whole records of a gzip member, and whether there is nothing else in it."""
    records: list[Record] = []
    try:
        for found in ArchiveIterator(stream, parse_http=False):
            record = _take(found, max_body, check_digests=True)
            if record is None or (record.body is None and found.reader.consume() < found.content_length):
                return records, False
            records.append(record)
    except _UNREADABLE:
        # What follows the last one is no record: its length is wrong.
        return records[:-1], False
    return records, True


def _plain(stream: IO[bytes], at: int, max_body: int, packed: bool | None) -> Record | Damage:
    """A record that is not compressed, where its length leads to its end."""
    stream.seek(at)
    headers = _END_OF_HEADERS.search(stream.read(_HEADERS))
    found = _first(Section(stream, at, None))
    if headers is None or found is None:
        return _lost(stream, at, packed, NO_RECORD)
    end = at + headers.end() + found.content_length
    record = _take(found, max_body, check_digests=True)
    stream.seek(end - 1)
    last, tail = stream.read(1), stream.read(4)
    if not last or record is None:
        return _lost(stream, at, packed, CUT)
    swallowed = not record.sound and _RECORD_INSIDE in (record.body or b"")
    if tail.strip(b"\r\n") or swallowed:
        return _lost(stream, at, packed, WRONG_LENGTH)
    record.offset, record.end = at, end + len(tail)
    return record


def _first(stream: Section) -> WarcRecord | None:
    """The first record of a stretch."""
    try:
        return next(ArchiveIterator(stream, parse_http=False, quirks_mode=True), None)
    except _UNREADABLE:
        return None
