"""scrapy crawl, end to end: a real process against a real HTTP server, into a real database and archive."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from extractors import Article
from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, LIST, ScriptedSite, counts, stored
from tests.replica import Replica, World, pages


def by_url(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: article.url)


def test_a_crawl_stores_and_exports_every_article_exactly(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    run = crawl("kbs_news", "-O", str(file), KBS_BASE_URL=replica.base_url)
    assert run.returncode == 0, run.stderr
    assert counts(run) == {"new": 40, "updated": 0, "edited": 0, "unchanged": 0, "refused": 0, "failed": 0}
    truth = by_url([entry.truth for entry in replica.world.entries])
    assert by_url(stored(tmp_path)) == truth
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert by_url([replace(Article.from_dict(line), source_url=None) for line in lines]) == truth
    assert all(line["text"] == "\n\n".join(line["paragraphs"]) for line in lines)


def test_pages_are_requested_once_in_list_order_and_archived(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=25) as replica:
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        asked = replica.requests
    assert asked[0] == "/robots.txt"
    assert len(asked) == len(set(asked)) == 1 + 4 + 25
    articles = [path for path in asked if "news_view" in path]
    assert articles == [f"/service/news_view.htm?lang=f&Seq_Code={entry.seq}" for entry in replica.world.entries]
    [file] = (tmp_path / "archive").iterdir()
    with file.open("rb") as stream:
        records = [record for record in ArchiveIterator(stream) if record.rec_type == "response"]
    archived = [record.rec_headers.get_header("WARC-Target-URI") for record in records]
    assert archived == [replica.base_url + path for path in asked]


def test_an_edition_and_a_category_are_one_argument_each(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    run = crawl("kbs_news", "-a", "lang=e", "-a", "category=Po", KBS_BASE_URL=replica.base_url)
    expected = [entry.truth for entry in replica.worlds["e"].entries if entry.category_id == "Po"]
    assert run.returncode == 0, run.stderr
    assert by_url(stored(tmp_path)) == by_url(expected)
    assert {article.lang for article in stored(tmp_path)} == {"en"}


def test_settings_can_be_given_with_s_and_the_archive_left_out(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=40) as replica:
        settings = ["-s", f"KBS_BASE_URL={replica.base_url}", "-s", f"KBS_DB={tmp_path / 'other.db'}"]
        crawl("kbs_news", "-a", "pages=2", *settings, KBS_ARCHIVE="")
        lists = [path for path in replica.requests if "news_list.htm" in path]
    assert lists == [LIST, f"{LIST}&page=2"]
    with ArticleStore(tmp_path / "other.db") as store:
        assert len(store) == 20
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kbs_news", "-a", "lang=zz"], "lang=zz is not an edition of KBS World; the editions are a (ar), "),
        (["kbs_news", "-a", "pages=0"], "pages=0"),
        (["kbs_news", "-a", "page=2"], "has no argument page; it has lang, since, until, full, pages, category."),
        (["kbs_nouvelles"], "Unknown spider kbs_nouvelles; is it kbs_news?"),
        (["kbs_news", "-a", "since=2999-01-01"], "since=2999-01-01 is in the future."),
        ([], "Name one spider"),
        (["kbs_news", "--page", "2"], "Unknown option --page. See kbsworld crawl --help."),
        (["kbs_news", "-s", "KBS_BASE_URL=world.kbs.co.kr"], "is not a web address; give one such as"),
        (["kbs_wayback", "-s", "KBS_WAYBACK=x"], "KBS_WAYBACK is 'x', which is not a web address; give one such as"),
        (
            ["kbs_wayback", "-a", "archive=x"],
            "archive is 'x', which is not a web address; give one such as https://archive.",
        ),
        (["kbs_news", "-s", "DOWNLOAD_DELAY=x"], "DOWNLOAD_DELAY is 'x'; it must be a number from 0 to 2147483648."),
        (["kbs_news", "-s", "ROBOTSTXT_OBEY=no"], "ROBOTSTXT_OBEY is 'no'; it must be True or False."),
        (["kbs_news", "-s", "AUTOTHROTTLE_START_DELAY=x"], "AUTOTHROTTLE_START_DELAY is 'x'; it must be a number fr"),
        (["kbs_news", "-s", "CLOSESPIDER_PAGECOUNT=x"], "is 'x'; it must be a whole number from -"),
        (["kbs_news", "-s", "HTTPCACHE_ENABLED=x"], "HTTPCACHE_ENABLED is 'x'; it must be True or False."),
        (["kbs_news", "-s", "SCHEDULER=foo"], "it must be a class, such as scrapy.core.scheduler.Scheduler."),
        (["kbs_news", "-s", "TWISTED_REACTOR=no.such.Thing"], "TWISTED_REACTOR is 'no.such.Thing'; it must be a class"),
        (
            ["kbs_news", "--logfile", "no/such.log"],
            "no/such.log cannot be written (No such file or directory); name an",
        ),
        (
            ["kbs_news", "--pidfile", "no/such.pid"],
            "no/such.pid cannot be written (No such file or directory); name an",
        ),
        (["kbs_news", "--profile", "no/such.prof"], "no/such.prof cannot be written (No such file or directory); nam"),
        (["kbs_news", "-s", "KBS_RECHEK_DAYS=1"], "is it KBS_RECHECK_DAYS?"),
        (["kbs_news", "-L", "LOUD"], "LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not LOUD."),
    ],
)
def test_a_wrong_call_gets_a_sentence_and_status_2(scrapy: Run, arguments: list[str], words: str) -> None:
    run = scrapy("crawl", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_csv_of_a_crawl_holds_no_formula(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    world = World(articles=3)
    word = (world.entries[0].truth.title or "").partition(" ")[0]
    page = pages.entry_page(world, world.entries[0]).decode().replace(f"{word} ", "=1+1 ")
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (200, page.encode())
    crawl("kbs_news", "-O", f"{tmp_path}/out.csv", KBS_BASE_URL=site.base_url)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["title"][:6] for row in csv.DictReader(stream)] == ["'=1+1 "]
    assert [(article.title or "")[:5] for article in stored(tmp_path)] == ["=1+1 "]


def test_scrapys_own_commands_work_and_store_nothing(replica: Replica, scrapy: Run, tmp_path: Path) -> None:
    run = scrapy("fetch", f"{replica.base_url}{LIST}")
    assert run.returncode == 0
    assert "comp_contents_1x" in run.stdout
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []
