"""One history from the site, Common Crawl and the Wayback Machine, whatever is read first and whatever goes wrong."""

import sys
import time
from pathlib import Path
from random import Random
from subprocess import run

import pytest

from tests.archives.history import CRAWLS, WAYBACK
from tests.archives.reference import expected, named
from tests.archives.runs import COMMONCRAWL, WAYBACK_MACHINE, Runs, difference, now, shown_by_the_site
from tests.archives.world import FAULTS, ArchiveWorld
from tests.crawler.scripted import counts
from tests.replica.faults import Faults

_SPIDER_OF = {"site": "kbs_articles", WAYBACK: "kbs_wayback", **dict.fromkeys(CRAWLS, "kbs_commoncrawl")}
SPIDERS = {"commoncrawl": (COMMONCRAWL, tuple(CRAWLS)), "wayback": (WAYBACK_MACHINE, (WAYBACK,))}


@pytest.fixture
def runs(archives: ArchiveWorld, tmp_path: Path) -> Runs:
    return Runs(archives, tmp_path)


@pytest.mark.parametrize("name", SPIDERS)
def test_a_run_gives_what_the_reference_says_and_a_second_fetches_no_page(runs: Runs, name: str) -> None:
    arguments, archives = SPIDERS[name]
    result = runs.crawl(*arguments)
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []
    assert counts(result)["failed"] == 0
    fetched = runs.archives.pages()
    assert len(set(fetched)) == len(fetched)
    runs.archives.requests.clear()
    result = runs.crawl(*arguments)
    assert result.returncode == 0, result.stderr
    assert ("these crawls were read to their end; full=1 asks" in result.stderr) == (name == "commoncrawl")
    assert "is that its address?" not in result.stderr
    assert runs.archives.pages() == []
    asked = [one.target for one in runs.archives.requests]
    # Closed crawls never change; of the Wayback Machine the index alone is asked for.
    assert asked == ["/collinfo.json"] if name == "commoncrawl" else all("/cdx/" in target for target in asked)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["commoncrawl wayback site", "wayback commoncrawl site", "site wayback commoncrawl"])
def test_the_same_database_in_any_order(runs: Runs, order: str) -> None:
    """Of both spiders and a crawl of the site itself."""
    for name in order.split():
        if name == "site":
            runs.site()
        else:
            runs.crawl(*SPIDERS[name][0])
    captures = [*runs.archives.seen, *shown_by_the_site(runs.archives)]
    assert difference(runs.stored(), now(expected(captures))) == []
    files = {(row["url"], row["timestamp"]): row["archive_file"] for row in runs.rows("articles")}
    for key, first in named(captures).items():
        # The record of a capture with an archived payload refers to that, which may be of another archive.
        alike = [one for one in captures if one.truth and one.body == first.body]
        assert files[key].partition("-")[0] in {_SPIDER_OF[one.archive] for one in alike}, (key, first)


def test_both_spiders_at_once(runs: Runs) -> None:
    both = [runs.begin(*arguments) for arguments, _ in SPIDERS.values()]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert difference(runs.stored(), runs.archives.expected()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SPIDERS)
def test_with_thirty_percent_of_faults_two_runs_are_enough(runs: Runs, name: str) -> None:
    arguments, archives = SPIDERS[name]
    runs.archives.faults = Faults(FAULTS, share=0.3, seed=5)
    for _ in range(2):
        result = runs.crawl(*arguments, "-s", "DOWNLOAD_TIMEOUT=0.5")
        assert "Traceback" not in result.stderr
    assert {kind for _, kind in runs.archives.faults.met} == {*FAULTS}
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SPIDERS)
def test_killed_ten_times_and_run_again(runs: Runs, name: str) -> None:
    arguments, archives = SPIDERS[name]
    random = Random(7)
    killed = 0
    for _ in range(10):
        seen = len(runs.archives.requests)
        process = runs.begin(*arguments)
        while len(runs.archives.requests) < seen + random.randint(1, 30) and process.poll() is None:
            time.sleep(0.005)
        time.sleep(random.random() * 0.02)
        killed += process.poll() is None
        process.kill()
        process.communicate()
    assert killed >= 8
    result = runs.crawl(*arguments)
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []


def test_the_archive_re_extracts_to_the_same_database(runs: Runs) -> None:
    runs.crawl(*WAYBACK_MACHINE)
    runs.crawl(*COMMONCRAWL)
    result = runs.call("reextract", KBS_DB=str(runs.folder / "other.db"))
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored("other.db"), runs.stored()) == []
    for table in ("articles", "refusals"):
        again, before = (sorted(map(str, runs.rows(table, file))) for file in ("other.db", "kbs.db"))
        assert again == before
    assert_warcs_pass(runs.files())


def assert_warcs_pass(files: list[Path]) -> None:
    command = [sys.executable, "-m", "warcio.cli", "check", *map(str, files)]
    result = run(command, capture_output=True, encoding="utf-8", check=False)
    assert files
    assert result.returncode == 0, result.stdout
