"""Tables of pages: JSON Lines and CSV, plain or gzip, with the address of a page and its HTML or text in each row."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, cast

from extractors.address import MAX_LENGTH
from storage.archive.capture import Capture, Location
from storage.archive.reader import GZIP_MAGIC, is_time
from storage.sources.http import TOO_LARGE
from storage.sources.items import Damage, Item, Refused, Source, damaged, name_of, stamp_of

#: How much of a file is read to detect its kind.
HEAD = 4096
#: What a table has at least: one column of each set.
TABLE_COLUMNS = (frozenset({"url"}), frozenset({"html", "text"}))
DAMAGED_GZIP = "gzip data are damaged"
SHORT_GZIP = "gzip data end too early"

# What is beside a page in its row, and by how much JSON's escapes make a page longer.
_REST_OF_ROW = 1 << 16
_ESCAPED = 6
# No row with a page is shorter, in bytes: this many are between the assumed microseconds of two rows.
_BYTES_A_MICROSECOND = 64
# No page has more lines.
_MOST_LINES = 100_000
# How often the lines behind a quote that is never closed are read again, in a file.
_REREADS = 20
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the unpacked file.
        line: the number of its first line, from 1; counted from where reading began.
        values: its columns by name in lower case; None if it cannot be read.
        what: why not, a phrase.
    """

    offset: int
    end: int = 0
    line: int
    values: dict[str, Any] | None = None
    what: str = ""


def table_source(path: Path) -> Source:
    """A table, whose offsets are those of its rows in the unpacked file.

    Raises:
        OSError: there is no such file.
    """
    status, name = path.stat(), name_of(path)

    def items(max_page: int, start: int) -> Iterator[Item]:
        at, longest = start, max_page * _ESCAPED + _REST_OF_ROW
        with path.open("rb") as file:
            is_packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        with gzip.open(path) if is_packed else path.open("rb") as stream:
            try:
                for row in read_rows(cast("IO[bytes]", stream), TABLE_COLUMNS, longest, start):
                    at = row.end
                    yield _item(row, name, max_page, time_of(status.st_mtime))
            except (gzip.BadGzipFile, zlib.error):
                yield damaged(name, DAMAGED_GZIP, at)
            except EOFError:
                yield damaged(name, SHORT_GZIP, at)

    return Source(name, status.st_size, stamp_of(status), items)


def time_of(mtime: float) -> datetime:
    """The time of a file; aware, UTC. Of times outside the calendar of archivers, 1970 to 2106, the nearest counts."""
    return datetime.fromtimestamp(min(max(mtime, 0), 2**32 - 1), UTC)


