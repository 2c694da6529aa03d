"""Runs that are stopped, killed, resumed, or simultaneous: nothing is lost, and nothing is reported wrongly."""

import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.crawler.conftest import Begin, Run
from tests.crawler.prepared import Begun
from tests.crawler.scripted import content, counts, rows
from tests.replica import Replica


def wait_for_requests(site: Replica, many: int, process: Begun) -> None:
    while len(site.requests) < many and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_seconds_and_all_is_stored(
    begin: Begin, crawl: Run, tmp_path: Path, number: signal.Signals
) -> None:
    with Replica(articles=60) as site:
        slow = f"/service/news_view.htm?lang=f&Seq_Code={site.world.entries[25].seq}"
        site.faults.plan[slow] = ["drip"]  # a page that takes a minute
        process = begin("kbs_news", KBS_BASE_URL=site.base_url)
        while slow not in site.requests:
            time.sleep(0.01)
        began = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
        assert time.monotonic() - began < 10
        assert process.returncode == 128 + number
        assert output == ""
        assert "(shutdown)" in errors
        assert "Traceback" not in errors
        reported = counts(subprocess.CompletedProcess([], 0, "", errors))
        assert reported["new"] == len(rows(tmp_path)) == 25
        assert reported["failed"] == 0
        [run] = rows(tmp_path, "runs")
        assert (run["reason"], run["exit_status"], run["new"]) == ("shutdown", 128 + number, 25)
        crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
    assert len(rows(tmp_path)) == 60


def test_a_signal_ends_a_run_that_waits_for_the_site(begin: Begin, tmp_path: Path) -> None:
    with Replica(articles=30) as site:
        site.faults.retry_after = 300
        site.faults.plan["/service/news_list.htm?lang=f&page=2"] = ["503"]
        process = begin("kbs_news", KBS_BASE_URL=site.base_url)
        wait_for_requests(site, 3, process)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert "(shutdown)" in errors
    assert len(rows(tmp_path, "runs")) == 1


def test_a_job_goes_on_where_it_stopped(begin: Begin, crawl: Run, tmp_path: Path) -> None:
    job = ["-s", f"JOBDIR={tmp_path / 'job'}"]
    with Replica(articles=120) as site:
        for many in (30, 70):
            process = begin("kbs_news", *job, KBS_BASE_URL=site.base_url)
            wait_for_requests(site, many, process)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        run = crawl("kbs_news", *job, KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
        articles = [path for path in site.requests if "news_view" in path]
    assert len(rows(tmp_path)) == 120
    assert len(articles) - len(set(articles)) <= 2  # the pages that were given up on their way


def test_a_killed_or_finished_job_begins_anew(begin: Begin, crawl: Run, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "mine.txt").write_text("kept")
    job = ["-s", f"JOBDIR={tmp_path / 'job'}"]
    with Replica(articles=120) as site:
        process = begin("kbs_news", *job, KBS_BASE_URL=site.base_url)
        wait_for_requests(site, 60, process)
        process.kill()
        process.communicate()
        crawl("kbs_news", *job, KBS_BASE_URL=site.base_url)
        assert len(rows(tmp_path)) == 120
        site.world.publish(5)
        run = crawl("kbs_news", *job, KBS_BASE_URL=site.base_url)
        assert counts(run)["new"] == 5
    assert (tmp_path / "job" / "mine.txt").read_text() == "kept"


def test_a_batch_that_was_not_stored_is_fetched_again(crawl: Run, begin: Begin, tmp_path: Path) -> None:
    with Replica(articles=40, days=4) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        site.world.publish(30)
        hurried = "import storage.database; storage.database._BUSY_SECONDS = 1.0"
        process = begin("kbs_news", KBS_BASE_URL=site.base_url, first=hurried)
        wait_for_requests(site, 41 + 5 + 20, process)
        with closing(sqlite3.connect(tmp_path / "kbs.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            _, errors = process.communicate(timeout=90)
        assert "the database did not take it: database is locked" in errors
        crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
    assert len(rows(tmp_path)) == 70


@pytest.mark.slow
def test_thirty_kills_lose_nothing(begin: Begin, crawl: Run, tmp_path: Path) -> None:
    random = Random(4)
    with Replica(articles=400, days=20) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        whole = content(tmp_path)
        for file in tmp_path.glob("kbs.db*"):
            file.unlink()
        killed = 0
        for _ in range(30):
            process = begin("kbs_news", KBS_BASE_URL=site.base_url)
            wait_for_requests(site, len(site.requests) + random.randint(1, 45), process)
            time.sleep(random.random() * 0.02)
            killed += process.poll() is None
            process.kill()
            process.communicate()
        assert killed > 20
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
    assert content(tmp_path) == whole
    assert [row["ended_at"] is None for row in rows(tmp_path, "runs")].count(True) >= killed - 2
    assert_archive_reads(tmp_path)


def assert_archive_reads(tmp_path: Path) -> None:
    """Every record of every file reads, but for a file's last one, where the run was killed while it was written."""
    found: dict[tuple[str, int], str] = {}
    files = list((tmp_path / "archive").iterdir())
    for file in files:
        whole = []
        with file.open("rb") as stream:
            records = ArchiveIterator(stream, check_digests="raise")
            with suppress(EOFError):
                for record in records:
                    whole.append(bool(record.content_stream().read()) or record.rec_type != "response")
                    found[file.name, records.get_record_offset()] = record.rec_headers.get_header("WARC-Target-URI")
        assert all(whole[:-1])
    assert len(files) > 20
    for row in rows(tmp_path):
        assert found[row["archive_file"], row["archive_offset"]] == row["source_url"]


def test_two_crawls_into_one_database_at_once(begin: Begin, tmp_path: Path) -> None:
    with Replica(articles=80) as site:
        both = [begin("kbs_news", KBS_BASE_URL=site.base_url), begin("kbs_features", KBS_BASE_URL=site.base_url)]
        errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert len(rows(tmp_path)) == 160
    assert [run["new"] for run in rows(tmp_path, "runs")] == [80, 80]


def test_a_spider_runs_once_at_a_time_on_a_database(begin: Begin, crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=30) as site:
        slow = f"/service/news_view.htm?lang=f&Seq_Code={site.world.entries[9].seq}"
        site.faults.plan[slow] = ["drip"]  # a page that takes a minute
        job = ["-s", f"JOBDIR={tmp_path / 'job'}"]
        holder = begin("kbs_news", *job, KBS_BASE_URL=site.base_url)
        while slow not in site.requests:
            time.sleep(0.01)
        asked = len(site.requests)
        (tmp_path / "link.db").symlink_to("kbs.db")
        second = crawl("kbs_news", *job, KBS_BASE_URL=site.base_url, KBS_DB=str(tmp_path / "link.db"))
        sentence = rf"kbs_news is running on {tmp_path}/kbs\.db already \(process (\d+), since ([-0-9: ]+) UTC\); .*\n"
        said = re.fullmatch(sentence, second.stderr)
        assert said, second.stderr
        assert second.returncode == 75
        assert int(said[1]) == holder.pid
        since = datetime.fromisoformat(f"{said[2]}+00:00")
        assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=1)
        assert len(site.requests) == asked
        holder.kill()
        holder.communicate()
        run = crawl("kbs_news", *job, KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
    assert len(rows(tmp_path)) == 30
