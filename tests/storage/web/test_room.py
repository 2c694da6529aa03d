"""Whom the room answers and what it does not do, asked without a browser; and how it is opened and closed."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sqlite_utils import Database

from storage import ArticleStore
from storage.schema import migrations
from tests.crawler.prepared import prepared
from tests.storage.web.rooms import SUMMIT, THIRD, Room, add, opened

RUNAWAY = "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c"
# Five thousand rows of four kilobytes each.
LONG = "with recursive c(x) as (select 1 union all select x + 1 from c limit 5000) select x, hex(zeroblob(2000)) from c"
# One call of one function, which takes minutes.
_A = "replace(hex(zeroblob({})), '00', 'a')"
ENDLESS_STEP = f"select instr({_A.format(2_400_000)}, {_A.format(1_200_000)} || 'b')"
OVERFLOW = "select abs(-9223372036854775808)"
WRITES = (
    "drop table articles",
    "insert into articles select * from articles",
    "update articles set title = 'x'",
    "delete from articles",
    "with x as (select 1) delete from articles",
    "replace into articles select * from articles",
    "create table t (x)",
    "vacuum",
    "vacuum into '{folder}/copy.db'",
    "attach database '{folder}/other.db' as other",
    "pragma writable_schema = 1",
    "pragma journal_mode = delete",
    "pragma wal_checkpoint(truncate)",
    "select load_extension('{folder}/evil')",
    "select readfile('/etc/passwd')",
    "select writefile('{folder}/x', 'x')",
    "select edit('x')",
    "select fts3_tokenizer('x', 'y')",
    "select 1; drop table articles",
    "select zeroblob(900000000)",
    "reindex",
    "analyze",
    "begin immediate",
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room on a database of one article, to which others write."""
    path = tmp_path_factory.mktemp("small") / "kbs.db"
    with ArticleStore(path) as store, store.batch():
        add(store, [SUMMIT])
    with opened(path) as room:
        yield room


def state(folder: Path) -> dict[str, str]:
    """The files of a folder by a digest of their bytes; but the memory that readers share."""
    files = [file for file in folder.iterdir() if not file.name.endswith("-shm")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# --- what is answered ---


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/search?q=sommet", 200),
        ("/search", 302),
        ("/kbs/catalogue/1", 200),
        ("/kbs/catalogue/1.json", 200),
        ("/kbs/catalogue.csv", 200),
        ("/kbs.json?sql=select+1", 200),
        ("/kbs?sql=drop+table+articles", 400),
        ("/kbs.json?sql=drop+table+articles", 400),
        ("/-/dashboards/fr?word=a", 200),
        ("/-/dashboards/de", 404),
        ("/static/style.css", 200),
        ("/static/../app.py", 404),
        ("/-/static/app.css", 200),
        ("/-/static-plugins/datasette_dashboards/vega.min.js", 200),
        ("/-/permissions", 404),
        ("/-/messages", 404),
        ("/kbs.db", 403),
        ("/nowhere", 404),
        ("/nowhere.json", 404),
    ],
)
def test_every_answer_says_what_a_page_may_do(small: Room, path: str, status: int) -> None:
    answer = small.ask(path)
    assert answer.status == status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/search?q=", "/kbs/catalogue?_search=", "/-/dashboards/fr?word="])
def test_a_query_that_cannot_be_understood_is_explained_in_the_readers_language(small: Room, path: str) -> None:
    for language, sentence in {"fr": "Un guillemet n’est pas fermé", "en": "A quote is not closed"}.items():
        header = {"Accept-Language": language}
        assert sentence in small.ask(f"{path}%22conseil", **header).text
        assert sentence not in small.ask(f"{path}%22conseil%22", **header).text


# --- what is not done ---


@pytest.mark.parametrize("sql", WRITES)
def test_what_would_write_or_reach_out_is_refused_and_leaves_nothing(small: Room, sql: str) -> None:
    folder = small.database.parent
    before = state(folder)
    answer = small.ask(f"/kbs.json?sql={quote(sql.format(folder=folder))}")
    assert answer.status == 400, answer.text
    assert not json.loads(answer.text)["ok"]
    assert state(folder) == before


def test_a_runaway_query_ends_while_other_pages_are_answered(small: Room) -> None:
    for _ in range(15):  # errors in their midst leave cursors as garbage, which is collected while the query runs
        assert small.ask(f"/kbs.json?sql={quote(OVERFLOW)}").status == 400
    answers: list[int] = []
    began = time.monotonic()
    thread = threading.Thread(target=lambda: answers.append(small.ask(f"/kbs.json?sql={quote(RUNAWAY)}").status))
    thread.start()
    time.sleep(0.5)
    while time.monotonic() - began < 3:
        for path in ("/search?q=sommet", "/"):
            assert small.ask(path).status == 200
    assert answers == []  # a page that had waited for the query would have been answered after it
    thread.join(timeout=60)
    assert answers == [400]
    assert time.monotonic() - began > 4


