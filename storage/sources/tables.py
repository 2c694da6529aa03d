"""Dumps: JSON Lines and CSV with the address of a page and its HTML or text in each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from extractors.address import MAX_LENGTH
from storage.archive import MAX_PAGE_BYTES, Capture, Location
from storage.archive.reader import is_time
from storage.sources.base import Item, Part, Refused, Wound, name_of
from storage.sources.batches import Step, batches
from storage.sources.http import TOO_LARGE
from storage.sources.kinds import DAMAGED, TABLE_COLUMNS, damage, read_head, unpacked
from storage.sources.pages import time_of
from storage.sources.rows import Row, begins_json, csv_delimiter, read_csv, read_json_lines

# What stands beside a page in its row, and by how much JSON's escapes make a page longer.
_REST_OF_ROW = 1 << 16
_ESCAPED = 6
# No row with a page is shorter, in bytes: as many lie between the microseconds of two rows.
_BYTES_A_MICROSECOND = 64


class TableSource:
    """A dump in a file, plain or gzip. Offsets are those of its rows in the unpacked file."""

    def __init__(self, path: Path, *, max_page: int = MAX_PAGE_BYTES) -> None:
        """The dump at `path`; pages longer than `max_page` bytes are refused."""
        self.name = name_of(path)
        self.size = path.stat().st_size
        self._path = path
        self._max_page = max_page

    def parts(self, after: str | None = None) -> Iterator[Part]:
        """Its rows, some at a time; those from the offset `after` on, or all.

        Raises:
            OSError: it cannot be read.
        """
        yield from batches(self._steps(int(after or 0)))

    def _steps(self, start: int) -> Iterator[Step]:
        with ExitStack() as stack:
            file = stack.enter_context(self._path.open("rb"))
            mtime = time_of(file)
            stream, at = stack.enter_context(unpacked(file)), 0
            head = read_head(stream)
            stream.seek(0)
            for item, end in table_items(stream, head, self.name, self._max_page, mtime, start):
                # What was passed over to come to `start` is counted with the first row.
                yield item, str(end), file.tell() - at
                at = file.tell()


def table_items(
    stream: IO[bytes], head: bytes, name: str, max_page: int, fetched_at: datetime, start: int = 0
) -> Iterator[tuple[Item, int]]:
    """What a dump holds, each with the offset behind it.

    Args:
        stream: the dump, unpacked, at its beginning.
        head: its first bytes, header and all.
        name: how locations name it.
        max_page: the length in bytes above which a page is refused.
        fetched_at: when its pages were fetched, where it does not say so; aware, UTC. Each row gets a moment of its own
            behind it, by its offset: two versions of one page are not one capture.
        start: where to begin, an offset that was told; 0 for all. Needs a stream that can seek.
    """
    end = start
    try:
        for row in _rows(stream, head, max_page, start):
            item = _item(row, name, max_page, fetched_at)
            end = row.end
            yield item, end
    except DAMAGED as error:
        what, early = damage(error)
        yield Wound(location=Location(file=name, offset=end), what=what, incomplete=early), end


def _rows(stream: IO[bytes], head: bytes, max_page: int, start: int) -> Iterator[Row]:
    longest = max_page * _ESCAPED + _REST_OF_ROW
    if begins_json(head):
        if start:
            stream.seek(start)
        yield from read_json_lines(stream, longest, start)
    elif (delimiter := csv_delimiter(head, TABLE_COLUMNS)) is not None:
        yield from read_csv(stream, delimiter, longest, start)
    else:
        yield Row(offset=0, end=0, line=1, what="no table with the columns url and html or text")


def _item(row: Row, name: str, max_page: int, fetched_at: datetime) -> Item:
    location = Location(file=name, offset=row.offset)
    if row.values is None:
        return Wound(location=location, what=row.what)
    url, html, text = (row.values.get(column) for column in ("url", "html", "text"))
    page = html or text
    if not isinstance(url, str) or not 0 < len(url) <= MAX_LENGTH:
        return Wound(location=location, what="no url")
    if not isinstance(page, str) or not page:
        return Wound(location=location, what="neither html nor text")
    try:
        moment = _moment(row.values) or fetched_at + timedelta(microseconds=row.offset // _BYTES_A_MICROSECOND)
    except ValueError:
        return Wound(location=location, what="fetched_at is no time in ISO 8601")
    url = url.encode("utf-8", "replace").decode().strip()
    body = _bytes(page)
    if len(body) > max_page:
        return Refused(url=url, fetched_at=moment, location=location, reason=TOO_LARGE)
    media_type = "text/html" if html else "text/plain"
    return Capture(url=url, fetched_at=moment, body=body, media_type=media_type, location=location)


def _bytes(page: str) -> bytes:
    """A page as it was: bytes that are no UTF-8 in a CSV file are those of the page; what JSON breaks is lost."""
    try:
        return page.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return page.encode("utf-8", "replace")


def _moment(values: dict[str, Any]) -> datetime | None:
    """When a row says that it was fetched, or None.

    Raises:
        ValueError: `fetched_at` is no time. Under another name it may be the article's date, however written.
    """
    if fetched_at := values.get("fetched_at"):
        return iso_moment(fetched_at)
    for name in ("timestamp", "date"):
        if value := values.get(name):
            try:
                return iso_moment(value)
            except ValueError:
                continue
    return None


def iso_moment(value: Any) -> datetime:
    """A time in ISO 8601 as an aware one, UTC; one without time zone is UTC.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError("no time in ISO 8601")
    moment = datetime.fromisoformat(value.strip())
    if not is_time(moment):
        raise ValueError("no time that something can have been fetched at")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
