"""Pages that were saved one by one: page files with url maps, mirrored folders, and Scrapy's HTTP cache."""

from __future__ import annotations

import ast
import errno
import json
import os
import posixpath
import re
import stat
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any, BinaryIO
from zlib import crc32

from extractors.address import HOSTS, parse_address
from storage.archive.capture import Capture, Location
from storage.archive.reader import GZIP_MAGIC, is_time
from storage.sources.http import TooLarge, charset_of, decode_body
from storage.sources.items import Damage, Item, Refused, Source, damaged, name_of
from storage.sources.table import Row, begins_json, iso_moment, read_rows, time_of

#: What a url map may be called; its form is detected from its content.
MAP_NAMES = ("urls.csv", "urls.tsv", "urls.jsonl", "urls.json")
#: Address, and time or None, of pages by their paths.
UrlMap = MutableMapping[str, tuple[str, datetime | None]]

# The files by which the folder of a response in Scrapy's HTTP cache is known.
_ENTRY_FILES = frozenset({"meta", "response_headers", "response_body"})

_MAP_COLUMNS = (frozenset({"file"}), frozenset({"url"}))
_MAX_MAP = 100_000_000
_LONGEST_LINE = 100_000
# wget -E gives a page its suffix once more, behind the query.
_SUFFIX = re.compile(r"(?<=[?@])(.*)\.html?(?:\.gz)?\Z", re.IGNORECASE)
# No meta file or header of Scrapy's cache is near this long.
_MAX_META = 20_000
_MAX_HEADERS = 500_000


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page file, or the folder of a response in Scrapy's cache, and what is known before it is read.

    Attributes:
        path: as given.
        size, mtime_ns: of the file; of a folder, the sum and the maximum.
        url: its address; empty if only the page can tell.
        fetched_at: aware, UTC. None: the file's time counts.
    """

    path: Path
    size: int
    mtime_ns: int
    url: str = ""
    fetched_at: datetime | None = None


def pages_source(name: str, files: Sequence[PageFile]) -> Source:
    """Page files and responses of a cache as one source."""
    stamp = sha256("".join(f"{name_of(file.path)} {file.size} {file.mtime_ns}\n" for file in files).encode())

    def items(max_page: int, start: int) -> Iterator[Item]:
        del start
        for file in files:
            location = Location(file=name_of(file.path), offset=0)
            try:
                yield _cached(file.path, location, max_page) if file.path.is_dir() else _page(file, location, max_page)
            except OSError as error:
                yield damaged(file.path, error.strerror or "not readable")
            except ValueError as error:
                yield damaged(file.path, str(error))

    return Source(name, sum(file.size for file in files), stamp.hexdigest(), items)


def open_regular(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """Open a regular file for reading, without waiting for a pipe.

    Args:
        path: the file.
        follow_links: whether it may be a link to one.

    Raises:
        OSError: it is none, or cannot be read; `strerror` is a phrase.
    """
    # Checked after opening: a path may change after it was looked at. Windows has neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0)))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(file, "rb")


def _page(file: PageFile, location: Location, max_page: int) -> Item:
    with open_regular(file.path) as stream:
        body, mtime = stream.read(max_page + 1), os.fstat(stream.fileno()).st_mtime
    # Files that were unpacked together have one time, and may be versions of one page: each gets a part of a second.
    assumed = time_of(mtime) + timedelta(microseconds=crc32(os.fsencode(file.path)) % 1_000_000)
    moment = file.fetched_at or assumed
    try:
        body = decode_body(body, "gzip", None, max_page)
    except TooLarge as error:
        url = file.url or f"file:{location.file}"
        return Refused(url=url, fetched_at=moment, location=location, reason=str(error))
    return Capture(url=file.url, fetched_at=moment, body=body, media_type=None, location=location)


# --- url maps ---


def read_url_map(folder: Path) -> tuple[UrlMap, list[Damage]]:
    """The url map of a folder, and what of it cannot be read."""
    origins: UrlMap = {}
    damages, counts = [], ""
    for path in (folder / name for name in MAP_NAMES):
        if path.is_symlink():
            damages.append(damaged(path, "a url map that is a link, which is not followed"))
        elif path.is_file() and counts:
            damages.append(damaged(path, f"one url map too many; {counts} is used"))
        elif path.is_file():
            counts = path.name
            if what := _fill(origins, path):
                damages.append(damaged(path, what))
    return origins, damages


def origin_of(path: Path, origins: UrlMap) -> tuple[str, datetime | None]:
    """Address and time of a page, from the url maps or from its path; empty and None if unknown."""
    return origins.get(str(path)) or (origin_by_path(path), None)


def origin_by_path(path: PurePath | str) -> str:
    """The address of a page that a mirroring tool has saved at a path, or an empty string."""
    parts = PurePath(name_of(path)).parts
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in HOSTS:
            rest = "/".join(parts[at:])
            # Where file names must not have a question mark, wget writes an at sign.
            rest = _SUFFIX.sub(r"\1", rest if "?" in rest else rest.replace("@", "?", 1))
            return f"https://{rest}" if parse_address(f"https://{rest}") else ""
    return ""


def _fill(origins: UrlMap, path: Path) -> str:
    """Read a url map into `origins`; what of it cannot be read, a phrase."""
    try:
        with open_regular(path, follow_links=False) as stream:
            content = stream.read(_MAX_MAP + 1)
    except OSError as error:
        return error.strerror or "not readable"
    if len(content) > _MAX_MAP:
        return "a url map larger than 100 MB"
    broken: list[str] = []
    for row in _map_rows(content):
        try:
            file, origin = _entry(row)
        except ValueError as error:
            broken.append(f"line {row.line}: {error}")
        else:
            origins[str(path.parent / file)] = origin
    return f"{broken[0]}, and {len(broken) - 1} more lines" if len(broken) > 1 else "".join(broken)


def _map_rows(content: bytes) -> Iterator[Row]:
    """The rows of a url map, which may also be one JSON object of files and their addresses."""
    whole: Any = None
    if begins_json(content[:1000]):
        try:
            whole = json.loads(content)
        except (ValueError, RecursionError):
            whole = None
    if not isinstance(whole, dict) or {"file", "url"} <= whole.keys():
        yield from read_rows(BytesIO(content), _MAP_COLUMNS, _LONGEST_LINE)
        return
    for file, url in whole.items():
        yield Row(offset=0, line=1, values={"file": file, "url": url})


def _entry(row: Row) -> tuple[str, tuple[str, datetime | None]]:
    """A file, by its path below the map's folder, with its address and time.

    Raises:
        ValueError: the row has no such thing; the message is a phrase.
    """
    if row.values is None:
        raise ValueError(row.what)
    file, url, fetched_at = (row.values.get(name) for name in ("file", "url", "fetched_at"))
    if not isinstance(file, str) or not isinstance(url, str) or not file or not url:
        raise ValueError("not a file and its url")
    try:
        moment = iso_moment(fetched_at) if fetched_at else None
    except ValueError:
        raise ValueError("fetched_at is not a time in ISO 8601") from None
    return posixpath.normpath(file.replace("\\", "/")), (url.encode("utf-8", "replace").decode().strip(), moment)


# --- Scrapy's HTTP cache ---


def cached_response(folder: Path, entries: Sequence[os.DirEntry[str]]) -> PageFile | None:
    """The response in a folder with these entries; None if it is not a folder of Scrapy's cache."""
    if not {entry.name for entry in entries} >= _ENTRY_FILES:
        return None
    states = [entry.stat(follow_symlinks=False) for entry in entries]
    return PageFile(folder, sum(state.st_size for state in states), max(state.st_mtime_ns for state in states))


