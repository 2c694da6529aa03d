"""scrapy crawl, end to end: a real process against a real HTTP server, into a real database and archive."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlite_utils import Database
from warcio.archiveiterator import ArchiveIterator

from extractors import Article, extract_html
from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.replica import Replica, World, pages


def counts(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The table that a run ends with."""
    return {name: int(count) for name, count in re.findall(r"^  ([a-z-]+) +(\d+)$", run.stderr, re.MULTILINE)}


def stored(tmp_path: Path) -> list[Article]:
    """The newest versions in the test's database, as the site has them: without the address on loopback."""
    with ArticleStore(tmp_path / "kbs.db") as store:
        return [replace(article, source_url=None) for article in store.newest(1000)]


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
    before = list(Database(sqlite3.connect(tmp_path / "kbs.db")).table("articles").rows)
    run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert counts(run) == {"new": 0, "updated": 0, "edited": 0, "unchanged": 40, "refused": 0, "failed": 0}
    assert list(Database(sqlite3.connect(tmp_path / "kbs.db")).table("articles").rows) == before


def test_every_row_names_a_capture_from_which_the_article_comes_out_again(
    replica: Replica, crawl: Run, tmp_path: Path
) -> None:
    crawl("kbs_news", "-a", "pages=1", KBS_BASE_URL=replica.base_url)
    rows = list(Database(sqlite3.connect(tmp_path / "kbs.db")).table("articles").rows)
    assert len(rows) == 10
    for row in rows:
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


class _Site:
    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes] | tuple[int, bytes, dict[str, str]]] = {}
        self.requests: list[str] = []
        self.agents: set[str] = set()
        self.cookies: set[str] = set()
        self.encodings: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(self.path)
                site.agents.add(self.headers["User-Agent"])
                site.cookies.update(self.headers.get_all("Cookie", []))
                site.encodings.add(self.headers["Accept-Encoding"])
                status, body, *more = site.answers.get(self.path, (404, b"<html><body>Not Found</body></html>"))
                self.send_response(status)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def list(self, *hrefs: str) -> None:
        """Have the news list show cards that lead to `hrefs`."""
        cards = "".join(f'<article><h2><a href="{href}">x</a></h2></article>' for href in hrefs)
        page = f'<html><body><nav id="gnb_menu"></nav><section class="comp_contents_1x">{cards}</section></body></html>'
        for number in ("", "&page=2"):  # a list that repeats itself
            self.answers[f"/service/news_list.htm?lang=f{number}"] = (200, page.encode())


@pytest.fixture
def site() -> Iterator[_Site]:
    """A server whose answers a test writes itself; anything else is 404."""
    site = _Site()
    yield site
    site.close()


ARTICLE = "/service/news_view.htm?lang=f&Seq_Code={}"


def refusals(tmp_path: Path) -> dict[str, str]:
    rows = Database(sqlite3.connect(tmp_path / "kbs.db")).table("refusals").rows
    return {row["url"]: row["reason"] for row in rows}


