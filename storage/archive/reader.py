"""Reads WARC files record by record, and says where they are damaged; what stands behind a damaged place is read.

FastWARC reads. A record counts once the next one was found behind it; where that fails, it is looked at closely, by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, cast

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord

from storage.archive.members import BOMB, BROKEN, CUT, LEAD, Led, Member, Section, gzip_member, is_packed, next_record

# Other records than pages are read whole up to this length, and digests looked at up to that one, in bytes.
_SMALL = 1 << 16
_LARGE = 1 << 26
# Kinds that hold a page, or what somebody archived in its place.
_PAGES = frozenset({"response", "resource", "conversion"})
_RECORD_INSIDE = b"WARC/1."
# Headers end within this.
_HEADERS = 1 << 16
_BARE_LINE = re.compile(rb"[^\r\n]{1,100}\n")
# A record ends with so many bytes behind its content.
_LINE_ENDS = 4
_END_OF_HEADERS = re.compile(rb"\r\n\r\n|\n\n")
# Digests that FastWARC can compute.
_DIGESTS = ("WARC-Block-Digest", "WARC-Payload-Digest")
_DIGEST = re.compile(r"(?:sha1|sha256|sha512|md5):(?:[0-9A-Fa-f]+|[A-Z2-7]+=*)")
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
    # By the file's beginning: at another place there may be a wound.
    at, packed = start, is_packed(stream, 0)
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
    lead = len(LEAD) if is_packed(stream, at) else 0
    stream.seek(at)
    try:
        for found in ArchiveIterator(cast("IO[bytes]", Led(stream)) if lead else stream, parse_http=False):
            if held is not None:
                held.end = found.stream_pos - lead
                if held.end <= held.offset:  # they share a gzip member
                    return
                yield held
            held = _take(found, max_body, check_digests=check_digests)
            # What is large or damaged, or may have swallowed another one, is looked at by itself.
            if held is None or not held.sound or found.content_length > (max_body or _LARGE):
                return
            # So is what has no kind: its lines may end unusually.
            if held.kind == "unknown" or _RECORD_INSIDE in (held.body or b"") or (max_body and held.body is None):
                return
            held.offset -= lead
    except _UNREADABLE:
        return


def _take(found: WarcRecord, max_body: int, *, check_digests: bool) -> Record | None:
    """A record as FastWARC found it, without its end; None where it ends too early."""
    kind, offset, length = str(found.record_type), found.stream_pos, found.content_length
    limit = max_body if kind in _PAGES else min(max_body, _SMALL)
    sound, http, body = True, None, None
    is_http = kind in _PAGES and found.is_http
    if check_digests and length <= (max_body or _LARGE):
        found.freeze()
        if found.content_length != length:
            return None
        sound = _has_block_digest(found)
    if is_http and (limit or check_digests):
        http = _http_headers(found)
        length = found.content_length
    if found.is_frozen and not _can_be_checked(found.headers, "WARC-Block-Digest"):
        sound = _has_payload_digest(found, kind)
    if length <= limit:
        body = found.reader.read()
        if len(body) != length:
            return None
    url = found.headers.get("WARC-Target-URI")
    date = cast("datetime | None", found.record_date) or found.headers.get("WARC-Date")
    return Record(offset, offset, kind, url, utc(date), found.headers, http, body, sound)


def _http_headers(found: WarcRecord) -> HeaderMap | None:
    """The headers of HTTP; none with a status where they have no end that can be found."""
    try:
        found.parse_http(quirks_mode=True)
    except OSError:
        return HeaderMap()
    return found.http_headers


def utc(written: str | datetime | None) -> datetime | None:
    """A date of a record, if it is one; without a zone it is in UTC, as all of them should be."""
    try:
        moment = written if isinstance(written, datetime) else datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) if is_time(moment) else None


def is_time(moment: datetime) -> bool:
    """Whether something can have been fetched then: other years are somebody's mistake, and not all zones have them."""
    return 1900 <= moment.year <= 9000


def _has_block_digest(found: WarcRecord) -> bool:
    """Whether a record has the digest it was written with, as far as that can be found out."""
    return not _can_be_checked(found.headers, "WARC-Block-Digest") or found.verify_block_digest()


def _has_payload_digest(found: WarcRecord, kind: str) -> bool:
    """The same of a payload that follows the headers of HTTP; a revisit's is another record's."""
    if kind == "revisit" or not _can_be_checked(found.headers, "WARC-Payload-Digest"):
        return True
    # Some tools take it of the chunks as they came, some of what is in them.
    chunked = "Transfer-Encoding" in (found.http_headers or {})
    return chunked or found.verify_payload_digest()


def _can_be_checked(headers: HeaderMap, name: str) -> bool:
    """Whether a record has a digest, and one that can be computed."""
    return _DIGEST.fullmatch(headers.get(name) or "") is not None


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
        yield _bomb(stream, at, packed, member)
    else:
        yield _lost(stream, at, packed, member.flaw)


