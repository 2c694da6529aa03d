"""CSV by RFC 4180: a header, and one row per article, without `paragraphs`."""

import csv
import re
from collections.abc import Iterable
from io import TextIOWrapper
from typing import IO, Any

from storage.exports import FLAGS, Exported
from storage.versions import COLUMNS

_HEADER = tuple(name for name in COLUMNS if name != "paragraphs")

# What spreadsheets take for the beginning of a formula, whatever white space is before it: as it is, full-width, small.
_FORMULA = re.compile(r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[^\S\t\r]*[\t\r]")


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles into a stream, as UTF-8 without a byte order mark."""
    text = TextIOWrapper(stream, "utf-8", "replace", newline="")
    try:
        rows = csv.writer(text)
        rows.writerow(_HEADER)
        for row, _ in articles:
            cells = row | {name: "true" if row[name] else "false" for name in FLAGS}
            rows.writerow([not_a_formula(cells[name]) for name in _HEADER])
    finally:
        text.detach()


def not_a_formula(value: Any) -> Any:
    """A value as it is; a text that spreadsheets would calculate, with an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
