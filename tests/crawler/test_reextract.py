"""Archives of every kind become the rows that a crawl would have stored."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.crawler.conftest import CHECKOUT, Run
from tests.crawler.forms import as_folder, as_http_cache, as_json_lines, as_wacz, as_warc, captures
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


def test_the_archive_of_a_crawl_gives_its_database_row_by_row(crawl: Run, reextract: Reextract, tmp_path: Path) -> None:
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


def test_the_same_captures_in_any_form_give_the_same_database(reextract: Reextract, tmp_path: Path) -> None:
    kept = list(captures(1000))
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


def test_reextracting_again_changes_nothing_and_never_duplicates(
    reextract: Reextract, warc: Path, tmp_path: Path
) -> None:
    first = reextract(warc)
    stored = sorted_rows(tmp_path)
    second = reextract(warc)
    assert (counts(first)["new"], counts(second)["unchanged"]) == (120, 120)
    assert sorted_rows(tmp_path) == stored


def test_what_extraction_reads_otherwise_now_is_replaced_in_place(
    reextract: Reextract, warc: Path, tmp_path: Path
) -> None:
    reextract(warc)
    stored = sorted_rows(tmp_path)
    change(tmp_path, "update articles set title = 'as it was read before', layout = 'generic' where rowid <= 7")
    run = reextract(KBS_ARCHIVE=str(warc.parent))
    assert counts(run)["re-extracted"] >= 7
    assert sorted_rows(tmp_path, without=PROVENANCE) == [
        {name: value for name, value in row.items() if name not in PROVENANCE} for row in stored
    ]


def test_only_reads_what_the_rows_with_a_value_stand_on(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
    reextract(warc)
    stored = sorted_rows(tmp_path)
    change(tmp_path, "update articles set title = 'x', layout = 'generic' where rowid <= 7")
    change(tmp_path, "update articles set title = 'y' where rowid > 110")
    run = reextract("--only", "layout=generic")
    assert (counts(run)["re-extracted"], counts(run)["unchanged"]) == (7, 0)
    changed = [row for row in sorted_rows(tmp_path) if row not in stored]
    assert [row["title"] for row in changed] == ["y"] * 10


def test_a_dry_run_prints_the_difference_and_stores_nothing(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
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
    assert rows(tmp_path, "reextractions") == []


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


def test_a_copy_of_the_archive_takes_no_page_away_from_it(reextract: Reextract, warc: Path, tmp_path: Path) -> None:
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


def test_killed_twenty_times_and_resumed_it_ends_with_the_same_database(reextract: Reextract, tmp_path: Path) -> None:
    warc = as_warc(captures(1500), tmp_path / "warc")
    whole = tmp_path / "whole"
    whole.mkdir()
    reextract(warc, KBS_DB=str(whole / "kbs.db"))
    environment = os.environ | {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": ""}
    command = [sys.executable, "-m", "scrapy", "reextract", "--jobs", "2", str(warc)]
    random, stored = Random(5), [0]
    for number in range(20):
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stderr=subprocess.DEVNULL)
        # Every second time it is killed while it starts, which takes longest; else while it stores.
        while number % 2 and process.poll() is None and how_many(tmp_path) <= stored[-1]:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.1 if number % 2 else 1.5))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        stored.append(how_many(tmp_path))
    assert stored == sorted(stored)
    run = reextract(warc, KBS_ARCHIVE="")
    assert run.returncode == 0
    assert sorted_rows(tmp_path) == sorted_rows(whole)
    assert len(set(stored)) > 8
    assert rows(tmp_path, "reextractions") == []


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["nowhere.warc"], 1, "nowhere.warc: no such file or folder."),
        (["--only", "colour=red"], 2, "--only colour=red names no column"),
        (["--only", "lang=fr", "seeds"], 2, "it takes no SOURCE"),
        (["--jobs", "0", "seeds"], 2, "--jobs is 0; it must be a whole number from 1"),
        (["--jobs", "-3", "seeds"], 2, "--jobs is -3; it must be a whole number from 1"),
        (["--frobnicate"], 2, "There is no option --frobnicate"),
        ([], 1, "There is no WARC file in"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(
    scrapy: Run, tmp_path: Path, arguments: list[str], status: int, sentence: str
) -> None:
    run = scrapy("reextract", *arguments)
    assert (run.returncode, run.stdout) == (status, "")
    assert sentence in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "kbs.db").exists()


def test_the_saved_pages_of_the_project_are_a_source(reextract: Reextract, tmp_path: Path) -> None:
    run = reextract(CHECKOUT / "seeds")
    assert counts(run)["new"] == 2, run.stderr
    assert {row["layout"] for row in rows(tmp_path)} >= {"text"}
