"""JSON Lines: an object a line, with all columns; and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from sqlite_utils import Database

from storage.exports.base import Exported, ExportError, sound
from storage.selection import Selection, select_values
from storage.versions import COLUMNS, Row

_FLAGS = frozenset({"has_video", "truncated"})
_NULLABLE = frozenset(
    "title category written_at updated_at image_url image_credit source_url archive_file archive_offset".split()
)
# SQLite makes JSON in a quarter of the time that it takes here: of what stands before the paragraphs and the text of a
# row, of the text, and of what stands behind, where each is of its kind. Bytes: whether they are UTF-8 is seen below.
_TEXT = "'text', 'null'"
_KINDS = dict.fromkeys(_FLAGS, "'integer'") | {"archive_offset": "'integer', 'null'"}
_AS_JSON = {name: f"json(iif(articles.{name}, 'true', 'false'))" for name in _FLAGS}


def _object(columns: Sequence[str]) -> str:
    members = ", ".join(f"'{name}', {_AS_JSON.get(name, f'articles.{name}')}" for name in columns)
    return _if_sound(columns, f"json_object({members})")


def _if_sound(columns: Sequence[str], value: str) -> str:
    conditions = [f"typeof(articles.{name}) in ({_KINDS.get(name, _TEXT)})" for name in columns]
    conditions += [f"articles.{name} in (0, 1)" for name in columns if name in _FLAGS]
    return f"case when {' and '.join(conditions)} then cast({value} as blob) end"


_BEFORE, _BEHIND = COLUMNS[: COLUMNS.index("paragraphs")], COLUMNS[COLUMNS.index("text") + 1 :]
_PARTS = (
    "articles.rowid",
    _object(_BEFORE),
    "cast(articles.paragraphs as blob)",
    _if_sound(["text"], "json_quote(articles.text)"),
    _object(_BEHIND),
)
_ROW = f"select {', '.join(COLUMNS)} from articles where rowid = ?"  # noqa: S608
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def lines(db: Database, selection: Selection, tell: Callable[[str], None]) -> Iterator[bytes]:
    """A line for each article that is selected, in the order of exports.

    Args:
        db: a database of kbsworld.
        selection: which.
        tell: told of each row that holds something else than its columns are for, in a sentence; it has no line.
    """
    for rowid, *parts in select_values(db, selection, _PARTS):
        if line := _join(*parts):
            yield line
            continue
        for article in sound(db.query(_ROW, [rowid]), tell):
            yield _line(article)


def write(lines: Iterable[bytes], stream: IO[bytes]) -> None:
    """Write lines into a stream."""
    stream.writelines(lines)


def _line(article: Exported) -> bytes:
    row, paragraphs = article
    flags = {name: bool(row[name]) for name in _FLAGS}
    values = {name: row[name] for name in COLUMNS} | flags | {"paragraphs": paragraphs}
    return _encode(values).encode() + b"\n"


def _join(before: bytes | None, paragraphs: bytes, text: bytes | None, behind: bytes | None) -> bytes | None:
    """The line of a row as this project writes them: its paragraphs are its text, taken apart. None: it is no such row.

    Args:
        before, text, behind: as JSON; None where something in them is not of its kind.
        paragraphs: as stored.
    """
    if before is None or text is None or behind is None:
        return None
    parts = text.split(rb"\n\n")
    if paragraphs != b"[%b]" % b'", "'.join(parts):
        return None
    compact = b'","'.join(parts)
    # With a backslash in the text, what looks like the end of a line may be none: damaged rows could pass for sound.
    if b"\\" in compact and rb"\\" in text:
        return None
    try:
        b"".join((before, text, behind)).decode()
    except UnicodeDecodeError:
        return None
    return b"".join((before[:-1], b',"paragraphs":[', compact, b'],"text":', text, b",", behind[1:], b"\n"))


def is_json_lines(path: Path) -> bool:
    """Whether a file, plain or gzip, begins as JSON Lines do, or holds nothing, as where no article was selected.

    Raises:
        OSError: it cannot be read.
    """
    # Imported here and below: an export, which begins with this too, reads no file.
    from storage.sources.kinds import read_head, unpacked
    from storage.sources.rows import begins_json

    with path.open("rb") as file, unpacked(file) as stream:
        head = read_head(stream)
        return not head or begins_json(head)


def read_rows(path: Path, longest: int) -> Iterator[tuple[int, Row | str]]:
    """The rows of a file such as `write` makes, plain or gzip; of each its line, from 1, and itself or why it is none.

    Args:
        path: the file.
        longest: the length in bytes of the longest line that is read.

    Raises:
        ExportError: it is damaged, or cannot be read; the message is a sentence.
    """
    from storage.sources.kinds import DAMAGED, damage, unpacked
    from storage.sources.rows import read_json_lines

    try:
        with path.open("rb") as file, unpacked(file) as stream:
            for line in read_json_lines(stream, longest):
                yield line.line, line.what if line.values is None else _row(line.values)
    except DAMAGED as error:
        raise ExportError(f"{path}: its {damage(error)[0]}; what stands before that was read.") from error
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror}).") from error


def _row(values: Mapping[str, Any]) -> Row | str:
    """A row of `articles`, or why there is none."""
    for name in COLUMNS:
        if values.get(name) is None and name not in _NULLABLE:
            return f"{name} is missing; import takes what scrapy export wrote"
        if not _fits(name, values.get(name)):
            return f"{name} is of another kind"
    row = {name: values.get(name) for name in COLUMNS}
    flags = {name: int(bool(row[name])) for name in _FLAGS}
    return row | flags | {"paragraphs": json.dumps(row["paragraphs"], ensure_ascii=False)}


def _fits(name: str, value: Any) -> bool:
    if value is None:
        return True
    if name in _FLAGS:
        return value in (True, False)
    if name == "archive_offset":
        return type(value) is int and -(1 << 63) <= value < 1 << 63
    if name == "paragraphs":
        return isinstance(value, list) and all(map(_is_whole_text, value))
    return _is_whole_text(value)


def _is_whole_text(value: Any) -> bool:
    """Whether that is text, and not half a character, which JSON can hold and nothing else."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))
