"""JSON Lines, CSV and Excel workbooks, read back by others."""

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pandas
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from sqlite_utils import Database

from storage.exports import ExportError, csv_table, excel, json_lines, sound
from storage.schema import migrations
from storage.selection import Selection, select_rows
from storage.versions import COLUMNS, HISTORY, Row
from tests.rows import article

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def exported(write: Any, *rows: Row, tell: Any = pytest.fail) -> str:
    out = BytesIO()
    write(sound(rows, tell), out)
    return out.getvalue().decode()


def stored(*rows: Row) -> list[Row]:
    """The rows as they are read from a database on a broken disk, where a column may hold anything."""
    db = Database(memory=True)
    migrations.apply(db)
    db.conn.executescript(
        "pragma writable_schema = on; update sqlite_master set sql = replace(sql, 'strict', '') where type = 'table';"
        "pragma writable_schema = reset"
    )
    for row in rows:
        # As a broken program could: the text of a column need not be UTF-8.
        marks = ", ".join("cast(? as text)" if isinstance(row[name], bytes) else "?" for name in COLUMNS)
        db.execute(f"insert into articles ({', '.join(COLUMNS)}) values ({marks})", [row[name] for name in COLUMNS])  # noqa: S608
    db.conn.text_factory = lambda text: text.decode("utf-8", "replace")
    return list(select_rows(db, Selection()))


# What JSON writes in two characters.
TRICKY = st.text(st.sampled_from('\\n\n",é\0 '))


@settings(max_examples=200, deadline=None)
@given(TRICKY | TEXTS, st.lists(TRICKY | TEXTS, max_size=3), st.booleans())
@example("\u2028\x85\n\r\0", ['dit "oui", ', "\\", "a\n"], True)
@example("\\ud800", ["\\ud83d"], False)
def test_a_line_is_the_article(title: str, paragraphs: list[str], escaped: bool) -> None:
    text = "\n\n".join(paragraphs)
    row = article(1, title=title, text=text, paragraphs=json.dumps(paragraphs, ensure_ascii=escaped))
    values = row | {"paragraphs": paragraphs, "has_video": False, "truncated": True, "replaced_at": None}
    line = json.dumps({name: values[name] for name in HISTORY}, ensure_ascii=False, separators=(",", ":"))
    assert exported(json_lines.write, *stored(row)) == f"{line}\n"


@pytest.mark.parametrize(
    "values",
    [
        {"paragraphs": "["},
        {"paragraphs": '{"a": 1}'},
        {"paragraphs": '["a", null]'},
        {"paragraphs": "[" * 100_000},
        {"paragraphs": '["\\uD800"]'},
        {"paragraphs": b"\x01["},
        {"paragraphs": memoryview(b"[]"), "text": ""},
        {"has_video": 7},
        {"archive_offset": 1.5},
    ],
)
def test_a_damaged_row_is_reported_and_left_out(values: Row) -> None:
    reported: list[str] = []
    rows = stored(article(1), article(2, **values), article(3))
    lines = exported(json_lines.write, *rows, tell=reported.append).splitlines()
    assert [json.loads(line)["url"][-1] for line in lines] == ["1", "3"]
    [sentence] = reported
    assert sentence.startswith("damaged: https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=2, version ")


def test_bytes_that_are_no_text_become_marks_of_that() -> None:
    rows = stored(article(1, title=b"S\xe9oul", text=b"\xe9", paragraphs=b'["\xe9"]'))
    read = json.loads(exported(json_lines.write, *rows))
    assert (read["title"], read["text"], read["paragraphs"]) == ("S\ufffdoul", "\ufffd", ["\ufffd"])


@settings(max_examples=200, deadline=None)
@given(TEXTS.filter(lambda text: "\0" not in text))
@example('a,"b"\r\nc\rd')
def test_a_csv_reader_gets_each_field(title: str) -> None:
    [read] = csv.DictReader(StringIO(exported(csv_table.write, article(1, title=title)), newline=""))
    assert list(read) == [*(name for name in HISTORY if name != "paragraphs"), "date"]
    assert read["title"].removeprefix("'") == title.removeprefix("'")
    assert (read["has_video"], read["truncated"], read["category"]) == ("false", "true", "")


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@a", "\ta", "\ra", "\u3000+1", "\u00a0@a", "\n=1", "＝1", " ＋1", "－1", "＠a"]
)
def test_a_spreadsheet_formula_gets_an_apostrophe(cell: str) -> None:
    [row] = csv.DictReader(StringIO(exported(csv_table.write, article(1, title=cell)), newline=""))
    assert row["title"] == f"'{cell}"


def test_other_cells_are_unchanged_and_lines_end_with_crlf() -> None:
    written = exported(csv_table.write, article(1, title="Séoul = Paris"))
    assert written.startswith("url,timestamp,kind,")
    assert written.count("\r\n") == written.count("\n") == 2
    assert ",Séoul = Paris," in written


def test_pandas_reads_the_day_of_each_article() -> None:
    times = ["2026-11-20T08:00:00+09:00", "2026-11-20", None]
    rows = [article(number, written_at=time) for number, time in enumerate(times)]
    frame = pandas.read_csv(StringIO(exported(csv_table.write, *rows)), parse_dates=["date"])
    assert frame.groupby(frame["date"].dt.day).size().to_dict() == {20: 2, 21: 1}


def sheet(*rows: Row) -> Any:
    out = BytesIO()
    excel.write(sound(rows, pytest.fail), out)
    return openpyxl.load_workbook(out)["articles"]


def test_excel_has_days_times_and_truth_as_its_own() -> None:
    times = {"written_at": "2026-11-20T08:00:30+09:00", "updated_at": "2026-11-22"}
    head, cells, other = sheet(article(1, title="T", **times), article(2, timestamp="soon")).iter_rows()
    read = dict(zip((cell.value for cell in head), cells, strict=True))
    assert list(read)[:4] == ["date", "category", "title", "text"]
    assert set(read) == {*HISTORY, "date"} - {"paragraphs"}
    assert (read["date"].is_date, read["date"].number_format) == (True, "yyyy-mm-dd")
    moments = [read[name].value.isoformat() for name in ("date", "written_at", "updated_at")]
    assert moments == ["2026-11-20T00:00:00", "2026-11-20T08:00:30", "2026-11-22T00:00:00"]
    assert (read["has_video"].value, read["truncated"].value, read["archive_offset"].value) == (False, True, 2**40)
    assert (read["category"].value, other[0].value) == (None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "=1+1"),
        ("http://example.org", "http://example.org"),
        ("007", "007"),
        ("_x0041_", "_x0041_"),
        ("a\0b\x1b\ufffe", "a\ufffdb\ufffd\ufffd"),
        ("x" * 32_767, "x" * 32_767),
        ("x" * 32_768, "x" * 32_766 + "…"),
        ("😀" * 16_384, "😀" * 16_383 + "…"),
    ],
)
def test_a_cell_is_the_text_within_excels_bounds(text: str, shown: str) -> None:
    cell = sheet(article(1, title=text))["C2"]
    assert (unescape(cell.value), cell.data_type, cell.hyperlink) == (shown, "s", None)


def test_more_articles_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "_MAX_ROWS", 3)
    assert sheet(article(1), article(2)).max_row == 3
    with pytest.raises(ExportError, match="Excel takes 2 articles at most; select fewer"):
        sheet(article(1), article(2), article(3))
