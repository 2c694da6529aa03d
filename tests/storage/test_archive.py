"""WARC files, read back by warcio's own reader, checker and index."""

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from extractors.article import KST
from storage import ArchiveWriter
from storage.archive.capture import Location, Place, payload_digest
from tests.storage.warc import Record, read_file, warcio

WHEN = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
URL = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1"
PAGE = b"<html>\xc3\xa9</html>"


def write(writer: ArchiveWriter, body: bytes = PAGE, at: datetime = WHEN, revisits: Place | None = None) -> Location:
    return writer.write(
        url=URL,
        fetched_at=at,
        request_line="GET /service/news_view.htm?lang=f&Seq_Code=1 HTTP/1.1",
        request_headers=[("Host", "world.kbs.co.kr")],
        status_line="HTTP/1.1 200 OK",
        headers=[("Content-Type", "text/html"), ("Content-Encoding", "gzip")],
        body=packed(body),
        revisits=revisits,
    )


def packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def payload(location: Location, body: bytes = PAGE) -> Place:
    return Place(location=location, url=URL, fetched_at=WHEN, digest=payload_digest(packed(body)))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ArchiveWriter]:
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"})
    yield writer
    writer.close()


def records(tmp_path: Path, writer: ArchiveWriter) -> list[Record]:
    """The records of the one file that was written."""
    writer.close()
    [file] = (tmp_path / "archive").iterdir()
    return list(read_file(file))


def test_an_exchange_is_read_back_as_written(tmp_path: Path) -> None:
    about = {"software": "kbsworld/1 (+https://example.org)", "settings": "DOWNLOAD_DELAY=1.0", "description": "é"}
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", about)
    write(writer, at=WHEN.astimezone(KST))
    info, response, request = records(tmp_path, writer)
    assert [info.kind, response.kind, request.kind] == ["warcinfo", "response", "request"]
    [file] = (tmp_path / "archive").iterdir()
    assert file.name.startswith("kbs_news-20261124T120000123456Z-")
    assert info.headers["WARC-Filename"] == file.name
    assert info.headers["Content-Type"] == "application/warc-fields"
    assert info.fields == about
    assert response.headers["WARC-Date"] == request.headers["WARC-Date"] == "2026-11-24T12:00:00.123456Z"
    assert response.headers["WARC-Payload-Digest"] == payload_digest(packed(PAGE))
    assert (response.first_line, response.body) == ("HTTP/1.1 200 OK", PAGE)
    assert request.first_line == "GET /service/news_view.htm?lang=f&Seq_Code=1 HTTP/1.1"


def test_a_writer_that_never_wrote_leaves_no_file(tmp_path: Path, writer: ArchiveWriter) -> None:
    writer.close()
    assert not (tmp_path / "archive").exists()


def test_the_payload_digest_is_that_of_the_standard() -> None:
    # That of nothing, from RFC 3174.
    assert payload_digest(b"") == "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"


