"""Runs that end well and are ill all the same: exit status 3, and a sentence that says what to do."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from storage import ArticleStore, CrawlState
from tests.crawler.conftest import HASTE, Run
from tests.crawler.prepared import CHECKOUT
from tests.crawler.scripted import counts, rows
from tests.replica import Replica
from tests.replica.moved import rename


def serve(site: Replica, change: Callable[[str, bytes], bytes]) -> None:
    """Have a replica change the article pages it serves."""
    respond = site.respond

    def changed(target: str, fault: str = "") -> tuple[int, str, bytes]:
        status, kind, body = respond(target, fault)
        return status, kind, change(target, body) if "news_view" in target else body

    site.respond = changed  # type: ignore[method-assign]


def test_a_template_that_moved_is_noticed(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=40) as site:
        serve(site, lambda target, body: rename(body, Random(target)))
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert (run.returncode, counts(run)["new"]) == (3, 40)
    assert "unhealthy: 40 of 40 articles were found by structure alone (layout generic)" in run.stderr
    [kept] = rows(tmp_path, "runs")
    assert kept["exit_status"] == 3
    assert json.loads(kept["complaints"])[0].startswith("40 of 40 articles")


def test_a_field_that_is_gone_is_noticed(crawl: Run) -> None:
    with Replica(articles=40) as site:
        serve(site, lambda _, body: body.replace(b'<p class="date">', b'<p class="date">le jour dit</p><p hidden>'))
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3
    assert "articles have written_at: the site's template has changed" in run.stderr


def test_pages_without_articles_are_noticed(crawl: Run) -> None:
    with Replica(articles=40) as site:
        missing = site.respond("/service/news_view.htm?lang=f&Seq_Code=1")[2]
        serve(site, lambda target, body: missing if target[-1] in "0123" else body)
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3
    assert "of 40 pages hold no article: look at the reasons in the table refusals" in run.stderr


def test_pages_that_fail_in_numbers_are_noticed(crawl: Run) -> None:
    with Replica(articles=40) as site:
        for entry in site.world.entries[::4]:
            site.faults.plan[f"/service/news_view.htm?lang=f&Seq_Code={entry.seq}"] = ["500"] * 20
        run = crawl("kbs_news", "-s", "KBS_BREAKER=99", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3
    assert "unhealthy: 10 of " in run.stderr
    assert "pages failed, listed above: the next run asks for them again" in run.stderr


def note_runs(tmp_path: Path, *days_ago: float) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store:
        crawl_state = CrawlState(store)
        for days in days_ago:
            began = datetime.now(UTC) - timedelta(days=days)
            run = crawl_state.begin_run("kbs_news", {"lang": "f"}, began)
            crawl_state.end_run(run, began, [], reason="finished", exit_status=0, new=3, updated=0, edited=0)


def test_silence_for_longer_than_usual_is_noticed(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=10) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        note_runs(tmp_path, *range(4, 14))
        run = crawl("kbs_news", "-a", "lang=f", KBS_BASE_URL=site.base_url)
        assert run.returncode == 3
        assert "unhealthy: nothing new since " in run.stderr
        assert "it never took longer than 24 hours before" in run.stderr


def test_silence_that_is_usual_is_not(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=10) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        note_runs(tmp_path, 20, 17, 14, 8, 4)
        run = crawl("kbs_news", "-a", "lang=f", KBS_BASE_URL=site.base_url)
    assert run.returncode == 0, run.stderr


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
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not chunk:
                break
            written += chunk
        process.wait(60)
    os.close(ours)
    return written.decode()
