"""One history from the site, Common Crawl and the Wayback Machine, whatever is read first and whatever goes wrong."""

import sys
import time
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from random import Random
from subprocess import run

import pytest

from tests.archives.history import CRAWLS, WAYBACK
from tests.archives.reference import expected
from tests.archives.runs import COMMONCRAWL, WAYBACK_MACHINE, Runs, difference, now, shown_by_the_site
from tests.archives.world import FAULTS, ArchiveWorld
from tests.crawler.scripted import counts
from tests.replica.faults import Faults

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
    assert runs.archives.pages() == []
    asked = [one.target for one in runs.archives.requests]
    # Closed crawls never change; of the Wayback Machine the index alone is asked for.
    assert asked == ["/collinfo.json"] if name == "commoncrawl" else all("/cdx/" in target for target in asked)


def test_the_same_database_in_any_order(runs: Runs, tmp_path: Path) -> None:
    """Of both spiders and a crawl of the site itself."""
    steps: dict[str, Callable[[Runs], object]] = {
        "commoncrawl": lambda own: own.crawl(*COMMONCRAWL),
        "wayback": lambda own: own.crawl(*WAYBACK_MACHINE),
        "site": Runs.site,
    }
    wanted = now(expected([*runs.archives.seen, *shown_by_the_site(runs.archives)]))
    for order in permutations(steps):
        folder = tmp_path / "-".join(order)
        folder.mkdir()
        own = Runs(runs.archives, folder)
        for name in order:
            steps[name](own)
        assert difference(own.stored(), wanted) == [], order


@pytest.mark.parametrize("name", SPIDERS)
def test_with_thirty_percent_of_faults_two_runs_are_enough(runs: Runs, name: str) -> None:
    arguments, archives = SPIDERS[name]
    runs.archives.faults = Faults(FAULTS, share=0.3, seed=5)
    for _ in range(2):
        result = runs.crawl(*arguments, "-s", "DOWNLOAD_TIMEOUT=0.5")
        assert "Traceback" not in result.stderr
    assert {kind for _, kind in runs.archives.faults.met} == {*FAULTS}
    assert difference(runs.stored(), runs.archives.expected(*archives)) == []


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
    runs.crawl(*COMMONCRAWL)
    runs.crawl(*WAYBACK_MACHINE)
    result = runs.call("reextract", KBS_DB=str(runs.folder / "other.db"))
    assert result.returncode == 0, result.stderr
    assert difference(runs.stored("other.db"), runs.stored()) == []
    assert_warcs_pass(runs.files())


def assert_warcs_pass(files: list[Path]) -> None:
    command = [sys.executable, "-m", "warcio.cli", "check", *map(str, files)]
    result = run(command, capture_output=True, encoding="utf-8", check=False)
    assert files
    assert result.returncode == 0, result.stdout
