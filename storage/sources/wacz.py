"""WACZ, and any zip that holds WARC files; nothing is unpacked onto the disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from storage.archive.reader import begins_record
from storage.sources.items import Damage, Item, Source, damaged, name_of, stamp_of
from storage.sources.table import HEAD
from storage.sources.warc import warc_items, warc_source

# The lengths of name and extra field in the header before a member.
_LENGTHS = struct.Struct("<26xHH")
# What reading a damaged zip raises.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, LookupError)


def zip_sources(path: Path) -> Iterator[Source | Damage]:
    """The WARC files in a zip, in order, and what of it cannot be read."""
    found = False
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGED as error:
            yield damaged(path, f"a damaged zip: {str(error)[:100]}")
            return
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            source: Source | Damage | None
            try:
                source = _source(path, archive, member, file)
            except _DAMAGED as error:
                source = damaged(path, _phrase(error), member.header_offset)
            if source is not None:
                found = True
                yield source
    if not found:
        yield damaged(path, "a zip without a WARC file")


def _source(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: IO[bytes]) -> Source | None:
    """A member as a source, or None if it is not a WARC file; raises one of `_DAMAGED`."""
    # zipfile compares the member's own header with the directory when it opens a member.
    with archive.open(member) as stream:
        is_warc = begins_record(stream.read(HEAD)) or member.filename.endswith((".warc.gz", ".warc"))
        if member.is_dir() or not is_warc:
            return None
    name = f"{name_of(path)}!{member.filename}"
    if member.compress_type == zipfile.ZIP_STORED:
        # Read in place, since zipfile gives up the end of a member with a wrong checksum.
        file.seek(member.header_offset)
        header = file.read(_LENGTHS.size)
        start = member.header_offset + len(header) + sum(_LENGTHS.unpack(header))
        return warc_source(path, name, start, member.compress_size)

    def items(max_page: int, at: int) -> Iterator[Item]:
        del at
        try:
            with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
                yield from warc_items(stream, name, max_page)
        except _DAMAGED as error:
            yield damaged(name, _phrase(error))

    return Source(name, member.compress_size, stamp_of(path.stat()), items)


def _phrase(error: Exception) -> str:
    return f"a damaged member: {str(error)[:100] or type(error).__name__}"