def begins_json(head: bytes) -> bool:
    """Whether a file that begins so may be JSON Lines."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"


def csv_delimiter(head: bytes, wanted: Sequence[frozenset[str]]) -> str | None:
    """The delimiter of a CSV file that begins so; None if it is none with these columns.

    Args:
        head: the file's first line at least.
        wanted: sets of column names; the header has at least one of each.
    """
    line = head.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0].decode("utf-8", "replace")
    for delimiter in ",;\t":
        names = frozenset(_names(line, delimiter))
        if all(names & some for some in wanted):
            return delimiter
    return None


def read_rows(stream: IO[bytes], wanted: Sequence[frozenset[str]], longest: int, start: int = 0) -> Iterator[Row]:
    """The rows of a JSON Lines or CSV file.

    Bytes of CSV that are not UTF-8 come as surrogates, as os.fsdecode makes them.

    Args:
        stream: the file, unpacked, at its beginning; seekable.
        wanted: as of `csv_delimiter`.
        longest: rows of more bytes are not read.
        start: the offset of the first row to be read; 0 for all.
    """
    head = b""
    with suppress(EOFError, OSError, zlib.error):  # reported when reading comes to that place
        while len(head) < HEAD and (more := cast("BufferedIOBase", stream).read1(HEAD - len(head))):
            head += more
    stream.seek(0)
    names: list[str] | None = None
    if begins_json(head):
        rows: Iterator[Any] = (lines := _Lines(stream, longest, start))
    elif (delimiter := csv_delimiter(head, wanted)) is not None:
        header = stream.readline(longest)
        names = _names(header.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace"), delimiter)
        lines = _Lines(stream, longest, max(start, len(header)), line=2)
        # One limit for the whole process; the length of a row is bounded by `lines`.
        csv.field_size_limit(max(csv.field_size_limit(), longest))
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
    else:
        yield Row(offset=0, line=1, what="neither JSON nor a table with the columns it must have")
        return
    stream.seek(lines.at)
    rereads = _REREADS
    while True:
        lines.begin()
        values, what = None, ""
        try:
            values = _object(next(rows)) if names is None else _fields(names, next(rows))
        except StopIteration:
            return
        except csv.Error as error:
            what = f"not CSV: {error}"
        except ValueError as error:
            what = str(error)
        if what and rereads and lines.read_again():
            rereads -= 1
        if what or values is not None:
            yield Row(offset=lines.row[1], end=lines.at, line=lines.row[0], values=values, what=what)


def iso_moment(value: Any) -> datetime:
    """A time in ISO 8601 as an aware one, UTC; UTC is assumed where it has no time zone.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError("not a time in ISO 8601")
    moment = datetime.fromisoformat(value.strip())
    if not is_time(moment):
        raise ValueError("not a time at which something can have been fetched")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Lines:
    """The lines of a stream, counted; `row` is the number and offset of the first line of the present row."""

    stream: IO[bytes]
    longest: int
    at: int
    line: int = 1
    row: tuple[int, int] = (1, 0)
    second: int | None = None  # the offset of the second line of the row

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line.

        Raises:
            ValueError: the row is longer than that of a page; the line is skipped.
        """
        text = rest = self.stream.readline(self.longest + 1)
        if not text:
            raise StopIteration
        self.at += len(text)
        while len(text) > self.longest and rest and not rest.endswith(b"\n"):
            rest = self.stream.readline(_CHUNK)
            self.at += len(rest)
        self.second = self.at if self.second is None else self.second
        self.line += 1
        if self.at - self.row[1] > self.longest or self.line - self.row[0] > _MOST_LINES:
            raise ValueError("a row longer than that of a page")
        return text.decode("utf-8", "surrogateescape")

    def begin(self) -> None:
        """Begin a row."""
        self.row, self.second = (self.line, self.at), None

    def read_again(self) -> bool:
        """Go back to the second line of the row: behind a quote that is never closed, lines are rows of their own."""
        if self.second is None or self.second == self.at:
            return False
        self.stream.seek(self.second)
        self.line, self.at = self.row[0] + 1, self.second
        return True


def _object(text: str) -> dict[str, Any] | None:
    """The object in a line of JSON Lines; None for an empty line.

    Raises:
        ValueError: it has none; the message is a phrase.
    """
    if not text.strip("\ufeff\r\n\t "):
        return None
    try:
        values = json.loads(text.encode("utf-8", "surrogateescape"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004
    return {name.strip().lower(): value for name, value in values.items()}


def _fields(names: list[str], fields: list[str]) -> dict[str, Any] | None:
    if len(fields) > len(names):
        raise ValueError("more fields than columns")
    return dict(zip(names, fields, strict=False)) if fields else None


def _names(line: str, delimiter: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in fields]


def _item(row: Row, name: str, max_page: int, fetched_at: datetime) -> Item:
    """A row as a capture.

    Args:
        fetched_at: the time of pages whose rows have none, plus some microseconds by their offsets: two versions of one
            page are two captures.
    """
    location = Location(file=name, offset=row.offset)
    if row.values is None:
        return Damage(location=location, what=row.what)
    url, html, text = (row.values.get(column) for column in ("url", "html", "text"))
    page = html or text
    if not isinstance(url, str) or not 0 < len(url) <= MAX_LENGTH:
        return Damage(location=location, what="no url")
    if not isinstance(page, str) or not page:
        return Damage(location=location, what="neither html nor text")
    try:
        moment = _moment(row.values) or fetched_at + timedelta(microseconds=row.offset // _BYTES_A_MICROSECOND)
    except ValueError:
        return Damage(location=location, what="fetched_at is not a time in ISO 8601")
    url = url.encode("utf-8", "replace").decode().strip()
    body = _bytes(page)
    if len(body) > max_page:
        return Refused(url=url, fetched_at=moment, location=location, reason=TOO_LARGE)
    media_type = "text/html" if html else "text/plain"
    return Capture(url=url, fetched_at=moment, body=body, media_type=media_type, location=location)


def _bytes(page: str) -> bytes:
    """A page as it was: bytes of a CSV file that are not UTF-8 are kept; lone surrogates of JSON are lost."""
    try:
        return page.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return page.encode("utf-8", "replace")


def _moment(values: dict[str, Any]) -> datetime | None:
    """When a row says that it was fetched, or None.

    Raises:
        ValueError: `fetched_at` is not a time. Under another name it may be the article's date, however written.
    """
    if fetched_at := values.get("fetched_at"):
        return iso_moment(fetched_at)
    for name in ("timestamp", "date"):
        with suppress(ValueError):
            if value := values.get(name):
                return iso_moment(value)
    return None
