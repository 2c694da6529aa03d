"""Articles as a Parquet file."""

import json
import sys
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from storage.exports import Exported, parquet_file
from storage.versions import COLUMNS, Row
from tests.rows import article


def write(path: Path, *rows: Row) -> None:
    with path.open("wb") as stream:
        parquet_file.write((Exported(row, json.loads(row["paragraphs"])) for row in rows), stream)


def test_duckdb_reads_the_documented_types(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", *(article(number) for number in range(5)))
    with duckdb.connect() as db:
        read = db.read_parquet(str(tmp_path / "a.parquet"))
        assert dict(zip(read.columns, map(str, read.types), strict=True)) == {
            name: "BIGINT" if name in {"has_video", "truncated", "archive_offset"} else "VARCHAR" for name in COLUMNS
        }
        found = read.aggregate("count(*), min(paragraphs ->> '$[0]'), max(archive_offset)").fetchall()
    assert found == [(5, "Séoul — « oui » 한국", 2**40)]


def test_long_texts_are_written_in_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "_GROUP_CHARACTERS", 1000)
    write(tmp_path / "a.parquet", *(article(number, text="x" * 400) for number in range(9)))
    assert parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3


def test_pyarrow_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"--format parquet needs pyarrow: pip install 'kbsworld\[parquet\]'\."):
        parquet_file.write([], BytesIO())
