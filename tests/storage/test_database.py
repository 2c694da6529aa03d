"""The database file: what is opened and what is refused, upgrades, and processes that open one at once."""

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import ArticleStore, CrawlState, ReadOnlyStore, StoreError
from storage.database import open_to_read
from storage.schema import migrations
from tests.replica import World


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database as it was before the tables `pending` and `entry_dates` had their names, with an article."""
    path = tmp_path / "older.db"
    with Database(path) as db:
        migrations.apply(db, stop_before="m005_pending")
        article = World(articles=1).entries[0].truth.to_dict()
        article |= {"paragraphs": '["Paris"]', "text": "Paris", "fetched_at": "2026-11-24T12:00:00.000000+00:00"}
        db.table("articles").insert(article)
        asked = {"reason": "HTTP 500", "tries": 2, "asked_at": "2026-11-24T12:00:00.000000+00:00"}
        db.table("missing").insert({"url": "u", "spider": "kbs_news", **asked})
        db.table("card_dates").insert({"url": "u", "timestamp": "2026-11-24", "looks": 2})
    return path


SENTENCES = {
    "none.db": "There is no database {0} yet; a crawl makes it, or --db names another: "
    "{0.parent}/empty.db, {0.parent}/newer.db, {0.parent}/older.db, {0.parent}/other.db.",
    "empty.db": "{} is not a database of kbsworld; give KBS_DB another name.",
    "other.db": "{} is not a database of kbsworld; give KBS_DB another name.",
    "older.db": "{} was made by an older version of kbsworld; any crawl into it upgrades it.",
    "newer.db": "{} was written by a newer version of kbsworld; upgrade kbsworld to use it.",
    "notes.txt": "{} is not an SQLite database, or is damaged (file is not a database); restore a copy of it.",
    "folder": "{} is a folder; give KBS_DB the name of a file in it.",
}
WRITABLE = {"none.db", "empty.db", "older.db"}


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("name", SENTENCES)
def test_what_cannot_be_opened_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("not a database, but long enough to look at " * 50)
    with Database(tmp_path / "other.db") as other:
        other.execute("create table bookmarks (url text)")
    ArticleStore(tmp_path / "newer.db").close()
    with Database(tmp_path / "newer.db") as newer:
        newer.execute("insert into _sqlite_migrations values (99, 'kbsworld', 'm999_later', '2030-01-01')")
    path = tmp_path / name
    before = path.read_bytes() if path.is_file() else None
    for opener in (ReadOnlyStore,) if name in WRITABLE else (ReadOnlyStore, ArticleStore):
        with pytest.raises(StoreError) as caught:
            opener(path)
        assert str(caught.value) == SENTENCES[name].format(path)
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_database_without_a_name_is_refused() -> None:
    with pytest.raises(StoreError, match="has no name; give KBS_DB a file name"):
        ArticleStore("")


def test_a_database_that_was_moved_is_not_written_to(tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.path.rename(tmp_path / "away.db")
        with pytest.raises(StoreError, match="was moved or deleted while in use"), store.batch():
            pass


# --- upgrades ---


def test_a_database_of_the_last_version_opens_with_its_rows(older: Path) -> None:
    with ArticleStore(older) as store:
        assert [article.paragraphs for article in store] == [("Paris",)]
        assert [hit.snippet for hit in store.search("paris")] == ["\x02Paris\x03"]
        assert not {"missing", "card_dates"} & set(store.db.table_names())
        crawl_state = CrawlState(store)
        assert crawl_state.pending("kbs_news") == ["u"]
        crawl_state.remove_pending("u")
        crawl_state.note_entry_date("u", "2026-11-24")
        assert [row["looks"] for row in store.db.table("entry_dates").rows] == [3]


def test_a_reader_that_may_upgrade_says_so(older: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with open_to_read(older, said.append) as db:
            assert db.table("pending").count == 1
    assert said == [f"{older} was made by an older version of kbsworld and is upgraded first."]


KILLED = """
import os, signal, sys
from storage.database import migrations, open_to_read
migrations.apply = lambda db, apply=migrations.apply: apply(db) or os.kill(os.getpid(), signal.SIGKILL)
open_to_read(sys.argv[1], str)
"""


# Permissions do not apply to root.
ANOTHER = """
import os, sys
from sqlite_utils import Database
from storage.database import StoreError, open_to_read
Database(memory=True)  # loads its plugins
os.geteuid() or os.seteuid(65534)
try:
    open_to_read(sys.argv[1], str)
except StoreError as error:
    print(error)
"""


def test_what_a_reader_killed_in_its_upgrade_left_is_upgraded_or_explained(older: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = shutil.copy(older, folder)
        killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
        assert killed.returncode == -signal.SIGKILL
        assert len([*folder.iterdir()]) > 1
        folder.chmod(0o555)
        said = subprocess.run([sys.executable, "-c", ANOTHER, path], capture_output=True, text=True, check=False)
        folder.chmod(0o755)
        assert "check the permissions of it and its folder" in said.stdout, said.stderr
        with open_to_read(path, lambda _: None) as db:
            assert db.table("pending").count == 1
        assert [*folder.iterdir()] == [folder / older.name]


# --- processes ---

WRITER = """
import sys
from datetime import UTC, datetime
from storage import ArticleStore, Capture
from tests.replica import World
entries = World(articles=4, edition=sys.argv[1]).entries
for path in sys.stdin:
    with ArticleStore(path.strip()) as store:
        for entry in entries:
            with store.batch():
                store.add(entry.truth, Capture(url="u", fetched_at=datetime.now(UTC), body=b""))
    print("written", flush=True)
"""


def test_processes_create_and_write_one_database_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER]
    writers = [
        subprocess.Popen([*command, edition], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for edition in "efk"
    ]
    for number in range(30):
        path = tmp_path / f"{number}.db"
        for writer in writers:
            print(path, file=writer.stdin, flush=True)
        assert [writer.stdout.readline() for writer in writers if writer.stdout] == ["written\n"] * 3
        with ArticleStore(path) as store:
            assert (store.db.journal_mode, len(store)) == ("wal", 12)
            assert store.db.execute("pragma integrity_check").fetchone() == ("ok",)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
