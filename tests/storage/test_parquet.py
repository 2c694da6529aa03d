"""Rows of the database as Parquet files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pytest
from pyarrow import parquet

import storage.parquet
from storage import ArticleStore, Outcome
from storage.parquet import TABLES, ParquetError, read_rows, require_pyarrow, table_of, write_files, write_rows
from storage.versions import COLUMNS, Row


def article(number: int, **values: Any) -> Row:
    """A row of `articles`."""
    given = {
        "url": f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={number}",
        "timestamp": "2026-11-21T09:00:00+09:00",
        "kind": "news",
        "lang": "fr",
        "paragraphs": '["Séoul — « oui » 한국"]',
        "text": "Séoul — « oui » 한국",
        "has_video": 0,
        "truncated": 1,
        "layout": "news",
        "fetched_at": "2026-11-21T00:00:00.000000+00:00",
        "archive_offset": 2**40,
        **values,
    }
    return {name: given.get(name) for name in COLUMNS}


def refusal(number: int) -> Row:
    row = article(number)
    return {"reason": "HTTP 404", **{name: row[name] for name in TABLES["refusals"] if name != "reason"}}


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    articles = [article(number) for number in range(1000)]
    assert write_rows(tmp_path / "a.parquet", "articles", iter(articles)) == 1000
    assert table_of(tmp_path / "a.parquet") == ("articles", 1000)
    assert list(read_rows(tmp_path / "a.parquet", "articles")) == articles
    refusals = [refusal(number) for number in range(3)]
    write_rows(tmp_path / "r.parquet", "refusals", refusals)
    assert table_of(tmp_path / "r.parquet") == ("refusals", 3)
    assert list(read_rows(tmp_path / "r.parquet", "refusals")) == refusals


def test_duckdb_reads_columns_of_the_documented_types(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.parquet", "articles", [article(number) for number in range(5)])
    with duckdb.connect() as db:
        read = db.read_parquet(str(tmp_path / "a.parquet"))
        assert dict(zip(read.columns, map(str, read.types), strict=True)) == {
            name: "BIGINT" if name in {"has_video", "truncated", "archive_offset"} else "VARCHAR" for name in COLUMNS
        }
        found = read.aggregate("count(*), min(paragraphs ->> '$[0]'), max(archive_offset)").fetchall()
    assert found == [(5, "Séoul — « oui » 한국", 2**40)]


@pytest.mark.parametrize(("rows", "sizes"), [(0, [0]), (1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_files_of_bounded_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, sizes: list[int]) -> None:
    monkeypatch.setattr(storage.parquet, "MAX_ROWS", 4)
    files = write_files(tmp_path, "articles", map(article, range(rows)))
    assert [file.name for file in files] == [f"articles-{number:05}.parquet" for number in range(1, len(sizes) + 1)]
    assert [table_of(file)[1] for file in files] == sizes
    assert [row for file in files for row in read_rows(file, "articles")] == [*map(article, range(rows))]


def test_long_texts_are_written_in_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.parquet, "_GROUP_CHARACTERS", 1000)
    write_rows(tmp_path / "a.parquet", "articles", [article(number, text="x" * 400) for number in range(9)])
    assert parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3


def _bool(table: pyarrow.Table) -> pyarrow.Table:
    place = table.schema.get_field_index("truncated")
    return table.set_column(place, "truncated", table["truncated"].cast(pyarrow.bool_()))


def test_what_other_tools_write_is_read(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.parquet", "articles", [article(1)])
    table = _bool(parquet.read_table(tmp_path / "a.parquet"))
    table = table.append_column("newer", [["?"]])
    place = table.schema.get_field_index("lang")
    table = table.set_column(place, "lang", table["lang"].dictionary_encode())
    parquet.write_table(table.select(sorted(table.column_names)), tmp_path / "b.parquet")
    assert table_of(tmp_path / "b.parquet") == ("articles", 1)
    assert list(read_rows(tmp_path / "b.parquet", "articles")) == [article(1)]


def test_other_columns_and_types_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"a": [1]}), path)
    with pytest.raises(ParquetError, match=r"holds neither articles nor refusals: url, reason, .* are missing"):
        table_of(path)
    write_rows(path, "articles", [article(1)])
    table = parquet.read_table(path)
    place = table.schema.get_field_index("title")
    parquet.write_table(table.set_column(place, "title", [[7]]), path)
    with pytest.raises(ParquetError, match="its column title is int64; it must be text"):
        table_of(path)
    odd = pyarrow.array([{"\x1b[31m": 1}])
    parquet.write_table(table.set_column(place, "title", odd), path)
    with pytest.raises(ParquetError, match=r"its column title is struct< \[31m: int64>; it must be text"):
        table_of(path)


def test_a_column_that_is_there_twice_is_told(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.parquet", "articles", [article(1)])
    table = parquet.read_table(tmp_path / "a.parquet")
    parquet.write_table(table.append_column("title", table["title"]), tmp_path / "b.parquet")
    with pytest.raises(ParquetError, match="has more than one column title"):
        table_of(tmp_path / "b.parquet")


def test_a_row_without_its_key_is_told(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.parquet", "articles", [article(1, timestamp=None)])
    with pytest.raises(ParquetError, match="has a row without timestamp"):
        list(read_rows(tmp_path / "a.parquet", "articles"))
    assert next(read_rows(tmp_path / "a.parquet", "articles", nulls=["timestamp"]))["timestamp"] is None


def test_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no Parquet at all")
    with pytest.raises(ParquetError, match="is no Parquet file, or its end is missing"):
        table_of(path)
    write_rows(path, "articles", [article(number, text=os.urandom(200).hex()) for number in range(2000)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ParquetError, match="is no Parquet file, or its end is missing"):
        table_of(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(5000) + whole[middle + 5000 :])
    assert table_of(path)[1] == 2000
    with pytest.raises(ParquetError, match="is damaged"):
        list(read_rows(path, "articles"))


def test_what_cannot_be_written_or_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParquetError, match=r"cannot be written \(No such file or directory\)\."):
        write_rows(tmp_path / "none" / "a.parquet", "articles", [article(1)])
    with pytest.raises(ParquetError, match=r"cannot be read \(No such file or directory\)\."):
        table_of(tmp_path / "a.parquet")
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(ParquetError, match=r"cannot be written \(No space left on device\)\."):
        write_rows(full, "articles", [article(1)])


def test_pyarrow_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"--to needs pyarrow: pip install 'kbsworld\[parquet\]'\."):
        require_pyarrow("--to")


def test_versions_that_were_stored_together_stay_together(tmp_path: Path) -> None:
    """Also those of which one would have taken the other's place, had it come later."""
    undated = article(1, timestamp="2026-11-20T09:00:00+09:00", fetched_at="2026-11-20T00:00:00.000000+00:00")
    dated = article(1, written_at="2026-11-21T09:00:00+09:00")
    with ArticleStore(tmp_path / "kbs.db") as store:
        with store.batch():
            outcomes = store.add_versions([(undated, None), (dated, None)])
            assert outcomes == [Outcome.NEW, Outcome.UPDATED]
            assert store.add_versions([(undated, None), (dated, None)]) == [Outcome.UNCHANGED] * 2
        assert [*store.db.query("select * from articles order by timestamp")] == [undated, dated]
