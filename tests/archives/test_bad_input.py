"""What archives answer is not trusted: it is counted and reported with its address, and the run goes on."""

import gzip
import json
import re
import signal
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from email.utils import format_datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.archives.history import CRAWLS, WAYBACK, Seen
from tests.archives.reference import expected
from tests.archives.runs import COMMONCRAWL, WAYBACK_MACHINE, Runs, difference
from tests.archives.wayback import Answer
from tests.archives.world import ArchiveWorld, Change
from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import ScriptedSite, counts

HTML = b"<!DOCTYPE html><html><body><h1>Site maintenance</h1></body></html>"
OLDEST = "CC-MAIN-2024-10"


@pytest.fixture
def runs(archives: ArchiveWorld, tmp_path: Path) -> Runs:
    return Runs(archives, tmp_path)


def span_of(archives: ArchiveWorld, seen: Seen) -> tuple[str, str]:
    """The file of a capture's record and the range of its bytes, by the index."""
    query = urlencode({"url": seen.address, "output": "json"})
    _, _, answer = archives.respond(f"/{seen.archive}-index?{query}", "")
    [line] = [line for line in map(json.loads, answer.splitlines()) if line["timestamp"] == seen.timestamp]
    start = int(line["offset"])
    return line["filename"], f"bytes={start}-{start + int(line['length']) - 1}"


def repacked(record: bytes, length: int) -> bytes:
    """A record as a gzip member of just that length: a comment in its header fills it up."""
    packer = zlib.compressobj(9, wbits=-15)
    deflated = packer.compress(record) + packer.flush()
    end = zlib.crc32(record).to_bytes(4, "little") + len(record).to_bytes(4, "little")
    comment = b"x" * (length - len(deflated) - len(end) - 11)
    return b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff" + comment + b"\0" + deflated + end


def all_of(archives: ArchiveWorld, name: str) -> Iterator[Seen]:
    """Captures without which the database would be another one, and whose payload their archive has but once."""
    own = archives.of(*((WAYBACK,) if name == WAYBACK else CRAWLS))
    bodies = [seen.body for seen in own]
    whole = expected(own)
    for seen in own:
        is_only_one = seen.archive == name and seen.truth and bodies.count(seen.body) == 1
        if is_only_one and expected(one for one in own if one is not seen) != whole:
            yield seen


def one_of(archives: ArchiveWorld, name: str) -> Seen:
    return next(all_of(archives, name))


def test_an_index_line_that_is_not_json(runs: Runs) -> None:
    lost = one_of(runs.archives, OLDEST)

    def garbled(status: int, headers: dict[str, str], body: bytes) -> Answer:
        lines = body.splitlines(keepends=True)
        wrong = [b'{"urlkey": \xff\n' if f'"{lost.address}"'.encode() in line else line for line in lines]
        return status, headers, b"".join(wrong)

    runs.archives.changes[f"/{OLDEST}-index?"] = garbled
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode == 1
    assert "not JSON" in result.stderr
    assert f"/{OLDEST}-index?" in result.stderr
    rest = [seen for seen in runs.archives.of(*CRAWLS) if seen is not lost]
    assert difference(runs.stored(), expected(rest)) == []
    # What was passed over is asked for again.
    runs.archives.changes.clear()
    assert runs.crawl(*COMMONCRAWL).returncode == 0
    assert difference(runs.stored(), runs.archives.expected(*CRAWLS)) == []


def with_other_words(status: int, headers: dict[str, str], body: bytes) -> Answer:
    record = gzip.decompress(body)
    at = record.rindex(b"<h1>")
    return status, headers, repacked(record[:at] + b"x" * 300 + record[at + 300 :], len(body))


