"""How the site is treated: the pace its robots.txt asks for, rest after errors, and an end where it keeps failing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import combinations, pairwise

import pytest
from scrapy.http import Response

from crawler.middleware.retry import _retry_after
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, ScriptedSite, counts

NO_BACKOFF = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"]


def test_retry_after_is_obeyed_to_the_second(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.once[ARTICLE.format(1)] = (503, b"", {"Retry-After": "2"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    first, second, *_ = (at for path, at in site.times if path == ARTICLE.format(1))
    assert 2.0 <= second - first < 4.0


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    def asked(value: str, status: int = 429) -> float:
        return _retry_after(Response("http://x", status=status, headers={"Retry-After": value}))

    assert asked("120") == 120.0
    assert 50 < asked(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60
    assert asked(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0.0
    assert asked("soon") == asked("") == asked("-5") == asked("120", status=200) == 0.0
    assert asked("9" * 400) < 1e9 + 1


def test_a_site_that_asks_for_a_long_rest_gets_it(site: ScriptedSite, crawl: Run) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 9)))
    site.answers[ARTICLE.format(2)] = (429, b"", {"Retry-After": "7200"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "asks to be left alone for 7200 s; run it again after that." in run.stderr
    assert ARTICLE.format(3) not in site.requests
    assert "(site_failing)" in run.stderr


@pytest.mark.parametrize(
    ("robots", "words"),
    [
        ((503, b"", {"Retry-After": "999999999"}), "asks to be left alone for 999999999 s"),
        ((200, b"User-agent: *\nCrawl-delay: 86400\n", {}), "asks for a page every 86400 s at most"),
    ],
)
def test_a_robots_txt_that_asks_for_too_much_ends_the_run(
    site: ScriptedSite, crawl: Run, robots: tuple[int, bytes, dict[str, str]], words: str
) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = robots
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert words in run.stderr
    assert site.requests == ["/robots.txt"]


def test_the_rest_grows_with_each_error_in_a_row(site: ScriptedSite, scrapy: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (500, b"")
    settings = ["-s", "KBS_BACKOFF=0.3", "-s", "RETRY_TIMES=3", "-s", "KBS_BREAKER=5", *NO_BACKOFF]
    scrapy("crawl", "kbs_news", *settings, KBS_BASE_URL=site.base_url)
    times = [at for path, at in site.times if path == ARTICLE.format(1)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= 0.3 * 2**n for n, gap in enumerate(gaps[:3]))


def test_a_host_that_keeps_failing_ends_the_run_with_the_reason(site: ScriptedSite, crawl: Run) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 40)))
    for n in range(1, 40):
        site.answers[ARTICLE.format(n)] = (502, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "failed 10 times in a row, the last time with HTTP 502; run it again later." in run.stderr
    assert "(site_failing)" in run.stderr
    assert len([path for path in site.requests if "news_view" in path]) == 10


def are_a_second_apart(times: list[float]) -> bool:
    """Whether requests came no faster than one a second; a loaded machine notes one up to half a second late."""
    return all(times[last] - times[first] >= last - first - 0.5 for first, last in combinations(range(len(times)), 2))


def test_the_crawl_delay_of_robots_txt_is_kept(site: ScriptedSite, crawl: Run) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 4)))
    site.answers["/robots.txt"] = (200, b"User-agent: *\nCrawl-delay: 1\n")
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    times = [at for path, at in site.times if path != "/robots.txt"]
    assert len(times) >= 5
    assert are_a_second_apart(times)


def test_pages_are_a_second_apart_at_least_by_default(site: ScriptedSite, scrapy: Run) -> None:
    site.list(ARTICLE.format(1))
    scrapy("crawl", "kbs_news", "-s", "AUTOTHROTTLE_START_DELAY=1", KBS_BASE_URL=site.base_url)
    assert len(site.times) >= 4
    assert are_a_second_apart([at for _, at in site.times])


def test_a_page_that_drips_ends_with_the_time_limit(site: ScriptedSite, crawl: Run) -> None:
    began = time.monotonic()
    site.list(ARTICLE.format(1))
    site.slow.add(ARTICLE.format(1))
    run = crawl("kbs_news", "-s", "DOWNLOAD_TIMEOUT=1", "-s", "RETRY_TIMES=0", KBS_BASE_URL=site.base_url)
    assert counts(run)["failed"] == 1
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("DOWNLOAD_DELAY=x", "DOWNLOAD_DELAY is 'x'; it must be a number from 0."),
        ("KBS_RECHECK_DAYS=-1", "KBS_RECHECK_DAYS is '-1'; it must be a whole number from 0."),
        ("KBS_RECHEK_DAYS=1", "There is no setting KBS_RECHEK_DAYS; is it KBS_RECHECK_DAYS?"),
        ("XQZ=1", "There is no setting XQZ; crawler/settings.py and Scrapy's documentation name them."),
    ],
)
def test_a_setting_that_cannot_be_is_told(scrapy: Run, setting: str, words: str) -> None:
    run = scrapy("crawl", "kbs_news", "-s", setting)
    assert (run.returncode, run.stderr) == (2, f"{words}\n")


def test_a_log_level_that_does_not_exist_is_told(scrapy: Run) -> None:
    run = scrapy("crawl", "kbs_news", "-L", "LOUD")
    assert run.returncode == 2
    assert run.stderr == "-L LOUD is no log level; there is DEBUG, INFO, WARNING, ERROR, CRITICAL.\n"
