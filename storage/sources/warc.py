"""Captures of WARC and ARC files: this project's, wget's, Common Crawl's, browsertrix's; alone, in WACZ or any zip."""

import bz2
import lzma
import string
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from w3lib.encoding import http_content_type_encoding

from storage.archive.capture import (
    Capture,
    Damage,
    Item,
    Location,
    Revisit,
    Source,
    damaged,
    matches_digest,
    name_of,
    plain_digest,
    stamp_of,
)
from storage.archive.http import TOO_LARGE
from storage.archive.reader import BOMB, Record, Stretch, begins_record, is_bomb, read_warc, utc
from storage.sources.table import HEAD

# What a record may have beside its page: headers, the marks of chunks.
_MARGIN = 1 << 20
_KINDS = frozenset({"response", "resource", "conversion", "revisit"})

# The lengths of name and extra field in the header before a member.
_LENGTHS = struct.Struct("<26xHH")
# What reading a damaged zip raises.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, RuntimeError, ValueError, LookupError, struct.error),
)
# More than the window of any LZMA data that are met; what they say may be 4 GB.
_LARGEST_WINDOW = 1 << 26


def warc_source(path: Path, name: str | None = None, start: int = 0, length: int | None = None) -> Source:
    """A WARC or ARC file, or one that is stored in another file as it is: `length` bytes from `start` on."""
    status = path.stat()
    # A file that grows is read as it is now.
    size = status.st_size if length is None else length
    shown = name or name_of(path)

    def items(max_page: int, at: int) -> Iterator[Item]:
        with path.open("rb") as file:
            file.seek(start + at)
            yield from warc_items(file, shown, max_page, at, size)

    return Source(shown, size, stamp_of(status), items, is_archive=True)


def warc_items(stream: IO[bytes], name: str, max_page: int, at: int = 0, end: int | None = None) -> Iterator[Item]:
    """The captures and damages of a WARC or ARC file; `stream`, `at` and `end` as of `read_warc`."""
    for record in read_warc(stream, at=at, end=end, longest=max_page + _MARGIN):
        file = name if record.within is None else f"{name}!{record.within}"
        location = Location(file=file, offset=record.offset)
        if isinstance(record, Stretch):
            harmless = "incomplete" if record.incomplete and location.is_own else ""
            yield Damage(location=location, what=record.what, harmless=harmless)
            continue
        url = _address(record.url or "")
        if flaw := flaw_of(record, url):
            yield Damage(location=location, url=url or None, what=flaw)
        elif record.kind in _KINDS:
            if url != record.url:
                what = "its target address is not written as one"
                yield Damage(location=location, url=url, what=what, harmless="mended")
            yield item_of(record, url, location)


def flaw_of(record: Record, url: str) -> str:
    """What makes a record useless, if anything."""
    if record.kind == "unknown":
        # It may have been a page; types that other tools invented are no damage.
        is_page = "warc-type" not in record.headers or "response" in record.headers.get("content-type", "")
        return "its type cannot be read" if is_page else ""
    if record.kind == "continuation" or (record.kind in _KINDS and "warc-segment-number" in record.headers):
        return "a segment of a record; no part of a page is stored"
    if record.kind not in _KINDS:
        return ""
    if not url:
        return "it has no target address"
    if record.date is None:
        return "its date cannot be read"
    if record.sound is False:
        return "its content does not match its digest"
    if record.kind == "response" and record.fields is not None and record.status is None:
        return "it holds no HTTP response"
    return ""


