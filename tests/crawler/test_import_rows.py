"""`scrapy import` stores the rows that this project could have written, and reports the others."""

import gzip
import json
import re
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from storage.versions import Row
from tests.crawler.conftest import Run
from tests.crawler.scripted import counts, rows
from tests.rows import article as any_article

WRITTEN = "2026-11-21T08:00:00+09:00"
URN = "urn:sha256:" + "0" * 64
CAPTURED = "2026-11-21T09:00:00+09:00"

article = partial(any_article, timestamp=WRITTEN, written_at=WRITTEN, archive_file="/a.warc.gz")
# `import` is a word of the language.
_row = import_module("crawler.commands.import")._row


def line(row: Row) -> bytes:
    """The row as `scrapy export` writes it."""
    flags = {name: bool(row[name]) for name in ("has_video", "truncated") if row[name] in (0, 1)}
    return json.dumps(row | flags | {"paragraphs": json.loads(row["paragraphs"])}).encode()


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
        {"replaced_at": "2026-11-22T00:00:00.000000+00:00"},
    ],
)
def test_a_row_of_kbsworld_is_read_as_it_was(values: dict[str, Any]) -> None:
    edit = {"replaced_at": values.get("replaced_at")}
    assert _row(json.loads(line(article(**values) | edit))) == article(**values) | edit


@pytest.mark.parametrize(
    "values",
    [
        {"fetched_at": "0001-01-01T00:00:00+14:00"},
        {"fetched_at": "2026-11-21T00:00:00"},
        {"fetched_at": None},
        {"replaced_at": "2026-11-22"},
        {"replaced_at": 7},
        {"paragraphs": '["\\ud800"]', "text": "\ufffd"},
        {"paragraphs": "[1]"},
        {"text": "other words"},
        {"archive_offset": None},
        {"archive_offset": 2**70},
        {"archive_file": "a\0b"},
        {"timestamp": "zzz\x1b[31m"},
        {"timestamp": CAPTURED},
        {"timestamp": "2026-11-21T00:00:00+00:00", "written_at": None},
        {"timestamp": "9999-11-21T00:00:00+09:00", "written_at": None},
        {"timestamp": "soon", "written_at": "soon"},
        {"updated_at": "20261121"},
        {"url": "http://evil.example/\x1b]0;x\x07"},
        {"url": "https://world.kbs.co.kr/service/news_view.htm?Seq_Code=1&lang=f"},
        {"kind": "feature"},
        {"lang": "xx"},
        {"layout": "\x1b[31m"},
        {"source_url": ""},
        {"has_video": 7},
    ],
)
def test_any_other_row_is_rejected(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]"):
        _row(json.loads(line(article() | values)))


@pytest.mark.parametrize("other", [b"{", b"[]", b"1", b"[" * 200_000, b'{"a": "\xff"}', b'{"url": "a", "html": "b"}'])
def test_a_line_that_is_no_row_is_reported(scrapy: Run, tmp_path: Path, other: bytes) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(article()) + b"\n" + other)
    run = scrapy("import", str(file))
    assert re.search(f"damaged: {file}, row 2: not (JSON|UTF-8|a JSON object|a row that kbsworld export)", run.stderr)
    assert (run.returncode, len(rows(tmp_path))) == (1, 1)


@pytest.mark.parametrize(("bad", "status"), [(b"", 0), (b"\n", 0), (b"rubbish\n", 1), (b"[1]\n", 1)])
def test_a_bad_first_line_costs_no_other(scrapy: Run, tmp_path: Path, bad: bytes, status: int) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(bad))
    assert scrapy("import", str(file)).returncode == status
    file.write_bytes(gzip.compress(bad + line(article())))
    assert (scrapy("import", str(file)).returncode, len(rows(tmp_path))) == (status, 1)


def test_damaged_lines_are_reported_and_others_stored(scrapy: Run, tmp_path: Path) -> None:
    bad = [line(article(number, timestamp="zzz\x1b[31m")) for number in range(12)]
    long = b'{"url": "' + b"x" * 5000
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b"\n".join([line(article(1)), *bad, long, line(article(3)), b"", b""])))
    run = scrapy("import", str(file), "-s", "KBS_MAX_PAGE=1000")
    assert run.returncode == 1
    said = run.stderr.splitlines()
    assert said[:10] == [
        f"damaged: {file}, row {number}: timestamp is not as kbsworld export writes it" for number in range(2, 12)
    ]
    assert said[10] == f"damaged: {file}, row 14: a row longer than that of a page"
    assert said[11].startswith("import: 15 rows, ")
    assert f"damaged: {file}: 2 more times: timestamp is not as kbsworld export writes it" in said
    assert (counts(run)["new"], counts(run)["damaged"], len(rows(tmp_path))) == (2, 13, 2)
    assert "\x1b" not in run.stderr


def test_a_file_that_is_cut_is_read_up_to_there(scrapy: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b"\n".join(line(article(number)) for number in range(300)))[:-9])
    run = scrapy("import", str(file))
    assert run.returncode == 1
    assert f"damaged: {file}, row " in run.stderr
    assert len(rows(tmp_path)) > 200


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ([], 2, "Name at least one JSON Lines file."),
        (["--all"], 2, "Unknown option --all. See kbsworld import --help."),
        (["{tmp}/none"], 1, "{tmp}/none is no file; name JSON Lines files that kbsworld export wrote."),
        (
            ["{tmp}/page.html"],
            1,
            "{tmp}/page.html is not JSON Lines; import reads what export writes, reextract others.",
        ),
    ],
)
def test_what_cannot_be_imported_is_reported(
    scrapy: Run, tmp_path: Path, arguments: list[str], status: int, sentence: str
) -> None:
    (tmp_path / "page.html").write_text("<html>")
    run = scrapy("import", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert (run.returncode, run.stderr) == (status, sentence.format(tmp=tmp_path) + "\n")
    assert not (tmp_path / "kbs.db").exists()
