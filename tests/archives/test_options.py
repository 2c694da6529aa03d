"""What the spiders of archives are asked to do, what they keep, and how they treat an archive."""

import json
import re
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from extractors.address import parse_address
from tests.archives.history import CRAWLS, WAYBACK, Seen
from tests.archives.reference import expected
from tests.archives.runs import COMMONCRAWL, WAYBACK_MACHINE, Runs, difference
from tests.archives.wayback import Answer
from tests.archives.world import ArchiveWorld

#: Run first in a process: so that a signal most likely comes while an item is in the pipeline.
SLOW_STORE = """
import time
from crawler.pipeline import ArticlePipeline
process_item = ArticlePipeline.process_item
ArticlePipeline.process_item = lambda self, item: time.sleep(0.1) or process_item(self, item)
"""
BOTH = pytest.mark.parametrize("spider", [COMMONCRAWL, WAYBACK_MACHINE])


@pytest.fixture
def runs(archives: ArchiveWorld, tmp_path: Path) -> Runs:
    return Runs(archives, tmp_path)


def of(archives: ArchiveWorld, spider: tuple[str, ...]) -> list[Seen]:
    """What a spider is to find in the archives."""
    return archives.of(*(CRAWLS if spider is COMMONCRAWL else (WAYBACK,)))


@BOTH
def test_a_dry_run_says_what_there_is_and_takes_nothing(runs: Runs, spider: tuple[str, ...]) -> None:
    result = runs.crawl(*spider, "-a", "dry=1")
    assert result.returncode == 0, result.stderr
    assert runs.archives.pages() == []
    assert not (runs.folder / "archive").exists()
    assert [*runs.rows("articles"), *runs.rows("captures"), *runs.rows("runs"), *runs.rows("lists")] == []
    captures = [seen for seen in of(runs.archives, spider) if seen.truth or seen.refused]
    articles = {address.url for seen in captures if (address := parse_address(seen.address))}
    years, total, to_fetch = table(result.stdout)
    assert {*years} == {(str(seen.moment.year), "fr") for seen in captures}
    assert sum(count for count, _, _ in years.values()) == total[0]
    assert total[1] == total[2]
    if spider is COMMONCRAWL:
        assert total[:2] == [len(captures), len(articles)]
        assert to_fetch == len({seen.body for seen in captures})
    else:  # which leaves out neighbours with the same payload, such as the pages of articles that are gone
        assert len({row["url"] for row in runs.archives.expected(WAYBACK).values()}) < total[1] <= len(articles)
        assert total[1] < total[0] < len(captures)
    runs.crawl(*spider)
    rows = runs.rows("captures")
    _, after, to_fetch = table(runs.crawl(*spider, "-a", "dry=1").stdout)
    refused = {row["url"] for row in runs.rows("refusals")}
    assert after == [*total[:2], len(refused)]
    assert to_fetch == 0
    assert runs.rows("captures") == rows


def test_the_table_in_the_readme_is_a_real_one(runs: Runs) -> None:
    runs.crawl(*COMMONCRAWL)
    *lines, time_needed = runs.crawl(*WAYBACK_MACHINE, "-a", "dry=1").stdout.splitlines()
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert "\n".join([*lines, time_needed.partition(",")[0]]) in readme


def table(output: str) -> tuple[dict[tuple[str, str], list[int]], list[int], int]:
    """What a dry run prints: captures, articles and those not stored by year and edition, the same in all, pages."""
    years, total, to_fetch = {}, [], -1
    for line in output.splitlines():
        first, *words = line.split()
        if first.isdigit():
            years[first, words[0]] = [int(word) for word in words[1:]]
        elif first == "all":
            total = [int(word) for word in words]
        elif found := re.match(r"To fetch: (\d+) pages", line):
            to_fetch = int(found[1])
    return years, total, to_fetch


@BOTH
def test_a_bounded_run_goes_on_where_it_was(runs: Runs, spider: tuple[str, ...]) -> None:
    fetched: list[tuple[str, str]] = []
    for _ in range(2):
        result = runs.crawl(*spider, "-a", "limit=5")
        assert result.returncode == 0, result.stderr
        assert len(runs.archives.pages()) == 5
        fetched += runs.archives.pages()
        runs.archives.requests.clear()
    result = runs.crawl(*spider)
    assert result.returncode == 0, result.stderr
    fetched += runs.archives.pages()
    assert len(fetched) == len(set(fetched))
    assert difference(runs.stored(), expected(of(runs.archives, spider))) == []


