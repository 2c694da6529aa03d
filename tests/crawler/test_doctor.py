"""kbsworld doctor, end to end: a real process on what a real crawl of the replica left."""

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import ArticleStore, CrawlState
from storage.crawl_state import MAX_TRIES
from tests.crawler.conftest import Run, crawl_replica
from tests.crawler.prepared import prepared
from tests.crawler.scripted import damage, rows
from tests.storage.test_catalogue import catalogues


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database and the archive of one crawl; tests take copies."""
    return crawl_replica(tmp_path_factory.mktemp("crawled"), "kbs_news", articles=12).parent


@pytest.fixture
def doctor(scrapy: Run, crawled: Path, tmp_path: Path) -> Run:
    """`kbsworld doctor` on a copy of that crawl, in the test's own folder."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    return partial(scrapy, "doctor")


def change(tmp_path: Path, sql: str) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute(sql)


def test_after_a_healthy_crawl_all_is_well(doctor: Run) -> None:
    run = doctor()
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(r"^  kbs_news  [\d-]{10} \d\d:\d\d +0  finished +0 +[0-9]+ +12 ", run.stdout, re.MULTILINE)
    assert "Database\n  findings: 0\n" in run.stdout
    assert "here 12, elsewhere 0 (not checked), in no archive 0\n" in run.stdout
    assert re.search(r"files: 1 \(.* MB\); records: \d+; findings: 0\n", run.stdout)
    assert run.stdout.endswith("\nAll well.\n")


def test_nothing_is_written(doctor: Run, tmp_path: Path) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file()}

    before = state()
    doctor()
    doctor("--quick")
    assert state() == before


