"""Records that are wrong by themselves, or only look so, compressed or not."""

import gzip
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from storage.archive.reader import WRONG_LENGTH, Record, Stretch, read_warc, utc
from tests.storage.museum import HTML, SITE, Raw, Read, bomb, digest_of, joined, read

Around = Callable[..., Read]
NUMBER = SITE + "7"
BODY = b"<html>seven</html>"
LENGTH = len(Raw(url=NUMBER).content)
NEXT = Raw(url=SITE + "8")
SWALLOWS_NEXT = str(LENGTH + len(NEXT.plain()))


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
        between = Read(found[1:-1])
        assert [type(item) for item in last[1:]] == [type(item) for item in between]
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


def quoting(body: bytes) -> Raw:
    return Raw(url=NUMBER, body=body, more=[digest_of(body)])


def encoded(body: bytes, coding: str = "gzip", digested: bytes | None = None) -> Raw:
    name = "Transfer-Encoding" if coding == "chunked" else "Content-Encoding"
    digest = digest_of(body if digested is None else digested)
    return Raw(url=NUMBER, body=body, http_headers=[HTML, (name, coding)], more=[digest])


ODD_HTTP = b"HTTP/1.1 200 OK\r\njunk\r\n: x\r\nContent-Type: text/html\r\n\r\nbody"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SHA1, UNKNOWN = "sha1:szzp45YDVTTY05jLhenvl8esDUo=", "blake2b:70d7333363c0"


@pytest.mark.parametrize(
    ("record", "body"),
    [
        # Pages that speak of archives, or show one, which their digest confirms.
        (Raw(body=b"<pre>\nWARC/1.0\r\nWARC-Type: response</pre>"), None),
        (Raw(body=b"<pre>WARC/1.1\n\nWARC/1.0 </pre>"), None),
        (quoting(b"<pre>\r\n\r\n" + Raw(url="http://x/?=9").plain() + b"</pre>"), None),
        (Raw(newline="\n"), None),
        (Raw(http_newline="\n"), None),
        (Raw(newline="\n", http_newline="\n"), None),
        (Raw(version="WARC/0.17"), None),
        (Raw(version="WARC/1.0"), None),
        (Raw(status="HTTP/2 200"), None),
        (Raw(block=ODD_HTTP), b"body"),
        (Raw(block=b"HTTP/1.1 200 OK\r\nContent-Type: text/html"), b""),
        (Raw(kind="resource", content_type="text/html; charset=utf-8", block=BODY), BODY),
        (encoded(gzip.compress(BODY, mtime=0)), BODY),
        (encoded(BODY), BODY),
        (encoded(BODY, "chunked"), BODY),
        # The digest of a chunked page may be with the chunks or without.
        (encoded(CHUNKED, "chunked"), BODY),
        (encoded(CHUNKED, "chunked", digested=BODY), BODY),
        # Digests that cannot be computed.
        *((Raw(more=[("WARC-Payload-Digest", digest)]), None) for digest in (SHA1, UNKNOWN, "", "nonsense")),
    ],
)
def test_odd_records_are_read(around: Around, record: Raw, body: bytes | None) -> None:
    found = around(record, NEXT)
    assert [capture.body for capture in found.captures] == [record.body if body is None else body, NEXT.body]
    assert found.damages == []


@pytest.mark.parametrize(
    ("record", "what"),
    [
        *((Raw(length=str(length)), WRONG_LENGTH) for length in (0, 1, LENGTH - 1, LENGTH - 4, LENGTH + 9, 100_000)),
        *((Raw(length=length), WRONG_LENGTH) for length in ("9" * 20, "-1", "abc", " ", None)),
        *((Raw(url=url), "it has no target address") for url in (None, "")),
        *((Raw(date=date), "its date cannot be read") for date in (None, "yesterday", "2026-13-45T00:00:00Z")),
        *((Raw(block=block), "it holds no HTTP response") for block in (b"junk", b"<html>junk</html>", b"")),
        (Raw(status="HTTP/1.1 abc"), "it holds no HTTP response"),
        (Raw(http_headers=[("X", "a" * 100_000)]), "it holds no HTTP response"),
        (Raw(kind="respXnse"), "its type cannot be read"),
        (encoded(b"\x1f\x8b\x08junkjunk"), "gzip data are damaged"),
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


@pytest.mark.parametrize("more", [(), (digest_of(Raw().body),)])
def test_a_length_that_swallows_a_record_costs_only_its_own(more: tuple[tuple[str, str], ...]) -> None:
    whole = joined([Raw(length=SWALLOWS_NEXT, more=more).plain(), NEXT.plain(), NEXT.plain()])
    items = list(read_warc(BytesIO(whole.data), longest=1_000_000))
    assert [type(item) for item in items] == [Stretch, Record, Record]
    assert [item.offset for item in items] == list(whole.places)


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
    assert [capture.url for capture in found.captures] == found.mended == [address]
    assert found.damages == []


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


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1899-12-31"])
def test_a_year_without_fetches_is_no_time(date: str) -> None:
    assert utc(date) is None


def test_kinds_that_hold_no_page_are_skipped(around: Around) -> None:
    found = around(
        Raw(kind="conversion", content_type="text/plain", block=b"seven"),
        Raw(kind="metadata", content_type="application/warc-fields", block=b"a: b\r\n" * 20_000),
        Raw(kind="warcinfo", url=None, content_type="application/warc-fields", block=b"a: b\r\n"),
        Raw(kind="screenshot", content_type="image/png", block=b"png"),
        Raw(status="HTTP/1.1 404 Nothing"),
    )
    kept = [(capture.body, capture.media_type, capture.status) for capture in found.captures]
    assert kept == [(b"seven", "text/plain", 200), (Raw().body, "text/html", 404)]
    assert found.damages == []


@pytest.mark.parametrize("digest", ["sha1:B33CE9E396035534D8D398CB85E9EF97C7AC0D4A", "sha256:" + "63" * 32])
def test_a_wrong_digest_of_a_plain_record_is_reported(tmp_path: Path, digest: str) -> None:
    wrong = Raw(url=NUMBER, more=[("WARC-Payload-Digest", digest)])
    found = read(tmp_path, joined([wrong.plain(), NEXT.plain()]).data)
    assert found.reported == [(0, "its content does not match its digest")]
    assert found.numbers == [8]


def test_a_page_that_is_too_large_is_refused(around: Around) -> None:
    pages = [bytes(range(256)) * size for size in (600, 7000, 20_000)] + [bytes(1500) + NEXT.packed() * 20_000]
    found = around(*(Raw(url=NUMBER, body=body) for body in pages), encoded(bomb(1 << 24)), NEXT, max_page=100_000)
    assert [refusal.refused for refusal in found.refused] == ["larger than a page may be"] * 5
    assert len({refusal.location for refusal in found.refused}) == 5
    assert {refusal.url for refusal in found.refused} == {NUMBER}
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