def test_pages_that_hold_no_article_are_refused_with_the_reason(site: _Site, crawl: Run, tmp_path: Path) -> None:
    soft_404 = pages.missing_page(World(articles=3))
    site.list(*(ARTICLE.format(n) for n in range(1, 5)))
    site.answers[ARTICLE.format(1)] = (200, soft_404)
    site.answers[ARTICLE.format(2)] = (200, b'{"error": true}')
    site.answers[ARTICLE.format(3)] = (200, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 0, run.stderr
    assert counts(run)["refused"] == 4
    assert refusals(tmp_path) == {
        site.base_url + ARTICLE.format(1): "no article on the page",
        site.base_url + ARTICLE.format(2): "JSON, not HTML",
        site.base_url + ARTICLE.format(3): "empty page",
        site.base_url + ARTICLE.format(4): "HTTP 404",
    }


def test_a_page_that_fails_is_counted_listed_and_ends_in_status_1(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (500, b"broken")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert counts(run)["failed"] == 1
    assert f"failed: {site.base_url}{ARTICLE.format(1)}: HTTP 500" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_list_without_cards_is_a_failure_that_says_so(site: _Site, crawl: Run) -> None:
    site.list()
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "no article on the news list" in run.stderr


def test_robots_txt_is_obeyed(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (200, b"User-agent: *\nDisallow: /service/\n")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert site.requests == ["/robots.txt"]
    assert run.returncode == 1
    assert "Forbidden by robots.txt" in run.stderr


def test_a_robots_txt_that_cannot_be_read_forbids_everything(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (503, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert set(site.requests) == {"/robots.txt"}
    assert run.returncode == 1
    assert "robots.txt could not be read (HTTP 503)" in run.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_off_the_site_is_not_followed(site: _Site, crawl: Run, host: str) -> None:
    elsewhere = _Site()  # another host, or the same host and another port
    target = elsewhere.base_url.replace("127.0.0.1", host)
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (302, b"", {"Location": f"{target}/"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert elsewhere.requests == []
    assert run.returncode == 1
    assert counts(run)["failed"] == 1
    assert f"failed: {site.base_url}{ARTICLE.format(1)}: " in run.stderr
    assert f"(redirected to {target}/)" in run.stderr


def test_the_crawler_says_who_it_is(site: _Site, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", KBS_BASE_URL=site.base_url, KBS_CONTACT="https://example.org/me")
    [agent] = site.agents
    assert re.fullmatch(r"kbsworld/[\d.]+ \(\+https://example\.org/me\)", agent)


def test_without_a_network_one_sentence_and_status_1(crawl: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    run = crawl("kbs_news", KBS_BASE_URL=f"http://127.0.0.1:{port}")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.strip() == (
        f"Nothing could be fetched from http://127.0.0.1:{port}: "
        "robots.txt could not be read (the host refuses connections); check the network and run it again."
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kbs_news", "-a", "lang=zz"], "lang=zz is no edition of KBS World; the editions are a (ar), "),
        (["kbs_news", "-a", "lang="], "is no edition"),
        (["kbs_news", "-a", "pages=0"], "pages=0 is no number of list pages"),
        (["kbs_news", "-a", "pages=many"], "pages=many is no number"),
        (["kbs_news", "-a", "category=../x"], "category=../x is no category"),
        (["kbs_news", "-a", "page=2"], "kbs_news has no argument page; it has lang, category, pages."),
        (["kbs_nouvelles"], "there is kbs_news"),
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


def test_an_unreadable_database_gets_a_sentence_and_nothing_is_fetched(site: _Site, crawl: Run, tmp_path: Path) -> None:
    (tmp_path / "kbs.db").write_bytes(b"no database " * 100)
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "kbs.db cannot be opened as the article database (file is not a database)." in run.stderr
    assert "Traceback" not in run.stderr
    assert site.requests == []


def test_an_archive_that_cannot_be_written_ends_the_run(site: _Site, crawl: Run, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    site.list(ARTICLE.format(1))
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "KBS_ARCHIVE cannot be written (" in run.stderr
    assert "Traceback" not in run.stderr
    assert ARTICLE.format(1) not in site.requests


def test_a_database_that_takes_no_more_ends_the_run_and_loses_nothing_silently(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=400) as replica:
        path = tmp_path / "kbs.db"
        ArticleStore(path).close()
        with sqlite3.connect(path) as connection:
            connection.execute(
                "create trigger full before insert on articles begin select raise(abort, 'disk full'); end"
            )
        run = crawl("kbs_news", "-a", "pages=40", KBS_BASE_URL=replica.base_url)
    assert run.returncode == 1
    assert "the database did not take it: disk full" in run.stderr
    assert "(database_failed)" in run.stderr
    assert 0 < counts(run)["failed"] < 400  # a batch, and what was on its way


def test_a_database_file_taken_away_in_mid_run_is_a_failure(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=150) as replica:

        def take_away() -> None:
            while len(replica.requests) < 30:
                time.sleep(0.01)
            for file in tmp_path.glob("kbs.db*"):
                file.unlink()

        thief = Thread(target=take_away)
        thief.start()
        run = crawl("kbs_news", "-a", "pages=15", KBS_BASE_URL=replica.base_url)
        thief.join()
    assert run.returncode == 1
    assert "kbs.db was taken away while it was in use; put it back, or run again." in run.stderr


def test_a_page_that_could_not_be_archived_is_not_stored(crawl: Run, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    (tmp_path / "sitecustomize.py").write_text(f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); {limit}")
    with Replica(articles=60) as replica:
        run = crawl("kbs_news", "-a", "pages=6", KBS_BASE_URL=replica.base_url, PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert "KBS_ARCHIVE cannot be written (" in run.stderr
    rows = list(Database(sqlite3.connect(tmp_path / "kbs.db")).table("articles").rows)
    assert 0 < len(rows) < 60
    assert [row["url"] for row in rows if row["archive_file"] is None] == []


def test_scrapys_own_commands_work_and_store_nothing(replica: Replica, scrapy: Run, tmp_path: Path) -> None:
    run = scrapy("fetch", f"{replica.base_url}/service/news_list.htm?lang=f")
    assert run.returncode == 0
    assert "comp_contents_1x" in run.stdout
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_output_file_that_cannot_be_written_is_told_before_anything_is_fetched(
    site: _Site, crawl: Run, tmp_path: Path
) -> None:
    run = crawl("kbs_news", "-O", f"{tmp_path}:jsonl", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert run.stderr == f"{tmp_path} cannot be written (Is a directory).\n"
    assert site.requests == []


def test_the_contact_can_be_given_with_s_and_the_user_agent_as_a_whole(site: _Site, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", "-s", "KBS_CONTACT=me@example.org", KBS_BASE_URL=site.base_url)
    crawl("kbs_news", "-s", "USER_AGENT=somebody", KBS_BASE_URL=site.base_url)
    assert {agent.split("(")[-1] for agent in site.agents} == {"+me@example.org)", "somebody"}


def test_a_category_that_lists_nothing_is_doubted(site: _Site, crawl: Run) -> None:
    site.answers["/service/news_list.htm?lang=f&id=Zz"] = (200, b"<html><body><nav id='gnb_menu'></nav></body></html>")
    run = crawl("kbs_news", "-a", "category=Zz", KBS_BASE_URL=site.base_url)
    assert "no article on the news list; is Zz a category of the site?" in run.stderr


def test_a_database_without_a_name_is_told(crawl: Run) -> None:
    run = crawl("kbs_news", KBS_DB="")
    assert (run.returncode, run.stderr) == (
        1,
        "The article database has no name; give KBS_DB a file name, such as data/kbs.db.\n",
    )


@pytest.mark.parametrize("page", ["/service/news_list.htm?lang=f", ARTICLE.format(1)])
def test_a_page_that_redirects_to_itself_is_a_failure(site: _Site, crawl: Run, page: str) -> None:
    site.list(ARTICLE.format(1))
    site.answers[page] = (302, b"", {"Location": page, "Set-Cookie": "seen=1"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert (
        f"failed: {site.base_url}{page}: redirected to {site.base_url}{page}, which was asked for before" in run.stderr
    )


def test_a_broken_second_list_page_is_a_failure(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/service/news_list.htm?lang=f&page=2"] = (200, b"<html><body><h1>Maintenance</h1></body></html>")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "news_list.htm?lang=f&page=2: not a news list: not a page of KBS World" in run.stderr


def test_a_robots_txt_behind_a_redirect_that_fails_forbids_everything(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (302, b"", {"Location": "/robots2.txt"})
    site.answers["/robots2.txt"] = (500, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert set(site.requests) == {"/robots.txt", "/robots2.txt"}
    assert "robots.txt could not be read (HTTP 500)" in run.stderr
    assert run.returncode == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_allows_everything_whatever_its_page_says(
    site: _Site, crawl: Run, status: int
) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (status, b"User-agent: *\nDisallow: /\n")
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert ARTICLE.format(1) in site.requests


def test_cookies_are_not_kept_and_a_meta_refresh_is_not_followed(site: _Site, crawl: Run) -> None:
    elsewhere = _Site()
    refresh = f'<meta http-equiv="refresh" content="0; url={elsewhere.base_url}/"><nav id="gnb_menu"></nav>'
    site.list(ARTICLE.format(1))
    status, page = site.answers["/service/news_list.htm?lang=f"][:2]
    site.answers["/service/news_list.htm?lang=f"] = (status, refresh.encode() + page, {"Set-Cookie": "a=b"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert ARTICLE.format(1) in site.requests
    assert elsewhere.requests == []
    assert site.cookies == set()


def test_a_page_larger_than_a_page_may_be_is_refused_before_it_is_whole(site: _Site, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (200, b" " * 11_000_000)
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert counts(run)["failed"] == 1
    assert run.returncode == 1


def test_the_charset_of_the_response_counts(site: _Site, crawl: Run, tmp_path: Path) -> None:
    world = World(articles=3)
    page = pages.entry_page(world, world.entries[0]).decode().replace('<meta charset="utf-8" />', "").replace("’", "'")
    site.list(ARTICLE.format(1))
    body = page.encode("iso-8859-15", "ignore")
    site.answers[ARTICLE.format(1)] = (200, body, {"Content-Type": "text/html; charset=ISO-8859-15"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    [article] = stored(tmp_path)
    assert article.title == (world.entries[0].truth.title or "").replace("’", "'")


def test_articles_come_in_the_order_of_the_list(crawl: Run) -> None:
    with Replica(articles=12) as replica:
        crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        asked = [path for path in replica.requests if "news_view" in path]
    assert asked == [f"/service/news_view.htm?lang=f&Seq_Code={entry.seq}" for entry in replica.world.entries]


def test_only_encodings_that_every_warc_tool_reads_are_asked_for(site: _Site, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert site.encodings == {"gzip, deflate"}


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
