"""ARC files, made by the format's description, as the crawlers of the time wrote them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive import Location
from storage.archive.reader import SEVERAL
from tests.storage.sources.made import captures, damages, page, read, refused, url

MOMENT = datetime(2010, 3, 4, 5, 6, 7, tzinfo=UTC)
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=euc-kr\r\n"
FORMS = pytest.mark.parametrize("form", ["plain", "members"])


def record(number: int, head: bytes = HTML, body: bytes | None = None) -> bytes:
    content = head + b"\r\n" + (page(number) if body is None else body)
    return f"{url(number)} 10.0.0.1 20100304050607 text/html {len(content)}\n".encode() + content + b"\n"


def header() -> bytes:
    about = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
    return b"filedesc://a.arc 0.0.0.0 20100304000000 text/plain %d\n" % len(about) + about + b"\n"


def members() -> list[bytes]:
    packed = HTML + b"Content-Encoding: gzip\r\n"
    return [header(), record(0), record(1), record(2, packed, gzip.compress(page(2)))]


def arc(path: Path, records: Sequence[bytes], form: str = "members") -> Path:
    path.write_bytes(b"".join(map(gzip.compress, records) if form == "members" else records))
    return path


@FORMS
def test_records_are_read_with_their_places(tmp_path: Path, form: str) -> None:
    path = arc(tmp_path / "a", members(), form)
    found = captures(items := read(path))
    assert len(items) == 3
    assert [(item.url, item.body) for item in found] == [(url(i), page(i)) for i in range(3)]
    assert {(item.fetched_at, item.status, item.charset) for item in found} == {(MOMENT, 200, "euc-kr")}
    packed = [gzip.compress(one) if form == "members" else one for one in members()]
    offsets = [sum(map(len, packed[:i])) for i in range(1, 4)]
    assert [item.location for item in found] == [Location(file=str(path), offset=offset) for offset in offsets]


@FORMS
def test_records_behind_damage_are_read(tmp_path: Path, form: str) -> None:
    first, *rest = (gzip.compress(one) if form == "members" else one for one in members())
    # A byte of the gzip data, or the blank before the length.
    at = len(rest[0]) // 2 if form == "members" else rest[0].index(b"html ") + 4
    rest[0] = rest[0][:at] + bytes([rest[0][at] ^ 0xFF]) + rest[0][at + 1 :]
    path = tmp_path / "a"
    path.write_bytes(b"".join([first, *rest]))
    found = read(path)
    assert [item.url for item in captures(found)] == [url(1), url(2)]
    [damage] = [item for item in found if item not in captures(found)]
    assert damage.location == Location(file=str(path), offset=len(first))


@FORMS
def test_a_file_that_was_cut_is_read_up_to_there(tmp_path: Path, form: str) -> None:
    path = arc(tmp_path / "a", members(), form)
    path.write_bytes(path.read_bytes()[:-100])
    found = read(path)
    assert len(damages(found)) == 1
    assert [item.url for item in captures(found)] == [url(0), url(1)]


def test_a_file_compressed_as_a_whole_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"".join(members())))
    assert damages(read(path)) == [SEVERAL]


def test_unusable_records_are_reported(tmp_path: Path) -> None:
    records = [
        header(),
        record(0, body=bytes(300_000)),
        record(1, b"<html>\r\n"),
        record(2, HTML + b"Content-Encoding: gzip\r\n", gzip.compress(page())[:-9]),
        b"dns:world.kbs.co.kr 10.0.0.1 20100304050607 text/dns 3\nabc\n",
        record(3),
    ]
    found = read(arc(tmp_path / "a", records), max_page=100_000)
    assert refused(found) == ["larger than a page may be"]
    assert damages(found) == ["it holds no HTTP response", "gzip data end too early"]
    assert [item.url for item in captures(found)] == [url(3)]


@pytest.mark.parametrize(
    "junk",
    [
        b"\n" * 3_000_000 + b"x",
        b"http://a 1 20100304050607 t 999999999999\nshort",
        b"http://a 1 99999999999999 text/html 3\nabc\n",
        b"http://a 1 20100304050607 text/html -5\nabc\n",
        b"x" * 300_000,
        b"WARC/1.0\r\n" + b"a: b\r\n" * 1000,
    ],
)
def test_what_is_no_record_is_reported(tmp_path: Path, junk: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    found = read(arc(tmp_path / "a", [header(), record(0), junk], "plain"))
    assert [item.url for item in captures(found)] == [url(0)]
    assert len(damages(found)) == 1
    assert capfd.readouterr() == ("", "")
