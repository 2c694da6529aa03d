"""ARC files, made by the format's description, as the crawlers of the time wrote them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from storage.archive import Location
from storage.sources.arc import ArcSource, arc_items
from storage.sources.find import find_sources
from tests.storage.sources.made import captures, items_of, page, read, refused, url, wounds

MOMENT = datetime(2010, 3, 4, 5, 6, 7, tzinfo=UTC)
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=euc-kr\r\n"


def record(number: int, head: bytes = HTML, body: bytes | None = None) -> bytes:
    content = head + b"\r\n" + (page(number) if body is None else body)
    return f"{url(number)} 10.0.0.1 20100304050607 text/html {len(content)}\n".encode() + content + b"\n"


def header() -> bytes:
    about = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
    return b"filedesc://a.arc 0.0.0.0 20100304000000 text/plain %d\n" % len(about) + about + b"\n"


def members() -> list[bytes]:
    packed = HTML + b"Content-Encoding: gzip\r\n"
    return [header(), record(0), record(1), record(2, packed, gzip.compress(page(2)))]


def arc(path: Path, records: Sequence[bytes], form: str) -> Path:
    if form == "members":
        path.write_bytes(b"".join(map(gzip.compress, records)))
    else:
        whole = b"".join(records)
        path.write_bytes(gzip.compress(whole) if form == "whole" else whole)
    return path


@pytest.mark.parametrize("form", ["plain", "members", "whole"])
def test_records_are_read_with_their_places(tmp_path: Path, form: str) -> None:
    path = arc(tmp_path / "a", members(), form)
    found = captures(items := read(path))
    assert len(items) == 3
    assert [(item.url, item.body) for item in found] == [(url(i), page(i)) for i in range(3)]
    assert {(item.fetched_at, item.status, item.charset) for item in found} == {(MOMENT, 200, "euc-kr")}
    packed = [gzip.compress(one) if form == "members" else one for one in members()]
    offsets = [sum(map(len, packed[:i])) for i in range(1, 4)]
    assert [item.location for item in found] == [Location(file=str(path), offset=offset) for offset in offsets]


@pytest.mark.parametrize("form", ["plain", "members", "whole"])
def test_reading_goes_on_behind_any_record(tmp_path: Path, form: str) -> None:
    [source] = find_sources([str(arc(tmp_path / "a", members(), form))])
    assert isinstance(source, ArcSource)
    whole = items_of(source)
    for done, item in enumerate(captures(whole)[1:], start=1):
        assert item.location is not None
        assert items_of(source, str(item.location.offset)) == whole[done:]
    [part] = source.parts()
    assert items_of(source, part.cursor) == []
    assert part.size == source.size


def test_a_damaged_member_is_told_and_those_behind_it_are_read(tmp_path: Path) -> None:
    first, second, third, fourth = map(gzip.compress, members())
    broken = bytearray(second)
    broken[len(broken) // 2] ^= 0xFF
    path = tmp_path / "a"
    path.write_bytes(first + broken + third + fourth)
    found = read(path)
    assert [item.url for item in captures(found)] == [url(1), url(2)]
    [wound] = [item for item in found if item not in captures(found)]
    assert wound.location == Location(file=str(path), offset=len(first))


@pytest.mark.parametrize("form", ["plain", "members", "whole"])
def test_a_file_that_was_cut_is_read_up_to_there(tmp_path: Path, form: str) -> None:
    path = arc(tmp_path / "a", members(), form)
    path.write_bytes(path.read_bytes()[:-100])
    found = read(path)
    assert len(wounds(found)) == 1
    assert [item.url for item in captures(found)] == [url(0), url(1)]


def test_what_is_too_large_no_response_or_undecodable_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    records = [
        header(),
        record(0, body=bytes(300_000)),
        record(1, b"<html>\r\n"),
        record(2, HTML + b"Content-Encoding: gzip\r\n", gzip.compress(page())[:-9]),
        b"dns:world.kbs.co.kr 10.0.0.1 20100304050607 text/dns 3\nabc\n",
        record(3),
    ]
    found = read(arc(tmp_path / "a", records, "members"), max_page=100_000)
    assert refused(found) == ["larger than a page may be"]
    assert wounds(found) == ["no HTTP response", "gzip data end too early"]
    assert [item.url for item in captures(found)] == [url(3)]


def test_empty_lines_without_end_are_given_up() -> None:
    [item, _] = next(arc_items(BytesIO(header() + b"\n" * 50_000_000), "a.arc", 1_000_000))
    assert len(wounds([item])) == 1


@pytest.mark.parametrize(
    "junk",
    [
        b"http://a 1 20100304050607 t 999999999999\nshort",
        b"http://a 1 99999999999999 text/html 3\nabc\n",
        b"http://a 1 20100304050607 text/html -5\nabc\n",
        b"x" * 300_000,
        b"WARC/1.0\r\n" + b"a: b\r\n" * 1000,
    ],
)
def test_what_is_no_record_is_told(junk: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    found = [item for item, _ in arc_items(BytesIO(header() + record(0) + junk), "a.arc", 1_000_000)]
    assert [item.url for item in captures(found)] == [url(0)]
    assert len(wounds(found)) >= 1
    assert capfd.readouterr() == ("", "")
