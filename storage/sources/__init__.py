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
from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from extractors.text import looks_like_capture
from storage.archive.capture import FILE_NAME, Capture, Location, warc_files
from storage.archive.reader import GZIP, GZIP_MAGIC, begins_record
from storage.sources.folder import (
    MAP_NAMES,
    PageFile,
    UrlMap,
    cached_response,
    open_regular,
    origin_of,
    pages_source,
    read_url_map,
)
from storage.sources.items import Damage, Item, Refused, Revisit, Source, damaged, name_of, path_of
from storage.sources.table import DAMAGED_GZIP, HEAD, TABLE_COLUMNS, csv_delimiter, table_source
from storage.sources.wacz import zip_sources
from storage.sources.warc import warc_source

__all__ = [
    "Capture",
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

_NOTHING = "not an archive, table or page"
_NO_CAPTURE = "text that does not begin as a page of the site, nor as a table with the columns url and html or text"
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
        files = [Path(path)] if path != "-" else []
        for folder, below, names in os.walk(path):
            below[:] = [name for name in below if not name.startswith(".")]
            files += [Path(folder, name) for name in names if not name.startswith(".")]
        total += sum(file.stat().st_size for file in files if file.is_file())
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
        why = "no page can be read there"
        try:
            for item in _read_at(_source_of(file, archive), list(left), max_page):
                # Of a revisit record, the payload is elsewhere.
                found = () if isinstance(item, Revisit) else left.pop(item.location.offset if item.location else 0, ())
                for place in found:
                    if isinstance(item, Capture | Refused):
                        yield replace(item, url=place.url or "", fetched_at=place.fetched_at)
                    else:
                        yield item
        except OSError as error:
            why = str(error).rstrip(".")
        for place in (place for rest in left.values() for place in rest):
            yield Damage(location=place.location, url=place.url, what=why)


def _find(paths: Sequence[str]) -> Iterator[Source | Damage]:
    beside: Path | None = None
    origins: UrlMap = {}
    for path in paths:
        file = Path(path)
        if path == "-":
            yield Source("-", 0, "", _standard_input)
        elif file.is_dir():
            yield from _walk(file)
        else:
            # Pages are often named one by one (`pages/*`), and their url map with them.
            if beside != file.parent:
                beside, (origins, damages) = file.parent, read_url_map(file.parent)
                yield from damages
            if file.name not in MAP_NAMES or not origins:
                found = _open(file, origins)
                yield from (pages_source(name_of(file), [one]) if isinstance(one, PageFile) else one for one in found)


def _walk(top: Path) -> Iterator[Source | Damage]:
    """What is in a folder and those below it: archives and tables, the pages of each folder, and a cache as a whole."""
    inside = os.path.realpath(top)
    responses: list[PageFile] = []
    # A stack, since folders may be deeper than functions can call themselves.
    folders: list[tuple[Path, UrlMap]] = [(top, {})]
    while folders:
        folder, origins = folders.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted((one for one in scanned if not one.name.startswith(".")), key=lambda one: one.name)
            if response := cached_response(folder, entries):
                responses.append(response)
                continue
            own, damages = read_url_map(folder)
        except OSError as error:
            yield damaged(folder, error.strerror or "not readable")
            continue
        yield from damages
        origins = ChainMap(own, origins) if own else origins
        pages: list[PageFile] = []
        below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for path in (Path(entry.path) for entry in entries if entry.name not in MAP_NAMES):
            flaw = _link_flaw(path, inside) if path.is_symlink() else ""
            if path in below or flaw is None:
                continue
            for found in [damaged(path, flaw)] if flaw else _open(path, origins, in_folder=True):
                if isinstance(found, PageFile):
                    pages.append(found)
                else:
                    yield found
        if pages:
            yield pages_source(name_of(folder), pages)
        folders.extend((path, origins) for path in reversed(below))
    if responses:
        yield pages_source(name_of(top), responses)


def _link_flaw(link: Path, inside: str) -> str | None:
    """Why a link in a folder is not followed, empty if it is; None if what it leads to is read anyway."""
    target = Path(os.path.realpath(link))
    if not target.is_relative_to(inside):
        return "a link that leads out of the folder"
    # git-annex keeps the files in a hidden folder, with links to them where they are seen.
    if not any(name.startswith(".") for name in target.relative_to(inside).parts):
        return None
    return "a link to a hidden folder; name that folder to have it read" if target.is_dir() else ""


def _open(path: Path, origins: UrlMap, *, in_folder: bool = False) -> Iterator[Source | Damage | PageFile]:
    """What a file is; a file of a folder may be something else without harm."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            # A pipe would wait for somebody to write.
            yield damaged(path, "empty" if path.samefile(os.devnull) else "not a regular file")
            return
        with open_regular(path) as file:
            head = file.read(HEAD)
        url, fetched_at = origin_of(path, origins)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from zip_sources(path)
        elif begins_record(head) or (head and path.name.endswith((".warc.gz", ".warc"))):
            # By its name, too: where its first record is damaged, those behind it are read.
            yield warc_source(path)
        elif _is_table(begin := _unpacked(head)):
            yield table_source(path)
        elif _is_page(begin, known=bool(url)):
            yield PageFile(path, status.st_size, status.st_mtime_ns, url, fetched_at)
    except OSError as error:
        yield damaged(path, error.strerror or "not readable")
    except ValueError as error:
        harmless = "unrelated" if in_folder and "gzip data" not in str(error) else ""
        yield damaged(path, str(error), harmless=harmless)


def _unpacked(head: bytes) -> bytes:
    """The beginning of a file, without gzip.

    Raises:
        ValueError: it cannot be unpacked, or is empty; the message is a phrase.
    """
    if _ZSTD.match(head):
        raise ValueError("zstd-compressed; unpack it first, as with zstd -d")
    if not head:
        raise ValueError("empty")
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        begin = zlib.decompressobj(GZIP).decompress(head, HEAD)
    except zlib.error:
        raise ValueError(DAMAGED_GZIP) from None
    if not begin:
        raise ValueError("empty, or gzip data that end too early")
    return begin


def _is_table(begin: bytes) -> bool:
    """Whether a file that begins so is JSON Lines, or CSV with the columns of a table.

    Raises:
        ValueError: it is JSON, but not JSON Lines; the message is a phrase.
    """
    start = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.startswith((b"{", b"[")):
        return csv_delimiter(begin, TABLE_COLUMNS) is not None
    line, end, _ = start.partition(b"\n")
    try:
        is_object = isinstance(json.loads(line.decode("utf-8", "replace")), dict)
    except (ValueError, RecursionError):
        is_object = not end and len(begin) >= HEAD and start.startswith(b"{")
    if not is_object:
        raise ValueError("JSON, but not an object a line; convert it, as with jq -c '.[]'")
    return True


def _is_page(begin: bytes, *, known: bool) -> bool:
    """Whether a file that begins so is a page; text that does not look like one is, if its address is known.

    Raises:
        ValueError: it is not a page; the message is a phrase.
    """
    if begin.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        return True
    utf16 = begin.startswith(_UTF16)
    # A character may be cut at the end.
    decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
    try:
        text = decoder.decode(begin, final=len(begin) < HEAD)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text and not utf16:
        raise ValueError(_NOTHING)
    if not known and not looks_like_capture(text):
        raise ValueError(_NO_CAPTURE)
    return True


def _standard_input(max_page: int, start: int) -> Iterator[Item]:
    """What standard input brings, kept in a temporary file while it is read; captures have no location."""
    del start
    with tempfile.NamedTemporaryFile(prefix="kbsworld-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        for found in _open(Path(file.name), {}):
            source = pages_source(file.name, [found]) if isinstance(found, PageFile) else found
            for item in [source] if isinstance(source, Damage) else source.read(max_page):
                if isinstance(item, Capture):
                    yield replace(item, location=None)
                    continue
                place = Location(file=STANDARD_INPUT, offset=item.location.offset)
                if isinstance(item, Refused):
                    yield replace(item, location=place, url=item.url.replace(file.name, STANDARD_INPUT))
                else:
                    yield replace(item, location=place)


def _source_of(file: str, archive: Path) -> Source:
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
        if isinstance(source, Source) and source.name == file:
            return source
    raise FileNotFoundError(f"{file}: {_NOTHING if paths else 'no such file or folder'}.")


def _read_at(source: Source, offsets: Sequence[int], max_page: int) -> Iterator[Item]:
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


def _age(file: str) -> tuple[str, str]:
    """Sorts files by the time in their names; those without one come first."""
    name = FILE_NAME.fullmatch(file)
    return (name["time"] if name else "", file)
