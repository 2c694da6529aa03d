"""Pages that were saved one by one: page files with url maps, mirrored folders, and Scrapy's HTTP cache."""

import ast
import errno
import os
import posixpath
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, BinaryIO
from zlib import crc32

from extractors.address import HOSTS, parse_address
from storage.archive.capture import Capture, Damage, Item, Location, Source, damaged, name_of
from storage.archive.http import MAX_HEADERS, decode_body
from storage.archive.reader import utc
from storage.sources.table import NO_TIME, read_rows, time_of

#: What a url map may be called; its form is detected from its content.
MAP_NAMES = ("urls.csv", "urls.jsonl")
#: Address, and time or None, of pages by their paths.
UrlMap = dict[str, tuple[str, datetime | None]]

#: The files by which the folder of a response in Scrapy's HTTP cache is known.
CACHE_FILES = frozenset({"meta", "response_headers", "response_body"})

_MAP_COLUMNS = (frozenset({"file"}), frozenset({"url"}))
_LONGEST_LINE = 100_000
# wget -E gives a page its suffix once more, behind the query; other options a number, or .orig.
_SUFFIX = re.compile(r"(?<=[?@])(.*?)(?:\.(?:html?|gz|orig|tmp|[0-9]{1,3}))+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page file, or the folder of a response in Scrapy's cache, and what is known before it is read.

    Attributes:
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

    def items(max_page: int, _: int) -> Iterator[Item]:
        for file in files:
            try:
                yield _cached(file.path, max_page) if file.path.is_dir() else _page(file, max_page)
            except (OSError, ValueError) as error:
                yield damaged(file.path, error)

    return Source(name, sum(file.size for file in files), stamp.hexdigest(), items)


def open_regular(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """Open a file for reading; an OSError if it is a pipe, which would wait for somebody to write."""
    if not stat.S_ISREG((path.stat() if follow_links else path.lstat()).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.open("rb")


def _page(file: PageFile, max_page: int) -> Item:
    with open_regular(file.path) as stream:
        raw, mtime = stream.read(max_page + 1), os.fstat(stream.fileno()).st_mtime
    # Files that were unpacked together have one time, and may be versions of one page: each gets a part of a second.
    assumed = time_of(mtime) + timedelta(microseconds=crc32(os.fsencode(file.path)) % 1_000_000)
    return Capture(
        url=file.url,
        fetched_at=file.fetched_at or assumed,
        body=raw,
        media_type=None,
        encodings=("gzip",),
        location=Location(file=name_of(file.path), offset=0),
    )


def read_url_map(folder: Path, origins: UrlMap) -> Iterator[Damage]:
    """Add the url maps of a folder to `origins`, where urls.csv counts most; what of them cannot be read."""
    for path in (folder / name for name in reversed(MAP_NAMES)):
        try:
            with open_regular(path, follow_links=False) as stream:
                for offset, row in read_rows(stream, _MAP_COLUMNS, _LONGEST_LINE):
                    try:
                        file, origin = _entry(row)
                    except ValueError as error:
                        yield damaged(path, error, offset)
                    else:
                        # A map may have millions of rows for files that are not there.
                        if os.path.lexists(page := f"{folder / file}"):
                            origins[page] = origin
        except FileNotFoundError:
            continue
        except OSError as error:
            yield damaged(path, error)


def _entry(row: dict[str, Any] | str) -> tuple[str, tuple[str, datetime | None]]:
    """A file, by its path below the map's folder, with its address and time; a ValueError's message is a phrase."""
    if isinstance(row, str):
        raise ValueError(row)  # noqa: TRY004
    file, url, fetched_at = (row.get(name) for name in ("file", "url", "fetched_at"))
    if not isinstance(file, str) or not isinstance(url, str) or not file or not url:
        raise ValueError("not a file and its url")
    moment = utc(fetched_at)
    if fetched_at and moment is None:
        raise ValueError(NO_TIME)
    return posixpath.normpath(file.replace("\\", "/")), (url.encode("utf-8", "replace").decode().strip(), moment)


def origin_by_path(path: PurePath | str) -> str:
    """The address of a page that a mirroring tool has saved at a path; empty where it names none: its og:url may."""
    parts = PurePath(name_of(path)).parts
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in HOSTS:
            rest = "/".join(parts[at:])
            # Where file names must not have a question mark, wget writes an at sign.
            rest = _SUFFIX.sub(r"\1", rest if "?" in rest else rest.replace("@", "?", 1))
            address = parse_address(f"https://{rest}")
            return f"https://{rest}" if address and (address.is_article or address.refusal) else ""
    return ""


def cached_response(folder: Path, names: Sequence[str]) -> PageFile:
    """The response in a folder of Scrapy's cache with these files."""
    states = [(folder / name).lstat() for name in names]
    return PageFile(folder, sum(state.st_size for state in states), max(state.st_mtime_ns for state in states))


def _cached(entry: Path, max_page: int) -> Item:
    """The response in a folder of the cache (FilesystemCacheStorage); pickled files are never read."""
    wrong = "a meta file that Scrapy did not write"
    files = (_file(entry / name, MAX_HEADERS) for name in ("meta", "response_headers"))
    meta, head = (decode_body(file, MAX_HEADERS, "gzip")[0] for file in files)
    try:
        values: Any = ast.literal_eval(meta.decode())  # Scrapy writes it with repr()
        url, status, timestamp = (values[name] for name in ("response_url", "status", "timestamp"))
        fetched_at = utc(datetime.fromtimestamp(timestamp, UTC))
    except (ValueError, SyntaxError, LookupError, TypeError, OverflowError, OSError, MemoryError, RecursionError):
        raise ValueError(wrong) from None
    if not isinstance(url, str) or type(status) is not int or fetched_at is None:
        raise ValueError(wrong)
    headers = BytesHeaderParser().parsebytes(head)
    encodings = (",".join(headers.get_all(name, [])) for name in ("Content-Encoding", "Transfer-Encoding"))
    return Capture(
        url=url,
        fetched_at=fetched_at,
        status=status,
        body=_file(entry / "response_body", max_page),
        charset=headers.get_content_charset(),
        encodings=(*encodings, "gzip"),  # HTTPCACHE_GZIP packs all three files
        location=Location(file=name_of(entry), offset=0),
    )


def _file(path: Path, longest: int) -> bytes:
    with open_regular(path, follow_links=False) as stream:
        return stream.read(longest + 1)
