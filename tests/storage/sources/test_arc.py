"""ARC files, made by the format's description, as the crawlers of the time wrote them."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive.capture import Damage, Location
from tests.storage.museum import Archive, flipped, joined
from tests.storage.sources.made import ARC_HEADER, ARC_HTTP, arc, captures, damages, page, read, refused, save, url

MOMENT = datetime(2010, 3, 4, 5, 6, 7, tzinfo=UTC)
PACKED = arc(2, ARC_HTTP + b"Content-Encoding: gzip\r\n", gzip.compress(page(2)))
PLAIN = joined([ARC_HEADER, arc(0), arc(1), PACKED])
MEMBERS = joined(map(gzip.compress, PLAIN.records()))


@pytest.mark.parametrize("whole", [PLAIN, MEMBERS], ids=["plain", "members"])
def test_records_are_read_around_damage(tmp_path: Path, whole: Archive) -> None:
    path = save(tmp_path / "a", whole.data)
    found = read(path)
    assert [(item.url, item.body) for item in captures(found)] == [(url(i), page(i)) for i in range(3)]
    assert {(item.fetched_at, item.status, item.charset) for item in captures(found)} == {(MOMENT, 200, "cp949")}
    assert [item.location for item in found] == [Location(file=str(path), offset=at) for at in whole.places[1:]]
    # A byte of the gzip data, or the blank before the length.
    into = len(whole.record(1)) // 2 if whole is MEMBERS else whole.record(1).index(b"html ") + 4
    for data, lost in ((flipped(whole.data, whole.places[1] + into), 0), (whole.data[:-100], 2)):
        found = read(save(path, data))
        assert [item.url for item in captures(found)] == [url(number) for number in range(3) if number != lost]
        assert [item.location.offset for item in found if isinstance(item, Damage)] == [whole.places[1 + lost]]


def test_unusable_records_are_reported(tmp_path: Path) -> None:
    records = [
        ARC_HEADER,
        arc(0, body=bytes(300_000)),
        arc(1, b"<html>\r\n"),
        arc(2, ARC_HTTP + b"Content-Encoding: gzip\r\n", b"\x1f\x8b\x08junkjunk"),
        b"dns:world.kbs.co.kr 10.0.0.1 20100304050607 text/dns 3\nabc\n",
        arc(3),
    ]
    found = read(save(tmp_path / "a", b"".join(map(gzip.compress, records))), max_page=100_000)
    assert refused(found) == ["larger than a page may be"]
    assert damages(found) == ["it holds no HTTP response", "gzip data are damaged"]
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
    found = read(save(tmp_path / "a", ARC_HEADER + arc(0) + junk))
    assert [item.url for item in captures(found)] == [url(0)]
    assert len(damages(found)) == 1
    assert capfd.readouterr() == ("", "")
