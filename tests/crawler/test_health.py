"""Runs that end well but are unhealthy: exit status 3, and a sentence that says what to do."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from storage import ArticleStore, CrawlState
from tests.crawler.conftest import HASTE, Run
from tests.crawler.prepared import CHECKOUT
from tests.crawler.scripted import change_pages, rows
from tests.replica import Replica, World, pages
from tests.replica.moved import rename

GONE = pages.missing_page(World(articles=3))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda target, body: rename(body, Random(target)),
            "40 of 40 articles were found by structure alone (layout generic)",
        ),
        (
            lambda _, body: body.replace(b'<p class="date">', b'<p class="date">le jour dit</p><p hidden>'),
            "articles have no written_at: the site's template has changed",
        ),
        (
            lambda target, body: GONE if target[-1] in "0123" else body,
            "of 40 pages hold no article: kbsworld refusals lists them",
        ),
    ],
)
def test_pages_that_changed_are_noticed(
    crawl: Run, tmp_path: Path, change: Callable[[str, bytes], bytes], complaint: str
) -> None:
    with Replica(articles=40) as site:
        change_pages(site, "news_view", change)
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3
    assert complaint in run.stderr
    [kept] = rows(tmp_path, "runs")
    assert kept["exit_status"] == 3
    assert complaint in json.loads(kept["complaints"])[0]


def test_many_failed_pages_are_noticed(crawl: Run) -> None:
    with Replica(articles=40) as site:
        for entry in site.world.entries[::4]:
            site.faults.plan[f"/service/news_view.htm?lang=f&Seq_Code={entry.seq}"] = ["500"] * 20
        run = crawl("kbs_news", "-s", "KBS_BREAKER=99", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3
    assert "unhealthy: 10 of " in run.stderr
    assert "pages failed, listed above: the next run asks for them again" in run.stderr


@pytest.mark.parametrize(("days_ago", "status"), [(range(4, 14), 3), ((20, 17, 14, 8, 4), 0)])
def test_silence_is_noticed_if_it_is_longer_than_usual(
    crawl: Run, tmp_path: Path, days_ago: tuple[int, ...], status: int
) -> None:
    with Replica(articles=10) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        with ArticleStore(tmp_path / "kbs.db") as store:
            crawl_state = CrawlState(store)
            for days in days_ago:
                began = datetime.now(UTC) - timedelta(days=days)
                row = crawl_state.begin_run("kbs_news", {"lang": "f"}, began)
                crawl_state.end_run(row, began, [], reason="finished", exit_status=0, new=3, updated=0, edited=0)
        run = crawl("kbs_news", "-a", "lang=f", KBS_BASE_URL=site.base_url)
    assert run.returncode == status, run.stderr
    assert ("unhealthy: nothing new since " in run.stderr) == (status == 3)
    assert ("it never took longer than 24 hours before" in run.stderr) == (status == 3)


def test_a_terminal_shows_a_live_line_and_a_pipe_does_not(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=120) as site:
        piped = crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_DB=str(tmp_path / "piped.db")).stderr
        shown = on_a_terminal(["kbs_news"], tmp_path, site.base_url)
    assert "\r" not in piped
    assert "pages a minute" not in piped
    lines = shown.split("\r")
    assert any(" pages · " in line and " new · " in line and "pages a minute" in line for line in lines)
    assert "  new           120" in shown


def on_a_terminal(arguments: list[str], tmp_path: Path, base_url: str) -> str:
    """What `scrapy crawl` writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {"KBS_BASE_URL": base_url, "KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": ""}
    command = [sys.executable, "-m", "scrapy", "crawl", *arguments, *HASTE]
    with subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | environment, stderr=theirs) as process:
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:  # how Linux says that the other side is closed
            pass
        process.wait(60)
    os.close(ours)
    return written.decode()
