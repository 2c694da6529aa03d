"""Where captures come from: archives, tables and folders of pages, detected by their content."""

import codecs
import json
import os
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from extractors.text import looks_like_capture
from storage.archive.capture import Capture, Damage, Item, Place, Revisit, Source, damaged, name_of, warc_files
from storage.archive.http import GZIP_MAGIC, ZSTD_MAGIC
from storage.archive.reader import GZIP, begins_record
from storage.sources.folder import (
    CACHE_FILES,
    MAP_NAMES,
    PageFile,
    UrlMap,
    cached_response,
    open_regular,
    origin_by_path,
    pages_source,
    read_url_map,
)
from storage.sources.table import DAMAGED_GZIP, HEAD, TABLE_COLUMNS, csv_columns, table_source
from storage.sources.warc import warc_source, zip_sources

# When an own file was begun, in its name as ArchiveWriter gives it.
_TIME = re.compile(r"-([0-9]{8}T[0-9]{12}Z)-[0-9]+\.warc\.gz\Z")
# How .warc.zst begins: its dictionary is in a frame that zstd skips.
_ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"


def find_sources(paths: Sequence[str]) -> Iterator[Source | Damage]:
    """The sources at `paths`; folders are walked in the order of names, hidden files and folders skipped.

    Args:
        paths: files, folders, or `-` for standard input. Links in folders that lead out are reported and not followed.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise FileNotFoundError(f"{name_of(path)}: no such file or folder.")
    return _find(paths)


def own_sources(archive: Path) -> Iterator[Source]:
    """The WARC files of KBS_ARCHIVE, oldest first, under their bare names."""
    for name in sorted(warc_files(archive), key=lambda name: (_TIME.findall(name), name)):
        yield warc_source(archive / name, name)


def total_size(paths: Iterable[str]) -> int:
    """The bytes of the files at `paths`, without hidden ones in folders and standard input."""
    files = [Path(path) for path in paths if path != "-"]
    for path in paths:
        for folder, below, names in os.walk(path):
            below[:] = [name for name in below if not name.startswith(".")]
            files += [Path(folder, name) for name in names if not name.startswith(".")]
    return sum(file.stat().st_size for file in files if file.is_file())


def read_places(places: Sequence[Place], archive: Path, max_page: int) -> Iterator[Item]:
    """The captures at places in any order, with their addresses and times; a Damage for each place without one.

    `archive` is the folder of files that are named without one; pages of more than `max_page` bytes are refused.
    """
    files: dict[str, dict[int, list[Place]]] = {}
    for place in places:
        files.setdefault(place.location.file, {}).setdefault(place.location.offset, []).append(place)
    for file, left in sorted(files.items()):
        why = "no page can be read there"
        try:
            for offset, item in _read_at(_source_of(file, archive), sorted(left), max_page):
                for place in left.pop(offset, ()):
                    if isinstance(item, Capture):
                        yield replace(item, url=place.url or "", fetched_at=place.fetched_at)
                    else:
                        yield item
        except OSError as error:
            why = str(error).rstrip(".")
        for place in (place for rest in left.values() for place in rest):
            yield Damage(location=place.location, url=place.url, what=why)


def _read_at(source: Source, offsets: Sequence[int], max_page: int) -> Iterator[tuple[int, Capture | Damage]]:
    """What is at offsets of a source, in order, and perhaps more."""
    for start in offsets if source.is_archive else offsets[:1]:
        for item in source.read(max_page, start):
            offset = item.location.offset if item.location else 0
            if offset > offsets[-1]:
                break
            if isinstance(item, Damage) and item.harmless == "mended":
                continue
            # The payload of a revisit is elsewhere.
            if not isinstance(item, Revisit):
                yield offset, item
            if source.is_archive:
                break


def _source_of(file: str, archive: Path) -> Source:
    """The source that a location names; an OSError if it does not exist any more."""
    if "/" not in file and (archive / file).exists():
        return warc_source(archive / file, file)
    # The mark between a zip and its member may be in any name.
    for path in (file, *(file[: mark.start()] for mark in re.finditer("!", file))) if "/" in file else ():
        found = _find([path]) if os.path.lexists(path) else ()
        for source in found:
            if isinstance(source, Source) and source.name == file:
                return source
    # Inside a gzip member: `warc_items` names records so.
    name, _, start = file.rpartition("!")
    if not start.isdecimal():
        raise FileNotFoundError(f"{file}: no archive, table or page is there.")
    source = _source_of(name, archive)

    def items(max_page: int, _: int) -> Iterator[Item]:
        return (item for item in source.read(max_page, int(start)) if item.location and item.location.file == file)

    return replace(source, name=file, read=items, is_archive=False)


def _find(paths: Sequence[str]) -> Iterator[Source | Damage]:
    maps: dict[Path, UrlMap] = {}
    for path in paths:
        file = Path(path)
        if path == "-":
            yield Source("-", 0, "", _standard_input)
            continue
        if file.is_dir():
            yield from _walk(file)
            continue
        # Pages are often named one by one (`pages/*`), and their url map with them.
        if file.parent not in maps:
            yield from read_url_map(file.parent, maps.setdefault(file.parent, {}))
        if file.name not in MAP_NAMES or not maps[file.parent]:
            for found in _open(file, maps[file.parent]):
                yield pages_source(name_of(file), [found]) if isinstance(found, PageFile) else found


def _standard_input(max_page: int, _: int) -> Iterator[Item]:
    """What standard input brings, kept in a temporary file while it is read; captures have no location."""
    with tempfile.TemporaryDirectory(prefix="kbsworld-") as folder:
        path = Path(folder, "stdin")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        for source in _find([str(path)]):
            for item in [source] if isinstance(source, Damage) else source.read(max_page, 0):
                if isinstance(item, Capture):
                    yield replace(item, location=None)
                else:
                    yield replace(item, location=replace(item.location, file="/dev/stdin"))


def _walk(top: Path) -> Iterator[Source | Damage]:
    """What is in a folder and those below it: archives and tables, the pages of each folder, and a cache as a whole."""
    inside = os.path.realpath(top)
    origins: UrlMap = {}  # of all folders: a map below counts before one above
    responses: list[PageFile] = []
    errors: list[OSError] = []
    for walked, below, names in os.walk(top, onerror=errors.append):
        folder = Path(walked)
        below[:] = sorted(name for name in below if not name.startswith("."))
        if CACHE_FILES.issubset(names):
            responses.append(cached_response(folder, names))
            below.clear()
            continue
        yield from read_url_map(folder, origins)
        links = [name for name in below if (folder / name).is_symlink()]
        pages: list[PageFile] = []
        for name in sorted([*names, *links]):
            if name.startswith(".") or name in MAP_NAMES:
                continue
            for found in _open_in(folder / name, inside, origins):
                if isinstance(found, PageFile):
                    pages.append(found)
                else:
                    yield found
        if pages:
            yield pages_source(name_of(folder), pages)
    yield from (damaged(error.filename, error) for error in errors)
    if responses:
        yield pages_source(name_of(top), responses)


def _open_in(path: Path, inside: str, origins: UrlMap) -> Iterator[Source | Damage | PageFile]:
    """What a file or link in a folder is; links to what is read anyway are skipped."""
    if not path.is_symlink():
        yield from _open(path, origins, in_folder=True)
        return
    target = Path(os.path.realpath(path))
    is_inside = target.is_relative_to(inside)
    is_hidden = is_inside and any(name.startswith(".") for name in target.relative_to(inside).parts)
    if is_hidden and not target.is_dir():
        # git-annex keeps the files in a hidden folder, with links to them where they are seen.
        yield from _open(path, origins, in_folder=True)
    elif is_hidden or not is_inside:
        yield damaged(path, "a link that leads out of the folder, or to a hidden one; name that to have it read")


def _open(path: Path, origins: UrlMap, *, in_folder: bool = False) -> Iterator[Source | Damage | PageFile]:
    """What a file is; a file of a folder may be something else without harm."""
    try:
        with open_regular(path) as file:
            head, status = file.read(HEAD), os.fstat(file.fileno())
        url, fetched_at = origins.get(str(path)) or (origin_by_path(path), None)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from zip_sources(path)
        elif begins_record(head) or (head and path.name.endswith((".warc.gz", ".warc"))):
            # By its name, too: where its first record is damaged, those behind it are read.
            yield warc_source(path)
        elif _is_table(_unpacked(head), known=bool(url), in_folder=in_folder):
            yield table_source(path)
        else:
            yield PageFile(path, status.st_size, status.st_mtime_ns, url, fetched_at)
    except OSError as error:
        yield damaged(path, error)
    except ValueError as error:
        yield damaged(path, error, harmless="unrelated" if in_folder else "")


def _unpacked(head: bytes) -> bytes:
    """A file's beginning, without gzip; OSError, with a phrase, if it cannot be unpacked, ValueError if empty."""
    if head.startswith(ZSTD_MAGIC):
        raise OSError("zstd-compressed; unpack it first, as with zstd -d")
    if head.startswith(_ZSTD_DICTIONARY):
        unpack = " | zstd -d" if head[8:12] == ZSTD_MAGIC else ""
        cut = f"tail -c +9 FILE | head -c {int.from_bytes(head[4:8], 'little')}{unpack} > dictionary"
        raise OSError(f"zstd-compressed with a dictionary; unpack it first: {cut}; zstd -d -D dictionary FILE")
    if not head:
        raise ValueError("empty")
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        begin = zlib.decompressobj(GZIP).decompress(head, HEAD)
    except zlib.error:
        raise OSError(DAMAGED_GZIP) from None
    if not begin:
        raise OSError("empty, or gzip data that end too early")
    return begin


