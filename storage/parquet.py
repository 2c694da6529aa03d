"""Rows of the database as Parquet files: one table a file, columns as they are documented (DATA.md)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from storage.versions import COLUMNS, Row

TABLES: dict[str, tuple[str, ...]] = {
    "articles": COLUMNS,
    "refusals": ("url", "reason", "fetched_at", "archive_file", "archive_offset"),
}
#: Of one file of several.
MAX_ROWS = 100_000

_INTEGERS = frozenset({"has_video", "truncated", "archive_offset"})
_NULLABLE = frozenset(
    "title category written_at updated_at image_url image_credit source_url archive_file archive_offset".split()
)
# What is held in memory at once, when written and when read.
_GROUP_ROWS = 5000
_GROUP_CHARACTERS = 16_000_000
_READ_ROWS = 200

_MAGIC = b"PAR1"  # https://parquet.apache.org/docs/file-format/


class ParquetError(OSError):
    """A file cannot be read or written; the message is a sentence that names it."""


def require_pyarrow(what: str) -> None:
    """Raise ImportError, with a sentence about `what` needs it, where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{what} needs pyarrow: pip install 'kbsworld[parquet]'.") from error


def write_rows(path: Path, table: str, rows: Iterable[Row], *, extra: Sequence[str] = ()) -> int:
    """Write rows of `table` into a file; how many they were.

    Args:
        path: the file.
        table: `articles` or `refusals`.
        rows: they are not held in memory together.
        extra: further columns, of text.

    Raises:
        ParquetError: it cannot be written.
    """
    with _told(path, "written"):
        return _write(path, table, rows, extra)


def write_stream(stream: IO[bytes], table: str, rows: Iterable[Row]) -> int:
    """Write rows of `table` into a stream, which need not be one that can seek; how many they were.

    Raises:
        OSError: as the stream does.
    """
    return _write(_Counted(stream), table, rows, ())


def _write(where: Path | _Counted, table: str, rows: Iterable[Row], extra: Sequence[str]) -> int:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema(
        [(name, pyarrow.int64() if name in _INTEGERS else pyarrow.string()) for name in (*TABLES[table], *extra)]
    )
    written = 0
    with ParquetWriter(where, schema, compression="zstd", write_page_checksum=True) as writer:
        for group in _groups(rows):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            written += len(group)
    return written


class _Counted:
    """A stream that knows how much was written to it, as Parquet needs, also where it is a pipe."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._written = 0

    def write(self, data: bytes) -> int:
        self._written += len(data)
        return self._stream.write(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Whoever opened the stream closes it."""


def write_files(folder: Path, table: str, rows: Iterable[Row]) -> list[Path]:
    """Write rows of `table` into files of at most `MAX_ROWS`, one at least: articles-00001.parquet and so on.

    Raises:
        ParquetError: one cannot be written.
    """
    left = iter(rows)
    files: list[Path] = []
    first = next(left, None)
    while first is not None or not files:
        path = folder / f"{table}-{len(files) + 1:05}.parquet"
        write_rows(path, table, chain([] if first is None else [first], islice(left, MAX_ROWS - 1)))
        files.append(path)
        first = next(left, None)
    return files


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet files do, whole or not.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def table_of(path: Path) -> tuple[str, int]:
    """The table whose rows a file holds, and their number.

    Raises:
        ParquetError: it holds none, or is no Parquet file.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with _told(path, "read"), ParquetFile(path) as file:
            names, types, rows = file.schema_arrow.names, file.schema_arrow.types, file.metadata.num_rows
    except pyarrow.ArrowInvalid as error:
        raise ParquetError(f"{path} is no Parquet file, or its end is missing.") from error
    table = "articles" if "paragraphs" in names else "refusals"
    if missing := [name for name in TABLES[table] if name not in names]:
        raise ParquetError(f"{path} holds neither articles nor refusals: {', '.join(missing)} are missing.")
    if twice := [name for name in TABLES[table] if names.count(name) > 1]:
        raise ParquetError(f"{path} has more than one column {twice[0]}.")
    for name, kind in zip(names, types, strict=True):
        if name in TABLES[table] and not _fits(name, kind):
            wanted = "whole numbers" if name in _INTEGERS else "text"
            raise ParquetError(f"{path} does not fit: its column {name} is {_short(kind)}; it must be {wanted}.")
    return table, rows


def read_rows(path: Path, table: str, *, extra: Sequence[str] = (), nulls: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a file of `table`, in order; columns that are not known are left out.

    Args:
        path: the file.
        table: `articles` or `refusals`.
        extra: further columns.
        nulls: columns that may be null, though they may not in the database.

    Raises:
        ParquetError: it is damaged, or a row is none of the table.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    columns = [*TABLES[table], *extra]
    try:
        with _told(path, "read"), ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_READ_ROWS, columns=columns, use_threads=False):
                yield from _rows(path, batch.select(columns), {*_NULLABLE, *nulls})
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise ParquetError(f"{path} is damaged ({_short(error)}); what stands before that was read.") from error


def _rows(path: Path, batch: Any, nullable: set[str]) -> Iterator[Row]:
    import pyarrow

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if column.null_count and name not in nullable:
            raise ParquetError(f"{path} has a row without {name}; it is none of kbsworld's.")
    kinds = [pyarrow.int64() if name in _INTEGERS else pyarrow.string() for name in batch.schema.names]
    # Numbers where others write true and false, text where they write categories.
    columns = [column.cast(kind).to_pylist() for column, kind in zip(batch.columns, kinds, strict=True)]
    for values in zip(*columns, strict=True):
        yield dict(zip(batch.schema.names, values, strict=True))


def _fits(name: str, kind: Any) -> bool:
    from pyarrow import types

    if types.is_null(kind):
        return name in _NULLABLE
    if name in _INTEGERS:
        return bool(types.is_integer(kind) or types.is_boolean(kind))
    text = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(text) or types.is_large_string(text) or types.is_string_view(text))


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows, as many at a time as memory shall hold."""
    group: list[Row] = []
    held = 0
    for row in rows:
        group.append(row)
        held += len(row.get("text") or "")
        if len(group) >= _GROUP_ROWS or held >= _GROUP_CHARACTERS:
            yield group
            group, held = [], 0
    if group:
        yield group


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Make a sentence of what the system says."""
    import pyarrow

    try:
        yield
    except ParquetError:
        raise
    except pyarrow.ArrowException:
        raise  # some are OSErrors too, and say what is wrong with the file
    except OSError as error:
        if what == "written":
            with suppress(OSError):
                path.unlink()
        if not error.errno:  # the file's own fault
            raise ParquetError(f"{path} is damaged ({_short(error)}).") from error
        raise ParquetError(f"{path} cannot be {what} ({os.strerror(error.errno)}).") from error


def _short(said: object) -> str:
    """What pyarrow says, as one line; names in a file can hold what a terminal obeys."""
    return "".join(char if char.isprintable() else " " for char in " ".join(str(said).split()))[:100]
