"""kbsworld backup, end to end, read back by other tools: beside a crawl that writes, and where something is wrong."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage.backup import copy_database
from storage.database import open_to_read
from tests.bench.many_articles import fill
from tests.crawler.conftest import Begin, Run
from tests.crawler.scripted import damage, rows
from tests.replica import Replica


def test_a_backup_beside_a_crawl_is_whole(begin: Begin, scrapy: Run, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    with Replica(articles=150) as site:
        slow = f"/service/news_view.htm?lang=f&Seq_Code={site.world.entries[110].seq}"
        site.faults.plan[slow] = ["drip"]  # a page that takes a minute
        crawl = begin("kbs_news", KBS_BASE_URL=site.base_url)
        while len(site.requests) < 20:
            time.sleep(0.01)
        first = scrapy("backup", str(folder / "1.db"), "--archive")
        while slow not in site.requests:
            time.sleep(0.01)
        assert crawl.poll() is None
        crawl.send_signal(15)
        crawl.communicate()
    second = scrapy("backup", str(folder / "2.db"), "--archive")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["1.db", "2.db", "archive"]
    stored = len(rows(tmp_path))
    assert f"2.db: {stored} versions of articles, " in second.stderr
    with closing(sqlite3.connect(folder / "2.db")) as copy:
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
        assert copy.execute("select count(*), count(distinct url) from articles").fetchone() == (stored, stored)
    [kept], [warc] = (folder / "archive").iterdir(), (tmp_path / "archive").iterdir()
    assert kept.read_bytes() == warc.read_bytes()
    with kept.open("rb") as stream:
        assert sum(record.rec_type == "response" for record in ArchiveIterator(stream)) > stored
    for name in ("1.db", "2.db"):
        run = scrapy("doctor", "--db", str(folder / name), KBS_ARCHIVE=str(folder / "archive"))
        assert "Database\n  findings: 0\n" in run.stdout
        assert run.returncode == 0, run.stdout


def test_a_copy_is_as_the_database_was_at_one_moment(tmp_path: Path) -> None:
    versions = fill(tmp_path / "kbs.db", 800)
    calls = []

    def write(done: int, pages: int) -> None:
        calls.append((done, pages))
        with closing(sqlite3.connect(tmp_path / "kbs.db")) as other, other:
            other.execute("delete from articles where rowid in (select rowid from articles limit 50)")

    with open_to_read(tmp_path / "kbs.db") as db:
        counts = copy_database(db, tmp_path / "copy.db", write)
    assert len(calls) > 1
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select count(*) from articles").fetchone() == (versions,) == (counts["articles"],)
    assert len(rows(tmp_path)) == versions - 50 * len(calls)


def test_what_a_backup_would_lose_or_overwrite_is_refused(scrapy: Run, tmp_path: Path) -> None:
    fill(tmp_path / "kbs.db", 3)
    (tmp_path / "old.db").write_text("an older backup")
    for arguments, words in (
        (["old.db"], "exists, and a backup overwrites nothing; name another file."),
        (["new.db", "--archive"], "KBS_ARCHIVE must be a folder, and another one than "),
        ([], "Name one file, such as: kbsworld backup backup/kbs.db."),
    ):
        run = scrapy("backup", *(str(tmp_path / one) if one.endswith(".db") else one for one in arguments))
        assert (run.returncode, words in run.stderr, run.stderr.count("\n")) == (2, True, 1), run.stderr
    assert (tmp_path / "old.db").read_text() == "an older backup"


@pytest.mark.parametrize("table", ["refusals", "articles"])
def test_a_damaged_database_gives_no_backup(scrapy: Run, tmp_path: Path, table: str) -> None:
    fill(tmp_path / "kbs.db", 3)
    damage(tmp_path, table)
    run = scrapy("backup", str(tmp_path / "copies/kbs.db"))
    assert run.returncode == 1
    assert "damaged" in run.stderr or "restore a copy" in run.stderr, run.stderr
    assert run.stderr.count("\n") == 1
    assert list((tmp_path).glob("copies/*")) == []
