"""Archives of every kind become the rows that a crawl would have stored."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crawler.reextract import Found, Reextraction
from storage.archive.reader import read_warc
from tests.crawler.conftest import Run
from tests.crawler.forms import as_folder, as_http_cache, as_json_lines, as_wacz, as_warc, captures, reextract_here
from tests.crawler.prepared import CHECKOUT, prepared
from tests.crawler.scripted import change, counts, rows
from tests.replica import Replica

Reextract = Callable[..., "subprocess.CompletedProcess[str]"]
PROVENANCE = {"archive_file", "archive_offset"}


@pytest.fixture
def reextract(scrapy: Run) -> Reextract:
    """`scrapy reextract`, with two processes."""

    def run(*arguments: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
        return scrapy("reextract", "--jobs", "2", *map(str, arguments), **environment)

    return run


def sorted_rows(folder: Path, table: str = "articles", without: frozenset[str] | set[str] = frozenset()) -> list[Any]:
    found = [{name: value for name, value in row.items() if name not in without} for row in rows(folder, table)]
    return sorted(found, key=lambda row: (row["url"], row.get("timestamp"), row.get("fetched_at")))


def test_the_archive_of_a_crawl_gives_its_rows(crawl: Run, reextract: Reextract, tmp_path: Path) -> None:
    with Replica(articles=40) as site:
        base = {"KBS_BASE_URL": site.base_url}
        crawl("kbs_news", **base)
        crawl("kbs_features", **base)
        crawl("kbs_videos", **base)
        newest = site.world.entries[0].seq
        site.world.publish(3)
        for entry in site.world.entries[10:12]:
            site.world.update(entry)
        crawl("kbs_news", **base)
        # Pages that came before unchanged are `revisit` records; two that are not there are refused, once more too.
        for _ in range(2):
            crawl("kbs_articles", "-a", f"ids={newest - 5}-{newest},1,2", "-a", "full=1", **base)
        crawled, refused = sorted_rows(tmp_path), sorted_rows(tmp_path, "refusals")
        assert len(crawled) > 80
        assert len(refused) == 4
        other = tmp_path / "other"
        other.mkdir()
        run = reextract(**base, KBS_DB=str(other / "kbs.db"))
    assert run.returncode == 0, run.stderr
    assert sorted_rows(other) == crawled
    assert sorted_rows(other, "refusals") == refused
    assert counts(run)["new"] + counts(run)["updated"] == len(crawled)
    assert f"refused: {len(refused)} times: no article on the page" in run.stderr


@pytest.fixture(scope="module")
def warc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a hundred and twenty captures."""
    return as_warc(captures(120), tmp_path_factory.mktemp("warc"))


def test_captures_in_any_form_give_the_same_rows(reextract: Reextract, tmp_path: Path) -> None:
    kept = list(captures(400))
    warc = as_warc(kept, tmp_path / "archive")
    sources = {
        "warc": warc,
        "wacz": as_wacz(warc, tmp_path / "data.wacz"),
        "folder": as_folder(kept, tmp_path / "pages"),
        "jsonl": as_json_lines(kept, tmp_path / "dump.jsonl"),
        "cache": as_http_cache(kept, tmp_path / "httpcache"),
    }
    stored = {}
    for name, source in sources.items():
        (tmp_path / name).mkdir(exist_ok=True)
        run = reextract(source, KBS_DB=str(tmp_path / name / "kbs.db"))
        assert (run.returncode, counts(run)["new"]) == (0, len(kept)), run.stderr
        stored[name] = sorted_rows(tmp_path / name, without=PROVENANCE)
    assert all(found == stored["warc"] for found in stored.values())
    assert [row["url"] for row in sorted_rows(tmp_path / "warc")].count(kept[0].url) == 1