def test_a_revisit_refers_to_the_original_without_payload(tmp_path: Path, writer: ArchiveWriter) -> None:
    original = write(writer)
    again = write(writer, at=WHEN + timedelta(hours=1), revisits=payload(original))
    assert again == original
    _, response, _, revisit, request = records(tmp_path, writer)
    assert revisit.kind == "revisit"
    assert revisit.headers["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert revisit.headers["WARC-Refers-To-Target-URI"] == response.headers["WARC-Target-URI"] == URL
    assert revisit.headers["WARC-Refers-To-Date"] == response.headers["WARC-Date"] == "2026-11-24T12:00:00.123456Z"
    assert revisit.headers["WARC-Payload-Digest"] == response.headers["WARC-Payload-Digest"]
    assert revisit.headers["WARC-Date"] == "2026-11-24T13:00:00.123456Z"
    assert revisit.http == {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    assert (response.body, revisit.body) == (PAGE, b"")
    assert request.headers["WARC-Concurrent-To"] == revisit.headers["WARC-Record-ID"]


def test_warcio_checks_and_indexes_revisits(tmp_path: Path, writer: ArchiveWriter) -> None:
    original = write(writer)
    write(writer, at=WHEN + timedelta(hours=1), revisits=payload(original))
    writer.close()
    [file] = (tmp_path / "archive").iterdir()
    check = warcio("check", "-v", file)
    assert check.returncode == 0, check.stdout
    index = warcio("index", "--fields", "offset,warc-type,http:status", file)
    assert index.returncode == 0, index.stderr
    lines = [json.loads(line) for line in index.stdout.splitlines()]
    assert [line["warc-type"] for line in lines] == ["warcinfo", "response", "request", "revisit", "request"]
    assert int(lines[1]["offset"]) == original.offset
    assert lines[1]["http:status"] == lines[3]["http:status"] == "200"


def test_a_large_file_is_followed_by_another(tmp_path: Path) -> None:
    random = Random(1)
    bodies = [random.randbytes(1000) for _ in range(9)]
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"}, max_bytes=5000)
    locations = [write(writer, body, WHEN + timedelta(seconds=i)) for i, body in enumerate(bodies)]
    writer.close()
    files = sorted((tmp_path / "archive").iterdir())
    assert len(files) > 2
    assert [file.name for file in files] == sorted({location.file for location in locations})
    for file in files:
        infos = [record for record in read_file(file) if record.kind == "warcinfo"]
        assert [record.headers["WARC-Filename"] for record in infos] == [file.name]
        assert warcio("check", file).returncode == 0
        last = max(location.offset for location in locations if location.file == file.name)
        assert last < 5000
        assert file.stat().st_size >= 5000 or file == files[-1]
    for location, body in zip(locations, bodies, strict=True):
        record = next(read_file(tmp_path / "archive" / location.file, location.offset))
        assert (record.kind, record.body) == ("response", body)


def test_a_file_is_never_written_over(tmp_path: Path, writer: ArchiveWriter) -> None:
    write(writer)
    writer.close()
    [file] = (tmp_path / "archive").iterdir()
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        write(writer)  # the same moment, the same process: the same name
    assert file.read_bytes() == before


# Writes pages that do not compress, and prints after each its offset and the length of the file.
ENDLESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from storage import ArchiveWriter
folder = Path(sys.argv[1])
writer = ArchiveWriter(folder, "kbs_news", {"software": "kbsworld/test"})
while True:
    location = writer.write(
        url="http://127.0.0.1/", fetched_at=datetime.now(UTC), request_line="GET / HTTP/1.1", request_headers=[],
        status_line="HTTP/1.1 200 OK", headers=[("Content-Type", "text/html")], body=Random(1).randbytes(8_000_000),
    )
    print(location.offset, (folder / location.file).stat().st_size, flush=True)
"""


def test_a_killed_writer_leaves_whole_records(tmp_path: Path, writer: ArchiveWriter) -> None:
    folder = tmp_path / "archive"
    command = [sys.executable, "-c", ENDLESS, str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2)]
        [file] = folder.iterdir()
        until = time.monotonic() + 30
        # More than the last exchange is there: the next one is being written.
        while file.stat().st_size <= int(said[-1].split()[1]) and time.monotonic() < until:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        assert process.wait() == -signal.SIGKILL
    offsets, ends = zip(*(map(int, line.split()) for line in said), strict=True)
    cut = file.read_bytes()
    assert len(cut) > ends[-1], "killed between two records: this shows nothing"
    body = Random(1).randbytes(8_000_000)
    for offset in offsets:
        record = next(read_file(file, offset))
        assert (record.kind, payload_digest(record.body)) == ("response", payload_digest(body))
    # From the beginning too, up to the one that was cut.
    records = read_file(file)
    kinds = [next(records).kind for _ in range(1 + 2 * len(offsets))]
    assert kinds == ["warcinfo", *["response", "request"] * len(offsets)]
    write(writer)
    assert file.read_bytes() == cut
    [other] = set(folder.iterdir()) - {file}
    assert [record.kind for record in read_file(other)] == ["warcinfo", "response", "request"]


# A write fails in the middle, as on a full disk; when there is room again the next one succeeds.
FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from storage import ArchiveWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = ArchiveWriter(Path(sys.argv[1]), "kbs_news", {"software": "kbsworld/test"})
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for room in (int(sys.argv[2]), int(sys.argv[2]), hard):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        location = writer.write(
            url="http://127.0.0.1/", fetched_at=datetime.now(UTC), request_line="GET / HTTP/1.1", request_headers=[],
            status_line="HTTP/1.1 200 OK", headers=[], body=Random(1).randbytes(30_000),
        )
        print(location.file, location.offset)
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.parametrize(("room", "written"), [(50_000, 2), (100, 1)])
def test_a_failed_write_leaves_whole_records(tmp_path: Path, room: int, written: int) -> None:
    folder = tmp_path / "archive"
    command = [sys.executable, "-c", FULL, str(folder), str(room)]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    said = run.stdout.splitlines()
    assert said.count("File too large") == 3 - written
    assert len(list(folder.iterdir())) == written
    for file in folder.iterdir():
        assert [record.kind for record in read_file(file)] == ["warcinfo", "response", "request"]
        assert warcio("check", file).returncode == 0
    locations = [line.split() for line in said if line != "File too large"]
    for name, offset in locations:
        assert next(read_file(folder / name, int(offset))).body == Random(1).randbytes(30_000)
