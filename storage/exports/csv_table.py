"""CSV by RFC 4180: a header, and one row per article, without `paragraphs`; with the day, which a spreadsheet sorts."""

import csv
import re
from codecs import getwriter
from collections.abc import Iterable
from typing import IO, Any

from storage.exports import FLAGS, Exported, day_of
from storage.versions import HISTORY, Row

#: The columns of a table of articles.
HEADER = (*(name for name in HISTORY if name != "paragraphs"), "date")

# What spreadsheets take for the beginning of a formula, whatever white space is before it: as it is, full-width, small.
_FORMULA = re.compile(r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[^\S\t\r]*[\t\r]")


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream, as UTF-8 without a byte order mark."""
    rows = csv.writer(getwriter("utf-8")(stream, "replace"))
    rows.writerow(HEADER)
    rows.writerows(cells(article.row) for article in articles)


def cells(row: Row, names: Iterable[str] = HEADER) -> list[Any]:
    """What stands in some columns of an article's row, harmless to spreadsheets."""
    values = row | {name: "true" if row[name] else "false" for name in FLAGS} | {"date": day_of(row)}
    return [not_a_formula(values.get(name)) for name in names]


def not_a_formula(value: Any) -> Any:
    """A value as it is; a text that spreadsheets would calculate, with an apostrophe before it."""
    is_formula = isinstance(value, str) and not value[:1].isalnum() and _FORMULA.match(value)
    return f"'{value}" if is_formula else value