def _lost(stream: IO[bytes], at: int, packed: bool | None, what: str, behind: int = 0) -> Damage:
    """The stretch from a record that cannot be read to the next one, which is looked for `behind` a place."""
    following = next_record(stream, max(at + 1, behind), packed=packed)
    if following is None:
        return Damage(at, stream.tell(), incomplete=what == CUT, what=what)
    # Where there is more, the file does not end there.
    what = what if what != CUT else BROKEN if packed else WRONG_LENGTH
    return Damage(at, following, incomplete=False, what=what)


def _bomb(stream: IO[bytes], at: int, packed: bool | None, member: Member) -> Record | Damage:
    """A gzip member that is not unpacked to its end, as a record whose body is not read."""
    found = _first(BytesIO(member.head)) if _END_OF_HEADERS.search(member.head) else None
    record = found and _take(found, 0, check_digests=False)
    lost = _lost(stream, at, packed, BOMB)
    if not record:
        return lost
    record.offset, record.end = at, lost.end
    return record


def _in_member(stream: IO[bytes], at: int, member: Member, max_body: int) -> Iterator[Record | Damage | Padding]:
    """The records of a gzip member that is whole: one, as a rule."""
    assert member.end is not None
    if member.is_blank:
        yield Padding(member.end)
        return
    # Only where lines end unusually: with quirks, FastWARC would pass over what is no record.
    quirks = _BARE_LINE.match(member.head) is not None
    records = _large(member, max_body) or _all_of(Section(stream, at, member.end), max_body, quirks=quirks)
    for record in records:
        if record is not None:
            record.offset, record.end = at, member.end
            yield record
        else:
            what = WRONG_LENGTH if member.head.startswith(b"WARC/") else NO_RECORD
            yield Damage(at, member.end, incomplete=False, what=what)


def _large(member: Member, max_body: int) -> list[Record] | None:
    """A record that fills its gzip member and is too large to be read; it is not unpacked again."""
    headers, found = _END_OF_HEADERS.search(member.head), _first(BytesIO(member.head))
    if headers is None or found is None or found.content_length <= (max_body or _LARGE):
        return None
    record = _take(found, 0, check_digests=False)
    fills = 0 <= member.size - headers.end() - found.content_length <= _LINE_ENDS
    return [record] if record is not None and fills else None


def _all_of(stream: Section, max_body: int, *, quirks: bool) -> Iterator[Record | None]:
    """The whole records of a gzip member, and None where there is something else in it."""
    held: Record | None = None
    try:
        for found in ArchiveIterator(stream, parse_http=False, quirks_mode=quirks):
            if held is not None:
                yield held
            held = _take(found, max_body, check_digests=True)
            if held is None or (held.body is None and found.reader.consume() < found.content_length):
                yield None
                return
    except _UNREADABLE:
        # What follows the last one is no record: its length is wrong.
        yield None
        return
    yield held


def _plain(stream: IO[bytes], at: int, max_body: int, packed: bool | None) -> Record | Damage:
    """A record that is not compressed, where its length leads to its end."""
    stream.seek(at)
    head = stream.read(_HEADERS)
    headers = _END_OF_HEADERS.search(head)
    found = _first(Section(stream, at, None))
    if headers is None or found is None:
        return _lost(stream, at, packed, CUT if headers is None and len(head) < _HEADERS else NO_RECORD)
    content, end = at + headers.end(), at + headers.end() + found.content_length
    record = _take(found, max_body, check_digests=True)
    is_checked = found.is_frozen and any(_can_be_checked(found.headers, name) for name in _DIGESTS)
    inside = None if record is None else _swallowed(Section(stream, content, end), record, is_checked=is_checked)
    if inside is not None:
        return Damage(at, content + inside, incomplete=False, what=WRONG_LENGTH)
    stream.seek(end - 1)
    last, tail = stream.read(1), stream.read(_LINE_ENDS)
    if not last or record is None:
        return _lost(stream, at, packed, CUT)
    following = tail.lstrip(b"\r\n")
    if not b"WARC".startswith(following):
        return _lost(stream, at, packed, WRONG_LENGTH)
    record.offset, record.end = at, end + len(tail) - len(following)
    return record


def _swallowed(content: Section, record: Record, *, is_checked: bool) -> int | None:
    """Where in a record another one begins, which its length wrongly counts in."""
    if record.sound and is_checked:
        return None
    place = next_record(cast("IO[bytes]", content), 0, packed=False)
    if place is None or not record.sound:
        return place
    # A page may quote an archive, but hardly with the end of the record before.
    content.seek(max(place - _LINE_ENDS, 0))
    return place if content.read(_LINE_ENDS) == b"\r\n\r\n" else None


def _first(stream: Section | BytesIO) -> WarcRecord | None:
    """The record that a stretch begins with; one that comes later is none of it."""
    try:
        found = next(ArchiveIterator(stream, parse_http=False, quirks_mode=True), None)
    except _UNREADABLE:
        return None
    return found if found is not None and found.stream_pos == 0 else None