def _first_row(start: bytes, *, is_cut: bool) -> dict[str, Any] | None:
    """The first object of JSON Lines, empty if that is longer than its known beginning; None of other JSON."""
    line, end, _ = start.partition(b"\n")
    try:
        values = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        values = {} if not end and is_cut and start.startswith(b"{") else None
    return values if isinstance(values, dict) else None


def _is_table(begin: bytes, *, known: bool, in_folder: bool) -> bool:
    """Whether a file is a table, and not a page; text that looks like neither is a page if its address is known."""
    start = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        return False
    if start.startswith((b"{", b"[")):
        row = _first_row(start, is_cut=len(begin) >= HEAD)
        if row is None:
            raise ValueError("JSON, but not one object per line; convert it, as with jq -c '.[]'")
        if in_folder and row and {"html", "text"}.isdisjoint(map(str.lower, row)):
            raise ValueError("JSON Lines without html or text")  # of Browsertrix, Scrapy and others
        return True
    if csv_columns(begin, TABLE_COLUMNS):
        return True
    is_utf16 = begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # A character may be cut at the end.
    decoder = codecs.getincrementaldecoder("utf-16" if is_utf16 else "utf-8-sig")()
    try:
        text = decoder.decode(begin)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError("not an archive, table or page")
    if not known and not looks_like_capture(text):
        raise ValueError("text without the beginning of a page of the site, or the columns url and html or text")
    return False