def test_reextracting_again_changes_nothing(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    first = reextract(warc)
    stored = sorted_rows(tmp_path)
    second = reextract(warc)
    assert (counts(first)["new"], counts(second)["unchanged"]) == (120, 120)
    assert sorted_rows(tmp_path) == stored


def test_rows_of_older_extraction_are_replaced(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    reextract(warc)
    stored = sorted_rows(tmp_path)
    change(tmp_path, "update articles set title = 'as it was read before', layout = 'generic' where rowid <= 7")
    run = reextract(KBS_ARCHIVE=str(warc.parent))
    assert counts(run)["re-extracted"] >= 7
    assert sorted_rows(tmp_path, without=PROVENANCE) == [
        {name: value for name, value in row.items() if name not in PROVENANCE} for row in stored
    ]


def test_only_reads_pages_of_rows_with_a_value(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    reextract(warc)
    stored = sorted_rows(tmp_path)
    change(tmp_path, "update articles set title = 'x', layout = 'generic' where rowid <= 7")
    change(tmp_path, "update articles set title = 'y' where rowid > 110")
    run = reextract("--only", "layout=generic")
    assert (counts(run)["re-extracted"], counts(run)["unchanged"]) == (7, 0)
    changed = [row for row in sorted_rows(tmp_path) if row not in stored]
    assert [row["title"] for row in changed] == ["y"] * 10


def test_a_dry_run_prints_changes_and_stores_nothing(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    reextract(warc)
    change(tmp_path, "update articles set title = 'x', paragraphs = '[\"old words\"]' where rowid = 1")
    change(tmp_path, "delete from articles where rowid = 2")
    before = sorted_rows(tmp_path)
    run = reextract("--dry-run", warc)
    assert run.returncode == 0
    assert sorted_rows(tmp_path) == before
    assert {name: counts(run)[name] for name in ("new", "re-extracted", "unchanged")} == {
        "new": 1,
        "re-extracted": 1,
        "unchanged": 118,
    }
    lines = run.stdout.splitlines()
    assert "  title: x -> " in run.stdout
    assert "    - old words" in lines
    assert lines[-1] == "Fields that would change, and in how many articles: title in 1, paragraphs in 1"
    assert rows(tmp_path, "reextraction_files") == []


def test_a_dry_run_without_a_database_makes_none(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    run = reextract("--dry-run", warc)
    assert counts(run)["new"] == 120
    assert not list(tmp_path.glob("kbs.db*"))


def test_standard_input_is_a_source(tmp_path: Path, warc: Path) -> None:
    environment = os.environ | {"KBS_DB": str(tmp_path / "kbs.db")}
    command = [sys.executable, "-m", "scrapy", "reextract", "-"]
    with warc.open("rb") as stream:
        run = subprocess.run(
            command, cwd=CHECKOUT, env=environment, stdin=stream, capture_output=True, text=True, check=True
        )
    assert counts(run)["new"] == 120
    assert {(row["archive_file"], row["archive_offset"]) for row in rows(tmp_path)} == {(None, None)}


def test_a_copy_of_the_archive_changes_no_row(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    own = {"KBS_ARCHIVE": str(warc.parent)}
    reextract(**own)
    stored = sorted_rows(tmp_path)
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "other.warc.gz"
    copy.write_bytes(warc.read_bytes())
    assert counts(reextract(copy, **own))["unchanged"] == 120
    assert sorted_rows(tmp_path) == stored
    assert {row["archive_file"] for row in stored} == {warc.name}


def how_many(folder: Path) -> int:
    """Articles stored so far; none while there is no table of them."""
    try:
        return len(rows(folder)) if (folder / "kbs.db").exists() else 0
    except sqlite3.Error:
        return 0


@pytest.mark.slow
def test_killed_twenty_times_it_ends_with_the_same_rows(reextract: Reextract, tmp_path: Path) -> None:
    folder = as_warc(captures(1500), tmp_path / "warc", max_bytes=400_000).parent
    whole = tmp_path / "whole"
    whole.mkdir()
    reextract(folder, KBS_DB=str(whole / "kbs.db"))
    environment = {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": ""}
    often = "import crawler.reextract; crawler.reextract.BATCH_ITEMS = 40"
    random, stored, killed = Random(5), [0], 0
    while killed < 20:
        process = prepared().begin("reextract", "--jobs", "2", str(folder), first=often, **environment)
        # Every second time it is killed while it starts; else while it stores.
        while killed % 2 and process.poll() is None and how_many(tmp_path) <= stored[-1]:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.1 if killed % 2 else 0.3))
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        else:  # it was faster; once more from the beginning
            for file in tmp_path.glob("kbs.db*"):
                file.unlink()
        stored.append(how_many(tmp_path))
    run = reextract(folder, KBS_ARCHIVE="")
    assert run.returncode == 0
    assert sorted_rows(tmp_path) == sorted_rows(whole)
    assert len(set(stored)) > 5
    assert rows(tmp_path, "reextraction_files") == []


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["nowhere.warc"], 1, "nowhere.warc: no such file or folder."),
        (["--only", "lang=fr", "seeds"], 2, "it takes no SOURCE"),
        (["--frobnicate"], 2, "Unknown option --frobnicate. See kbsworld reextract --help."),
        ([], 1, "There is no WARC file in"),
    ],
)
def test_a_wrong_call_ends_with_a_sentence(
    scrapy: Run, tmp_path: Path, arguments: list[str], status: int, sentence: str
) -> None:
    run = scrapy("reextract", *arguments)
    assert (run.returncode, run.stdout) == (status, "")
    assert sentence in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "kbs.db").exists()


def test_only_says_where_it_finds_nothing(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    run = reextract("--only", "layout=news")
    assert (run.returncode, "There is no database" in run.stderr) == (1, True)
    assert not (tmp_path / "kbs.db").exists()
    reextract(warc)
    run = reextract("--only", "layout=nwes")
    assert (run.returncode, "0 stored articles fit --only" in run.stderr) == (0, True)
    change(tmp_path, "update articles set archive_file = null, archive_offset = null where rowid <= 100")
    run = reextract("--only", "kind=news", "--only", "has_video=false")
    named = r"\d+ stored articles fit --only; \d+ of them are archived\."
    assert re.search(named, run.stderr)


def test_captures_of_another_site_are_reported(reextract: Reextract, warc: Path) -> None:
    run = reextract(warc, KBS_BASE_URL="http://127.0.0.1:1")
    assert counts(run)["new"] == 120  # addresses of the site itself count always
    site = as_warc([replace(kept, url="https://example.org/1") for kept in captures(1)], warc.parent / "other")
    run = reextract(site)
    assert run.returncode == 1
    sentence = "None of these captures (https://example.org/1) is an article of KBS_BASE_URL=https://world.kbs.co.kr; "
    assert sentence in run.stderr


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """WARC files of fifteen captures each."""
    return sorted(as_warc(captures(60), tmp_path / "warc", max_bytes=100_000).parent.iterdir())


@pytest.mark.usefixtures("small")
def test_interrupted_it_skips_the_files_it_has_read(files: list[Path], tmp_path: Path) -> None:
    interrupt_after(3, tmp_path / "kbs.db", *files)
    done = {row["file"] for row in rows(tmp_path, "reextraction_files")}
    stored = len(rows(tmp_path))
    assert 0 < len(done) < len(files)
    assert 0 < stored < 60
    counts = reextract_here(tmp_path / "kbs.db", *files)
    assert counts["new"] == 60 - stored
    assert counts["pages"] < 60
    assert len(rows(tmp_path)) == 60
    assert rows(tmp_path, "reextraction_files") == []


@pytest.mark.usefixtures("small")
def test_a_file_that_changed_meanwhile_is_read_again(files: list[Path], tmp_path: Path) -> None:
    interrupt_after(3, tmp_path / "kbs.db", *files)
    for file in files:
        os.utime(file, (1, 1))
    assert reextract_here(tmp_path / "kbs.db", *files)["pages"] == 60


def broken_off(*arguments: Any, **options: Any) -> Iterator[Any]:
    yield from [*read_warc(*arguments, **options)][:12]
    raise OSError("Input/output error")


@pytest.mark.usefixtures("small")
def test_a_file_that_broke_off_is_read_again(files: list[Path], tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("storage.sources.warc.read_warc", broken_off)
        interrupt_after(3, tmp_path / "kbs.db", *files)
    assert reextract_here(tmp_path / "kbs.db", *files)["pages"] == 60


def test_restart_reads_everything_again(reextract: Reextract, files: list[Path], tmp_path: Path) -> None:
    first = "from crawler.reextract import Reextraction as r; import crawler.reextract as it; it.BATCH_ITEMS = 5"
    call = ["reextract", *map(str, files)]
    environment = {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": ""}
    kill = "store(*given) or next(n, 9) < 5 or os.kill(os.getpid(), signal.SIGTERM)"
    stop = f"import os, signal; {first}; store = r._store; r._store = lambda *given, n=iter(range(6)): {kill}"
    run = prepared().run(*call, first=stop, **environment)
    assert run.returncode == 128 + signal.SIGTERM
    assert run.stderr.endswith("Interrupted; the same call goes on from here.\n")
    assert len(rows(tmp_path)) == counts(run)["new"] > 0
    assert rows(tmp_path, "reextraction_files")
    run = reextract("--restart", *files, KBS_ARCHIVE="")
    assert counts(run)["new"] + counts(run)["unchanged"] == 60
    assert "Going on" not in run.stderr


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of five pages, each stored by itself."""
    monkeypatch.setattr("crawler.reextract.BATCH_ITEMS", 5)


def interrupt_after(batches: int, database: Path, *files: Path) -> None:
    """Re-extract files until this many batches were stored."""
    left = iter(range(batches))
    store = Reextraction._store

    def store_some(call: Reextraction, found: Found) -> None:
        store(call, found)
        if next(left, -1) < 0:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reextraction, "_store", store_some)
        with pytest.raises(KeyboardInterrupt):
            reextract_here(database, *files)


def test_a_database_error_is_reported(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    reextract(warc)
    change(tmp_path, "drop table reextraction_files")
    run = reextract(warc)
    assert run.returncode == 1
    assert "The database failed (no such table: reextraction_files); see kbsworld doctor --repair." in run.stderr
    assert "Traceback" not in run.stderr
