"""What indexes of web archives say, and what replays and byte ranges give; none of it is trusted."""

import gzip
import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage.archive.capture import payload_digest
from storage.sources.cdx import MAX_PARTS, Answer, Entry, read_index, read_record, read_replay

URL = "http://rki.kbs.co.kr/service/news_view.htm?Seq_Code=83685&lang=f"
MOMENT = datetime(2019, 3, 1, 23, 59, 58, tzinfo=UTC)
PAGE = b"<html><body><p>Un sommet.</p></body></html>"
LINE = {"url": URL, "timestamp": "20190301235958", "status": "200", "mime": "text/html"}


def read(body: bytes, status: int = 200) -> Answer:
    return read_index((body, ""), status)


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_an_entry_has_address_and_time_of_the_capture() -> None:
    row = LINE | {"digest": "7D3MNSZGU7GQYKS57HZGMJYGSLZ3BGAI", "filename": "a.warc.gz", "offset": "7", "length": "9"}
    [entry] = read(lines(row)).entries
    assert (entry.url, entry.captured_at) == (URL, MOMENT)
    assert entry.address.url == "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685"
    assert entry.digest == "sha1:7D3MNSZGU7GQYKS57HZGMJYGSLZ3BGAI"
    assert (entry.file, entry.offset, entry.length) == ("a.warc.gz", 7, 9)


def test_the_wayback_machine_has_arrays_and_a_key_to_go_on_with() -> None:
    names = ["original", "timestamp", "statuscode", "mimetype", "digest"]
    row = [URL, "20190301235958", "200", "text/html", "7D3MNSZGU7GQYKS57HZGMJYGSLZ3BGAI"]
    answer = read(json.dumps([names, row, [], ["kr%2Cco%2Ckbs%29%2F+2019"]]).encode())
    assert [entry.captured_at for entry in answer.entries] == [MOMENT]
    assert (answer.following, answer.flaws) == ([{"resumeKey": "kr,co,kbs)/ 2019"}], 0)
    assert read(b"[]") == Answer()


def test_only_captures_of_articles_with_status_200_are_entries() -> None:
    rows = [LINE | {"status": "404"}, LINE | {"url": "http://rki.kbs.co.kr/service/news_list.htm?lang=f"}]
    answer = read(lines(*rows, LINE | {"mime": "warc/revisit", "status": "-"}, LINE | {"url": "http://example.org/"}))
    assert (answer.entries, answer.flaws, answer.revisits) == ([], 0, [URL])


def test_the_number_of_pages_is_no_entry() -> None:
    answer = read(b'{"pages": 3, "pageSize": 5, "blocks": 13}')
    assert answer == Answer(following=[{"page": "0"}, {"page": "1"}, {"page": "2"}])


def test_an_archive_that_has_nothing() -> None:
    assert read(b"") == read(b'{"message": "No Captures found"}', 404) == Answer()


@pytest.mark.parametrize(("body", "status"), [(b"<html>", 200), (b"<html>", 404), (b"[1, 2]", 200), (b"[" * 9**5, 200)])
def test_what_is_no_index(body: bytes, status: int) -> None:
    with pytest.raises(ValueError, match="index"):
        read(body, status)


@pytest.mark.parametrize("wrong", [{"timestamp": "2019"}, {"timestamp": None}, {"offset": "x"}, {"offset": [1]}])
def test_a_line_that_is_no_entry_is_counted(wrong: dict[str, object]) -> None:
    answer = read(lines(LINE | wrong, LINE, "text", None, {}) + b'{"url": \xff')
    assert (len(answer.entries), answer.flaws) == (1, 5)


JSON = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda of: st.lists(of, max_size=3), max_leaves=5)


@given(st.lists(st.dictionaries(st.sampled_from([*LINE, "pages", "digest", "length"]), JSON) | JSON, max_size=4))
def test_whatever_an_index_says(rows: list[object]) -> None:
    for body in (lines(*rows), json.dumps([["url", "timestamp"], *rows]).encode()):
        try:
            answer = read(body)
        except ValueError:
            continue
        most = max(len(rows), *(len(row) for row in rows if isinstance(row, list)), 0)  # a list is a table of its own
        assert len(answer.entries) + len(answer.revisits) + answer.flaws <= most
        assert len(answer.following) <= MAX_PARTS


def member(kind: str = "response", date: str = "2019-03-01T23:59:58Z") -> bytes:
    stream = BytesIO()
    writer = WARCWriter(stream, gzip=True, warc_version="WARC/1.1")
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html"), ("X-Own", "a: b")], protocol="HTTP/1.1")
    fields = {"WARC-Date": date}
    record = writer.create_warc_record(URL, kind, BytesIO(PAGE), len(PAGE), http_headers=http, warc_headers_dict=fields)
    writer.write_record(record)
    return stream.getvalue()


def entry(length: int = 0, digest: str = payload_digest(PAGE)) -> Entry:
    [found] = read(lines(LINE | {"digest": digest, "length": length})).entries
    return found


def test_a_record_gives_the_response_as_it_was() -> None:
    data = member()
    capture, headers = read_record(data, entry(len(data)), 10_000)
    assert (capture.url, capture.fetched_at, capture.status, capture.body) == (URL, MOMENT, 200, PAGE)
    assert headers == [("Content-Type", "text/html"), ("X-Own", "a: b")]


RECORD = member()
NOT_THE_RECORD = {
    "nothing": b"",
    "no gzip": b"x" * 99,
    "cut": RECORD[:-9],
    "two records": RECORD + RECORD,
    "no record": gzip.compress(b""),
    "a bomb": gzip.compress(bytes(10**6)),
    "changed": gzip.compress(gzip.decompress(RECORD).replace(b"sommet", b"SOMMET")),
    "of another moment": member(date="2019-03-01T23:59:57Z"),
    "a revisit": member("revisit"),
    "of another kind": member("metadata"),
}


@pytest.mark.parametrize("name", NOT_THE_RECORD)
def test_a_range_that_is_not_the_record(name: str) -> None:
    data = NOT_THE_RECORD[name]
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_record(data, entry(len(data)), 10_000)


def test_a_replay_gives_the_headers_that_the_page_had() -> None:
    given = {"memento-datetime": "Fri, 01 Mar 2019 23:59:58 GMT", "content-type": "text/html; charset=euc-kr"}
    own = {"x-archive-orig-server": "Apache", "x-archive-orig-content-length": "9", "server": "nginx"}
    capture, headers = read_replay(given | own, PAGE, entry(), 10_000)
    assert dict(headers) == {"server": "Apache", "content-type": "text/html; charset=euc-kr"}
    assert (capture.url, capture.fetched_at, capture.charset) == (URL, MOMENT, "cp949")
    packed = gzip.compress(PAGE)
    assert read_replay(given | {"content-encoding": "gzip"}, packed, entry(), 10_000)[0].body == PAGE
    capture, headers = read_replay(
        given | {"content-encoding": "gzip"}, packed, entry(digest=payload_digest(packed)), 10_000
    )
    assert (capture.body, dict(headers)["content-encoding"], capture.encodings) == (packed, "gzip", ("gzip",))


@pytest.mark.parametrize(
    ("moment", "body"),
    [("Fri, 01 Mar 2019 23:59:58 GMT", b"other"), ("Fri, 01 Mar 2019 23:59:59 GMT", PAGE), ("", PAGE), ("x", PAGE)],
)
def test_a_page_that_is_not_the_capture(moment: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"capture|digest"):
        read_replay({"memento-datetime": moment}, body, entry(), 10_000)
