"""WACZ, and any zip that holds WARC files; nothing is unpacked onto the disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO

from storage.archive import MAX_PAGE_BYTES, Location
from storage.sources.base import Item, Part, Source, Wound, name_of
from storage.sources.batches import Step, batches, counted
from storage.sources.kinds import HEAD, Kind, kind_of
from storage.sources.warc import WarcSource, warc_items

_LOCAL_HEADER = struct.Struct("<4s2xHH16xHH")
_ENCRYPTED = 1
# What reading a member raises that is not what the zip says it is.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, LookupError)


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a member's bytes stand in the zip file."""

    start: int
    end: int


def zip_sources(path: Path, *, max_page: int = MAX_PAGE_BYTES) -> Iterator[Source | Wound]:
    """The WARC files in a zip, in order, and what of it is not as it should be.

    Args:
        path: the zip.
        max_page: the length in bytes above which a page is refused.

    Raises:
        OSError: it cannot be read.
    """
    name = name_of(path)
    found = False
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, LookupError, EOFError, NotImplementedError) as error:
            yield Wound(location=Location(file=name, offset=0), what=f"a damaged zip: {str(error)[:100]}")
            return
        members = sorted(archive.infolist(), key=lambda member: member.header_offset)
        ends = [member.header_offset for member in members[1:]] + [archive.start_dir]
        for member, end in zip(members, ends, strict=False):
            try:
                extent = _extent(file, member, end)
                source = None if member.is_dir() else _source(path, archive, member, extent, max_page)
            except _DAMAGED as error:
                found = True
                yield Wound(location=Location(file=name, offset=member.header_offset), what=_phrase(error))
                continue
            if source is not None:
                found = True
                yield source
    if not found:
        yield Wound(location=Location(file=name, offset=0), what="a zip without a WARC file")


def _extent(file: IO[bytes], member: zipfile.ZipInfo, end: int) -> _Extent:
    """Where a member stands, by its own header; the directory's word is not taken for it.

    Raises:
        ValueError: the member is not to be read; the message is a phrase.
    """
    if _leads_out(member.orig_filename):
        raise ValueError("a name that leads out of the folder")
    if member.flag_bits & _ENCRYPTED:
        raise ValueError("encrypted")
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        raise ValueError("the zip's directory leads nowhere")
    mark, _, method, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    if mark != b"PK\x03\x04" or method != member.compress_type:
        raise ValueError("the zip's directory leads nowhere")
    if file.read(name_length) != _raw_name(member):
        raise ValueError("two names for one member")
    start = member.header_offset + len(header) + name_length + extra_length
    if start + member.compress_size > end:
        raise ValueError("members that overlap")
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        raise ValueError("a size that is not the member's")
    return _Extent(start, start + member.compress_size)


def _leads_out(name: str) -> bool:
    """Whether the name of a member is none below a folder, on any system."""
    windows = PureWindowsPath(name)
    return "\\" in name or "\0" in name or bool(windows.drive or windows.root) or ".." in windows.parts


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    return member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace")


def _source(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, extent: _Extent, max_page: int
) -> Source | None:
    """A member as a source, or None where it is no WARC file.

    Raises:
        Exception: one of `_DAMAGED`.
    """
    with archive.open(member) as stream:
        if kind_of(stream.read(HEAD)) is not Kind.WARC:
            return None
    name = f"{name_of(path)}!{member.filename}"
    if member.compress_type == zipfile.ZIP_STORED:
        return WarcSource(path, name, base=extent.start, length=extent.end - extent.start)
    return PackedMember(path, member.filename, member.compress_size, extent.start, max_page)


@dataclass(frozen=True, slots=True)
class PackedMember:
    """A WARC file that is compressed in a zip, and so read from front to back.

    Attributes:
        path: the zip.
        member: its name in it.
        size: in bytes, compressed.
        start: where in the zip it begins.
        max_page: the length in bytes above which a page is refused.
    """

    path: Path
    member: str
    size: int
    start: int
    max_page: int = MAX_PAGE_BYTES

    @property
    def name(self) -> str:
        """Zip and member."""
        return f"{name_of(self.path)}!{self.member}"

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its records, some at a time; those behind the number `after`, or all.

        Raises:
            OSError: it cannot be read.
        """
        yield from batches(self._steps(after))

    def _steps(self, after: str | None) -> Iterator[Step]:
        with self.path.open("rb") as file:
            read = 0
            for item, cursor, _ in counted(self._items(file), after):
                at = min(max(file.tell() - self.start, read), self.size)
                yield item, cursor, at - read
                read = at

    def _items(self, file: IO[bytes]) -> Iterator[Item]:
        try:
            with zipfile.ZipFile(file) as archive, archive.open(self.member) as stream:
                yield from warc_items(stream, self.name, self.max_page)
        except _DAMAGED as error:
            yield Wound(location=Location(file=self.name, offset=0), what=_phrase(error))


def _phrase(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, (UnicodeError, zipfile.BadZipFile)):
        return str(error)[:100]
    return f"a damaged member: {str(error)[:100] or type(error).__name__}"
