"""Rows of JSON Lines and CSV, with the place of each: one at a time, whatever the file."""

from __future__ import annotations

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

DELIMITERS = (",", ";", "\t")

# More columns than this are no table of pages.
_MAX_COLUMNS = 1_000
_CHUNK = 1 << 16
# Where a quote that is never closed has swallowed what follows, its lines are read again: this many times a row's
# length, and not for each of a million such quotes.
_REREADS = 4
# No page has more.
_MOST_LINES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        offset, end: where it begins and where the next one does, in bytes of the stream.
        line: the number of its first line, from 1; counted from where reading began.
        values: its columns by name in lower case; None where it cannot be read.
        what: why not, a phrase.
    """

    offset: int
    end: int
    line: int
    values: dict[str, Any] | None = None
    what: str = ""


def begins_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON Lines, or at least JSON."""
    return head.removeprefix(BOM_UTF8).lstrip()[:1] == b"{"


def csv_delimiter(head: bytes, wanted: Sequence[frozenset[str]]) -> str | None:
    """What parts the columns of a CSV file that begins so, or None where it is none.

    Args:
        head: the file's first line at least.
        wanted: sets of column names; its header has at least one of each.
    """
    line = head.removeprefix(BOM_UTF8).split(b"\n", 1)[0].decode("utf-8", "replace")
    for delimiter in DELIMITERS:
        names = frozenset(_names(line, delimiter))
        if all(names & some for some in wanted):
            return delimiter
    return None


def read_json_lines(stream: IO[bytes], longest: int, start: int = 0) -> Iterator[Row]:
    """The rows of a JSON Lines file: objects; empty lines are none.

    Args:
        stream: the file, unpacked, where its row at `start` begins.
        longest: the length in bytes of the longest line that is read.
        start: an offset.
    """
    for line in _Lines(stream, longest, start):
        if line.text is None:
            yield line.row(what="a line longer than that of a page")
        elif line.text.strip():
            values = _json_object(line.text)
            yield line.row(what=values) if isinstance(values, str) else line.row(values)


def read_csv(stream: IO[bytes], delimiter: str, longest: int, start: int = 0) -> Iterator[Row]:
    """The rows of a CSV file behind its header; fields may have several lines.

    Bytes that are no UTF-8 come as surrogates, as os.fsdecode makes them.

    Args:
        stream: the file, unpacked, at its beginning; seekable where there is a `start`.
        delimiter: as `csv_delimiter` found it.
        longest: the length in bytes of the longest row that is read.
        start: the offset of a row; 0 for the first.
    """
    # It is one for the whole process, and the length of a row is bounded here.
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    header = stream.readline(longest)
    names = _names(header.removeprefix(BOM_UTF8).decode("utf-8", "replace"), delimiter)
    if start > len(header):
        stream.seek(start)
    lines = _CsvLines(_Lines(stream, longest, max(start, len(header)), number=2), longest)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back()
            yield lines.row(what=f"no CSV: {error}")
            continue
        if len(fields) > len(names):
            yield lines.row(what="more fields than columns")
        elif fields:
            yield lines.row(dict(zip(names, fields, strict=False)))


@dataclass(slots=True)
class _Line:
    """A line, or, where `text` is None, one that was too long to be kept."""

    offset: int
    end: int
    number: int
    text: bytes | None

    def row(self, values: dict[str, Any] | None = None, what: str = "") -> Row:
        return Row(offset=self.offset, end=self.end, line=self.number, values=values, what=what)


class _Lines:
    """The lines of a stream, each with its place."""

    def __init__(self, stream: IO[bytes], longest: int, at: int, number: int = 1) -> None:
        self._stream = stream
        self._longest = longest
        self._at = at
        self._number = number

    def __iter__(self) -> Iterator[_Line]:
        while text := self._stream.readline(self._longest + 1):
            length, kept = len(text), text if self._at else text.removeprefix(BOM_UTF8)
            if too_long := length > self._longest and not text.endswith(b"\n"):
                length += self._skip()
            yield _Line(self._at, self._at + length, self._number, None if too_long else kept)
            self._at += length
            self._number += 1

    def _skip(self) -> int:
        """Read to the end of a line; how long it was."""
        skipped = 0
        while rest := self._stream.readline(_CHUNK):
            skipped += len(rest)
            if rest.endswith(b"\n"):
                break
        return skipped


@dataclass(slots=True)
class _CsvLines:
    """Hands lines to the csv module, keeps those of the present row, and says no where they become too many."""

    lines: _Lines
    longest: int
    _source: Iterator[_Line] = field(init=False)
    _given: list[_Line] = field(default_factory=list)
    _again: list[_Line] = field(default_factory=list)  # the next one last
    _length: int = 0
    _to_reread: int = 0
    _lines_to_reread: int = _REREADS * _MOST_LINES

    def __post_init__(self) -> None:
        self._source = iter(self.lines)
        self._to_reread = _REREADS * self.longest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._source)
        self._given.append(line)
        self._length += line.end - line.offset
        if line.text is None or self._length > self.longest or len(self._given) > _MOST_LINES:
            raise csv.Error("a row longer than that of a page")
        return line.text.decode("utf-8", "surrogateescape")

    def begin(self) -> None:
        self._given, self._length = [], 0

    def give_back(self) -> None:
        """Have the lines behind a broken row's first one read again: they may be rows of their own."""
        if len(self._given) > 1 and self._length <= self._to_reread and len(self._given) <= self._lines_to_reread:
            self._to_reread -= self._length
            self._lines_to_reread -= len(self._given)
            self._again.extend(reversed(self._given[1:]))
            del self._given[1:]

    def row(self, values: dict[str, Any] | None = None, what: str = "") -> Row:
        first, last = self._given[0], self._given[-1]
        return Row(offset=first.offset, end=last.end, line=first.number, values=values, what=what)


def _names(line: str, delimiter: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in fields] if len(fields) <= _MAX_COLUMNS else []


def _json_object(line: bytes) -> dict[str, Any] | str:
    """The object of a line, or why there is none."""
    try:
        values = json.loads(line.decode())
    except UnicodeDecodeError:
        return "no UTF-8"
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(values, dict):
        return "no JSON object"
    return {name.strip().lower(): value for name, value in values.items()}
