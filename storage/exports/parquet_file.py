"""One Parquet file, with the columns of `articles` as the database has them."""

from collections.abc import Iterable, Iterator
from typing import IO

from storage.exports import Exported
from storage.versions import COLUMNS, Row

_INTEGERS = frozenset({"has_video", "truncated", "archive_offset"})
# The most that is held in memory at once.
_GROUP_ROWS = 5000
_GROUP_CHARACTERS = 16_000_000


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream, which may be a pipe; ImportError, with a sentence, where pyarrow is missing."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise ImportError("--format parquet needs pyarrow: pip install 'kbsworld[parquet]'.") from error

    schema = pyarrow.schema([(name, pyarrow.int64() if name in _INTEGERS else pyarrow.string()) for name in COLUMNS])
    with ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:
        for group in _groups(articles):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))


def _groups(articles: Iterable[Exported]) -> Iterator[list[Row]]:
    group: list[Row] = []
    held = 0
    for row, _ in articles:
        group.append(row)
        held += len(row["text"])
        if len(group) >= _GROUP_ROWS or held >= _GROUP_CHARACTERS:
            yield group
            group, held = [], 0
    if group:
        yield group
