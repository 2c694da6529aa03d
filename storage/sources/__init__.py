"""Where captures come from: archives, tables and folders of pages, detected by their content."""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from itertools import groupby
from pathlib import Path
from typing import IO

from extractors.text import looks_like_capture
from storage.archive.capture import FILE_NAME, Capture, Location, warc_files
from storage.archive.reader import GZIP, GZIP_MAGIC
from storage.sources.folder import (
    ENTRY_FILES,
    MAP_NAMES,
    PageFile,
    UrlMap,
    open_regular,
    origin_of,
    pages_source,
    read_url_map,
)
from storage.sources.items import (
    Damage,
    FileSource,
    Item,
    Refused,
    Revisit,
    Source,
    damaged,
    name_of,
    path_of,
)
from storage.sources.table import (
    DAMAGED_GZIP,
    HEAD,
    SHORT_GZIP,
    TABLE_COLUMNS,
    begins_json,
    csv_delimiter,
    table_source,
)
from storage.sources.wacz import zip_sources
from storage.sources.warc import warc_source

__all__ = [
    "Damage",
    "Item",
    "Place",
    "Refused",
    "Revisit",
    "Source",
    "find_sources",
    "own_sources",
    "read_places",
    "total_size",
]

#: How locations name standard input; with a slash, since bare names are those of the project's own archive.
STANDARD_INPUT = "/dev/stdin"
ABSENT = "no page can be read there"

_UNKNOWN = "not an archive, table or page"
_NO_CAPTURE = "text that does not begin as a page of the site, nor as a table with the columns url and html or text"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Kind(Enum):
    """What a file is."""

    WARC = auto()
    ZIP = auto()
    TABLE = auto()
    PAGE = auto()
    #: Text that does not begin as a page of the site; a page only if its address is known.
    TEXT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A capture by its place.

    Attributes:
        location: the place.
        url, fetched_at: of the capture; a later one with the same payload has others than the record there.
    """

    location: Location
    url: str | None
    fetched_at: datetime


def find_sources(paths: Sequence[str], max_page: int) -> Iterator[Source | Damage]:
    """The sources at `paths`; folders are walked in the order of names, hidden files and folders skipped.

    Args:
        paths: files, folders, or `-` for standard input. A link counts as what it leads to; of links in folders, those
            that lead out are reported and not followed, those to hidden files are followed.
        max_page: pages of more bytes are refused.

    Raises:
        FileNotFoundError: a path does not exist. Raised before anything is read.
        ValueError: standard input is named twice; likewise.
    """
    del max_page
    if list(paths).count("-") > 1:
        raise ValueError("Standard input (-) is named twice, and can be read only once.")
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise FileNotFoundError(f"{name_of(path)}: no such file or folder.")
    return _find(paths)


def own_sources(archive: Path) -> Iterator[Source]:
    """The WARC files of KBS_ARCHIVE, oldest first, under their bare names."""
    for name in sorted(warc_files(archive), key=_age):
        yield warc_source(archive / name, name)


def total_size(paths: Iterable[str]) -> int:
    """The bytes of the files at `paths`, without hidden ones in folders and standard input."""
    total = 0
    for path in paths:
        top = Path(path)
        if path != "-":
            total += sum(map(_size, _files(top))) if top.is_dir() else _size(top.resolve())
    return total


def read_places(places: Sequence[Place], archive: Path, max_page: int) -> Iterator[Item]:
    """The captures at these places, with the addresses and times of the places; a Damage for each place without one.

    Args:
        places: in any order.
        archive: the folder of files that are named without one.
        max_page: pages of more bytes are refused.
    """
    ordered = sorted(places, key=lambda place: (place.location.file, place.location.offset))
    for file, group in groupby(ordered, key=lambda place: place.location.file):
        left: dict[int, list[Place]] = {}
        for place in group:
            left.setdefault(place.location.offset, []).append(place)
        why = ABSENT
        try:
            source = _source_of(file, archive)
            for item in _read_at(source, list(left), max_page):
                for place in left.pop(item.location.offset if item.location else 0, ()):
                    yield _known_as(place, item)
        except OSError as error:
            why = str(error).rstrip(".")
        yield from (_absent(place, why) for rest in left.values() for place in rest)


def kind_of(head: bytes) -> Kind | str:
    """What a file is, or why it cannot be read.

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


