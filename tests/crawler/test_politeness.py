"""How the site is treated: the pace its robots.txt asks for, back-off after errors, an end if it keeps failing."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from scrapy.http import Response

from crawler import settings
from crawler.middleware.retry import _retry_after
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, ScriptedSite

NO_DELAY = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"]


def test_politeness_is_the_default() -> None:
    for name in ("ROBOTSTXT_OBEY", "AUTOTHROTTLE_ENABLED", "DOWNLOAD_VERIFY_CERTIFICATES"):
        assert getattr(settings, name) is True
    for name in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED"):
        assert getattr(settings, name) is False
    for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_DELAY"):
        assert getattr(settings, name) == 1


def test_the_crawler_says_who_it_is(site: ScriptedSite, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_CONTACT="https://example.org/me")
    crawl("kbs_news", "-s", "KBS_CONTACT=me@example.org", KBS_BASE_URL=site.base_url)
    crawl("kbs_news", "-s", "USER_AGENT=somebody", KBS_BASE_URL=site.base_url)
    agents = {re.sub(r"^kbsworld/[\d.]+ ", "", agent) for agent in site.agents}
    assert agents == {"(+https://example.org/me)", "(+me@example.org)", "somebody"}
    assert site.encodings == {"gzip, deflate"}  # those that every WARC tool reads


def test_retry_after_is_obeyed_to_the_second(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.once[ARTICLE.format(1)] = (503, b"", {"Retry-After": "2"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    first, second, *_ = (at for path, at in site.times if path == ARTICLE.format(1))
    assert 2.0 <= second - first < 4.0


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    def asked(value: str) -> float:
        return _retry_after(Response("http://x", status=429, headers={"Retry-After": value}))

    assert asked("120") == 120.0
    assert 50 < asked(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60
    assert asked(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0.0
    assert asked("soon") == asked("") == asked("-5") == 0.0
    assert asked("9" * 400) < 1e9 + 1


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (ARTICLE.format(1), (429, b"", {"Retry-After": "7200"}), "asks to be left alone for 7200 s; run it again"),
        ("/robots.txt", (503, b"", {"Retry-After": "999999999"}), "asks to be left alone for 999999999 s"),
        ("/robots.txt", (200, b"User-agent: *\nCrawl-delay: 86400\n", {}), "asks for 86400 s between pages"),
    ],
)
def test_a_site_that_asks_for_a_long_rest_gets_it(
    site: ScriptedSite, crawl: Run, path: str, answer: tuple[int, bytes, dict[str, str]], words: str
) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 9)))
    site.answers[path] = answer
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert words in run.stderr
    assert site.requests[-1] == path
    assert site.requests.count(path) == 1


def test_the_back_off_grows_with_each_error_in_a_row(site: ScriptedSite, scrapy: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (500, b"")
    given = ["-s", "KBS_BACKOFF=0.3", "-s", "RETRY_TIMES=3", "-s", "KBS_BREAKER=5", *NO_DELAY]
    scrapy("crawl", "kbs_news", *given, KBS_BASE_URL=site.base_url)
    times = [at for path, at in site.times if path == ARTICLE.format(1)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) >= 3
    assert all(gap >= 0.3 * 2**n for n, gap in enumerate(gaps[:3]))


def test_a_host_that_keeps_failing_ends_the_run(site: ScriptedSite, crawl: Run) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 40)))
    site.answers |= {ARTICLE.format(n): (502, b"") for n in range(1, 40)}
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "failed 10 times in a row, the last time: HTTP 502; run it again later." in run.stderr
    assert "(site_failing)" in run.stderr
    assert len([path for path in site.requests if "news_view" in path]) == 10


@pytest.mark.parametrize("rules", [b"", b"User-agent: *\nCrawl-delay: 1\n"])
def test_pages_are_a_second_apart_by_default_or_crawl_delay(site: ScriptedSite, scrapy: Run, rules: bytes) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (200, rules)
    given = NO_DELAY if rules else ["-s", "AUTOTHROTTLE_START_DELAY=1"]
    scrapy("crawl", "kbs_news", *given, KBS_BASE_URL=site.base_url)
    times = [at for path, at in site.times if path != "/robots.txt"]
    assert len(times) >= 4
    # A loaded machine notes a request up to half a second late.
    assert all(at - times[0] >= n - 0.5 for n, at in enumerate(times))