def item_of(record: Record, url: str, location: Location) -> Capture | Revisit:
    """The capture in a record that has a date."""
    assert record.date is not None
    digest = plain_digest(record.headers.get("warc-payload-digest"))
    if record.kind == "revisit":
        refers_to = record.headers.get("warc-refers-to-target-uri")
        return Revisit(
            url=url,
            fetched_at=record.date,
            location=location,
            digest=None if matches_digest(digest, b"") else digest,
            refers_to=_id(record.headers.get("warc-refers-to")),
            refers_to_url=_address(refers_to) if refers_to else None,
            refers_to_date=utc(record.headers.get("warc-refers-to-date")),
        )
    is_http, fields = record.fields is not None, record.fields or {}
    content_type = fields.get("content-type") if is_http else record.headers.get("content-type")
    declared = (content_type or "").partition(";")[0].strip().lower()
    return Capture(
        url=url,
        fetched_at=record.date,
        status=record.status or 200,
        body=record.body or b"",
        charset=http_content_type_encoding(content_type),
        media_type="text/html" if is_http else declared if declared in {"text/html", "text/plain"} else None,
        encodings=(fields.get("content-encoding", ""), fields.get("transfer-encoding", "")),
        location=location,
        digest=digest,
        record_id=_id(record.headers.get("warc-record-id")),
        refused=TOO_LARGE if record.body is None else "",
    )


def _id(written: str | None) -> str | None:
    return (written or "").strip(" \t<>") or None


def _address(written: str) -> str:
    """An address as it should be: some tools put it in angle brackets, or leave blanks in it."""
    return quote(written.strip(" \t<>"), safe=string.punctuation)


def zip_sources(path: Path) -> Iterator[Source | Damage]:
    """The WARC files in a zip, in order, and what of it cannot be read; nothing is unpacked onto the disk."""
    names: set[str] = set()
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGED as error:
            yield damaged(path, f"a damaged zip ({str(error)[:100]}); zip -FF makes one of what can be read")
            return
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            source: Source | Damage | None
            twin = f" ({member.header_offset})" if member.filename in names else ""
            try:
                source = _member(path, archive, member, file, f"{name_of(path)}!{member.filename}{twin}")
            except _DAMAGED as error:
                source = damaged(path, _phrase(error), member.header_offset)
            if source is not None:
                names.add(member.filename)
                yield source
    if not names:
        yield damaged(path, "a zip without a WARC file")


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: IO[bytes], name: str) -> Source | None:
    """A member as a source of this name, or None if it is not a WARC file; raises one of `_DAMAGED`."""
    file.seek(member.header_offset)
    header = file.read(_LENGTHS.size)
    start = member.header_offset + len(header) + sum(_LENGTHS.unpack(header))
    # zipfile compares the member's own header with the directory when it opens a member.
    with archive.open(member) as stream:
        is_warc = begins_record(_unpacked(stream, member, file, start).read(HEAD))
        if member.is_dir() or not (is_warc or member.filename.endswith((".warc.gz", ".warc"))):
            return None
    if member.compress_type == zipfile.ZIP_STORED:
        # Read in place, since zipfile gives up the end of a member with a wrong checksum.
        return warc_source(path, name, start, member.compress_size)

    def items(max_page: int, _: int) -> Iterator[Item]:
        if is_bomb(member.file_size, member.compress_size):
            yield damaged(name, BOMB)
            return
        try:
            with path.open("rb") as file, zipfile.ZipFile(path) as archive, archive.open(member) as stream:
                yield from warc_items(_unpacked(stream, member, file, start), name, max_page, end=member.file_size)
        except _DAMAGED as error:
            yield damaged(name, _phrase(error))

    return Source(name, member.compress_size, stamp_of(path.stat()), items)


def _unpacked(stream: IO[bytes], member: zipfile.ZipInfo, file: IO[bytes], start: int) -> IO[bytes]:
    """What a member holds, a little at a time; `start` is where its data are in the file of the zip.

    Of bzip2 and LZMA zipfile unpacks all that it has read, which may be a bomb.
    """
    file.seek(start)
    if member.compress_type == zipfile.ZIP_BZIP2:
        return bz2.BZ2File(file)
    if member.compress_type == zipfile.ZIP_LZMA:
        # Version and length, then what the .lzma format begins with.
        kind, window = struct.unpack("<4xBL", file.read(9))
        options = {"lc": kind % 9, "lp": kind // 9 % 5, "pb": kind // 45, "dict_size": min(window, _LARGEST_WINDOW)}
        return lzma.LZMAFile(file, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **options}])
    return stream


def _phrase(error: Exception) -> str:
    return f"a damaged member: {str(error)[:100] or 'it ends too early'}"
