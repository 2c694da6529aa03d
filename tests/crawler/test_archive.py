"""What a crawl archives, end to end: real processes against the replica, read back by warcio alone."""

import subprocess
from pathlib import Path

import pytest

from extractors import extract_html
from tests.crawler.conftest import Run
from tests.crawler.scripted import change, counts, rows
from tests.replica import Replica
from tests.storage.warc import Record, read_file, warcio


def files(tmp_path: Path) -> list[Path]:
    """The WARC files of all crawls, the latest last."""
    return sorted((tmp_path / "archive").iterdir(), key=lambda file: file.name.split("-")[1])


def archived(file: Path, seq: int) -> Record:
    """The one answer in a file to a request for an article."""
    [record] = [
        record
        for record in read_file(file)
        if record.kind in {"response", "revisit"} and record.headers["WARC-Target-URI"].endswith(f"Seq_Code={seq}")
    ]
    return record


def again(crawl: Run, replica: Replica, seq: int) -> subprocess.CompletedProcess[str]:
    """Fetch an article once more."""
    run = crawl("kbs_articles", "-a", f"ids={seq}", "-a", "full=1", KBS_BASE_URL=replica.base_url)
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture
def crawled(replica: Replica, crawl: Run) -> int:
    """The number of an article that was crawled."""
    run = crawl("kbs_news", "-a", "pages=1", KBS_BASE_URL=replica.base_url)
    assert run.returncode == 0, run.stderr
    return replica.world.entries[0].seq


def test_the_same_page_is_kept_once(replica: Replica, crawl: Run, tmp_path: Path, crawled: int) -> None:
    before = rows(tmp_path)
    assert counts(again(crawl, replica, crawled))["unchanged"] == 1
    first, second = files(tmp_path)
    original, revisit = archived(first, crawled), archived(second, crawled)
    assert (original.kind, revisit.kind) == ("response", "revisit")
    assert revisit.headers["WARC-Refers-To-Target-URI"] == original.headers["WARC-Target-URI"]
    assert revisit.headers["WARC-Refers-To-Date"] == original.headers["WARC-Date"]
    assert revisit.headers["WARC-Payload-Digest"] == original.headers["WARC-Payload-Digest"]
    # robots.txt did not change either.
    assert [record.kind for record in read_file(second)] == ["warcinfo", *["revisit", "request"] * 2]
    assert rows(tmp_path) == before


def test_the_row_of_a_revisit_leads_to_the_payload(replica: Replica, crawl: Run, tmp_path: Path, crawled: int) -> None:
    # Without the articles in the database the second capture makes the row.
    change(tmp_path, "delete from articles")
    assert counts(again(crawl, replica, crawled))["new"] == 1
    first, second = files(tmp_path)
    assert archived(second, crawled).kind == "revisit"
    [row] = rows(tmp_path)
    assert row["archive_file"] == first.name
    page = next(read_file(first, row["archive_offset"]))
    assert page.headers["WARC-Target-URI"] == row["source_url"]
    assert extract_html(page.body, row["url"]).text == row["text"]


def test_a_page_whose_file_is_gone_is_kept_again(replica: Replica, crawl: Run, tmp_path: Path, crawled: int) -> None:
    [first] = files(tmp_path)
    first.unlink()
    again(crawl, replica, crawled)
    [second] = files(tmp_path)
    kept = archived(second, crawled)
    assert kept.kind == "response"
    assert extract_html(kept.body, replica.world.entries[0].truth.url).title == replica.world.entries[0].truth.title
    again(crawl, replica, crawled)
    revisit = archived(files(tmp_path)[1], crawled)
    assert revisit.headers["WARC-Refers-To-Date"] == kept.headers["WARC-Date"]


def test_the_first_record_names_spider_arguments_and_settings(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    crawl("kbs_news", "-a", "pages=1", "-a", "lang=e", KBS_BASE_URL=replica.base_url, KBS_CONTACT="me@example.org")
    [file] = files(tmp_path)
    info = next(read_file(file))
    assert (info.kind, info.headers["WARC-Filename"]) == ("warcinfo", file.name)
    assert info.fields["software"].startswith("kbsworld/")
    assert info.fields["software"].endswith("(+me@example.org)")
    assert info.fields["robots"] == "obey"
    assert info.fields["description"] == "spider kbs_news lang=e pages=1"
    assert {"DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=False"} <= set(info.fields["settings"].split())


def test_files_pass_the_check_and_answers_have_requests(
    replica: Replica, crawl: Run, tmp_path: Path, crawled: int
) -> None:
    again(crawl, replica, crawled)
    # Numbers without an article: the site's answers are archived too.
    crawl("kbs_articles", "-a", "ids=1-3", KBS_BASE_URL=replica.base_url)
    assert len(files(tmp_path)) == 3
    for file in files(tmp_path):
        check = warcio("check", file)
        assert check.returncode == 0, check.stdout
        info, *records = read_file(file)
        assert info.kind == "warcinfo"
        for answer, request in zip(records[::2], records[1::2], strict=True):
            assert answer.kind in {"response", "revisit"}
            assert request.kind == "request"
            assert request.headers["WARC-Concurrent-To"] == answer.headers["WARC-Record-ID"]
            assert request.headers["WARC-Date"] == answer.headers["WARC-Date"]
            url = answer.headers["WARC-Target-URI"]
            assert request.headers["WARC-Target-URI"] == url
            assert request.first_line == f"GET {url.removeprefix(replica.base_url)} HTTP/1.1"
            assert request.http["Host"] == replica.base_url.removeprefix("http://")
    assert [archived(files(tmp_path)[2], seq).kind for seq in (1, 2, 3)] == ["response"] * 3
