"""JSON Lines and CSV, read back by others."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from storage.exports import csv_table, json_lines, sound
from storage.schema import migrations
from storage.selection import NEWEST
from storage.versions import COLUMNS, Row
from tests.storage.test_parquet import article

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def exported(write: Any, *rows: Row) -> str:
    told: list[str] = []
    out = BytesIO()
    write(sound(rows, told.append), out)
    assert told == []
    return out.getvalue().decode()


def lines_of(*rows: Row, told: list[str] | None = None) -> list[bytes]:
    """The lines of rows that stand in a database, whoever wrote them there."""
    db = Database(memory=True)
    migrations.apply(db)
    # On a broken disk a column may hold anything.
    db.conn.executescript(
        "pragma writable_schema = on; update sqlite_master set sql = replace(sql, 'STRICT', '') where type = 'table';"
        "pragma writable_schema = reset"
    )
    for row in rows:
        # As a broken program could: the text of a column need not be UTF-8.
        marks = ", ".join("cast(? as text)" if isinstance(row[name], bytes) else "?" for name in COLUMNS)
        db.execute(f"insert into articles ({', '.join(COLUMNS)}) values ({marks})", [row[name] for name in COLUMNS])  # noqa: S608
    db.conn.text_factory = lambda text: text.decode("utf-8", "replace")
    complaints: list[str] = []
    lines = list(json_lines.lines(db, NEWEST, complaints.append))
    assert told is not None or complaints == []
    (told if told is not None else []).extend(complaints)
    return lines


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3), st.booleans())
@example("\u2028\x85\n\r\0", ['dit "oui", ', "\\", "a\n"], True)
@example("\\ud800", ["\\ud83d"], False)
def test_a_line_is_the_article(title: str, paragraphs: list[str], escaped: bool) -> None:
    row = article(1, title=title, paragraphs=json.dumps(paragraphs, ensure_ascii=escaped))
    [line] = lines_of(row)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = json.loads(line)
    assert list(read) == list(COLUMNS)
    assert read == row | {"paragraphs": paragraphs, "has_video": False, "truncated": True}


# What JSON writes in two characters, and what looks like that.
TRICKY = st.text(st.sampled_from('\\n\n",é\0 '))


@settings(max_examples=300, deadline=None)
@given(TRICKY | TEXTS, st.lists(TRICKY, max_size=3), TRICKY)
@example("", ["a\\", "\nb"], "")
@example("", ["a\\n\\nb"], "")
@example("", ["a\\n\nb", "c"], "")
@example("", ["a\n\nb"], "")
def test_a_line_of_a_text_in_paragraphs_is_the_article(title: str, paragraphs: list[str], behind: str) -> None:
    values = {"title": title, "source_url": behind, "text": "\n\n".join(paragraphs)}
    row = article(1, paragraphs=json.dumps(paragraphs, ensure_ascii=False), **values)
    expected = row | {"paragraphs": paragraphs, "has_video": False, "truncated": True}
    in_order = json.dumps({name: expected[name] for name in COLUMNS}, ensure_ascii=False, separators=(",", ":"))
    assert lines_of(row) == [in_order.encode() + b"\n"]


@pytest.mark.parametrize(
    "values",
    [
        {"paragraphs": "["},
        {"paragraphs": '{"a": 1}'},
        {"paragraphs": "[1]"},
        {"paragraphs": '["a", null]'},
        {"paragraphs": "[" * 100_000},
        {"paragraphs": '["\\ud800"]'},
        {"paragraphs": '["\\uD800"]'},
        {"paragraphs": " [1]"},
        {"paragraphs": '"["'},
        {"paragraphs": b"\x01["},
        {"paragraphs": '["a"]\0x'},
        {"paragraphs": '["a"]\0x', "text": "a"},
        {"paragraphs": '["a\\", "b"]', "text": "a\\n\nb"},
        {"paragraphs": memoryview(b"[]"), "text": ""},
        {"has_video": 7},
        {"title": memoryview(b"A")},
        {"text": memoryview(b"A"), "paragraphs": '["A"]'},
        {"layout": memoryview(b"A")},
        {"archive_offset": 1.5},
        {"archive_offset": float("inf")},
    ],
)
def test_a_damaged_row_is_told_and_never_becomes_a_line(values: Row) -> None:
    told: list[str] = []
    lines = lines_of(article(1), article(2, **values), article(3), told=told)
    assert [json.loads(line)["url"][-1] for line in lines] == ["1", "3"]
    assert len(told) == 1
    assert told[0].startswith("damaged: https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=2, version ")


def test_characters_that_others_wrote_by_their_numbers_are_written_as_they_are() -> None:
    one, same = (article(1, paragraphs=text) for text in ('["É\\/\\u00c9", "\\uD83D\\uDE00"]', '["É/É", "😀"]'))
    assert lines_of(one) == lines_of(same)


def test_bytes_that_are_no_text_become_marks_of_that() -> None:
    [line] = lines_of(article(1, title=b"S\xe9oul", text="a", paragraphs='["a"]'))
    assert json.loads(line)["title"] == "S\ufffdoul"
    [line] = lines_of(article(1, text=b"\xe9", paragraphs=b'["\xe9"]'))
    assert json.loads(line)["text"] == "\ufffd"


def test_lines_come_back_as_rows(tmp_path: Path) -> None:
    rows = [article(number, archive_file=None, archive_offset=None) for number in range(3)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines_of(*rows)))
    assert list(json_lines.read_rows(tmp_path / "a.jsonl", 10_000)) == list(enumerate(rows, start=1))


@settings(max_examples=200, deadline=None)
@given(TEXTS.filter(lambda text: "\0" not in text))
@example('a,"b"\r\nc\rd')
def test_a_csv_reader_gets_each_field(title: str) -> None:
    read = list(csv.DictReader(StringIO(exported(csv_table.write, article(1, title=title)), newline="")))
    assert list(read[0]) == [name for name in COLUMNS if name != "paragraphs"]
    assert len(read) == 1
    assert read[0]["title"].removeprefix("'") == title.removeprefix("'")
    assert (read[0]["has_video"], read[0]["truncated"], read[0]["category"]) == ("false", "true", "")


@pytest.mark.parametrize(
    "cell",
    ["=1", "+1", "-1", "@a", "\t=1", "\ta", "\ra", " =1", "\u3000+1", "\u00a0@a", "\n=1", "＝1", " ＋1", "－1", "＠a"],
)
def test_a_cell_that_a_spreadsheet_would_compute_gets_an_apostrophe(cell: str) -> None:
    [row] = csv.DictReader(StringIO(exported(csv_table.write, article(1, title=cell)), newline=""))
    assert row["title"] == f"'{cell}"


def test_other_cells_are_as_they_are_and_lines_end_as_the_standard_says() -> None:
    written = exported(csv_table.write, article(1, title="Séoul = Paris"))
    assert written.startswith("url,timestamp,kind,")
    assert written.count("\r\n") == written.count("\n") == 2
    assert ",Séoul = Paris," in written
