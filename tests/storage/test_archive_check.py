"""What is found in archives that are damaged, each in one way."""

import gzip
import os
from pathlib import Path

import pytest

from storage import ArchiveWriter
from storage.archive.capture import Location, Place
from storage.archive.check import check_archive, check_files
from tests.storage.checked import COUNT, FILE, NOON, archive, change, offsets, rows


def test_a_sound_archive_has_no_findings(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = check_archive(path.parent / "archive", rows(path), lambda *far: seen.append(far))
    assert (report.files, report.records, report.findings) == (1, 1 + 2 * COUNT, [])
    assert seen[-1] == (report.size, report.size)


@pytest.mark.parametrize("into", [0, 1, 40, 10_000])
def test_a_flipped_byte_is_found_with_its_article(path: Path, warc: Path, into: int) -> None:
    at = offsets(path)[2]
    with warc.open("r+b") as stream:
        stream.seek(at + into)
        byte = stream.read(1)[0]
        stream.seek(at + into)
        stream.write(bytes([byte ^ 0xFF]))
    report = archive(path)
    [finding] = report.findings
    assert (finding.file, finding.offset, finding.articles, finding.harmless) == (FILE, at, 1, False)
    assert finding.what.startswith("damaged: ")
    assert report.records == 2 * COUNT


def test_changed_content_is_found_by_its_digest(path: Path, warc: Path) -> None:
    *_, at = offsets(path)
    whole = warc.read_bytes()
    member = gzip.decompress(whole[at:]).split(b"WARC/1.1\r\nWARC-Type: request")[0]
    changed = member[:-10] + b"x" + member[-9:]
    warc.write_bytes(whole[:at] + gzip.compress(changed))
    [finding] = archive(path).findings
    assert (finding.offset, finding.articles) == (at, 1)
    assert finding.what == "the content of its response record has changed since"


@pytest.mark.parametrize(("number", "into", "articles"), [(-1, 5000, 1), (-2, 5000, 2), (None, -20, 0)])
def test_a_cut_is_harmless_where_no_row_leads(
    path: Path, warc: Path, number: int | None, into: int, articles: int
) -> None:
    # The last record of the file is a request.
    os.truncate(warc, into + (warc.stat().st_size if number is None else offsets(path)[number]))
    report = archive(path)
    [finding] = report.findings
    assert (finding.articles, finding.harmless) == (articles, not articles)
    assert ("the file was cut" if articles else "harmless") in finding.what


def test_a_file_that_is_no_archive_is_damage(path: Path) -> None:
    (path.parent / "archive" / "other.warc.gz").write_bytes(b"hello\n" * 50_000)
    [finding] = archive(path).findings
    assert (finding.file, finding.offset, finding.articles) == ("other.warc.gz", 0, 0)


def test_rows_that_lead_elsewhere_are_found(path: Path) -> None:
    first, second, third, *_ = offsets(path)
    change(path, "update articles set archive_offset = ? where archive_offset = ?", first + 1, first)
    change(path, "update articles set source_url = 'https://world.kbs.co.kr/x' where archive_offset = ?", second)
    change(path, "update articles set archive_offset = 0 where archive_offset = ?", third)
    whats = [finding.what for finding in archive(path).findings]
    assert "rows name it as a response, and it is a warcinfo record" in whats
    assert "rows name it, and no record begins there" in whats
    assert any(what.endswith("and the row says https://world.kbs.co.kr/x") for what in whats)
    assert len(whats) == 3


def test_a_page_of_another_address_is_right_where_a_revisit_says_so(path: Path, warc: Path) -> None:
    first, *_ = offsets(path)
    url, other = rows(path).named[FILE][first][0], "https://world.kbs.co.kr/other"
    change(path, "update articles set source_url = ? where archive_offset = ?", other, first)
    assert archive(path).findings
    writer = ArchiveWriter(warc.parent, "kbs_wayback", {})
    place = Place(location=Location(file=FILE, offset=first), url=url, fetched_at=NOON, digest="sha1:X")
    writer.write(url=other, fetched_at=NOON, revisits=place, source="https://example.org/")
    writer.close()
    assert archive(path).findings == []


def test_rows_without_an_archive_are_counted(path: Path) -> None:
    change(path, "update articles set archive_file = null, archive_offset = null where rowid = 1")
    assert rows(path).unarchived == 1
    assert archive(path).findings == []


def test_a_missing_file_that_rows_name_is_found(path: Path, warc: Path) -> None:
    warc.unlink()
    for report in (archive(path), check_files(warc.parent, rows(path))):
        [finding] = report.findings
        assert (finding.file, finding.offset, finding.articles) == (FILE, None, COUNT)


def test_the_quick_check_finds_only_short_files(path: Path, warc: Path) -> None:
    *_, before, last = offsets(path)
    with warc.open("r+b") as stream:
        stream.seek(before + 1000)
        stream.write(bytes(100))
    assert check_files(warc.parent, rows(path)).findings == []
    os.truncate(warc, last)
    [finding] = check_files(warc.parent, rows(path)).findings
    assert (finding.offset, finding.articles) == (last, 1)