def test_ranges_that_are_not_the_record(runs: Runs) -> None:
    """A wrong digest, too short a range, the whole file, another record (the index is of another file), HTML."""
    world = runs.archives
    lost = [*islice(all_of(world, OLDEST), 5)]
    other_file, other_span = span_of(world, next(seen for seen in world.of(OLDEST) if seen.truth and seen not in lost))
    start, end = map(int, other_span.removeprefix("bytes=").split("-"))
    other = (world.folder / other_file).read_bytes()[start : end + 1]
    whole = (world.folder / span_of(world, lost[2])[0]).read_bytes()
    changes: list[Change] = [
        with_other_words,
        lambda status, headers, body: (status, headers, body[: len(body) // 2]),
        lambda *_: (200, {}, whole),
        lambda status, headers, _: (status, headers, other),
        lambda *_: (200, {"Content-Type": "text/html"}, HTML),
    ]
    for seen, change in zip(lost, changes, strict=True):
        world.changes["/{} {}".format(*span_of(world, seen))] = change
    errors = assert_lost_and_found(runs, COMMONCRAWL, lost, tuple(CRAWLS))
    assert "digest" in next(line for line in errors.splitlines() if lost[0].address in line)


def test_pages_of_the_wayback_machine_that_are_not_the_capture(runs: Runs) -> None:
    """HTML with status 200, as when it is down, without the headers of a capture; the nearest one; another host."""
    lost = [*islice(all_of(runs.archives, WAYBACK), 3)]
    html, nearest, away = (f"/web/{seen.timestamp}id_/{seen.address}" for seen in lost)
    elsewhere = ScriptedSite()
    other_host = elsewhere.base_url.replace("127.0.0.1", "localhost")
    other_moment = nearest.replace(lost[1].timestamp, "20260214")
    runs.archives.changes[html] = lambda *_: (200, {"Content-Type": "text/html"}, HTML)
    runs.archives.changes[nearest] = lambda *_: (302, {"Location": other_moment}, b"")
    runs.archives.changes[away] = lambda *_: (302, {"Location": f"{other_host}{away}"}, b"")
    try:
        errors = assert_lost_and_found(runs, WAYBACK_MACHINE, lost, (WAYBACK,))
        assert all(target in errors for target in (html, nearest, away))
        assert elsewhere.requests == []
    finally:
        elsewhere.close()


def assert_lost_and_found(runs: Runs, spider: tuple[str, ...], lost: list[Seen], archives: tuple[str, ...]) -> str:
    """Captures are reported with their addresses and passed over; a later run, when the archive is well, has them."""
    result = runs.crawl(*spider)
    errors = result.stderr
    assert result.returncode == 1, errors
    assert "Traceback" not in errors
    assert counts(result)["failed"] == len(lost)
    assert all(seen.address in errors for seen in lost)
    rest = [seen for seen in runs.archives.of(*archives) if seen not in lost]
    assert difference(runs.stored(), expected(rest)) == []
    runs.archives.changes.clear()
    runs.archives.requests.clear()
    result = runs.crawl(*spider)
    assert result.returncode == 0, result.stderr
    assert len(runs.archives.pages()) == len(lost)
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []
    return errors


@pytest.mark.parametrize("spider", [COMMONCRAWL, WAYBACK_MACHINE])
def test_an_index_that_is_html(runs: Runs, spider: tuple[str, ...]) -> None:
    broken = f"/{OLDEST}-index?" if spider is COMMONCRAWL else "/cdx/search/cdx?"
    runs.archives.changes[broken] = lambda *_: (200, {"Content-Type": "text/html"}, HTML)
    result = runs.crawl(*spider)
    assert result.returncode in {1, 3}  # 3 where a tenth of all pages failed
    assert broken in result.stderr
    assert "is the address right?" in result.stderr
    assert "Traceback" not in result.stderr
    rest = runs.archives.of(*(name for name in CRAWLS if name != OLDEST)) if spider is COMMONCRAWL else []
    assert difference(runs.stored(), expected(rest)) == []
    runs.archives.changes.clear()
    assert runs.crawl(*spider).returncode == 0
    archives = tuple(CRAWLS) if spider is COMMONCRAWL else (WAYBACK,)
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []


def test_a_revisit_record(runs: Runs) -> None:
    """Its payload is another record's, perhaps of another crawl."""
    lost = one_of(runs.archives, OLDEST)

    def revisit(status: int, headers: dict[str, str], body: bytes) -> Answer:
        lines = body.splitlines(keepends=True)
        own = [
            line.replace(b'"text/html"', b'"warc/revisit"') if lost.timestamp.encode() in line else line
            for line in lines
        ]
        return status, headers, b"".join(own)

    runs.archives.changes[f"/{OLDEST}-index?"] = revisit
    result = runs.crawl(*COMMONCRAWL)
    assert "revisit" in result.stderr
    assert lost.address in result.stderr
    rest = [seen for seen in runs.archives.of(*CRAWLS) if seen is not lost]
    assert difference(runs.stored(), expected(rest)) == []


@pytest.mark.parametrize("spider", [COMMONCRAWL, WAYBACK_MACHINE])
def test_an_archive_that_is_down(runs: Runs, spider: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    names = ("KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA", "KBS_WAYBACK")
    result = runs.crawl(*spider, **dict.fromkeys(names, nobody))
    assert result.returncode == 1
    [sentence] = [line for line in result.stderr.splitlines() if line.strip()]
    assert nobody in sentence
    assert "refuses connections" in sentence


def begun_without_an_archive(runs: Runs, backoff: float) -> Begun:
    pace = ("-s", "AUTOTHROTTLE_ENABLED=False", "-s", f"KBS_BACKOFF={backoff}", "-s", "LOGSTATS_INTERVAL=0.5")
    nobody = {"KBS_WAYBACK": "http://localhost:1", "KBS_WAYBACK_DELAY": "0"}
    return prepared().begin("crawl", *WAYBACK_MACHINE, *pace, **runs.environment() | nobody)


def test_an_archive_that_cannot_be_reached_is_waited_for_in_sight(runs: Runs) -> None:
    """Each wait has a line, time passes in lines of progress, and a signal ends the run with its report."""
    begun = begun_without_an_archive(runs, backoff=30)
    time.sleep(4)
    begun.send_signal(signal.SIGINT)
    _, errors = begun.communicate(timeout=10)
    assert begun.returncode == 128 + signal.SIGINT, errors
    lines = errors.splitlines()
    assert "localhost:1: the host refuses connections; waiting 30 s" in lines
    assert len([line for line in lines if line.startswith("0 pages · 0 new · ")]) >= 2
    assert any(line.startswith("kbs_wayback: 0 pages fetched") for line in lines)


def test_an_archive_that_never_answered_is_soon_left(runs: Runs) -> None:
    """After waits of 31 times KBS_BACKOFF; ten errors, as KBS_BREAKER has them, would take 511 times as long."""
    _, errors = begun_without_an_archive(runs, backoff=0.1).communicate(timeout=20)
    sentence = "Nothing could be fetched from http://localhost:1: the host refuses connections; check the network and"
    assert errors.splitlines()[-1].startswith(sentence)


def test_two_captures_of_one_address_in_one_second(runs: Runs) -> None:
    """A replay gives one of them, whichever line of the index comes last."""
    seen = next(one for one in all_of(runs.archives, WAYBACK) if not one.packed)

    def doubled(status: int, headers: dict[str, str], body: bytes) -> Answer:
        rows = json.loads(body)
        for row in [row for row in rows if row[:2] == [seen.address, seen.timestamp]]:
            rows.insert(rows.index(row) + 1, [*row[:-1], "A" * 32])
        return status, headers, json.dumps(rows).encode()

    runs.archives.changes["/cdx/search/cdx"] = doubled
    result = runs.crawl(*WAYBACK_MACHINE)
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored(), runs.archives.expected(WAYBACK)) == []
    assert "passed over: other captures in the same second as " in result.stderr
    again = runs.crawl(*WAYBACK_MACHINE)
    assert (again.returncode, "passed over" in again.stderr) == (0, False), again.stderr
    # One that matches neither is reported.
    target = f"/web/{seen.timestamp}id_/{seen.address}"
    runs.archives.changes[target] = lambda status, headers, body: (status, headers, body[:-1])
    other = Runs(runs.archives, runs.folder / "other")
    other.folder.mkdir()
    result = other.crawl(*WAYBACK_MACHINE)
    assert result.returncode == 1
    assert "its content does not match its digest" in result.stderr


def test_a_crawl_without_captures_of_the_site(runs: Runs) -> None:
    """Common Crawl's index server says so with 404."""
    nothing = b'{"message": "No Captures found for: world.kbs.co.kr/service/*"}'
    runs.archives.changes[f"/{OLDEST}-index?"] = lambda *_: (404, {"Content-Type": "application/json"}, nothing)
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode == 0, result.stderr
    rest = runs.archives.of(*(name for name in CRAWLS if name != OLDEST))
    assert difference(runs.stored(), expected(rest)) == []


def test_an_index_without_digests(runs: Runs) -> None:
    """`-` stands for none: such captures have no payload in common."""

    def without(status: int, headers: dict[str, str], body: bytes) -> Answer:
        return status, headers, re.sub(rb'"digest": "\w+"', b'"digest": "-"', body)

    runs.archives.changes["-index?"] = without
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored(), runs.archives.expected(*CRAWLS)) == []


def test_an_index_of_a_million_pages(runs: Runs) -> None:
    """That it names does not have: the archive is not asked for all of them."""

    def changed(status: int, headers: dict[str, str], body: bytes) -> Answer:
        return status, headers, b'{"pages": 1000000}' if body.startswith(b'{"pages"') else body

    runs.archives.changes[f"/{OLDEST}-index?url=world.kbs.co.kr%2Fservice"] = changed
    result = runs.crawl("kbs_commoncrawl", "-a", f"crawls={OLDEST}")
    assert result.returncode in {1, 3}
    assert len(runs.archives.requests) < 100
    assert difference(runs.stored(), runs.archives.expected(OLDEST)) == []


def test_an_index_that_leads_back_to_its_beginning(runs: Runs) -> None:
    def changed(status: int, headers: dict[str, str], body: bytes) -> Answer:
        rows = json.loads(body)
        if len(rows) > 1 and not rows[-2]:
            rows[-1] = ["a"]
        return status, headers, json.dumps(rows).encode()

    runs.archives.changes["/cdx/search/cdx"] = changed
    result = runs.crawl(*WAYBACK_MACHINE)
    assert result.returncode in {1, 3}
    assert "its index does not end" in result.stderr
    assert len([one for one in runs.archives.requests if "/cdx/" in one.target]) < 10
    assert runs.rows("articles")


def test_a_list_of_crawls_that_leads_elsewhere(runs: Runs) -> None:
    elsewhere = ScriptedSite()
    away = elsewhere.base_url.replace("127.0.0.1", "localhost")

    def changed(status: int, headers: dict[str, str], body: bytes) -> Answer:
        crawls = json.loads(body)
        crawls[-1]["cdx-api"] = f"{away}/index"
        return status, headers, json.dumps(crawls).encode()

    runs.archives.changes["/collinfo.json"] = changed
    try:
        result = runs.crawl(*COMMONCRAWL)
        assert elsewhere.requests == []
    finally:
        elsewhere.close()
    assert result.returncode in {1, 3}
    assert away in result.stderr
    rest = runs.archives.of(*(name for name in CRAWLS if name != OLDEST))
    assert difference(runs.stored(), expected(rest)) == []


@pytest.mark.parametrize("body", [b"[1]", b"[" * 9999])
def test_a_list_of_crawls_that_is_none(runs: Runs, body: bytes) -> None:
    runs.archives.changes["/collinfo.json"] = lambda *_: (200, {}, body)
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "/collinfo.json" in result.stderr


def test_hostile_lines_of_an_index(runs: Runs) -> None:
    """Numbers, times and addresses that nobody has."""
    line: dict[str, object] = {
        "url": "http://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
        "timestamp": "20240305040000",
        "status": "200",
        "mime": "text/html",
        "digest": "A" * 32,
        "filename": "crawl-data/none.warc.gz",
        "offset": "0",
        "length": "100",
    }
    hostile: dict[str, list[object]] = {
        "timestamp": ["00000000000000", "99991231235959", "20240230000000", "", 7, None],
        "offset": ["-1", "1e3", "9" * 5000, None, []],
        "length": ["0", "-5", str(10**12)],
        "filename": ["../../etc/passwd", "http://localhost:1/x", "//localhost:1/x", "a\r\nb: c", 5],
        "url": ["http://world.kbs.co.kr:x/", "\0", "http://[", 5, None, "x" * 10**5],
        "digest": ["sha1:", "md5:é", None, {}, "sha9:AAAA"],
    }
    lines = [json.dumps(line | {name: one}).encode() for name, values in hostile.items() for one in values]
    lines += [b"[]", b"1", b"null", b'"x"', b"{" * 5000, b"[" * 50000, b"\xff\xfe", b"{}", b'{"url": "\\ud800"}']
    runs.archives.changes[f"/{OLDEST}-index?"] = lambda status, headers, body: (
        status,
        headers,
        body if body.startswith(b'{"pages"') else body + b"\n".join(lines) + b"\n",
    )
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode in {1, 3}
    assert "Traceback" not in result.stderr
    assert "an error in kbsworld" not in result.stderr
    assert difference(runs.stored(), runs.archives.expected(*CRAWLS)) == []


def test_a_page_that_unpacks_to_half_a_gigabyte(runs: Runs) -> None:
    lost = one_of(runs.archives, WAYBACK)
    target = f"/web/{lost.timestamp}id_/{lost.address}"
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(10**7)) for _ in range(60)) + packer.flush()
    date = {"memento-datetime": format_datetime(lost.moment, usegmt=True), "Content-Encoding": "gzip"}
    runs.archives.changes[target] = lambda *_: (200, date | {"Content-Type": "text/html"}, bomb)
    begun = runs.begin(*WAYBACK_MACHINE)
    peak = 0
    while begun.poll() is None:
        with suppress(OSError, IndexError):  # it ends meanwhile
            status = Path(f"/proc/{begun.pid}/status").read_text()
            peak = max(peak, int(re.findall(r"VmHWM:\s+(\d+)", status)[0]))
        time.sleep(0.05)
    _, errors = begun.communicate()
    assert begun.returncode == 1, errors
    assert lost.timestamp in errors
    assert 0 < peak < 300_000  # kilobytes
    rest = [seen for seen in runs.archives.of(WAYBACK) if seen is not lost]
    assert difference(runs.stored(), expected(rest)) == []