def _cached(entry: Path, location: Location, max_page: int) -> Item:
    """The response in a folder of the cache (FilesystemCacheStorage); pickled files are never read.

    Raises:
        OSError: one of its files cannot be read.
        ValueError: one of them is not what it must be; the message is a phrase.
    """
    raw = _file(entry / "meta", _MAX_META)
    # HTTPCACHE_GZIP packs all the files; a body may also be packed as received.
    packing = "gzip" if raw.startswith(GZIP_MAGIC) else None
    url, status, fetched_at = _meta(decode_body(raw, packing, None, _MAX_META))
    headers = _headers(decode_body(_file(entry / "response_headers", _MAX_HEADERS), packing, None, _MAX_HEADERS))
    try:
        stored = decode_body(_file(entry / "response_body", max_page), packing, None, max_page)
        body = decode_body(stored, headers.get("content-encoding"), headers.get("transfer-encoding"), max_page)
    except TooLarge as error:
        return Refused(url=url, fetched_at=fetched_at, location=location, reason=str(error))
    charset = charset_of(headers.get("content-type", ""))
    return Capture(url=url, fetched_at=fetched_at, status=status, body=body, charset=charset, location=location)


def _file(path: Path, longest: int) -> bytes:
    with open_regular(path, follow_links=False) as stream:
        return stream.read(longest + 1)


def _meta(raw: bytes) -> tuple[str, int, datetime]:
    """Address, status and time of a response, from what Scrapy writes with repr()."""
    try:
        values: Any = ast.literal_eval(raw.decode())
        url, status, timestamp = (values[name] for name in ("response_url", "status", "timestamp"))
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, SyntaxError, LookupError, TypeError, OverflowError, OSError, MemoryError, RecursionError):
        raise ValueError("a meta file that Scrapy did not write") from None
    if not isinstance(url, str) or type(status) is not int or not is_time(moment):
        raise ValueError("a meta file that Scrapy did not write")
    return url, status, moment


def _headers(raw: bytes) -> dict[str, str]:
    """The fields of a header by name in lower case; repeated ones are joined, as HTTP means them."""
    headers: dict[str, str] = {}
    for line in raw.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
