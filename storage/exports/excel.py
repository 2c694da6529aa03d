"""An Excel workbook: a sheet with one row per article; days and times are Excel's own, in KST."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from tempfile import TemporaryDirectory
from typing import IO, Any

from storage.exports import FLAGS, FORBIDDEN, REPLACEMENT, Exported, ExportError, day_of
from storage.exports.csv_table import HEADER
from storage.selection import NEWEST, Selection

_FIRST = ("date", "category", "title", "text")
_COLUMNS = (*_FIRST, *(name for name in HEADER if name not in _FIRST))
_TIMES = ("written_at", "updated_at")
_WIDTHS = {"date": 11, "category": 14, "title": 60, "text": 60, "written_at": 19, "updated_at": 19}
# Rows are not held in memory; no text becomes a formula, a link or a number.
_OPTIONS = {"constant_memory": True, "remove_timezone": True, "strings_to_formulas": False, "strings_to_urls": False}
# Excel's own bounds: rows of a sheet, with the header; characters of a cell, in UTF-16 units.
_MAX_ROWS, _MAX_CELL = 1_048_576, 32_767


def write(articles: Iterable[Exported], stream: IO[bytes], _: Selection = NEWEST) -> None:
    """Write articles into a stream; ImportError, with a sentence, where XlsxWriter is missing.

    Raises:
        ExportError: there are more of them than a sheet holds.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise ImportError("--format xlsx needs XlsxWriter: pip install 'kbsworld[xlsx]'.") from error

    left = iter(articles)
    with TemporaryDirectory() as folder:
        book = Workbook(stream, _OPTIONS | {"tmpdir": folder})
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  (the same articles give the same bytes)
        _write_sheet(book, islice(left, _MAX_ROWS - 1))
        book.close()
    if next(left, None) is not None:
        raise ExportError(f"Excel takes {_MAX_ROWS - 1:,} articles at most; select fewer, or use --format csv.")


def _write_sheet(book: Any, articles: Iterable[Exported]) -> None:
    sheet = book.add_worksheet("articles")
    forms = ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")
    formats = {kind: book.add_format({"num_format": form}) for kind, form in zip((date, datetime), forms, strict=True)}
    for column, name in enumerate(_COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(name))
        sheet.write_string(0, column, name, book.add_format({"bold": True}))
    sheet.freeze_panes(1, 0)
    number = 0
    for number, article in enumerate(articles, 1):
        for column, name in enumerate(_COLUMNS):
            value = _value(article, name)
            sheet.write(number, column, value, formats.get(type(value)))
    sheet.autofilter(0, 0, number, len(_COLUMNS) - 1)


def _value(article: Exported, name: str) -> Any:
    """What Excel takes for a cell: text, a number, a day, a time, whether something is so."""
    value: Any = day_of(article.row) if name == "date" else article.row.get(name)
    if name in FLAGS:
        return bool(value)
    if name == "date" or name in _TIMES:
        with suppress(ValueError, TypeError):
            return (date if len(value) == len("2026-11-24") else datetime).fromisoformat(value)
    return _fitting(value) if isinstance(value, str) else value


def _fitting(text: str) -> str:
    """A text as a cell takes it; what is longer is cut, and ends with `…`."""
    text = FORBIDDEN.sub(REPLACEMENT, text)
    units = text.encode("utf-16-le") if len(text) > _MAX_CELL // 2 else b""
    if len(units) <= 2 * _MAX_CELL:
        return text
    return f"{units[: 2 * _MAX_CELL - 2].decode('utf-16-le', 'ignore')}…"
