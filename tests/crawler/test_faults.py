"""scrapy crawl on a bad day: of the site, the network, the disk. Each fault is told, and nothing is lost silently."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from pathlib import Path
from threading import Thread

import pytest

from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, ScriptedSite, counts, rows, stored
from tests.replica import Replica, World, pages


def refusals(tmp_path: Path) -> dict[str, str]:
    return {row["url"]: row["reason"] for row in rows(tmp_path, "refusals")}


def test_pages_that_hold_no_article_are_refused_with_the_reason(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
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


def test_a_page_that_fails_is_counted_listed_and_ends_in_status_1(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (500, b"broken")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert counts(run)["failed"] == 1
    assert f"failed: {site.base_url}{ARTICLE.format(1)}: HTTP 500" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_list_without_cards_is_a_failure_that_says_so(site: ScriptedSite, crawl: Run) -> None:
    site.list()
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "no article on the news list" in run.stderr


def test_robots_txt_is_obeyed(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (200, b"User-agent: *\nDisallow: /service/\n")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert site.requests == ["/robots.txt"]
    assert run.returncode == 1
    assert "Forbidden by robots.txt" in run.stderr


def test_a_robots_txt_that_cannot_be_read_forbids_everything(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (503, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert set(site.requests) == {"/robots.txt"}
    assert run.returncode == 1
    assert "robots.txt could not be read (HTTP 503)" in run.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_off_the_site_is_not_followed(site: ScriptedSite, crawl: Run, host: str) -> None:
    elsewhere = ScriptedSite()  # another host, or the same host and another port
    target = elsewhere.base_url.replace("127.0.0.1", host)
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (302, b"", {"Location": f"{target}/"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert elsewhere.requests == []
    assert run.returncode == 1
    assert counts(run)["failed"] == 1
    assert f"failed: {site.base_url}{ARTICLE.format(1)}: " in run.stderr
    assert f"redirected to {target}/" in run.stderr


def test_the_crawler_says_who_it_is(site: ScriptedSite, crawl: Run) -> None:
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


def test_an_unreadable_database_gets_a_sentence_and_nothing_is_fetched(
    site: ScriptedSite, crawl: Run, tmp_path: Path
) -> None:
    (tmp_path / "kbs.db").write_bytes(b"no database " * 100)
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "kbs.db is not an SQLite database, or its beginning is damaged (file is not a database)" in run.stderr
    assert "Traceback" not in run.stderr
    assert site.requests == []


def test_an_archive_that_cannot_be_written_ends_the_run(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    site.list(ARTICLE.format(1))
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "KBS_ARCHIVE cannot be written (" in run.stderr
    assert "Traceback" not in run.stderr
    assert ARTICLE.format(1) not in site.requests


def test_where_no_page_can_be_extracted_the_run_ends_and_no_page_is_blamed(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=30) as replica:
        for arguments in (["kbs_articles", "-a", "ids=1-10"], ["kbs_news"]):
            run = crawl(*arguments, KBS_BASE_URL=replica.base_url, first="import sys; sys.executable = '/bin/false'")
            assert run.returncode == 1
            assert "The run ended because the process that extracts pages ends at once, or does not" in run.stderr
            assert "Traceback" not in run.stderr
        with ArticleStore(tmp_path / "kbs.db") as store:
            assert store.db.table("refusals").count == 0
        assert counts(crawl("kbs_news", KBS_BASE_URL=replica.base_url))["new"] == 30


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
    assert "kbs.db was moved or deleted while in use; put it back, or run again." in run.stderr


def test_a_page_that_could_not_be_archived_is_not_stored(crawl: Run, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    full = f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); {limit}"
    with Replica(articles=60) as replica:
        run = crawl("kbs_news", "-a", "pages=6", KBS_BASE_URL=replica.base_url, first=full)
    assert run.returncode == 1
    assert "KBS_ARCHIVE cannot be written (" in run.stderr
    found = rows(tmp_path)
    assert 0 < len(found) < 60
    assert [row["url"] for row in found if row["archive_file"] is None] == []


def test_an_output_file_that_cannot_be_written_is_told_before_anything_is_fetched(
    site: ScriptedSite, crawl: Run, tmp_path: Path
) -> None:
    run = crawl("kbs_news", "-O", f"{tmp_path}:jsonl", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert run.stderr == f"{tmp_path} cannot be written (Is a directory).\n"
    assert site.requests == []


def test_the_contact_can_be_given_with_s_and_the_user_agent_as_a_whole(site: ScriptedSite, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", "-s", "KBS_CONTACT=me@example.org", KBS_BASE_URL=site.base_url)
    crawl("kbs_news", "-s", "USER_AGENT=somebody", KBS_BASE_URL=site.base_url)
    assert {agent.split("(")[-1] for agent in site.agents} == {"+me@example.org)", "somebody"}


def test_a_category_that_lists_nothing_is_doubted(site: ScriptedSite, crawl: Run) -> None:
    site.answers["/service/news_list.htm?lang=f&id=Zz"] = (200, b"<html><body><nav id='gnb_menu'></nav></body></html>")
    run = crawl("kbs_news", "-a", "category=Zz", KBS_BASE_URL=site.base_url)
    assert "no article on the news list; is Zz a category of the site?" in run.stderr


@pytest.mark.parametrize("page", ["/service/news_list.htm?lang=f", ARTICLE.format(1)])
def test_a_page_that_redirects_to_itself_is_a_failure(site: ScriptedSite, crawl: Run, page: str) -> None:
    site.list(ARTICLE.format(1))
    site.answers[page] = (302, b"", {"Location": page, "Set-Cookie": "seen=1"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert f"failed: {site.base_url}{page}: it redirects in a circle, or too often" in run.stderr


def test_a_broken_second_list_page_is_a_failure(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/service/news_list.htm?lang=f&page=2"] = (200, b"<html><body><h1>Maintenance</h1></body></html>")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "news_list.htm?lang=f&page=2: not a news list: not a page of KBS World" in run.stderr


def test_a_robots_txt_behind_a_redirect_that_fails_forbids_everything(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (302, b"", {"Location": "/robots2.txt"})
    site.answers["/robots2.txt"] = (500, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert set(site.requests) == {"/robots.txt", "/robots2.txt"}
    assert "robots.txt could not be read (HTTP 500)" in run.stderr
    assert run.returncode == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_allows_everything_whatever_its_page_says(
    site: ScriptedSite, crawl: Run, status: int
) -> None:
    site.list(ARTICLE.format(1))
    site.answers["/robots.txt"] = (status, b"User-agent: *\nDisallow: /\n")
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert ARTICLE.format(1) in site.requests


def test_cookies_are_not_kept_and_a_meta_refresh_is_not_followed(site: ScriptedSite, crawl: Run) -> None:
    elsewhere = ScriptedSite()
    refresh = f'<meta http-equiv="refresh" content="0; url={elsewhere.base_url}/"><nav id="gnb_menu"></nav>'
    site.list(ARTICLE.format(1))
    status, page = site.answers["/service/news_list.htm?lang=f"][:2]
    site.answers["/service/news_list.htm?lang=f"] = (status, refresh.encode() + page, {"Set-Cookie": "a=b"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert ARTICLE.format(1) in site.requests
    assert elsewhere.requests == []
    assert site.cookies == set()


def test_a_page_larger_than_a_page_may_be_is_refused_before_it_is_whole(site: ScriptedSite, crawl: Run) -> None:
    site.list(ARTICLE.format(1))
    site.answers[ARTICLE.format(1)] = (200, b" " * 11_000_000)
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert counts(run)["failed"] == 1
    assert run.returncode == 1


def test_the_charset_of_the_response_counts(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    world = World(articles=3)
    page = pages.entry_page(world, world.entries[0]).decode().replace('<meta charset="utf-8" />', "").replace("’", "'")
    site.list(ARTICLE.format(1))
    body = page.encode("iso-8859-15", "ignore")
    site.answers[ARTICLE.format(1)] = (200, body, {"Content-Type": "text/html; charset=ISO-8859-15"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    [article] = stored(tmp_path)
    assert article.title == (world.entries[0].truth.title or "").replace("’", "'")


def test_only_encodings_that_every_warc_tool_reads_are_asked_for(site: ScriptedSite, crawl: Run) -> None:
    site.list()
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert site.encodings == {"gzip, deflate"}
