"""kbs_feeds on feeds that are empty, hostile, or too short for what happened meanwhile."""

from __future__ import annotations

import pytest

from tests.crawler.conftest import Run
from tests.crawler.scripted import ScriptedSite, counts
from tests.replica import Replica

NEWS = "/rss/rss_news.htm?lang=f"
ONLY_NEWS = ["kbs_feeds", "-a", "feed=news"]


def test_an_empty_feed_is_a_warning(site: ScriptedSite, crawl: Run) -> None:
    site.answers[NEWS] = (200, b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>')
    run = crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
    assert run.returncode == 0
    assert f"{site.base_url}{NEWS}: the feed is empty." in run.stderr


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel/></rss>",
            "a feed with a document type",
        ),
        (b"<rss>" + b" " * 50_000_000 + b"</rss>", "larger"),
        (b"<html><body>Not Found</body></html>", "no feed"),
    ],
)
def test_a_hostile_feed_is_refused(site: ScriptedSite, crawl: Run, body: bytes, words: str) -> None:
    site.answers[NEWS] = (200, body)
    run = crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert words in run.stderr
    assert "root:" not in run.stderr


def test_a_feed_of_which_nothing_is_known_any_more_says_where_to_look(crawl: Run) -> None:
    with Replica(articles=40) as site:
        crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
        site.world.publish(30)
        run = crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
    assert (run.returncode, counts(run)["new"]) == (0, 20)
    assert "every entry is new, so that some may have passed between; kbs_news finds those." in run.stderr


def test_a_feed_whose_dates_are_in_another_zone_is_not_asked_for_again_and_again(crawl: Run) -> None:
    with Replica(articles=5) as replica:
        respond = replica.respond

        def mistaken(target: str, fault: str = "") -> tuple[int, str, bytes]:
            status, kind, body = respond(target, fault)
            return status, kind, body.replace(b"+0900", b"-0500") if "rss" in target else body

        replica.respond = mistaken  # type: ignore[method-assign]
        for _ in range(3):
            crawl(*ONLY_NEWS, KBS_BASE_URL=replica.base_url)
        replica.requests.clear()
        crawl(*ONLY_NEWS, KBS_BASE_URL=replica.base_url)
        assert replica.requests == ["/robots.txt", NEWS]
