"""kbs_feeds on feeds that are empty, hostile, or too short for what happened meanwhile."""

import pytest

from tests.crawler.conftest import Run
from tests.crawler.scripted import ScriptedSite, counts
from tests.replica import Replica

NEWS = "/rss/rss_news.htm?lang=f"
ONLY_NEWS = ["kbs_feeds", "-a", "feed=news"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>', 0, f"{NEWS}: the feed is empty."),
        (b"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel/></rss>", 1, "a document type"),
        (b"<html><body>Not Found</body></html>", 1, "no feed"),
    ],
)
def test_an_empty_feed_is_noted_and_a_hostile_one_refused(
    site: ScriptedSite, crawl: Run, body: bytes, status: int, words: str
) -> None:
    site.answers[NEWS] = (200, body)
    run = crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
    assert run.returncode == status
    assert words in run.stderr
    assert "root:" not in run.stderr


def test_a_feed_without_known_entries_says_where_to_look(crawl: Run) -> None:
    with Replica(articles=40) as site:
        crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
        site.world.publish(30)
        run = crawl(*ONLY_NEWS, KBS_BASE_URL=site.base_url)
    assert (run.returncode, counts(run)["new"]) == (0, 20)
    assert "every entry is new, so some may have been missed; kbs_news finds those." in run.stderr