def test_captures_that_fail_do_not_use_up_the_limit(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> None:
    Runs(runs.archives, tmp_path_factory.mktemp("first")).crawl(*WAYBACK_MACHINE, "-a", "limit=3")
    for number in re.findall(r"Seq_Code=\d+", str(runs.archives.pages())):  # in each capture of these
        runs.archives.changes[number] = lambda *_: (200, {}, b"<html>")
    result = runs.crawl(*WAYBACK_MACHINE, "-a", "limit=3")
    assert (result.returncode, len({row["digest"] for row in runs.rows("captures")})) == (1, 3), result.stderr
    runs.archives.requests.clear()
    assert runs.crawl(*WAYBACK_MACHINE, "-a", "limit=3").returncode == 0, "what failed before comes last"
    assert len(runs.archives.pages()) == 3


def test_an_archive_that_spoils_everything_is_left(runs: Runs) -> None:
    runs.archives.changes["/web/"] = lambda *_: (200, {"Content-Type": "text/html"}, b"<html>")
    result = runs.crawl(*WAYBACK_MACHINE)
    assert (result.returncode, len(runs.archives.pages())) == (1, 10)
    assert "10 captures failed in a row, the last time: no capture; run it again later." in result.stderr


def test_an_archive_without_any_capture_is_named(runs: Runs) -> None:
    result = runs.crawl("kbs_wayback", "-a", f"archive={runs.archives.pywb}/none", "-a", "dry=1")
    assert f"No capture of these editions and days in {runs.archives.pywb}/none." in result.stderr
    result = runs.crawl("kbs_wayback", "-a", f"archive={runs.archives.library}/cdx")
    assert result.returncode == 1
    [failure] = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert failure.endswith("no index, but HTTP 404; is the address right? archive= ends before /cdx")
    assert "No capture" not in result.stderr
    assert runs.crawl("kbs_commoncrawl", "-a", f"archive={runs.archives.pywb}", "-a", "crawls=all").returncode == 2


@pytest.mark.parametrize(
    ("spider", "given"),
    [
        ("kbs_wayback", ["lang=g"]),
        ("kbs_commoncrawl", ["crawls=2024", "since=2024-06-01"]),
        ("kbs_commoncrawl", ["crawls=1990"]),
    ],
)
def test_an_archive_without_the_captures_asked_for_says_so(runs: Runs, spider: str, given: list[str]) -> None:
    result = runs.crawl(spider, *(word for one in given for word in ("-a", one)))
    assert "is that its address?" not in result.stderr
    assert ("No capture of these editions and days in " in result.stderr) == (result.returncode == 0)


@BOTH
def test_since_and_until_are_days_of_capture(runs: Runs, spider: tuple[str, ...]) -> None:
    bounds = ("-a", "since=2025-03-31", "-a", "until=2026-06-30")  # 2025-03-30 at 23:50 UTC is the 31st in Korea
    result = runs.crawl(*spider, *bounds)
    assert result.returncode == 0, result.stderr
    first, last = datetime(2025, 3, 30, 15, tzinfo=UTC), datetime(2026, 6, 30, 15, tzinfo=UTC)
    within = [seen for seen in of(runs.archives, spider) if first <= seen.moment < last]
    assert difference(runs.stored(), expected(within)) == []
    # What was outside is not known for that.
    runs.crawl(*spider)
    assert difference(runs.stored(), expected(of(runs.archives, spider))) == []


def test_other_editions_are_read_when_they_are_asked_for(runs: Runs) -> None:
    runs.crawl(*COMMONCRAWL, "-a", "lang=e")
    assert {row["lang"] for row in runs.rows("articles")} == {"en"}
    # The crawls were read to their end, but not for French.
    runs.crawl(*COMMONCRAWL, "-a", "lang=f,e")
    stored = {key: row for key, row in runs.stored().items() if row["lang"] == "fr"}
    assert difference(stored, runs.archives.expected(*CRAWLS)) == []


@pytest.mark.parametrize(("name", "collection"), [("kbs_wayback", "library"), ("kbs_commoncrawl", "CC-MAIN-2026-47")])
def test_any_pywb_is_read(runs: Runs, name: str, collection: str) -> None:
    result = runs.crawl(name, "-a", f"archive={runs.archives.pywb}/{collection}", "-a", "since=2026-01-01")
    assert result.returncode == 0, result.stderr
    captures = runs.archives.of(WAYBACK if collection == "library" else collection)
    assert difference(runs.stored(), expected(seen for seen in captures if seen.moment.year == 2026)) == []
    assert runs.archives.requests == []


@pytest.mark.parametrize(
    ("crawls", "names"),
    [
        ("2025", ["CC-MAIN-2025-33"]),
        ("CC-MAIN-2024-10,CC-MAIN-2026-47", ["CC-MAIN-2024-10", "CC-MAIN-2026-47"]),
        ("all", list(CRAWLS)),
        ("", list(CRAWLS)),
    ],
)
def test_the_crawls_that_are_named_are_read(runs: Runs, crawls: str, names: list[str]) -> None:
    result = runs.crawl("kbs_commoncrawl", *(["-a", f"crawls={crawls}"] if crawls else []), "-a", "dry=1")
    asked = {one.target.partition("-index?")[0] for one in runs.archives.requests[1:]}
    assert asked == {f"/{name}" for name in names}, result.stderr


def test_a_crawl_that_does_not_exist(runs: Runs) -> None:
    result = runs.crawl("kbs_commoncrawl", "-a", "crawls=CC-MAIN-2031-01")
    assert result.returncode in {1, 2}
    assert "CC-MAIN-2031-01" in result.stderr
    assert "Traceback" not in result.stderr


def test_of_a_new_crawl_the_index_alone_is_asked_for(runs: Runs) -> None:
    def without_newest(status: int, headers: dict[str, str], body: bytes) -> Answer:
        return status, headers, json.dumps(json.loads(body)[1:]).encode()

    runs.archives.changes["/collinfo.json"] = without_newest
    runs.crawl(*COMMONCRAWL)
    runs.archives.changes.clear()
    runs.archives.requests.clear()
    runs.crawl(*COMMONCRAWL)
    asked = {one.target.partition("-index?")[0] for one in runs.archives.requests if "-index?" in one.target}
    assert asked == {"/CC-MAIN-2026-47"}
    assert difference(runs.stored(), runs.archives.expected(*CRAWLS)) == []


@BOTH
def test_a_run_that_is_stopped_goes_on_where_it_was(runs: Runs, spider: tuple[str, ...]) -> None:
    process = runs.begin(*spider, first=SLOW_STORE)
    while len(runs.archives.pages()) < 12 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT, errors
    assert time.monotonic() - began < 3
    assert "Traceback" not in errors
    fetched = runs.archives.pages()
    result = runs.crawl(*spider)
    assert result.returncode == 0, result.stderr
    again = runs.archives.pages()[len(fetched) :]
    assert len({*again} & {*fetched}) <= 1  # the one that was given up on its way
    assert difference(runs.stored(), expected(of(runs.archives, spider))) == []


def test_what_is_archived_is_stored_also_if_the_first_page_is_stopped(runs: Runs) -> None:
    process = runs.begin(*WAYBACK_MACHINE)
    while not runs.archives.pages() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    archived = [record for file in runs.files() for record in ArchiveIterator(file.open("rb"))]
    assert len([one for one in archived if one.rec_type == "response"]) == len(runs.rows("captures"))


def test_a_database_that_fails_ends_a_run(runs: Runs) -> None:
    runs.crawl(*WAYBACK_MACHINE, "-a", "limit=1")
    hurried = "import storage.database; storage.database._BUSY_SECONDS = 0.5"
    process = runs.begin(*WAYBACK_MACHINE, first=hurried + SLOW_STORE)
    while len(runs.archives.pages()) < 12 and process.poll() is None:
        time.sleep(0.005)
    with closing(sqlite3.connect(runs.folder / "kbs.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert "database is locked" in errors
    assert runs.crawl(*WAYBACK_MACHINE).returncode == 0
    assert difference(runs.stored(), runs.archives.expected(WAYBACK)) == []


def test_a_job_that_is_stopped_goes_on(runs: Runs) -> None:
    job = ("-s", f"JOBDIR={runs.folder / 'job'}")
    process = runs.begin(*COMMONCRAWL, *job)
    while len(runs.archives.pages()) < 12 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    fetched = runs.archives.pages()
    result = runs.crawl(*COMMONCRAWL, *job)
    assert result.returncode == 0, result.stderr
    assert len({*runs.archives.pages()[len(fetched) :]} & {*fetched}) <= 1
    assert difference(runs.stored(), runs.archives.expected(*CRAWLS)) == []


def test_without_an_archive_of_its_own(runs: Runs) -> None:
    for spider in (COMMONCRAWL, WAYBACK_MACHINE):
        result = runs.crawl(*spider, KBS_ARCHIVE="")
        assert result.returncode == 0, result.stderr
    assert difference(runs.stored(), runs.archives.expected()) == []
    assert not (runs.folder / "archive").exists()


@BOTH
def test_the_archive_says_where_each_capture_is_from(runs: Runs, spider: tuple[str, ...]) -> None:
    runs.crawl(*spider)
    wanted = {(seen.address, seen.moment) for seen in of(runs.archives, spider) if seen.truth or seen.refused}
    found = set()
    for file in runs.files():
        assert file.name.startswith(spider[0])
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                header = record.rec_headers.get_header
                if record.rec_type == "warcinfo":
                    continue
                assert record.rec_type in {"response", "revisit"}
                captured = datetime.fromisoformat(header("WARC-Date"))
                found.add((header("WARC-Target-URI"), captured))
                assert header("WARC-Source-URI").startswith(runs.archives.base_url)
                assert datetime.fromisoformat(header("WARC-Creation-Date")) > datetime(2026, 11, 22, tzinfo=UTC)
                if record.rec_type == "revisit":
                    refers = header("WARC-Refers-To-Target-URI"), header("WARC-Refers-To-Date")
                    assert (refers[0], datetime.fromisoformat(refers[1])) in found
                record.content_stream().read()
    assert found <= wanted
    rows = {(row["source_url"], row["fetched_at"]) for row in runs.rows("articles")}
    assert rows <= {(url, moment.isoformat(timespec="microseconds")) for url, moment in found}


@BOTH
def test_an_archive_is_asked_slowly_by_a_crawler_with_a_name(runs: Runs, spider: tuple[str, ...]) -> None:
    slow = {"KBS_COMMONCRAWL_DELAY": "0.3", "KBS_WAYBACK_DELAY": "0.3", "KBS_CONTACT": "me@example.org"}
    call = ["crawl", *spider, "-a", "limit=3", "-s", "AUTOTHROTTLE_ENABLED=False"]
    assert runs.call(*call, **slow).returncode == 0
    times = [one.at for one in runs.archives.requests]
    assert min(after - before for before, after in pairwise(times)) > 0.15  # they are noted late on a busy machine
    assert len(runs.archives.pages()) == 3
    for one in runs.archives.requests:
        assert "me@example.org" in one.agent
        assert "robots.txt" not in one.target


@pytest.mark.parametrize(("spider", "kind"), [(COMMONCRAWL, "503"), (WAYBACK_MACHINE, "429")])
def test_an_archive_is_left_alone_as_long_as_it_asks(runs: Runs, spider: tuple[str, ...], kind: str) -> None:
    runs.crawl(*spider, "-a", "limit=3")
    pages = runs.archives.pages()
    runs.archives.requests.clear()
    runs.archives.faults.retry_after = 2
    target = " ".join(pages[1]).rstrip()
    runs.archives.faults.plan[target] = [kind]
    other = Runs(runs.archives, runs.folder / "other")
    other.folder.mkdir()
    assert other.crawl(*spider, "-a", "limit=3").returncode == 0
    asked = runs.archives.requests
    refused = next(at for at, one in enumerate(asked) if (one.target, one.span) == pages[1])
    assert asked[refused + 1].at - asked[refused].at > 1.9
    assert runs.archives.pages().count(pages[1]) == 2
    assert len(other.rows("articles")) == len(runs.rows("articles"))


def test_an_archive_that_asks_for_hours_ends_the_run_with_a_sentence(runs: Runs) -> None:
    runs.archives.faults.retry_after = 7200
    runs.archives.faults.plan["/collinfo.json"] = ["503"]
    result = runs.crawl(*COMMONCRAWL)
    assert result.returncode == 1
    assert "asks to be left alone for 7200 s" in result.stderr
