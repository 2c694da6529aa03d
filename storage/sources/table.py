"""Tables of pages: JSON Lines and CSV, plain or gzip, with the address of a page and its HTML or text in each row."""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from w3lib.encoding import html_body_declared_encoding

from extractors.address import MAX_LENGTH
from extractors.html import to_utf8
from storage.archive.capture import Capture, Damage, Item, Location, Source, damaged, name_of, stamp_of
from storage.archive.http import GZIP_MAGIC
from storage.archive.reader import utc

#: How much of a file is read to detect its kind.
HEAD = 4096
#: What a table has at least: one column of each set.
TABLE_COLUMNS = (frozenset({"url"}), frozenset({"html", "text"}))
DAMAGED_GZIP = "gzip data are damaged"
NO_TIME = "fetched_at is not a time in ISO 8601"

# What is beside a page in its row, and by how much JSON's escapes make a page longer.
_REST_OF_ROW = 1 << 16
_ESCAPED = 6
# No row with a page is shorter, in bytes: this many are between the assumed microseconds of two rows.
_BYTES_A_MICROSECOND = 64
_CHUNK = 1 << 16
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes that are accented letters within words to the encodings of old Macintosh and MS-DOS; and to windows-1252.
_ODD = re.compile("[a-z][\udc81-\udc8b\udc8d-\udc91\udc98-\udc9b\udc9d-\udc9f\udcd5][a-z]")
_USUAL = re.compile("[a-z][\udc92\udc9c\udce0-\udcff][a-z]")
# With this line Excel is told what separates the columns.
_SEPARATOR = re.compile(r'"?sep=.[^\n]{0,2}\r?\n', re.IGNORECASE)


def table_source(path: Path) -> Source:
    """A table, whose offsets are those of its rows in the unpacked file."""
    status, name = path.stat(), name_of(path)

    def items(max_page: int, start: int) -> Iterator[Item]:
        longest = max_page * _ESCAPED + _REST_OF_ROW
        with path.open("rb") as file:
            stream = unpacked(file)
            try:
                for at, row in read_rows(stream, TABLE_COLUMNS, longest, start):
                    yield _item(row, Location(file=name, offset=at), time_of(status.st_mtime))
            except (gzip.BadGzipFile, zlib.error, EOFError) as error:
                what = "gzip data end too early" if isinstance(error, EOFError) else DAMAGED_GZIP
                yield damaged(name, what, stream.tell())

    return Source(name, status.st_size, stamp_of(status), items)


def unpacked(file: BufferedReader) -> IO[bytes]:
    """A file without its gzip, if it has one."""
    is_packed = file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file


def time_of(mtime: float) -> datetime:
    """The time of a file; aware, UTC. Of times outside the calendar of archivers, 1970 to 2106, the nearest counts."""
    return datetime.fromtimestamp(min(max(mtime, 0), 2**32 - 1), UTC)


def csv_columns(head: bytes, wanted: Sequence[frozenset[str]]) -> tuple[str, list[str]] | None:
    """The delimiter and column names of a CSV file; None if it does not have at least one of each set of `wanted`."""
    text = head.decode("utf-16" if head.startswith(_UTF16) else "utf-8-sig", "replace")
    line = re.split(r"[\r\n]", _SEPARATOR.sub("", text), maxsplit=1)[0]
    for delimiter in ",;\t|":
        with suppress(csv.Error):
            fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
            names = [name.strip().lower() for name in fields]
            if all(some.intersection(names) for some in wanted):
                return delimiter, names
    return None


