"""JSON Lines: an object a line, with all columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from storage.exports.base import FLAGS, Exported, ExportError
from storage.versions import COLUMNS, Row

_FLAGS = FLAGS
_NULLABLE = frozenset(
    "title category written_at updated_at image_url image_credit source_url archive_file archive_offset".split()
)

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream."""
    for row, paragraphs in articles:
        values = {**row, **{name: bool(row[name]) for name in FLAGS}, "paragraphs": paragraphs}
        stream.write(_encode(values).encode() + b"\n")


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