def _plain_kind(head: bytes) -> Kind | str:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith((b"WARC/", b"filedesc:")):
        return Kind.WARC
    if begins_json(head):
        return (
            Kind.TABLE if _is_json_line(start, len(head)) else "not JSON Lines (an object a line, as jq -c writes it)"
        )
    if start.startswith(b"["):
        return "a JSON array; it must be JSON Lines, as jq -c '.[]' writes it"
    if csv_delimiter(head, TABLE_COLUMNS) is not None:
        return Kind.TABLE
    if start.startswith(b"<"):
        return Kind.PAGE
    utf16 = head.startswith(_UTF16)
    if b"\0" in head and not utf16:
        return _UNKNOWN
    try:
        # A character may be cut at the end of the head.
        decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
        text = decoder.decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return _UNKNOWN
    return Kind.PAGE if looks_like_capture(text) else Kind.TEXT


def _is_json_line(start: bytes, length: int) -> bool:
    """Whether a file begins with an object, or one that is longer than the head."""
    line, end, _ = start.partition(b"\n")
    if not end and length >= HEAD:
        return True
    try:
        return isinstance(json.loads(line.decode("utf-8", "replace")), dict)
    except (ValueError, RecursionError):
        return False


def _find(paths: Sequence[str]) -> Iterator[Source | Damage]:
    beside = UrlMap(Path())
    for path in paths:
        file = Path(path)
        if path == "-":
            yield FileSource("-", 0, "", _standard_input)
        elif file.is_dir():
            yield from _walk(file)
        else:
            # Pages are often named one by one (`pages/*`), and their url map with them.
            if beside.folder != file.parent:
                beside = read_url_map(file.parent)
                yield from beside.damages
            if file.name not in MAP_NAMES or not beside.origins:
                yield from (
                    pages_source(name_of(file), [found]) if isinstance(found, PageFile) else found
                    for found in _open(file, (beside,))
                )


def _walk(top: Path) -> Iterator[Source | Damage]:
    """What is in a folder and those below it: archives and tables, the pages of each folder, and a cache as a whole."""
    inside = os.path.realpath(top)
    responses: list[PageFile] = []
    # A stack, since folders may be deeper than functions can call themselves.
    folders: list[tuple[Path, tuple[UrlMap, ...]]] = [(top, ())]
    while folders:
        folder, maps = folders.pop()
        try:
            entries = _scan(folder)
        except OSError as error:
            yield damaged(folder, error.strerror or "not readable")
            continue
        if {entry.name for entry in entries} >= ENTRY_FILES:
            states = [entry.stat(follow_symlinks=False) for entry in entries]
            newest = max(state.st_mtime_ns for state in states)
            responses.append(PageFile(folder, sum(state.st_size for state in states), newest))
            continue
        own = read_url_map(folder)
        yield from own.damages
        maps = (own, *maps)
        pages: list[PageFile] = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) or entry.name in MAP_NAMES:
                continue
            for found in _open_entry(entry, inside, maps):
                if isinstance(found, PageFile):
                    pages.append(found)
                else:
                    yield found
        if pages:
            yield pages_source(name_of(folder), pages)
        below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        folders.extend((path, maps) for path in reversed(below))
    if responses:
        yield pages_source(name_of(top), responses)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, by name."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _open_entry(
    entry: os.DirEntry[str], inside: str, maps: tuple[UrlMap, ...]
) -> Iterator[FileSource | Damage | PageFile]:
    path = Path(entry.path)
    flaw = _link_flaw(path, inside) if entry.is_symlink() else ""
    if flaw:
        yield damaged(path, flaw)
    elif flaw is not None:
        yield from _open(path, maps, in_folder=True)


def _link_flaw(link: Path, inside: str) -> str | None:
    """Why a link in a folder is not followed, empty if it is; None if what it leads to is read anyway."""
    target = Path(os.path.realpath(link))
    if not target.is_relative_to(inside):
        return "a link that leads out of the folder"
    # git-annex keeps the files in a hidden folder, with links to them where they are seen.
    if not any(name.startswith(".") for name in target.relative_to(inside).parts):
        return None
    return "a link to a hidden folder; name that folder to have it read" if target.is_dir() else ""


