"""The database file: what is opened and what is not, and how processes that open it at once get along."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import ArticleStore, StoreError


def test_a_newer_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    ArticleStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("insert into _sqlite_migrations values (99, 'kbsworld', 'm999_later', '2030-01-01')")
    with pytest.raises(StoreError, match=r"newer version of kbsworld; upgrade kbsworld"):
        ArticleStore(path)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create view pages as select 1")
    with pytest.raises(StoreError, match="something else"):
        ArticleStore(path)
    with sqlite3.connect(path) as connection:
        connection.execute("create table bookmarks (url text)")
    with pytest.raises(StoreError, match="something else"):
        ArticleStore(path)
    assert Database(sqlite3.connect(path)).table_names() == ["bookmarks"]


def test_what_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at " * 50)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be opened as the article database"):
        ArticleStore(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        ArticleStore(tmp_path)


WRITER = """
import sys
from datetime import UTC, datetime
from storage import ArticleStore, Capture
from tests.replica import World
with ArticleStore(sys.argv[1]) as store:
    for entry in World(articles=60, edition=sys.argv[2]).entries:
        with store.batch():
            store.add(entry.truth, Capture(url="u", fetched_at=datetime.now(UTC), body=b""))
"""


def test_two_processes_write_into_one_database_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), edition]) for edition in "efk"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with ArticleStore(path) as store:
        assert len({article.url for article in store.newest(1000)}) == 180
    assert Database(sqlite3.connect(path)).execute("pragma integrity_check").fetchone() == ("ok",)


def test_who_waits_for_a_reader_keeps_no_other_one_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database._BUSY_SECONDS", 1.0)
    path = tmp_path / "kbs.db"
    ArticleStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("pragma journal_mode = delete")
        reader.execute("begin")
        reader.execute("select * from articles").fetchall()
        began = time.monotonic()
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(ArticleStore, path)
            answers = 0
            while not waiting.done():
                with closing(sqlite3.connect(path, timeout=0.5)) as other:
                    answers += not other.execute("select count(*) from articles").fetchone()[0]
        with pytest.raises(StoreError, match="database is locked"):
            waiting.result()
    assert answers > 10
    assert time.monotonic() - began < 20


MAKER = """
import sys
from storage import ArticleStore
for path in sys.stdin:
    ArticleStore(path.strip()).close()
    print("made", flush=True)
"""


def test_processes_that_make_one_database_together_wait_for_each_other(tmp_path: Path) -> None:
    makers = [
        subprocess.Popen([sys.executable, "-c", MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for number in range(40):
        path = tmp_path / f"{number}.db"
        for maker in makers:
            print(path, file=maker.stdin, flush=True)
        assert [maker.stdout.readline() for maker in makers if maker.stdout] == ["made\n"] * 3
        assert Database(sqlite3.connect(path)).journal_mode == "wal"
    for maker in makers:
        maker.communicate()
    assert [maker.returncode for maker in makers] == [0, 0, 0]