def test_the_last_finished_run_decides_whether_all_is_well(doctor: Run, tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(hours=3)
    with ArticleStore(tmp_path / "kbs.db") as store:
        state = CrawlState(store)
        run = state.begin_run("kbs_days", {}, began)
        state.end_run(run, began, ["the template has changed.\x1b[2J"], reason="finished", exit_status=3, pages=1234)
        state.begin_run("kbs_days", {}, datetime.now(UTC))
    unhealthy = doctor("--quick")
    assert unhealthy.returncode == 3
    ends = re.findall(r"^  kbs_days  .{16} +(\d)  (\w+.*?)  ", unhealthy.stdout, re.MULTILINE)
    assert ends == [("0", "killed or running"), ("3", "finished")]
    assert "kbs_days was unhealthy: the template has changed. [2J\n" in unhealthy.stdout
    assert unhealthy.stdout.endswith("sound; the last run of kbs_days did not end well, see above.\n")
    change(tmp_path, "update runs set ended_at = started_at, exit_status = 0 where ended_at is null")
    assert doctor("--quick").returncode == 0


def test_a_call_is_offered_for_days_that_are_not_known(doctor: Run, tmp_path: Path) -> None:
    change(tmp_path, "update articles set written_at = '2020-02-27T10:00:00+09:00'")
    change(tmp_path, "update articles set written_at = '2020-03-02T10:00:00+09:00' where rowid = 1")
    run = doctor("--quick")
    assert re.search(r"^  fr +2020-02-28  2020-03-01 +3  not known$", run.stdout, re.MULTILINE)
    assert "kbsworld crawl kbs_days -a lang=f -a since=2020-02-28 -a until=2020-03-01\n" in run.stdout


def test_many_generic_articles_in_the_newest_month_are_shown(doctor: Run, tmp_path: Path) -> None:
    change(tmp_path, "update articles set layout = 'generic' where rowid <= 2")
    change(tmp_path, "update articles set fetched_at = '2020-01-01T00:00:00+00:00' where rowid > 9")
    run = doctor("--quick")
    assert re.search(r"^  2020-01 +3 +0  news 3$", run.stdout, re.MULTILINE)
    assert "2 of 9 articles of 2" in run.stdout


def test_pending_articles_are_shown_without_control_characters(doctor: Run, tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        for number in range(MAX_TRIES + 1):
            url = f"https://world.kbs.co.kr/{'x' if number else 'y'}"
            CrawlState(store).add_pending(url, "kbs_news", "no \x1b]0;x\x07title\u202e\nhere")
    run = doctor("--quick")
    assert re.search(r"^  https://world.kbs.co.kr/y +1  no \]0;x title here$", run.stdout, re.MULTILINE)
    assert "in all: 2; given up after 5 runs: 1\n" in run.stdout


def test_damage_in_the_archive_is_shown_with_file_and_offset(doctor: Run, tmp_path: Path) -> None:
    [file], row = (tmp_path / "archive").iterdir(), rows(tmp_path)[3]
    with file.open("r+b") as stream:
        stream.seek(row["archive_offset"] + 900)
        stream.write(b"\x00\xff" * 20)
    run = doctor()
    assert run.returncode == 1
    assert re.search(rf"{file.name} at {row['archive_offset']}: damaged: .* \(articles: 1\)\n", run.stdout)
    assert run.stdout.endswith("Damaged: the archive, see above; if no way out is named, restore a copy.\n")
    assert doctor("--quick").returncode == 0


def test_a_missing_archive_file_is_found_by_quick_too(doctor: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "archive")
    for arguments in ([], ["--quick"]):
        run = doctor(*arguments)
        assert run.returncode == 1
        what = r"cannot be read in .+ \(No such file or directory\)"
        assert re.search(rf"  kbs_news-.+\.warc\.gz: {what} \(articles: 12\)\n", run.stdout)
    run = doctor(KBS_ARCHIVE="")
    assert (run.returncode, "no archive is kept (KBS_ARCHIVE is empty)" in run.stdout) == (0, True)


def test_runs_are_reported_beside_a_damaged_table(doctor: Run, tmp_path: Path) -> None:
    damage(tmp_path, "articles")
    run = doctor("--quick")
    assert (run.returncode, run.stderr) == (1, "")
    assert "\n  kbs_news  " in run.stdout
    assert "\n  texts cannot be read: database disk image is malformed\n" in run.stdout
    assert run.stdout.endswith("Damaged: the database, see above; if no way out is named, restore a copy.\n")


def test_triggers_that_another_tool_dropped_are_named_with_the_way_out(doctor: Run, tmp_path: Path) -> None:
    database = tmp_path / "kbs.db"
    with Database(database) as db:
        ids = dict(db.execute("select url, id from catalogue"))
    sqlite_utils = [Path(sys.executable).with_name("sqlite-utils")]
    subprocess.run([*sqlite_utils, "transform", database, "articles"], check=True)
    for sql in (
        "update articles set title = 'Le cœur de Łódź ㎞' where rowid = 1",
        "update articles set text = text || ' zyzomys', paragraphs = json_array(text || ' zyzomys') where rowid = 2",
        "delete from articles where rowid = 3",
        "insert into articles select * from articles where false",
    ):
        subprocess.run([*sqlite_utils, "query", database, sql], check=True, capture_output=True)
    run = doctor("--quick")
    assert run.returncode == 1
    assert re.search(r"missing in the schema: articles_deleted, articles_inserted, .*; sqlite-utils tr", run.stdout)
    assert "\n  3 rows of the catalogue do not agree with the articles; kbsworld doctor --repair" in run.stdout
    run = doctor("--quick", "--repair")
    assert run.stdout.endswith("\nAll well.\n"), run.stdout
    found, wanted = catalogues(database)
    assert found == wanted
    with Database(database) as db:
        after = dict(db.execute("select url, id from catalogue"))
        assert after.items() <= ids.items()
        assert len(after) == len(ids) - 1
        db.execute("delete from articles where rowid = 4")
    found, wanted = catalogues(database)
    assert (found, len(found)) == (wanted, len(ids) - 2)
    assert prepared().run("search", "zyzomys", KBS_DB=str(database)).returncode == 0
    assert "cœur de Łódź" in prepared().run("search", "lodz", "km", KBS_DB=str(database)).stdout


@pytest.mark.parametrize("lost", ["articles_fts", "catalogue", "folded"])
def test_what_is_derived_from_articles_is_made_anew(doctor: Run, tmp_path: Path, lost: str) -> None:
    change(tmp_path, f"drop table {lost}")
    assert doctor("--quick").returncode == 1
    run = doctor("--quick", "--repair")
    assert run.stdout.endswith("\nAll well.\n"), run.stdout + run.stderr
    found, wanted = catalogues(tmp_path / "kbs.db")
    assert found == wanted


def test_a_lost_column_is_not_made_anew_but_named(doctor: Run, tmp_path: Path) -> None:
    change(tmp_path, "alter table runs drop column complaints")
    run = doctor("--repair")
    sentence = "kbs.db has lost runs.complaints, made from nothing else; restore a copy of it.\n"
    assert (run.returncode, run.stderr.endswith(sentence)) == (1, True)


def test_a_missing_database_is_reported_and_not_made(scrapy: Run, tmp_path: Path) -> None:
    run = scrapy("doctor")
    sentence = f"There is no database {tmp_path / 'kbs.db'} yet; a crawl makes it, or --db names another.\n"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", sentence)
    assert list(tmp_path.iterdir()) == []
