"""Scrapy's HTTP cache (FilesystemCacheStorage): a folder an answer. What is pickled there is never read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.archive import Capture, Location
from storage.archive.reader import is_time
from storage.sources.base import Item, Part, Refused, Wound, name_of
from storage.sources.http import GZIP_MAGIC, TooLarge, Undecodable, charset_of, decode_body, headers_of
from storage.sources.pages import open_regular

#: The files by which the folder of an answer is known.
ENTRY_FILES = frozenset({"meta", "response_headers", "response_body"})

# Neither is ever near this long.
_MAX_META = 20_000
_MAX_HEADERS = 500_000


@dataclass(frozen=True, slots=True)
class HttpCachePart:
    """Answers that one task reads; it holds no more than the names of their folders."""

    entries: tuple[Path, ...]
    size: int

    @property
    def cursor(self) -> str:
        """The last of its folders."""
        return name_of(self.entries[-1])

    def read(self, max_page: int) -> Iterator[Item]:
        """The answers; one that is longer than `max_page` bytes, decoded or not, is refused."""
        for entry in self.entries:
            location = Location(file=name_of(entry), offset=0)
            try:
                yield _read(entry, location, max_page)
            except OSError as error:
                yield Wound(location=location, what=error.strerror or "not readable")
            except ValueError as error:
                yield Wound(location=location, what=str(error))

    def halves(self) -> tuple[HttpCachePart, HttpCachePart] | None:
        """Two parts; None where there is nothing to halve."""
        middle = len(self.entries) // 2
        if not middle:
            return None
        return replace(self, entries=self.entries[:middle]), replace(self, entries=self.entries[middle:])


@dataclass(frozen=True, slots=True)
class HttpCacheSource:
    """Answers that stand behind one another; one part.

    Attributes:
        entries: their folders.
        size: in bytes.
    """

    entries: tuple[Path, ...]
    size: int = 0

    @property
    def name(self) -> str:
        """The first of its folders."""
        return name_of(self.entries[0])

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its answers, those behind the folder `after` or all."""
        names = [name_of(entry) for entry in self.entries]
        rest = self.entries[names.index(after) + 1 :] if after in names else self.entries
        if rest:
            yield HttpCachePart(rest, self.size)


def _read(entry: Path, location: Location, max_page: int) -> Item:
    """The answer in a folder.

    Raises:
        OSError: one of its files cannot be read.
        ValueError: one of them is not what it should be; the message is a phrase.
    """
    raw = _file(entry / "meta", _MAX_META)
    # HTTPCACHE_GZIP packs all the files; a body may be packed for itself, as it came.
    packing = "gzip" if raw.startswith(GZIP_MAGIC) else None
    url, status, fetched_at = _meta(decode_body(raw, packing, None, _MAX_META))
    headers = headers_of(decode_body(_file(entry / "response_headers", _MAX_HEADERS), packing, None, _MAX_HEADERS))
    try:
        stored = decode_body(_file(entry / "response_body", max_page), packing, None, max_page)
        body = decode_body(stored, headers.get("content-encoding"), headers.get("transfer-encoding"), max_page)
    except TooLarge as error:
        return Refused(url=url, fetched_at=fetched_at, location=location, reason=str(error))
    charset = charset_of(headers.get("content-type", ""))
    return Capture(url=url, fetched_at=fetched_at, status=status, body=body, charset=charset, location=location)


def _file(path: Path, longest: int) -> bytes:
    """What is in a file of the cache, as far as `longest` allows and one byte more.

    Raises:
        OSError: it cannot be read, or is no regular file.
        Undecodable: it is a link.
    """
    if path.is_symlink():
        raise Undecodable("a link, where a cache has files")
    with open_regular(path, follow_links=False) as stream:
        return stream.read(longest + 1)


def _meta(raw: bytes) -> tuple[str, int, datetime]:
    """Address, status and time of an answer, from what Scrapy writes with repr().

    Raises:
        ValueError: it is something else; the message is a phrase.
    """
    try:
        values: Any = ast.literal_eval(raw.decode())
        url, status, timestamp = (values[name] for name in ("response_url", "status", "timestamp"))
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, SyntaxError, LookupError, TypeError, OverflowError, OSError, MemoryError, RecursionError):
        raise ValueError("a meta file that is none of Scrapy's") from None
    if not isinstance(url, str) or type(status) is not int or not is_time(moment):
        raise ValueError("a meta file that is none of Scrapy's")
    return url, status, moment
