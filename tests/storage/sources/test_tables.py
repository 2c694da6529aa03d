"""Tables as people have them: JSON Lines and CSV, plain and gzip, whole, broken, hostile."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.capture import Damage, Location
from storage.sources.table import TABLE_COLUMNS, read_rows
from tests.storage.sources.made import as_csv, as_json, captures, damages, page, read, refused, rows, url

DUMPS = {
    "json": as_json(rows()),
    "comma": as_csv(rows()),
    "semicolon": b"\xef\xbb\xbf" + as_csv(rows(), ";"),
    "tab": as_csv(rows(), "\t"),
}


def dump(tmp_path: Path, content: bytes, *, packed: bool = False) -> Path:
    path = tmp_path / "dump"
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("form", sorted(DUMPS))
@pytest.mark.parametrize("packed", [False, True])
def test_tables_are_read_with_the_offsets_of_their_rows(tmp_path: Path, form: str, packed: bool) -> None:
    path = dump(tmp_path, DUMPS[form], packed=packed)
    found = captures(items := read(path))
    assert len(items) == 3
    # What a CSV reader of others gives back, line ends included.
    assert [(item.url, item.body) for item in found] == [(url(i), page(i)) for i in range(3)]
    for i, item in enumerate(found):
        assert item.location is not None
        assert item.location.file == str(path)
        assert DUMPS[form][item.location.offset :].startswith((f'{{"id": "{i}"'.encode(), f"{i}".encode()))
    assert {item.media_type for item in found} == {"text/html"}
    mtime = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    assert all(timedelta(0) <= item.fetched_at - mtime < timedelta(seconds=1) for item in found)


@pytest.mark.parametrize(
    ("columns", "moment"),
    [
        ({"fetched_at": "2020-01-02T09:00:00.5+09:00"}, datetime(2020, 1, 2, 0, 0, 0, 500_000, UTC)),
        ({"timestamp": "2020-01-02 03:04:05"}, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({"Date": "2020-01-02T00:00:00Z"}, datetime(2020, 1, 2, tzinfo=UTC)),
        ({"timestamp": "2020-01-02", "fetched_at": "2021-01-01"}, datetime(2021, 1, 1, tzinfo=UTC)),
        ({"date": "12 septembre 2023"}, None),
    ],
)
def test_the_time_of_a_row_counts_first(tmp_path: Path, columns: dict[str, str], moment: datetime | None) -> None:
    for content in (as_json([rows(1)[0] | columns]), as_csv([rows(1)[0] | columns])):
        path = dump(tmp_path, content)
        [item] = captures(read(path))
        mtime = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        assert timedelta(0) <= item.fetched_at - (moment or mtime) < timedelta(microseconds=1 if moment else 1_000_000)


def test_html_counts_before_text(tmp_path: Path) -> None:
    table = [{"url": url(), "text": "mots", "html": "<p>"}, {"url": url(1), "text": "mots", "html": ""}]
    for content in (as_json(table), as_csv(table)):
        found = captures(read(dump(tmp_path, content)))
        assert [(item.body, item.media_type) for item in found] == [(b"<p>", "text/html"), (b"mots", "text/plain")]


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (b'{"url": "u", "html": "', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"url": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"html": "<p>"}', "no url"),
        (b'{"url": 3, "html": "<p>"}', "no url"),
        (b'{"url": "%b", "html": "<p>"}' % (b"u" * 9_000), "no url"),
        (b'{"url": "u", "html": ["<p>"]}', "neither html nor text"),
        (
            b'{"url": "u", "html": "<p>", "fetched_at": "0001-01-01T00:00+09:00"}',
            "fetched_at is not a time in ISO 8601",
        ),
        (b'{"url": "u", "html": "<p>", "fetched_at": "9999-12-31T23:59:59Z"}', "fetched_at is not a time in ISO 8601"),
        (b'{"url": "u", "html": "<p>", "fetched_at": 12}', "fetched_at is not a time in ISO 8601"),
    ],
)
def test_a_broken_line_of_json_costs_no_other(tmp_path: Path, broken: bytes, what: str) -> None:
    first, second = as_json(rows(1)), as_json(rows(2)[1:])
    path = dump(tmp_path, first + broken + b"\n" + second)
    found = read(path)
    assert [item.url for item in captures(found)] == [url(0), url(1)]
    assert damages(found) == [what]
    assert found[1].location == Location(file=str(path), offset=len(first))


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (b'u,"a"b\n', "not CSV: ',' expected after '\"'"),
        (b"u,<p>,more\n", "more fields than columns"),
        (b"u\n", "neither html nor text"),
    ],
)
def test_a_broken_row_of_csv_costs_no_other(tmp_path: Path, broken: bytes, what: str) -> None:
    start = b"url,html\na,<p>1\n"
    path = dump(tmp_path, start + broken + b"b,<p>2\n\nc,<p>3\n")
    found = read(path)
    assert [item.url for item in captures(found)] == ["a", "b", "c"]
    [what_found] = damages(found)
    assert what_found.startswith(what)
    assert found[1].location == Location(file=str(path), offset=len(start))


def test_a_line_longer_than_a_page_is_skipped(tmp_path: Path) -> None:
    long = json.dumps({"url": "u", "html": "x" * 80_000}).encode() + b"\n"
    found = read(dump(tmp_path, as_json(rows(1)) + long + as_json(rows(2)[1:])), max_page=1000)
    assert damages(found) == ["a row longer than that of a page"]
    assert refused(found) == ["larger than a page may be"] * 2
    table = b"url,html\nu," + b"x" * 80_000 + b"\nv,<p>\n"
    found = read(dump(tmp_path, table), max_page=1000)
    assert damages(found) == ["a row longer than that of a page"]
    assert [item.url for item in captures(found)] == ["v"]


def test_a_quote_that_never_closes_costs_the_rows_up_to_the_bound(tmp_path: Path) -> None:
    start = b"url,html\na,<p>1\n"
    long = b'u,"never closed\n' + b"b,<p>2\n" * 20_000
    path = dump(tmp_path, start + long)
    found = read(path, max_page=1000)
    assert [item.location.offset for item in found if isinstance(item, Damage)] == [len(start)]
    assert damages(found) == ["a row longer than that of a page"]
    assert 0 < len(captures(found)) - 1 < 20_000
    assert captures(found)[-1].location == Location(file=str(path), offset=len(start + long) - 7)
    assert damages(read(path)) == ["not CSV: unexpected end of data"]


def test_bytes_that_are_not_utf8_are_no_crash(tmp_path: Path) -> None:
    [item] = captures(read(dump(tmp_path, b'{"url": "u\\ud800", "html": "<p>\\udfff\\u00e9"}')))
    assert (item.url, item.body) == ("u?", "<p>?é".encode())
    latin = "<p>é".encode("latin-1")
    [item] = captures(read(dump(tmp_path, b"url,html\nu," + latin + b"\n")))
    assert item.body == "<p>é".encode()
    declared = b"<meta charset=latin-1>" + latin
    [item] = captures(read(dump(tmp_path, b"url,html\nu," + declared + b"\n")))
    assert item.body == declared


@pytest.mark.parametrize(
    ("end", "last", "what"),
    [
        (-5, b"", "gzip data end too early"),
        (-200, b"", "gzip data end too early"),
        (-4, b"abcd", "gzip data are damaged"),
    ],
)
def test_a_damaged_gzip_table_is_read_up_to_there(tmp_path: Path, end: int, last: bytes, what: str) -> None:
    path = tmp_path / "dump.gz"
    path.write_bytes(gzip.compress(as_json(rows(6)))[:end] + last)
    found = read(path)
    assert [item.url for item in captures(found)] == [url(i) for i in range(len(found) - 1)]
    assert len(found) > 4
    assert damages(found) == [what]


def test_versions_of_one_page_without_times_are_two_captures(tmp_path: Path) -> None:
    for content in (as_json([*rows(1), *rows(1)]), as_csv([*rows(1), *rows(1)])):
        first, second = captures(read(dump(tmp_path, content)))
        assert first.fetched_at < second.fetched_at


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=40)
TABLE = st.lists(st.fixed_dictionaries({"url": TEXT, "html": TEXT}), min_size=1, max_size=5)


@given(TABLE, st.sampled_from(",;\t"))
def test_any_table_is_read_as_it_was_written(table: list[dict[str, str]], delimiter: str) -> None:
    for content in (as_csv(table, delimiter), as_json(table)):
        assert [row for _, row in read_rows(BytesIO(content), TABLE_COLUMNS, 10_000)] == table


@given(st.binary(max_size=200), st.sampled_from([b"url,html\n", b"{", b'{"url":"u","html":"h"}\n']), st.integers(1, 99))
def test_no_bytes_are_a_crash(content: bytes, start: bytes, longest: int) -> None:
    whole, at = start + content, 0
    for offset, _ in read_rows(BytesIO(whole), TABLE_COLUMNS, longest):
        assert at <= offset <= len(whole)
        at = offset