def read_rows(
    stream: IO[bytes], wanted: Sequence[frozenset[str]], longest: int, start: int = 0
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The rows of a JSON Lines or CSV file from an offset on: offsets, and columns by their names in lower case.

    Instead of a row that cannot be read, there is a phrase that says why. Bytes of CSV that are not UTF-8 come as
    surrogates, as os.fsdecode makes them.

    Args:
        wanted: as of `csv_columns`; empty: it can only be JSON Lines.
        longest: rows of more bytes are not read; so much is skipped behind a quote that is never closed.
    """
    while (first := stream.readline(longest)).isspace() or _SEPARATOR.match(first.decode("utf-8-sig", "replace")):
        pass
    if not wanted or first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        lines = _Lines(stream, longest, start)
        rows = map(_object, lines)
    elif columns := csv_columns(first, wanted):
        if first.startswith(_UTF16) or b"\r" in first.rstrip():
            yield 0, "a table in UTF-16, or with line ends of old Macintosh; save it as CSV UTF-8"
            return
        delimiter, names = columns
        lines = _Lines(stream, longest, max(start, stream.tell()))
        # One limit for the whole process; the length of a row is bounded by `lines`.
        csv.field_size_limit(max(csv.field_size_limit(), longest))
        rows = map(partial(_fields, names), csv.reader(lines, delimiter=delimiter, strict=True))
    else:
        yield 0, "neither JSON nor a table with the columns it must have"
        return
    while True:
        lines.start = lines.at
        row: dict[str, Any] | str | None
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            row = f"not CSV: {error}"
        except ValueError as error:
            row = str(error)
        if row is not None:
            yield lines.start, row


class _Lines:
    """The lines of a stream from the offset `at` on; `start` is that of the present row."""

    def __init__(self, stream: IO[bytes], longest: int, at: int) -> None:
        self.at = self.start = at
        self._stream = stream
        self._longest = longest
        stream.seek(at)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line; a ValueError where the row is longer than that of a page, and the line is skipped."""
        line = self._stream.readline(self._longest + 1)
        if not line:
            raise StopIteration
        self.at += len(line)
        if self.at - self.start <= self._longest:
            return line.decode("utf-8", "surrogateescape")
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(_CHUNK)
            self.at += len(line)
        raise ValueError("a row longer than that of a page")


def _object(line: str) -> dict[str, Any] | None:
    """The object in a line of JSON Lines; None for an empty line. A ValueError's message is a phrase."""
    if not line.strip("\ufeff\r\n\t "):
        return None
    try:
        values = json.loads(line.encode("utf-8", "surrogateescape"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004
    return {name.strip().lower(): value for name, value in values.items()}


def _fields(names: list[str], fields: list[str]) -> dict[str, Any] | None:
    if any(fields[len(names) :]):  # Excel leaves blank ones, and blank rows
        raise ValueError("more fields than columns")
    return dict(zip(names, fields, strict=False)) if any(fields) else None


def _item(row: dict[str, Any] | str, location: Location, fetched_at: datetime) -> Item:
    """A row as a capture; `fetched_at` counts where it has no time.

    Some microseconds are added by its offset, so that two versions of one page are two captures.
    """
    if isinstance(row, str):
        return Damage(location=location, what=row)
    url, html, text = (row.get(column) for column in ("url", "html", "text"))
    page = html or text
    if {"paragraphs", "archive_offset"} <= row.keys():
        return Damage(location=location, what="a row that kbsworld export wrote; kbsworld import reads it")
    if not isinstance(url, str) or not 0 < len(url) <= MAX_LENGTH:
        return Damage(location=location, what="no url")
    if not isinstance(page, str) or not page:
        return Damage(location=location, what="neither html nor text")
    moment = utc(row.get("fetched_at"))
    if row.get("fetched_at") and moment is None:
        return Damage(location=location, what=NO_TIME)
    try:
        body = _bytes(page)
    except ValueError as error:
        return Damage(location=location, what=str(error))
    assumed = fetched_at + timedelta(microseconds=location.offset // _BYTES_A_MICROSECOND)
    return Capture(
        url=url.encode("utf-8", "replace").decode().strip(),
        # Under another name it may be the article's date, however written.
        fetched_at=moment or utc(row.get("timestamp")) or utc(row.get("date")) or assumed,
        body=body,
        media_type="text/html" if html else "text/plain",
        location=location,
    )


def _bytes(page: str) -> bytes:
    """A page in UTF-8, or as it was if it says that it has another encoding; lone surrogates of JSON are lost.

    Raises:
        ValueError: it is in neither UTF-8 nor windows-1252, and says nothing; with a phrase.
    """
    try:
        raw = page.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return page.encode("utf-8", "replace")
    if html_body_declared_encoding(raw) not in {None, "utf-8"}:
        return raw
    if len(_ODD.findall(page)) > len(_USUAL.findall(page)):
        raise ValueError("neither in UTF-8 nor in windows-1252; save it as CSV UTF-8")
    return to_utf8(raw + b"\n")[:-1]  # a last letter that is no UTF-8 would be cut
