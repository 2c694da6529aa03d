"""kbsworld doctor, end to end: a real process on what a real crawl of the replica left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.address import day_url
from storage import ArticleStore, CrawlState
from storage.crawl_state import Coverage
from tests.crawler.conftest import HASTE, Run
from tests.crawler.prepared import prepared
from tests.crawler.scripted import rows
from tests.replica import Replica

AGO = timedelta(hours=3)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database and the archive of one crawl; tests take copies."""
    folder = tmp_path_factory.mktemp("crawled")
    with Replica(articles=12) as replica:
        places = {"KBS_BASE_URL": replica.base_url, "KBS_DB": f"{folder}/kbs.db", "KBS_ARCHIVE": f"{folder}/archive"}
        run = prepared().run("crawl", "kbs_news", *HASTE, **places)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture
def doctor(scrapy: Run, crawled: Path, tmp_path: Path) -> Run:
    """`kbsworld doctor` on a copy of that crawl, in the test's own folder."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return scrapy("doctor", *arguments, **environment)

    return run


def warc(tmp_path: Path) -> Path:
    [file] = (tmp_path / "archive").iterdir()
    return file


def begin(tmp_path: Path, spider: str, exit_status: int | None, *complaints: str) -> None:
    """Add a run that began three hours ago; without an exit status it has no end."""
    began = datetime.now(UTC) - AGO
    with ArticleStore(tmp_path / "kbs.db") as store:
        crawl_state = CrawlState(store)
        run = crawl_state.begin_run(spider, {}, began)
        if exit_status is not None:
            crawl_state.end_run(run, began, complaints, reason="finished", exit_status=exit_status, pages=1234)


def test_after_a_healthy_crawl_all_is_well(doctor: Run) -> None:
    run = doctor()
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(
        r"^  kbs_news  [\d-]{10} \d\d:\d\d  (.+ ago|just now) +finished +0 +[0-9]+ +12 ", run.stdout, re.MULTILINE
    )
    assert "sound; versions of articles stored: 12" in run.stdout
    assert "versions of articles with their page there: 12; without an archived page: 0" in run.stdout
    assert "sound: every record is whole, and every row leads to its page" in run.stdout
    assert run.stdout.endswith("\nAll well.\n")


def test_nothing_is_written(doctor: Run, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in files}

    before = state()
    doctor()
    doctor("--quick")
    assert state() == before


def test_a_killed_run_is_shown_with_the_last_finished_one(doctor: Run, tmp_path: Path) -> None:
    begin(tmp_path, "kbs_news", None)
    run = doctor("--quick")
    assert run.returncode == 0
    assert re.search(r"^  kbs_news  .{16}  3 h ago +no end +- +-", run.stdout, re.MULTILINE)
    assert len(re.findall(r"^  kbs_news ", run.stdout, re.MULTILINE)) == 2
    assert "A run without an end was killed or is still running" in run.stdout


def test_an_unhealthy_run_is_explained_with_status_3(doctor: Run, tmp_path: Path) -> None:
    begin(tmp_path, "kbs_days", 3, "the site's template has changed.\x1b[2J")
    run = doctor("--quick")
    assert run.returncode == 3
    assert "UTC, unhealthy: the site's template has changed. [2J\n" in run.stdout
    assert run.stdout.endswith("sound, but the last run of kbs_days was unhealthy; see above.\n")
    begin(tmp_path, "kbs_days", None)
    assert doctor("--quick").returncode == 3
    begin(tmp_path, "kbs_days", 0)
    assert doctor("--quick").returncode == 0


def test_days_without_news_are_shown_as_ranges(doctor: Run, tmp_path: Path) -> None:
    days = sorted({row["written_at"][:10] for row in rows(tmp_path)})
    last = datetime.fromisoformat(days[-1]).date()
    moved, empty = last - timedelta(days=10), last - timedelta(days=9)
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute(
            "update articles set written_at = ? where rowid = (select rowid from articles order by written_at limit 1)",
            [f"{moved}T10:00:00+09:00"],
        )
        reach = Coverage(complete_from="", complete_to=datetime.now(UTC) + timedelta(days=1))
        CrawlState(store).save_coverage(day_url("f", empty), reach)
    run = doctor("--quick")
    assert f"  fr, {moved} to {last}: " in run.stdout
    assert re.search(rf"^    {empty} +1  read and empty$", run.stdout, re.MULTILINE)
    following = empty + timedelta(days=1)
    assert re.search(rf"^    {following} to [\d-]+ +\d+  not known$", run.stdout, re.MULTILINE)
    assert f"kbsworld crawl kbs_days -a lang=f -a since={following} -a until=" in run.stdout


def test_many_generic_articles_in_the_newest_month_are_shown(doctor: Run, tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute("update articles set layout = 'generic' where rowid <= 2")
        store.db.execute("update articles set fetched_at = '2020-01-01T00:00:00+00:00' where rowid > 9")
    run = doctor("--quick")
    assert re.search(r"^  2020-01 +0 +3$", run.stdout, re.MULTILINE)
    assert "2 of the 9 articles of 2" in run.stdout


def test_pending_articles_are_shown_without_control_characters(doctor: Run, tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        CrawlState(store).add_pending("https://world.kbs.co.kr/x", "kbs_news", "no \x1b]0;x\x07title\u202e\nhere")
    run = doctor("--quick")
    assert "1 that lists name are not stored: 1 will be asked for again, 0 were given up" in run.stdout
    assert re.search(r"^  https://world.kbs.co.kr/x +1  no \]0;x title here$", run.stdout, re.MULTILINE)


def test_damage_in_the_archive_is_shown_with_file_and_offset(doctor: Run, tmp_path: Path) -> None:
    file, row = warc(tmp_path), rows(tmp_path)[3]
    with file.open("r+b") as stream:
        stream.seek(row["archive_offset"] + 900)
        stream.write(b"\x00\xff" * 20)
    run = doctor()
    assert run.returncode == 1
    line = rf"^  {file.name} +{row['archive_offset']} +1  damaged: [\d,]+ bytes cannot be read$"
    assert re.search(line, run.stdout, re.MULTILINE)
    assert run.stdout.endswith("Damaged: the archive, see above.\n")
    assert doctor("--quick").returncode == 0


def test_an_incomplete_file_of_a_killed_run_is_harmless(doctor: Run, tmp_path: Path) -> None:
    file = warc(tmp_path)
    os.truncate(file, file.stat().st_size - 5)
    run = doctor()
    assert (run.returncode, "the file was cut" in run.stdout) == (1, True)
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute("update runs set ended_at = null")
    run = doctor()
    assert (run.returncode, "incomplete last record of a run that was killed" in run.stdout) == (0, True)


def test_a_missing_archive_file_is_found_by_quick_too(doctor: Run, tmp_path: Path) -> None:
    warc(tmp_path).unlink()
    for arguments in ([], ["--quick"]):
        run = doctor(*arguments)
        assert run.returncode == 1
        assert re.search(r"^  kbs_news-.+\.warc\.gz +- +12  not in ", run.stdout, re.MULTILINE)


def test_without_an_archive_only_the_database_is_checked(doctor: Run) -> None:
    run = doctor(KBS_ARCHIVE="")
    assert run.returncode == 0
    assert "no archive is kept (KBS_ARCHIVE is empty); versions of articles that name a page in one: 12" in run.stdout


def test_damaged_paragraphs_are_reported(doctor: Run, tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute("update articles set paragraphs = 'x' where rowid = 1")
    run = doctor("--quick")
    assert run.returncode == 1
    assert "JSON list of text" in run.stdout
    assert run.stdout.endswith("Damaged: the database, see above.\n")


def test_a_corrupt_database_gives_no_traceback(doctor: Run, tmp_path: Path) -> None:
    size = (tmp_path / "kbs.db").stat().st_size
    with (tmp_path / "kbs.db").open("r+b") as stream:
        stream.seek(size // 3)
        stream.write(os.urandom(size // 3))
    run = doctor("--quick")
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr


def test_a_missing_database_is_reported_and_not_made(scrapy: Run, tmp_path: Path) -> None:
    run = scrapy("doctor")
    sentence = f"There is no database {tmp_path / 'kbs.db'} yet; a crawl makes it, or KBS_DB names another.\n"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", sentence)
    assert list(tmp_path.iterdir()) == []
