"""An Excel workbook: a sheet with one row per article; days and times are Excel's own, in KST."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from xlsxwriter import Workbook

from storage.exports import FORBIDDEN, REPLACEMENT, Exported, ExportError, day_of, moment_of
from storage.exports.csv_table import HEADER

_FIRST = ("date", "category", "title", "text")
_COLUMNS = (*_FIRST, *(name for name in HEADER if name not in _FIRST))
_TIMES = {"date": "yyyy-mm-dd", "written_at": "yyyy-mm-dd hh:mm:ss", "updated_at": "yyyy-mm-dd hh:mm:ss"}
# Rows are not held in memory; no text becomes a formula, a link or a number.
_OPTIONS = {"constant_memory": True, "remove_timezone": True, "strings_to_formulas": False, "strings_to_urls": False}
# Excel's own bounds: rows of a sheet, with the header; characters of a cell, in UTF-16 units.
_MAX_ROWS, _MAX_CELL = 1_048_576, 32_767


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream.

    Raises:
        ExportError: there are more of them than a sheet holds.
    """
    number = 0
    with TemporaryDirectory() as folder:
        file = Path(folder, "articles.xlsx")  # not the stream: where that fails, the zip would print a traceback
        book = Workbook(file, _OPTIONS | {"tmpdir": folder})
        book.set_properties({"created": moment_of("2000-01-01")})  # the same articles give the same bytes
        sheet = book.add_worksheet("articles")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(_COLUMNS):
            form = book.add_format({"num_format": _TIMES[name]}) if name in _TIMES else None
            sheet.set_column(column, column, 20, form)  # characters
        sheet.write_row(0, 0, _COLUMNS)
        for number, article in enumerate(articles, 1):
            sheet.write_row(number, 0, _cells(article))
        book.close()
        with file.open("rb") as whole:
            shutil.copyfileobj(whole, stream)
    if number >= _MAX_ROWS:  # the library leaves these out
        raise ExportError(f"Excel takes {_MAX_ROWS - 1:,} articles at most; select fewer, or use --format csv.")


def _cells(article: Exported) -> list[Any]:
    """What Excel takes for the cells of a row: text, numbers, times, whether something is so."""
    values = article.values | {"date": day_of(article.row)}
    values |= {name: moment_of(values[name]) or values[name] for name in _TIMES}
    return [_fitting(value) if isinstance(value, str) else value for value in map(values.get, _COLUMNS)]


def _fitting(text: str) -> str:
    """A text as a cell takes it; what is longer is cut, and ends with `…`."""
    units = FORBIDDEN.sub(REPLACEMENT, text).encode("utf-16-le")
    mark = "…" if len(units) > 2 * _MAX_CELL else ""
    return units[: 2 * (_MAX_CELL - len(mark))].decode("utf-16-le", "ignore") + mark
