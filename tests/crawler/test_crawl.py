"""scrapy crawl, end to end: a real process against a real HTTP server, into a real database and archive."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from extractors import Article, extract_html
from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.scripted import counts, rows, stored
from tests.replica import Replica, World


def truth(world: World) -> list[Article]:
    articles = [entry.truth for entry in world.entries]
    return sorted(articles, key=lambda article: (article.timestamp or "", article.url), reverse=True)


def by_url(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: article.url)


def test_a_crawl_stores_every_article_exact_to_the_truth(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert run.returncode == 0, run.stderr
    assert counts(run) == {"new": 40, "updated": 0, "edited": 0, "unchanged": 0, "refused": 0, "failed": 0}
    assert by_url(stored(tmp_path)) == by_url(truth(replica.world))


def test_a_second_crawl_says_that_nothing_is_new_and_adds_no_row(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    before = rows(tmp_path)
    run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert counts(run) == {"new": 0, "updated": 0, "edited": 0, "unchanged": 40, "refused": 0, "failed": 0}
    assert rows(tmp_path) == before


def test_every_row_names_a_capture_from_which_the_article_comes_out_again(
    replica: Replica, crawl: Run, tmp_path: Path
) -> None:
    crawl("kbs_news", "-a", "pages=1", KBS_BASE_URL=replica.base_url)
    found = rows(tmp_path)
    assert len(found) == 10
    for row in found:
        with (tmp_path / "archive" / row["archive_file"]).open("rb") as stream:
            stream.seek(row["archive_offset"])
            record = next(iter(ArchiveIterator(stream)))
            body = record.content_stream().read()
        assert record.rec_headers.get_header("WARC-Target-URI") == row["source_url"]
        assert record.rec_headers.get_header("WARC-Date").rstrip("Z") == row["fetched_at"].removesuffix("+00:00")
        assert extract_html(body, row["url"]).text == row["text"]


def test_every_page_asked_for_is_archived(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=12) as replica:
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        asked = replica.requests
    [file] = (tmp_path / "archive").iterdir()
    with file.open("rb") as stream:
        archived = [
            record.rec_headers.get_header("WARC-Target-URI")
            for record in ArchiveIterator(stream)
            if record.rec_type == "response"
        ]
    assert archived == [replica.base_url + path for path in asked]
    assert asked[0] == "/robots.txt"


def test_an_edition_and_a_category_are_one_argument_each(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    run = crawl("kbs_news", "-a", "lang=e", "-a", "category=Po", KBS_BASE_URL=replica.base_url)
    expected = [entry.truth for entry in replica.worlds["e"].entries if entry.category_id == "Po"]
    assert run.returncode == 0, run.stderr
    assert by_url(stored(tmp_path)) == by_url(expected)
    assert {article.lang for article in stored(tmp_path)} == {"en"}


def test_pages_bounds_the_walk(crawl: Run) -> None:
    with Replica(articles=40) as replica:
        crawl("kbs_news", "-a", "pages=2", KBS_BASE_URL=replica.base_url)
        lists = [path for path in replica.requests if "news_list.htm" in path]
    assert lists == ["/service/news_list.htm?lang=f", "/service/news_list.htm?lang=f&page=2"]


def test_nothing_is_asked_for_twice(crawl: Run) -> None:
    with Replica(articles=25) as replica:
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert len(replica.requests) == len(set(replica.requests)) == 1 + 4 + 25


def test_feed_exports_write_articles(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    crawl("kbs_news", "-O", str(file), KBS_BASE_URL=replica.base_url)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    exported = [replace(Article.from_dict(line), source_url=None) for line in lines]
    assert by_url(exported) == by_url(truth(replica.world))
    assert all(line["text"] == "\n\n".join(line["paragraphs"]) for line in lines)


def test_without_an_archive_articles_are_stored_all_the_same(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    run = crawl("kbs_news", "-a", "pages=1", KBS_BASE_URL=replica.base_url, KBS_ARCHIVE="")
    assert counts(run)["new"] == 10
    assert not (tmp_path / "archive").exists()


def test_the_settings_can_be_given_with_s(replica: Replica, crawl: Run, tmp_path: Path) -> None:
    crawl("kbs_news", "-s", f"KBS_BASE_URL={replica.base_url}", "-s", f"KBS_DB={tmp_path / 'other.db'}")
    with ArticleStore(tmp_path / "other.db") as store:
        assert len(store) == 40


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kbs_news", "-a", "lang=zz"], "lang=zz is no edition of KBS World; the editions are a (ar), "),
        (["kbs_news", "-a", "lang="], "is no edition"),
        (["kbs_news", "-a", "pages=0"], "pages=0 is no number of list pages"),
        (["kbs_news", "-a", "pages=many"], "pages=many is no number"),
        (["kbs_news", "-a", "category=../x"], "category=../x: ../x is no category; give short words"),
        (["kbs_news", "-a", "page=2"], "has no argument page; it has lang, since, until, full, pages, category."),
        (["kbs_nouvelles"], "There is no spider kbs_nouvelles; is it kbs_news?"),
        (["xyz"], "There is no spider xyz; there is kbs_articles, "),
        (["kbs_news", "-a", "since=2999-01-01"], "since=2999-01-01 is in the future."),
        ([], "Name one spider"),
        (["kbs_news", "--page", "2"], "There is no option --page; scrapy crawl --help names them."),
        (["kbs_news", "-s", "KBS_BASE_URL=world.kbs.co.kr"], "is no web address; give one such as"),
    ],
)
def test_a_wrong_call_gets_a_sentence_and_status_2(scrapy: Run, arguments: list[str], words: str) -> None:
    run = scrapy("crawl", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_scrapys_own_commands_work_and_store_nothing(replica: Replica, scrapy: Run, tmp_path: Path) -> None:
    run = scrapy("fetch", f"{replica.base_url}/service/news_list.htm?lang=f")
    assert run.returncode == 0
    assert "comp_contents_1x" in run.stdout
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_name_is_told(crawl: Run) -> None:
    run = crawl("kbs_news", KBS_DB="")
    assert (run.returncode, run.stderr) == (
        1,
        "The article database has no name; give KBS_DB a file name, such as data/kbs.db.\n",
    )


def test_articles_come_in_the_order_of_the_list(crawl: Run) -> None:
    with Replica(articles=12) as replica:
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        asked = [path for path in replica.requests if "news_view" in path]
    assert asked == [f"/service/news_view.htm?lang=f&Seq_Code={entry.seq}" for entry in replica.world.entries]


def test_the_manners_are_the_projects_defaults(scrapy: Run) -> None:
    expected = {
        "ROBOTSTXT_OBEY": "True",
        "DOWNLOAD_DELAY": "1.0",
        "AUTOTHROTTLE_ENABLED": "True",
        "CONCURRENT_REQUESTS": "1",
        "CONCURRENT_REQUESTS_PER_DOMAIN": "1",
        "TELNETCONSOLE_ENABLED": "False",
        "REMOTE_CONTROL_ENABLED": "False",
        "DOWNLOAD_VERIFY_CERTIFICATES": "True",
    }
    assert {name: scrapy("settings", "--get", name).stdout.strip() for name in expected} == expected
