"""`scrapy import` takes the rows that this project could have written, and tells of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crawler.reextract.imports import _checked
from storage.parquet import write_rows
from storage.versions import Row
from tests.crawler.cluster import rows, run
from tests.storage.test_parquet import article as made

WRITTEN = "2026-11-21T08:00:00+09:00"
URN = "urn:sha256:" + "0" * 64
CAPTURED = "2026-11-21T09:00:00+09:00"


def article(number: int = 1, **values: Any) -> Row:
    given = {"timestamp": WRITTEN, "written_at": WRITTEN, "archive_file": "/a.warc.gz", "archive_offset": 7}
    return made(number, **given | values)


def refusal(**values: Any) -> Row:
    place = {"archive_file": None, "archive_offset": None}
    return {"url": "u", "reason": "HTTP 404", "fetched_at": "2026-11-21T00:00:00.000000+00:00", **place, **values}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"timestamp": "2026-11-21", "written_at": "2026-11-21"},
        {"timestamp": CAPTURED, "written_at": None},
        {"timestamp": CAPTURED, "updated_at": CAPTURED, "has_video": 1, "layout": "video"},
        {"url": URN, "kind": "feature", "lang": "und", "layout": "text"},
        {"url": "https://world.kbs.co.kr/service/other.htm?lang=f&id=1", "kind": "other"},
        {"archive_file": None, "archive_offset": None, "paragraphs": "[]", "text": ""},
        {"paragraphs": '["a", "« b »\\n"]', "text": "a\n\n« b »\n"},
    ],
)
def test_what_is_stored_can_be_imported(values: dict[str, Any]) -> None:
    assert _checked(article(**values), "articles") == article(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"fetched_at": "0001-01-01T00:00:00+14:00"},
        {"fetched_at": "9999-12-31T23:59:59+00:00"},
        {"fetched_at": "2026-11-21T00:00:00"},
        {"paragraphs": "[" * 200_000},
        {"paragraphs": '["\\ud800"]', "text": "\ufffd"},
        {"paragraphs": "[1]"},
        {"paragraphs": '{"a": 1}'},
        {"text": "other words"},
        {"archive_offset": None},
        {"archive_file": None},
        {"archive_offset": -9},
        {"archive_file": "a\0b"},
        {"archive_file": ""},
        {"timestamp": ""},
        {"timestamp": "zzz\x1b[31m"},
        {"timestamp": CAPTURED},
        {"timestamp": "zzz", "written_at": None},
        {"timestamp": "2026-11-21T00:00:00+00:00", "written_at": None},
        {"timestamp": "9999-11-21T00:00:00+09:00", "written_at": None},
        {"timestamp": "soon", "written_at": "soon"},
        {"timestamp": "2026-11-21T08:00:00", "written_at": "2026-11-21T08:00:00"},
        {"updated_at": "20261121"},
        {"url": ""},
        {"url": "http://evil.example/\x1b]0;x\x07"},
        {"url": "https://world.kbs.co.kr/service/news_view.htm?Seq_Code=1&lang=f"},
        {"url": "urn:sha256:0"},
        {"kind": "nonsense"},
        {"kind": "feature"},
        {"lang": "xx"},
        {"layout": "\x1b[31m"},
        {"source_url": ""},
        {"has_video": 7},
        {"truncated": -3},
    ],
)
def test_what_could_not_have_been_stored_is_not_imported(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]"):
        _checked(article(**values), "articles")


@pytest.mark.parametrize(
    "values", [{"url": ""}, {"reason": ""}, {"fetched_at": "soon"}, {"archive_offset": 3}, {"archive_file": "a"}]
)
def test_a_refusal_of_nothing_is_not_imported(values: dict[str, Any]) -> None:
    assert _checked(refusal(), "refusals") == refusal()
    with pytest.raises(ValueError, match=r"^[a-z]"):
        _checked(refusal(**values), "refusals")


def test_rows_that_are_none_are_told_and_the_others_stored(tmp_path: Path) -> None:
    file, database = tmp_path / "a.parquet", tmp_path / "kbs.db"
    bad = [article(number, timestamp="zzz\x1b[31m") for number in range(12)]
    write_rows(file, "articles", [article(1), *bad, article(2, paragraphs="[" * 200_000), article(3)])
    status, said = run(database, "import", str(file))
    assert status == 1
    told = said.splitlines()
    assert told[:10] == [f"damaged: {file}, row {row}: timestamp is not that of its dates" for row in range(2, 12)]
    assert told[10] == f"damaged: {file}, row 14: paragraphs must be a list of text as JSON"
    assert told[11].startswith("import: 15 rows, ")
    assert f"damaged: {file}: 2 more times: timestamp is not that of its dates" in told
    assert "  new                 2" in told
    assert "  damaged            13" in told
    assert "\x1b" not in said
    assert len(rows(database)["articles"]) == 2
