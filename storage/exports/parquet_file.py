"""One Parquet file, with the columns of `articles` as the database has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from storage.exports.base import Exported
from storage.parquet import require_pyarrow, write_stream


def check() -> None:
    """Raise ImportError, with a sentence, where pyarrow is missing."""
    require_pyarrow("--format parquet")


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream, which need not be one that can seek."""
    write_stream(stream, "articles", (article.row for article in articles))
