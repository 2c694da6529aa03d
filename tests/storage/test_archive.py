"""WARC files, read back by warcio's own reader and checker."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage import ArchiveWriter
from storage.archive import MAX_PAGE_BYTES, Location, page_files, read_page

WHEN = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
URL = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1"


def write(writer: ArchiveWriter, body: bytes = b"<html>\xc3\xa9</html>") -> Location:
    return writer.write(
        url=URL,
        fetched_at=WHEN,
        request_line="GET /service/news_view.htm?lang=f&Seq_Code=1 HTTP/1.1",
        request_headers=[("Host", "world.kbs.co.kr")],
        status_line="HTTP/1.1 200 OK",
        headers=[("Content-Type", "text/html"), ("Content-Encoding", "gzip")],
        body=gzip.compress(body),
    )


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ArchiveWriter]:
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"})
    yield writer
    writer.close()


def test_an_exchange_is_read_back_as_it_was(tmp_path: Path, writer: ArchiveWriter) -> None:
    write(writer)
    writer.close()
    [file] = (tmp_path / "archive").iterdir()
    with file.open("rb") as stream:
        records = [
            (record.rec_type, record.rec_headers, record.http_headers, record.content_stream().read())
            for record in ArchiveIterator(stream)
        ]
    assert [kind for kind, *_ in records] == ["warcinfo", "response", "request"]
    _, warc_headers, headers, body = records[1]
    assert warc_headers.get_header("WARC-Date") == "2026-11-24T12:00:00.123456Z"
    assert headers.get_statuscode() == "200"
    assert body == b"<html>\xc3\xa9</html>"
    request = records[2][2]
    assert (request.protocol, request.statusline) == ("GET", "/service/news_view.htm?lang=f&Seq_Code=1 HTTP/1.1")


def test_a_location_leads_straight_to_its_record(tmp_path: Path, writer: ArchiveWriter) -> None:
    locations = [write(writer, f"<html>{i}</html>".encode()) for i in range(3)]
    writer.close()
    for i, location in enumerate(locations):
        with (tmp_path / "archive" / location.file).open("rb") as stream:
            stream.seek(location.offset)
            record = next(iter(ArchiveIterator(stream)))
            assert record.rec_headers.get_header("WARC-Target-URI") == URL
            assert record.content_stream().read() == f"<html>{i}</html>".encode()


def test_other_peoples_checker_accepts_the_file(tmp_path: Path, writer: ArchiveWriter) -> None:
    write(writer)
    writer.close()
    [file] = (tmp_path / "archive").iterdir()
    check = subprocess.run(
        [Path(sys.executable).parent / "warcio", "check", "-v", file], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout
    assert check.stdout.count("digest pass") == 3


def test_what_was_written_reads_while_the_writer_is_still_open(tmp_path: Path, writer: ArchiveWriter) -> None:
    write(writer)
    [file] = (tmp_path / "archive").iterdir()
    with file.open("rb") as stream:
        assert len(list(ArchiveIterator(stream))) == 3


def test_a_writer_that_never_wrote_leaves_no_file(tmp_path: Path, writer: ArchiveWriter) -> None:
    writer.close()
    assert not (tmp_path / "archive").exists()


def test_page_files_of_a_folder_come_in_order_and_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ["b.html", "a.TXT", "sub/c.htm", "image.png"]:
        (tmp_path / name).write_text("x")
    assert [file.relative_to(tmp_path).as_posix() for file in page_files(tmp_path)] == ["a.TXT", "b.html", "sub/c.htm"]


def test_a_missing_file_and_a_folder_without_pages_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        list(page_files(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match="no page in this folder"):
        list(page_files(tmp_path))


def test_a_page_larger_than_a_page_may_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_bytes(b" " * (MAX_PAGE_BYTES + 1))
    with file.open("rb") as stream, pytest.raises(ValueError, match="larger than a page may be"):
        read_page(stream)
