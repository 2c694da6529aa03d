"""Every fault of a site: once, for as long as a page is asked for, and all at the same time."""

import re
from pathlib import Path

import pytest

from storage import ArticleStore, CrawlState
from tests.crawler.conftest import Run
from tests.crawler.scripted import LIST, content, counts, rows
from tests.replica import Faults, Replica
from tests.replica.faults import KINDS

#: Timeouts and drips last as long as the crawler's patience.
IMPATIENT = ["-s", "DOWNLOAD_TIMEOUT=1"]
ARTICLE_FAULTS = [kind for kind in KINDS if kind not in {"no-cards", "endless"}]
NOTHING_BUT = {"new": 0, "updated": 0, "edited": 0, "unchanged": 0, "refused": 0, "failed": 0}


def pending(tmp_path: Path) -> list[str]:
    """The articles that the next run asks for again."""
    with ArticleStore(tmp_path / "kbs.db") as store:
        return CrawlState(store).pending("kbs_news")


def view(site: Replica, index: int) -> str:
    return f"/service/news_view.htm?lang=f&Seq_Code={site.world.entries[index].seq}"


def test_articles_with_one_fault_are_stored_all_the_same(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=len(ARTICLE_FAULTS) + 5) as site:
        site.faults.plan = {view(site, index): [kind] for index, kind in enumerate(ARTICLE_FAULTS)}
        expected = {(target, kind) for target, [kind] in site.faults.plan.items()}
        run = crawl("kbs_news", *IMPATIENT, KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
        assert counts(run) == NOTHING_BUT | {"new": len(ARTICLE_FAULTS) + 5}
        truth = {(entry.truth.url, entry.truth.text) for entry in site.world.entries}
    assert set(site.faults.met) == expected
    assert {(row["url"], row["text"]) for row in rows(tmp_path)} == truth
    assert pending(tmp_path) == []
    assert rows(tmp_path, "refusals") == []


def test_list_pages_with_one_fault_leave_no_article_out(crawl: Run, tmp_path: Path) -> None:
    pages = len(KINDS) * 2
    with Replica(articles=pages * 10 + 5, days=60) as site:
        # Every other page: three in a row that fail would end the walk.
        site.faults.plan = {f"{LIST}&page={2 + 2 * index}": [kind] for index, kind in enumerate(KINDS)}
        run = crawl("kbs_news", *IMPATIENT, KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
        assert {kind for _, kind in site.faults.met} == set(KINDS)
        assert counts(run) == NOTHING_BUT | {"new": pages * 10 + 5}
        # Two pages were read only at the end, when the list may have moved: the next run reads all of it once more.
        assert rows(tmp_path, "lists") == []
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
    [coverage] = rows(tmp_path, "lists")
    assert coverage["complete_from"] == ""


#: What is reported of an article with a lasting fault: as failed, or as refused.
LASTING = {
    "404": "HTTP 404",
    "soft-404": "no article on the page",
    "redirect-loop": "it redirects in a circle, or too often",
    "500": "HTTP 500",
    "502": "HTTP 502",
    "503": "HTTP 503",
    "429": "HTTP 429",
    "timeout": "no complete answer within the time limit",
    "drip": "no complete answer within the time limit",
    "reset": "the connection ended in the middle of the page",
    "truncated-gzip": "the page ends before its article",
    "error-page": "not a page of KBS World",
}
REFUSED = {"404", "soft-404", "error-page", "truncated-gzip"}
#: Three tries at once if the next may help, and the same once more at the end of the run.
TRIES = {kind: 2 if kind in {"404", "soft-404", "redirect-loop"} else 6 for kind in LASTING}


@pytest.mark.slow
def test_lasting_faults_are_reported_with_their_reason(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=40) as site:
        plan = {kind: view(site, 3 * index) for index, kind in enumerate(LASTING)}
        site.faults.plan = {target: [kind] * 20 for kind, target in plan.items()}
        run = crawl("kbs_news", *IMPATIENT, "-s", "KBS_BREAKER=99", KBS_BASE_URL=site.base_url)
    assert {kind: site.faults.met.count((target, kind)) for kind, target in plan.items()} == TRIES
    assert run.returncode == 3, run.stderr  # twelve of forty are too many for a healthy run
    reported = dict(re.findall(r"^failed: (\S+): (.+)$", run.stderr, re.MULTILINE))
    reported |= {row["url"]: row["reason"] for row in rows(tmp_path, "refusals")}
    reasons = {kind: reported[site.base_url + target] for kind, target in plan.items()}
    assert {kind: reason.partition(" (redirected")[0] for kind, reason in reasons.items()} == LASTING
    assert counts(run) == NOTHING_BUT | {"new": 28, "refused": 4, "failed": 8}
    assert {url.rpartition("=")[2] for url in pending(tmp_path)} == {url.rpartition("=")[2] for url in plan.values()}
    assert [row["url"] for row in rows(tmp_path) if row["truncated"]] == []


def test_an_endless_list_is_left(crawl: Run) -> None:
    with Replica(articles=35, faults=Faults(["endless"], share=1.0)) as site:
        run = crawl("kbs_news", "-a", "full=1", KBS_BASE_URL=site.base_url)
    assert run.returncode == 0
    assert counts(run)["new"] == 10
    assert len(site.requests) < 30


def test_failed_list_pages_in_a_row_end_the_walk(crawl: Run) -> None:
    with Replica(articles=100) as site:
        for page in range(2, 9):
            site.faults.plan[f"{LIST}&page={page}"] = ["404"] * 2
        run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 3, run.stderr  # three of so few pages are too many for a healthy run
    assert counts(run) | {"new": 10, "failed": 3} == counts(run)


@pytest.mark.slow
def test_every_fault_at_once_ends_in_the_same_database(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=250, days=10) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        whole = content(tmp_path)
        for file in tmp_path.glob("kbs.db*"):
            file.unlink()
        site.faults.share = 0.3
        # Of so few lists, chance gives none of these.
        site.faults.plan = {
            f"{LIST}&page=7": ["no-cards"],
            f"{LIST}&page=9": ["endless"],
            f"{LIST}&page=11": ["soft-404"],
        }
        for _ in range(3):
            run = crawl("kbs_news", *IMPATIENT, KBS_BASE_URL=site.base_url)
            assert run.returncode in {0, 1, 3}, run.stderr
            assert "Traceback" not in run.stderr
            found = content(tmp_path)
            assert all(row in whole for row in found)
            if found == whole:
                break
        assert {kind for _, kind in site.faults.met} == set(KINDS)
    assert content(tmp_path) == whole
