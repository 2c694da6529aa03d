"""One Parquet file with typed columns: times with their zone, lists, booleans, and the day of each article."""

from collections.abc import Iterable, Iterator
from typing import IO

import pyarrow
from pyarrow.parquet import ParquetWriter

from storage.exports import FLAGS, Exported, day_of, moment_of
from storage.versions import HISTORY, Row

_TIMES = {"written_at": "+09:00", "updated_at": "+09:00", "fetched_at": "UTC", "replaced_at": "UTC"}
# The most that is held in memory at once.
_GROUP_ROWS = 5000
_GROUP_CHARACTERS = 16_000_000


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream, which may be a pipe."""
    types = {
        **{name: pyarrow.timestamp("us", zone) for name, zone in _TIMES.items()},
        **dict.fromkeys(FLAGS, pyarrow.bool_()),
        "paragraphs": pyarrow.list_(pyarrow.string()),
        "archive_offset": pyarrow.int64(),
        "date": pyarrow.date32(),
    }
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in (*HISTORY, "date")])
    with ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:
        for group in _groups(articles):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))


def _groups(articles: Iterable[Exported]) -> Iterator[list[Row]]:
    group: list[Row] = []
    held = 0
    for article in articles:
        values = article.values | {"date": day_of(article.row)}
        group.append(values | {name: moment_of(values.get(name)) for name in (*_TIMES, "date")})
        held += len(values["text"])
        if len(group) >= _GROUP_ROWS or held >= _GROUP_CHARACTERS:
            yield group
            group, held = [], 0
    if group:
        yield group