def _open(path: Path, maps: tuple[UrlMap, ...], *, in_folder: bool = False) -> Iterator[FileSource | Damage | PageFile]:
    """What a file is; a file of a folder may be something else without harm."""
    unrelated = "unrelated" if in_folder else ""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            # A pipe would wait for somebody to write.
            yield damaged(path, "empty" if path.samefile(os.devnull) else "not a regular file")
            return
        with open_regular(path) as file:
            kind = kind_of(file.read(HEAD))
        if isinstance(kind, str) and kind != "empty" and path.name.endswith((".warc.gz", ".warc")):
            # Its first record is damaged; those behind it are read.
            kind = Kind.WARC
        if kind is Kind.WARC:
            yield warc_source(path)
        elif kind is Kind.ZIP:
            yield from zip_sources(path, _is_warc)
        elif kind is Kind.TABLE:
            yield table_source(path)
        elif isinstance(kind, str):
            yield damaged(path, kind, harmless="" if kind in {DAMAGED_GZIP, SHORT_GZIP} else unrelated)
        else:
            url, fetched_at = origin_of(path, maps)
            if kind is Kind.TEXT and not url:
                yield damaged(path, _NO_CAPTURE, harmless=unrelated)
            else:
                yield PageFile(path, status.st_size, status.st_mtime_ns, url, fetched_at)
    except OSError as error:
        yield damaged(path, error.strerror or "not readable")


def _is_warc(stream: IO[bytes]) -> bool:
    return kind_of(stream.read(HEAD)) is Kind.WARC


def _standard_input(max_page: int, start: int) -> Iterator[Item]:
    """What standard input brings, kept in a temporary file while it is read; captures have no location."""
    del start
    with tempfile.NamedTemporaryFile(prefix="kbsworld-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        for found in _open(Path(file.name), ()):
            source = pages_source(file.name, [found]) if isinstance(found, PageFile) else found
            for item in [source] if isinstance(source, Damage) else source.read(max_page):
                if isinstance(item, Capture):
                    yield replace(item, location=None)
                    continue
                place = Location(file=STANDARD_INPUT, offset=item.location.offset)
                if isinstance(item, Refused) and item.url == f"file:{file.name}":
                    item = replace(item, url=f"file:{STANDARD_INPUT}")
                yield replace(item, location=place)


def _source_of(file: str, archive: Path) -> FileSource:
    """The source that a location names.

    Raises:
        OSError: it does not exist any more.
    """
    if "/" not in file:
        if not (archive / file).is_file():
            raise FileNotFoundError(f"{archive / file}: no such file.")
        return warc_source(archive / file, file)
    # The mark between a zip and its member may be in any name.
    outer = [path_of(file[: mark.start()]) for mark in re.finditer("!", file)]
    paths = [path for path in (path_of(file), *outer) if Path(path).exists()]
    for source in _find(paths):
        if isinstance(source, FileSource) and source.name == file:
            return source
    raise FileNotFoundError(f"{file}: {_UNKNOWN if paths else 'no such file or folder'}.")


def _read_at(source: FileSource, offsets: Sequence[int], max_page: int) -> Iterator[Item]:
    """What is at offsets of a source, and perhaps more; without what is mended, which is reported with the source."""
    for start in offsets if source.is_archive else offsets[:1]:
        for item in source.read(max_page, start):
            offset = item.location.offset if item.location else 0
            if offset > offsets[-1]:
                break
            if not (isinstance(item, Damage) and item.harmless == "mended"):
                yield item
                if source.is_archive:
                    break


def _known_as(place: Place, item: Item) -> Item:
    if isinstance(item, Capture | Refused):
        return replace(item, url=place.url or "", fetched_at=place.fetched_at)
    return item if isinstance(item, Damage) else _absent(place, ABSENT)


def _absent(place: Place, what: str) -> Damage:
    return Damage(location=place.location, url=place.url, what=what)


def _age(file: str) -> tuple[str, str]:
    """Sorts files by the time in their names; those without one come first."""
    name = FILE_NAME.fullmatch(file)
    return (name["time"] if name else "", file)


def _files(top: Path) -> Iterator[Path]:
    """The files in a folder that are read, including links to hidden ones."""
    inside = os.path.realpath(top)
    for folder, below, files in os.walk(top):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            file = Path(folder, name)
            if not name.startswith("."):
                yield file.resolve() if file.is_symlink() and _link_flaw(file, inside) == "" else file


def _size(file: Path) -> int:
    try:
        status = file.stat(follow_symlinks=False)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
