"""Articles as a Parquet file."""

import json
from pathlib import Path

import duckdb
import pandas
import pytest
from pyarrow import parquet

from storage.exports import Exported, parquet_file
from storage.versions import HISTORY, Row
from tests.rows import article


def write(path: Path, *rows: Row) -> None:
    with path.open("wb") as stream:
        parquet_file.write((Exported(row, json.loads(row["paragraphs"])) for row in rows), stream)


def test_duckdb_reads_the_documented_types(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", *(article(number) for number in range(5)))
    with duckdb.connect() as db:
        read = db.read_parquet(str(tmp_path / "a.parquet"))
        assert dict(zip(read.columns, map(str, read.types), strict=True)) == {
            **dict.fromkeys(HISTORY, "VARCHAR"),
            **dict.fromkeys(("has_video", "truncated"), "BOOLEAN"),
            **dict.fromkeys(("written_at", "updated_at", "fetched_at", "replaced_at"), "TIMESTAMP WITH TIME ZONE"),
            "paragraphs": "VARCHAR[]",
            "archive_offset": "BIGINT",
            "date": "DATE",
        }
        found = read.aggregate("count(*), min(paragraphs[1]), max(archive_offset)").fetchall()
    assert found == [(5, "Séoul — « oui » 한국", 2**40)]


def test_pandas_has_each_date_as_one(tmp_path: Path) -> None:
    written = ["2026-11-20T08:00:00+09:00", "2026-11-20", None, "soon"]
    rows = [article(number, written_at=time) for number, time in enumerate(written)]
    write(tmp_path / "a.parquet", *rows, article(9, timestamp="2026-13-45"))
    frame = pandas.read_parquet(tmp_path / "a.parquet")
    moments = [pandas.Timestamp(f"2026-11-20T{hour}:00+09:00") for hour in ("08", "00")]
    assert list(frame["written_at"][:2]) == moments
    assert frame["written_at"].isna().tolist() == [False, False, True, True, True]
    assert list(map(str, frame["date"])) == ["2026-11-20", "2026-11-20", "2026-11-21", "None", "None"]
    assert frame["fetched_at"].dt.strftime("%Y-%m-%dT%H:%M%z").unique().tolist() == ["2026-11-21T00:00+0000"]
    assert frame.groupby(frame["written_at"].dt.hour).size().to_dict() == {0.0: 1, 8.0: 1}


def test_long_texts_are_written_in_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "_GROUP_CHARACTERS", 1000)
    write(tmp_path / "a.parquet", *(article(number, text="x" * 400) for number in range(9)))
    assert parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
