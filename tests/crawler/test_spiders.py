"""Each spider on what it is for: everything the first time, nothing the second, exactly what is new the third."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from extractors import Article
from tests.crawler.conftest import Run
from tests.crawler.prepared import prepared
from tests.crawler.scripted import change_pages, counts, rows, stored
from tests.replica import Replica, World, pages
from tests.replica.world import Entry

Truth = Callable[[World], list[Entry]]


def asked(requests: list[str]) -> list[str]:
    """The articles among requests, as the end of their addresses."""
    return sorted(request.rpartition("=")[2] for request in requests if "view.htm" in request)


def lists(requests: list[str]) -> int:
    return sum("view.htm" not in request and "robots.txt" not in request for request in requests)


def numbers(entries: list[Entry]) -> list[str]:
    return sorted(str(entry.seq) for entry in entries)


def known(article: Article) -> Article:
    """A page without dates is stored under the time of its capture."""
    return article if article.written_at else replace(article, timestamp=None)


def assert_exact(tmp_path: Path, truth: list[Article]) -> None:
    found = {article.url: known(article) for article in stored(tmp_path)}
    assert found == {article.url: article for article in truth}


@pytest.mark.slow
def test_ninety_days_of_news_are_exact_and_then_only_the_new(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=3000, days=90) as site:
        first = crawl("kbs_news", "-a", "full=1", KBS_BASE_URL=site.base_url)
        assert (first.returncode, counts(first)["new"]) == (0, 3000)
        assert_exact(tmp_path, [entry.truth for entry in site.world.entries])
        before = rows(tmp_path)
        site.requests.clear()
        categories = "category=Po,In,IK,Dm,Cu"
        crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
        crawl("kbs_news", "-a", categories, KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
        assert (lists(site.requests), asked(site.requests)) == (1 + 5, [])
        assert rows(tmp_path) == before
        site.requests.clear()
        new = site.world.publish(7)
        yesterday = [entry for entry in site.world.entries if (new[0].written_at - entry.written_at).days == 1]
        updated = [site.world.update(entry) for entry in yesterday[:3]]
        third = crawl("kbs_news", KBS_BASE_URL=site.base_url)
        assert asked(site.requests) == numbers(new + updated)
        assert (counts(third)["new"], counts(third)["updated"]) == (7, 3)
        assert len(rows(tmp_path)) == 3010
        assert_exact(tmp_path, [entry.truth for entry in site.world.entries])


def news(world: World) -> list[Entry]:
    return world.entries


def titled(world: World) -> list[Entry]:
    return [entry for entry in world.entries if "corée" in (entry.truth.title or "").lower()]


def in_feeds(world: World) -> list[Entry]:
    return [*world.entries[:20], *[entry for entry in world.features if entry.category_id == "enternews"][:20]]


#: Days of the replica are some time ago: they are read again within this many days.
LONG = {"KBS_RECHECK_DAYS": "9999"}


@pytest.mark.parametrize(
    ("arguments", "of", "truth", "list_pages", "settings"),
    [
        (["kbs_days", "-a", "since=2026-11-15"], "news", news, None, LONG),
        (["kbs_feeds"], "news", in_feeds, 2, {}),
        (["kbs_features"], "features", lambda world: world.features, 10, {}),
        (["kbs_videos"], "news", lambda world: world.videos, 1, {"KBS_RECHECK_DAYS": "0"}),
        (["kbs_programmes"], "programmes", lambda world: world.programmes, 1, {}),
        (["kbs_search", "-a", "keyword=Corée"], "news", titled, 1, {"KBS_RECHECK_DAYS": "0"}),
    ],
)
def test_a_spider_stores_all_and_then_requests_only_the_new(
    crawl: Run,
    tmp_path: Path,
    arguments: list[str],
    of: str,
    truth: Truth,
    list_pages: int | None,
    settings: dict[str, str],
) -> None:
    with Replica(articles=120, days=5) as site:
        world = site.world

        def expected() -> list[Article]:
            video = arguments[0] == "kbs_videos"
            return [entry.video_truth if video else entry.truth for entry in truth(world)]

        run = crawl(*arguments, KBS_BASE_URL=site.base_url)
        assert run.returncode == 0, run.stderr
        assert_exact(tmp_path, expected())
        before = rows(tmp_path)
        site.requests.clear()
        crawl(*arguments, KBS_BASE_URL=site.base_url, **settings)
        assert asked(site.requests) == []
        assert list_pages is None or lists(site.requests) == list_pages
        assert rows(tmp_path) == before
        site.requests.clear()
        old = {entry.seq for entry in truth(world)}
        new = world.publish(7, of=of)
        recent = [entry for entry in truth(world)[7:] if entry.seq in old and entry in world.listing(of).entries]
        updated = [world.update(entry) for entry in [entry for entry in recent if entry.truth.written_at][:3]]
        run = crawl(*arguments, KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="9999")
        listed = {entry.seq for entry in truth(world)}
        assert asked(site.requests) == numbers([entry for entry in new + updated if entry.seq in listed])
        assert counts(run)["updated"] == len(updated)
        kept = {article.url for article in expected()}
        found = {article.url: known(article) for article in stored(tmp_path)}
        assert {url: found[url] for url in kept} == {article.url: article for article in expected()}


def test_articles_are_given_by_number_address_and_file(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=30) as site:
        world = site.world
        feature = world.features[0].truth.url.replace("https://world", "http://rki") + "&menu_cate=culture#x"
        (tmp_path / "some.txt").write_text(f"# these\n{world.entries[3].seq}\n\n{world.programmes[0].truth.url}\n")
        ids = f"ids={world.entries[29].seq}-{world.entries[20].seq},{world.entries[0].seq}"
        arguments = ["kbs_articles", "-a", ids, "-a", f"urls={feature}", "-a", f"file={tmp_path}/some.txt"]
        crawl(*arguments, KBS_BASE_URL=site.base_url)
        given = [*world.entries[20:], world.entries[0], world.entries[3], world.features[0], world.programmes[0]]
        assert_exact(tmp_path, [entry.truth for entry in given])
        site.requests.clear()
        crawl(*arguments, KBS_BASE_URL=site.base_url)
        assert site.requests == []
        updated = [world.update(world.entries[0]), world.update(world.features[0])]
        run = crawl(*arguments, "-a", "full=1", KBS_BASE_URL=site.base_url)
        assert asked(site.requests) == numbers(given)
        assert (counts(run)["updated"], counts(run)["unchanged"]) == (2, len(given) - 2)
        assert len(updated) == 2


def test_ids_without_an_article_are_refused_and_healthy(crawl: Run) -> None:
    with Replica(articles=5) as site:
        run = crawl("kbs_articles", "-a", "ids=1-40", KBS_BASE_URL=site.base_url)
    assert (run.returncode, counts(run)["refused"]) == (0, 40)


def test_editions_and_days_bound_what_is_requested(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=60, days=6) as site:
        bounds = ["-a", "since=2026-11-17", "-a", "until=2026-11-18"]
        run = crawl("kbs_news", "-a", "lang=f,e", *bounds, KBS_BASE_URL=site.base_url)
        expected = [
            entry.truth
            for edition in "fe"
            for entry in site.worlds[edition].entries
            if entry.written_at.day in {17, 18}
        ]
    assert run.returncode == 0
    assert len(expected) > 20
    assert_exact(tmp_path, expected)


def test_an_interrupted_walk_is_completed_by_the_next(crawl: Run, tmp_path: Path) -> None:
    """Newest first and stopped in the middle, a run leaves a gap behind articles that are known."""
    with Replica(articles=80, days=20) as site:
        crawl("kbs_news", KBS_BASE_URL=site.base_url)
        site.world.publish(40)
        crawl("kbs_news", "-a", "pages=2", KBS_BASE_URL=site.base_url)  # two pages of the four that are new
        assert len(rows(tmp_path)) == 100
        crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
        assert_exact(tmp_path, [entry.truth for entry in site.world.entries])
        site.requests.clear()
        crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_RECHECK_DAYS="0")
        assert lists(site.requests) == 1


def test_a_day_read_completely_is_not_requested_again(crawl: Run) -> None:
    with Replica(articles=40, days=4) as site:
        arguments = ["kbs_days", "-a", "since=2026-11-01", "-a", "until=2026-11-21"]
        crawl(*arguments, KBS_BASE_URL=site.base_url)
        site.requests.clear()
        crawl(*arguments, KBS_BASE_URL=site.base_url)
        assert site.requests == []
        crawl(*arguments, "-a", "full=1", KBS_BASE_URL=site.base_url)
        assert asked(site.requests) == []
        assert lists(site.requests) >= 21


def test_a_date_only_the_list_has_is_looked_for_in_three_runs(crawl: Run) -> None:
    with Replica(articles=12) as replica:
        entry = replica.world.entries[0]
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        first = pages.news_page(replica.world, entry)
        replica.world.update(entry)
        change_pages(replica, f"Seq_Code={entry.seq}", lambda _, __: first)
        for _ in range(3):
            replica.requests.clear()
            crawl("kbs_news", KBS_BASE_URL=replica.base_url)
            assert asked(replica.requests) == [str(entry.seq)]
        replica.requests.clear()
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        assert asked(replica.requests) == []


def test_a_spider_without_a_docstring_is_named_in_the_help() -> None:
    first = "from crawler.spiders import kbs_videos; kbs_videos.__doc__ = kbs_videos.KbsVideosSpider.__doc__ = None"
    run = prepared().run("crawl", "--help", first=first)
    assert (run.returncode, run.stderr) == (0, "")
    assert "\n  kbs_videos\n" in run.stdout
