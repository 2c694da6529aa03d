"""Records that are wrong by themselves, or only look so, compressed or not."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from storage.archive.reader import WRONG_LENGTH, Record, Stretch, read_warc, utc
from tests.storage.museum import HTML, SITE, Raw, Read, digest_of, joined, read

Around = Callable[..., Read]
NUMBER = SITE + "7"
BODY = b"<html>seven</html>"
LENGTH = len(Raw(url=NUMBER).content)
NEXT = Raw(url=SITE + "8")


@pytest.fixture(params=["gzip", "plain"])
def around(request: pytest.FixtureRequest, tmp_path: Path) -> Around:
    """Reads records between others, and once more as the last ones; returns what is between."""

    def find(*records: Raw, max_page: int = 10_000_000) -> Read:
        stored = [record.packed() if request.param == "gzip" else record.plain() for record in records]
        good = Raw(url=SITE + "0", body=b"<html>good</html>")
        good_stored = good.packed() if request.param == "gzip" else good.plain()
        whole = joined([good_stored, *stored, good_stored])
        found = read(tmp_path, whole.data, max_page)
        assert (found.places[0], found.places[-1]) == (0, whole.places[-1])
        last = read(tmp_path, joined([good_stored, *stored]).data, max_page)
        between = Read(found.items[1:-1])
        assert [type(item) for item in last.items[1:]] == [type(item) for item in between.items]
        assert all(damage.location.offset in whole.places[1:-1] for damage in between.damages)
        return between

    return find


@pytest.fixture
def seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time of day is that of Seoul."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "length",
    ["0", "1", str(LENGTH - 1), str(LENGTH - 4), str(LENGTH + 9), "100000", "9" * 20, "-1", "abc", " ", None],
)
def test_a_wrong_length_costs_its_record_alone(around: Around, length: str | None) -> None:
    found = around(Raw(url=NUMBER, length=length), NEXT)
    assert found.numbers == [8]
    assert [what for _, what in found.reported] == [WRONG_LENGTH]


@pytest.mark.parametrize("more", [(), (digest_of(b"<html>page</html>"),)])
def test_a_length_that_swallows_a_record_costs_only_its_own(around: Around, more: tuple[tuple[str, str], ...]) -> None:
    wrong = Raw(url=NUMBER, length=str(LENGTH + 4 + len(NEXT.plain()) - 4), more=more)
    found = around(wrong, NEXT)
    assert found.numbers == [8]
    assert len(found.damages) == 1


def test_a_swallowed_record_is_found_by_the_digest() -> None:
    swallowing = Raw(length=str(LENGTH + 4 + len(NEXT.plain()) - 4), more=[digest_of(Raw().body)])
    whole = joined([swallowing.plain(), NEXT.plain(), NEXT.plain()])
    items = list(read_warc(BytesIO(whole.data), longest=1_000_000))
    assert [(type(item), item.offset) for item in items] == list(
        zip([Stretch, Record, Record], whole.places, strict=True)
    )


@pytest.mark.parametrize("body", [b"<pre>\nWARC/1.0\r\nWARC-Type: response</pre>", b"<pre>WARC/1.1\n\nWARC/1.0 </pre>"])
def test_a_page_that_speaks_of_archives_is_a_page(around: Around, body: bytes) -> None:
    found = around(Raw(url=NUMBER, body=body), NEXT)
    assert found.numbers == [7, 8]
    assert found.captures[0].body == body
    assert found.damages == []


def test_a_page_that_shows_an_archive_is_known_by_its_digest(around: Around) -> None:
    body = b"<pre>\r\n\r\n" + Raw(url="http://x/?=9").plain() + b"</pre>"
    found = around(Raw(url=NUMBER, body=body, more=[digest_of(body)]), NEXT)
    assert found.numbers == [7, 8]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://world.kbs.co.kr/a b?=7", "https://world.kbs.co.kr/a%20b?=7"),
        (f"<{NUMBER}>", NUMBER),
        ("https://world.kbs.co.kr/é?=7", "https://world.kbs.co.kr/%C3%A9?=7"),
    ],
)
def test_an_address_with_brackets_or_blanks_is_mended(around: Around, written: str, address: str) -> None:
    found = around(Raw(url=written))
    assert [capture.url for capture in found.captures] == [address]
    assert found.damages == []
    assert [damage.url for damage in found.mended] == [address]


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (Raw(url=None), "it has no target address"),
        (Raw(url=""), "it has no target address"),
        (Raw(date=None), "its date cannot be read"),
        (Raw(date="yesterday"), "its date cannot be read"),
        (Raw(date="2026-13-45T00:00:00Z"), "its date cannot be read"),
        (Raw(date="0001-01-01T00:00:00+09:00"), "its date cannot be read"),
        (Raw(block=b"junk"), "it holds no HTTP response"),
        (Raw(block=b"<html>junk</html>"), "it holds no HTTP response"),
        (Raw(block=b""), "it holds no HTTP response"),
        (Raw(status="HTTP/1.1 abc"), "it holds no HTTP response"),
        (Raw(http_headers=[("X", "a" * 100_000)]), "it holds no HTTP response"),
        (Raw(kind="respXnse"), "its type cannot be read"),
        (Raw(more=[("X", "a" * 100_000)]), None),
        (Raw(more=[("X", "a" * 3_000_000)]), None),
        (Raw(version="WARC/9.9"), None),
    ],
)
def test_a_record_that_says_too_little_is_reported(around: Around, record: Raw, what: str | None) -> None:
    found = around(record, NEXT)
    assert found.numbers == [8]
    assert len(found.damages) == 1
    assert what is None or found.damages[0].what == what


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2026-11-24T12:00:00.123456789Z", datetime(2026, 11, 24, 12, 0, 0, 123456, UTC)),
        ("2026-11-24T12:00:00+09:00", datetime(2026, 11, 24, 3, tzinfo=UTC)),
        ("2026-11-24T12:00:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
@pytest.mark.usefixtures("seoul")
def test_dates_of_every_precision_are_read_in_utc(around: Around, date: str, moment: datetime) -> None:
    found = around(Raw(date=date), Raw(kind="revisit", more=[("WARC-Refers-To-Date", date)]))
    assert [capture.fetched_at for capture in found.captures] == [moment]
    assert [revisit.refers_to_date for revisit in found.revisits] == [moment]


@pytest.mark.parametrize(("newline", "http_newline"), [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\n")])
def test_bare_line_endings_are_read(around: Around, newline: str, http_newline: str) -> None:
    odd = Raw(url=NUMBER, newline=newline, http_newline=http_newline)
    found = around(odd, odd, NEXT)
    assert found.numbers == [7, 7, 8]
    assert [capture.body for capture in found.captures] == [odd.body] * 3
    assert found.damages == []


@pytest.mark.parametrize("version", ["WARC/0.17", "WARC/0.18", "WARC/1.0", "WARC/1.1"])
def test_versions_are_read_alike(around: Around, version: str) -> None:
    assert around(Raw(url=NUMBER, version=version), NEXT).numbers == [7, 8]


def test_kinds_that_hold_pages_are_read_others_skipped(around: Around) -> None:
    found = around(
        Raw(kind="resource", content_type="text/html; charset=utf-8", block=BODY),
        Raw(kind="conversion", content_type="text/plain", block=b"seven"),
        Raw(kind="metadata", content_type="application/warc-fields", block=b"a: b\r\n" * 20_000),
        Raw(kind="warcinfo", url=None, content_type="application/warc-fields", block=b"a: b\r\n"),
        Raw(kind="screenshot", content_type="image/png", block=b"png"),
    )
    assert [(capture.body, capture.media_type) for capture in found.captures] == [
        (BODY, "text/html"),
        (b"seven", "text/plain"),
    ]
    assert found.damages == []


def test_odd_http_is_no_damage(around: Around) -> None:
    found = around(
        Raw(status="HTTP/2 200"),
        Raw(status="HTTP/1.1 404 Nothing"),
        Raw(block=b"HTTP/1.1 200 OK\r\njunk\r\n: x\r\nContent-Type: text/html\r\n\r\nbody"),
        Raw(block=b"HTTP/1.1 200 OK\r\nContent-Type: text/html"),
    )
    assert [(capture.status, capture.body) for capture in found.captures][:3] == [
        (200, Raw().body),
        (404, Raw().body),
        (200, b"body"),
    ]
    assert found.captures[3].body == b""
    assert found.damages == []


CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def encoded(body: bytes, coding: str = "gzip") -> Raw:
    name = "Transfer-Encoding" if coding == "chunked" else "Content-Encoding"
    return Raw(url=NUMBER, body=body, http_headers=[HTML, (name, coding)], more=[digest_of(body)])


def test_encodings_are_removed_where_they_are_there(around: Around) -> None:
    packed = gzip.compress(BODY, mtime=0)
    found = around(encoded(packed), encoded(BODY), encoded(CHUNKED, "chunked"), encoded(BODY, "chunked"), NEXT)
    assert [capture.body for capture in found.captures] == [*[BODY] * 4, NEXT.body]
    assert found.damages == []


def test_a_damaged_encoding_or_a_bomb_costs_only_its_page(around: Around) -> None:
    found = around(encoded(gzip.compress(BODY)[:20]), encoded(gzip.compress(bytes(20_000_000))), NEXT, max_page=100_000)
    assert [damage.url for damage in found.damages] == [refusal.url for refusal in found.refused] == [NUMBER]
    assert found.numbers == [8]


@pytest.mark.parametrize(
    "digest",
    [
        "sha1:B33CE9E396035534D8D398CB85E9EF97C7AC0D4A",
        "sha256:639cf5f89793ed3c868a25a5aa4e3dd0c4f2f3d1e8a5f1bf6b7d3a9b1c0d2e3f",
    ],
)
def test_a_wrong_digest_of_a_plain_record_is_reported(tmp_path: Path, digest: str) -> None:
    wrong = Raw(url=NUMBER, more=[("WARC-Payload-Digest", digest)])
    found = read(tmp_path, joined([wrong.plain(), NEXT.plain()]).data)
    assert found.reported == [(0, "its content does not match its digest")]
    assert found.numbers == [8]


@pytest.mark.parametrize("digest", ["blake2b:70d7333363c0", "sha1:szzp45YDVTTY05jLhenvl8esDUo=", "", "nonsense"])
def test_a_digest_that_cannot_be_computed_is_no_damage(around: Around, digest: str) -> None:
    found = around(Raw(url=NUMBER, more=[("WARC-Payload-Digest", digest)]), NEXT)
    assert found.numbers == [7, 8]
    assert found.damages == []


@pytest.mark.parametrize("digested", [CHUNKED, BODY])
def test_the_digest_of_a_chunked_page_may_be_either_one(around: Around, digested: bytes) -> None:
    http = [HTML, ("Transfer-Encoding", "chunked")]
    found = around(Raw(url=NUMBER, body=CHUNKED, http_headers=http, more=[digest_of(digested)]), NEXT)
    assert [capture.body for capture in found.captures] == [BODY, NEXT.body]


def test_a_page_that_is_too_large_is_refused(around: Around) -> None:
    pages = [bytes(range(256)) * size for size in (600, 7000, 20_000)]
    found = around(*(Raw(url=NUMBER, body=body) for body in pages), NEXT, max_page=100_000)
    assert [refusal.refused for refusal in found.refused] == ["larger than a page may be"] * 3
    assert len({refusal.location.offset for refusal in found.refused}) == 3
    assert found.numbers == [8]
    assert found.damages == []


def test_revisits_say_what_they_refer_to(around: Around) -> None:
    other = ("WARC-Refers-To-Target-URI", f"<{SITE}3>")
    profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    found = around(
        Raw(kind="revisit", block=b"HTTP/1.1 200 OK\r\n\r\n", more=[digest_of(BODY), other]),
        Raw(kind="revisit", block=b"HTTP/1.1 304 Not Modified\r\n\r\n", more=[("WARC-Profile", profile)]),
        Raw(kind="revisit", content_type=None, block=b"", more=[("WARC-Refers-To-Date", "nonsense")]),
    )
    assert [revisit.refers_to_url for revisit in found.revisits] == [SITE + "3", None, None]
    assert [revisit.digest for revisit in found.revisits] == [digest_of(BODY)[1], None, None]
    assert found.damages == []


@pytest.mark.parametrize(
    "date", ["9999-12-31T23:59:59Z", "9001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1899-12-31"]
)
def test_a_year_without_fetches_is_no_time(date: str) -> None:
    assert utc(date) is None