def test_what_another_process_stores_is_there_on_the_next_page(small: Room) -> None:
    assert str(THIRD.title) not in small.ask("/").text
    with ArticleStore(small.database) as store, store.batch():
        add(store, [THIRD])
    assert str(THIRD.title) in small.ask("/").text
    assert "<mark>Japon</mark>" in small.ask("/search?q=japon").text


# --- opening and closing ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_room_closes_at_once_also_in_the_midst_of_an_answer(small: Room, number: signal.Signals) -> None:
    with opened(small.database) as room:
        thread = threading.Thread(target=room.ask, args=[f"/kbs?sql={quote(RUNAWAY)}"])
        thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        room.process.send_signal(number)
        while room.process.poll() is None:  # somebody is impatient
            room.process.send_signal(number)
            time.sleep(0.01)
        assert room.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 3
        assert room.process.stderr is not None
        assert room.process.stderr.read().splitlines() == SAID
        thread.join()


SAID = ["The reading room is open, to be read alone; Ctrl-C closes it.", "Closed."]


def test_who_goes_away_in_the_midst_of_an_answer_leaves_no_word(small: Room) -> None:
    with opened(small.database) as room:
        address = urlsplit(room.address)
        for _ in range(3):
            with socket.create_connection((address.hostname, address.port), timeout=20) as reader:
                reader.sendall(f"GET /kbs.csv?_size=max&sql={quote(LONG)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert b" 200 " in reader.recv(10_000)
        assert room.ask("/").status == 200
        room.process.send_signal(signal.SIGINT)
        assert room.process.wait(timeout=20) == 0
        assert room.process.stderr is not None
        assert room.process.stderr.read().splitlines() == SAID


def test_the_room_closes_also_where_a_query_cannot_be_ended(small: Room) -> None:
    with opened(small.database) as room:
        thread = threading.Thread(target=room.ask, args=[f"/kbs.json?sql={quote(ENDLESS_STEP)}"])
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        room.process.send_signal(signal.SIGINT)
        assert room.process.wait(timeout=60) == 0
        assert time.monotonic() - began < 10
        assert room.process.stderr is not None
        assert room.process.stderr.read().splitlines() == SAID
        thread.join()


def test_what_keeps_the_room_from_opening_is_told_in_a_sentence(small: Room, tmp_path: Path) -> None:
    other, here = tmp_path / "text.db", str(small.database)
    other.write_text("no database" * 100)
    missing = "import sys; sys.modules['rapidfuzz'] = None"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        calls = {
            f"Port {port} cannot be had (Address already in use); name another one: --port 0.": (1, here, port, ""),
            f"There is no database {tmp_path}/none.db yet": (1, f"{tmp_path}/none.db", "0", ""),
            "is no SQLite database": (1, str(other), "0", ""),
            "scrapy browse needs Datasette: pip install 'kbsworld[browse]'.": (1, here, "0", missing),
            "--port 99999 is no port; give a number up to 65535": (2, here, "99999", ""),
        }
        for sentence, (status, database, port, first) in calls.items():
            run = prepared().run("browse", "--port", port, first=first, KBS_DB=database)
            assert (run.returncode, run.stdout) == (status, ""), run.stderr
            assert sentence in run.stderr
            assert len(run.stderr.splitlines()) == 1


def test_an_older_database_is_upgraded_first(tmp_path: Path) -> None:
    path = tmp_path / "kbs.db"
    old = Database(path)
    migrations.apply(old, stop_before="m004_catalogue_and_search")
    old.close()
    with opened(path) as room:
        assert room.ask("/").status == 200
        room.process.terminate()
        assert room.process.wait(timeout=20) == 0
        assert room.process.stderr is not None
        told = room.process.stderr.readline()
    assert told == f"{path} was made by an older version of kbsworld and is upgraded first.\n"


def test_a_database_of_an_odd_name_in_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    folder, name = tmp_path / "locked", "odd #1 ?&%41 é.db"
    folder.mkdir()
    with ArticleStore(folder / name) as store, store.batch():
        add(store, [SUMMIT])
    before = state(folder)
    folder.chmod(0o500)
    try:
        with opened(folder / name) as room:
            assert str(SUMMIT.title) in room.ask("/").text
            assert room.ask("/kbs/catalogue/1").status == 200
        assert {file: digest for file, digest in state(folder).items() if not file.endswith("-wal")} == before
    finally:
        folder.chmod(0o700)
