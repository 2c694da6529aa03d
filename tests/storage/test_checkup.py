"""What the doctor finds in databases that are damaged, each in one way."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from extractors.address import day_url
from storage import ArticleStore, Capture, CrawlState, StoreError
from storage.checkup import Gap
from storage.crawl_state import MAX_TRIES, Coverage
from tests.replica import World
from tests.storage.checked import COUNT, NOON, SECOND, change, found


def news(path: Path, *days: str) -> None:
    """Have the database hold news of these days, and no other article."""
    truth = World(articles=1).entries[0].truth
    change(path, "delete from articles")
    with ArticleStore(path) as store:
        for number, day in enumerate(days):
            written = datetime.fromisoformat(f"{day}T00:30:00+09:00")
            url = f"{truth.url}{number}"
            article = replace(truth, url=url, written_at=written, updated_at=None, timestamp=written.isoformat())
            store.add(article, Capture(url=url, fetched_at=NOON, body=b""))


# --- the database ---


def test_a_sound_database_has_no_flaws(path: Path) -> None:
    here = found(path)
    assert (here.articles, here.flaws, here.pending.total, here.rows.unarchived) == (COUNT, [], 0, 0)
    assert dict(here.layouts) == {("2026-11", "news"): COUNT}
    [run] = here.runs
    assert (run.spider, run.ended, run.exit_status) == ("kbs_news", True, 0)
    assert (run.counts["new"], run.counts["failed"]) == (COUNT, None)


def test_behind_a_run_without_an_end_is_the_last_finished_one(path: Path) -> None:
    with ArticleStore(path) as store:
        CrawlState(store).begin_run("kbs_news", {}, NOON + SECOND)
        CrawlState(store).begin_run("kbs_days", {}, NOON + SECOND)
    runs = [(run.spider, run.ended) for run in found(path).runs]
    assert runs == [("kbs_days", False), ("kbs_news", False), ("kbs_news", True)]


@pytest.mark.parametrize("paragraphs", ["Paris", '{"a": 1}', '["a", 1]', "[" * 100_000, ""])
def test_paragraphs_that_are_not_a_list_of_text_are_a_flaw(path: Path, paragraphs: str) -> None:
    change(path, "update articles set paragraphs = ? where rowid = 1", paragraphs)
    [flaw] = found(path).flaws
    assert flaw.endswith("its paragraphs are not a JSON list of text")


@pytest.mark.parametrize("text", ["text || '.'", "cast(x'ff' || text as text)"])
def test_text_that_differs_from_its_paragraphs_is_a_flaw(path: Path, text: str) -> None:
    change(path, f"update articles set text = {text} where rowid = 1")  # noqa: S608
    here = found(path)
    [flaw] = here.flaws
    assert flaw.endswith("its text differs from its paragraphs")
    assert here.articles == COUNT


def test_runs_are_reported_beside_a_damaged_page(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("pragma page_size").fetchone()[0]
        [root] = connection.execute("select rootpage from sqlite_master where name = 'articles'").fetchone()
    with path.open("r+b") as stream:
        stream.seek((root - 1) * size)
        stream.write(bytes([0x55]) * size)
    here = found(path)
    assert any("malformed" in flaw for flaw in here.flaws)
    assert len(here.runs) == 1


def test_a_truncated_database_is_reported_as_damaged(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match=r"is damaged \(.*\); restore a copy of it\."):
        found(path)


# --- days ---


def test_gaps_say_whether_their_days_were_read(path: Path) -> None:
    news(path, "2026-11-01", "2026-11-05", "2026-11-08")
    with ArticleStore(path) as store:
        for day, read_at in ((2, "2026-11-03T00:00:00"), (3, "2026-11-03T23:59:59"), (6, "2026-11-10T00:00:00")):
            coverage = Coverage(complete_from="", complete_to=datetime.fromisoformat(f"{read_at}+09:00"))
            CrawlState(store).save_coverage(day_url("f", date(2026, 11, day)), coverage)
    [french] = found(path).news
    assert (french.lang, french.edition, french.first, french.last) == ("fr", "f", date(2026, 11, 1), date(2026, 11, 8))
    assert [(gap.first.day, gap.last.day, gap.days, gap.read_and_empty) for gap in french.gaps] == [
        (2, 2, 1, True),
        (3, 4, 2, False),  # the 3rd was read before it was over
        (6, 6, 1, True),
        (7, 7, 1, False),
    ]


def test_ninety_days_are_examined_and_none_after_today(path: Path) -> None:
    news(path, "2020-01-01", "2026-11-20", "2099-01-01")
    [french] = found(path).news
    first = date(2026, 11, 20) - timedelta(days=89)
    assert french.gaps == [Gap(first=first, last=date(2026, 11, 19), read_and_empty=False)]


# --- pending ---


def test_pending_articles_are_counted_and_the_first_are_named(path: Path) -> None:
    with ArticleStore(path) as store:
        crawl_state = CrawlState(store)
        for number in range(8):
            crawl_state.add_pending(f"https://world.kbs.co.kr/{number}", "kbs_news", "HTTP 500")
        for _ in range(MAX_TRIES):
            crawl_state.add_pending("https://world.kbs.co.kr/0", "kbs_news", "HTTP 404")
    pending = found(path).pending
    assert (pending.total, pending.given_up, len(pending.named)) == (8, 1, 5)
    assert pending.named[0]["reason"] == "HTTP 500"


# --- reading only ---


def test_reading_changes_nothing_and_leaves_nothing(path: Path) -> None:
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    found(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["archive", "kbs.db"]


def test_a_database_in_a_read_only_folder_is_read(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kbs.db").write_bytes(path.read_bytes())
        (folder / "kbs.db").chmod(0o444)
        folder.chmod(0o555)
        try:
            with _without_privileges():
                assert found(folder / "kbs.db").articles == COUNT
        finally:
            folder.chmod(0o755)


@contextmanager
def _without_privileges() -> Iterator[None]:
    """As a user to whom permissions apply."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_what_a_running_crawl_has_stored_is_seen(path: Path) -> None:
    with ArticleStore(path) as store:
        CrawlState(store).begin_run("kbs_feeds", {}, NOON)
        assert [run.spider for run in found(path).runs] == ["kbs_feeds", "kbs_news"]


def test_an_unfinished_write_is_not_damage(path: Path, tmp_path: Path) -> None:
    left = tmp_path / "left" / "kbs.db"
    left.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("pragma journal_mode = delete")
        writer.execute("pragma cache_size = 2")
        writer.execute("begin")
        writer.execute("update articles set text = text || hex(randomblob(5000))")
        for file in path.parent.glob("kbs.db*"):  # as they are where the process is killed here
            (left.parent / file.name).write_bytes(file.read_bytes())
    assert (left.parent / "kbs.db-journal").stat().st_size > 0
    here = found(left)
    assert (here.articles, here.flaws) == (COUNT, [])
