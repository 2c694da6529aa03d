"""scrapy crawl on a bad day of site, network or disk: each fault is reported, and nothing is lost silently."""

import gzip
import os
import re
import shutil
import socket
import time
from itertools import chain, repeat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, LIST, ScriptedSite, change, counts, damage, rows, stored
from tests.replica import Replica, World, pages

FIRST = ARTICLE.format(1)
TOO_LARGE = "larger than a page may be; KBS_MAX_PAGE sets the limit"
LONG_HEADERS = "ValueError: the headers of the answer are longer than 65,536 bytes"
RULE = b"Disallow: /service/news_view.htm?lang=e&Seq_Code=*\n"


def test_pages_without_an_article_are_refused_with_the_reason(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    site.list(*(ARTICLE.format(n) for n in range(1, 5)))
    site.answers[ARTICLE.format(1)] = (200, pages.missing_page(World(articles=3)))
    site.answers[ARTICLE.format(2)] = (200, b'{"error": true}')
    site.answers[ARTICLE.format(3)] = (200, b"")
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert (run.returncode, counts(run)["refused"]) == (0, 4)
    assert {row["url"]: row["reason"] for row in rows(tmp_path, "refusals")} == {
        site.base_url + ARTICLE.format(1): "no article on the page",
        site.base_url + ARTICLE.format(2): "JSON, not HTML",
        site.base_url + ARTICLE.format(3): "empty page",
        site.base_url + ARTICLE.format(4): "HTTP 404",
    }


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (LIST, (302, b"", {"Location": LIST, "Set-Cookie": "seen=1"}), "it redirects in a circle, or too often"),
        (f"{LIST}&page=2", (200, b"<html><h1>Maintenance</h1></html>"), "not a news list: not a page of KBS World"),
        (FIRST, (200, b" " * 1_100_000), TOO_LARGE),
        (FIRST, (200, [b"\r\n", b" " * 1_100_000]), TOO_LARGE),  # without Content-Length
        (FIRST, (200, gzip.compress(b" " * 1_100_000), {"Content-Encoding": "gzip"}), TOO_LARGE),
        (FIRST, (200, repeat(b"X: y\r\n" * 1000)), LONG_HEADERS),
        (FIRST, (100, repeat(b"\r\nHTTP/1.1 100 Continue\r\n" * 1000)), LONG_HEADERS),
        (FIRST, (200, chain([b"X: "], repeat(b"y" * 9000))), LONG_HEADERS),
    ],
)
def test_a_failed_page_is_reported_and_ends_in_status_1(
    site: ScriptedSite, crawl: Run, path: str, answer: Any, words: str
) -> None:
    site.list(FIRST)
    site.answers[path] = answer
    run = crawl("kbs_news", "-s", "KBS_MAX_PAGE=1000000", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert counts(run)["failed"] >= 1
    assert f"failed: {site.base_url}{path}: {words}" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_list_without_entries_is_a_failure(site: ScriptedSite, crawl: Run) -> None:
    site.answers[LIST + "&id=Zz"] = (200, b"<html><body><nav id='gnb_menu'></nav></body></html>")
    run = crawl("kbs_news", "-a", "category=Zz", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "no article on the news list; is Zz a category of the site?" in run.stderr


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"/robots.txt": (200, b"User-agent: *\nDisallow: /service/\n")}, "Forbidden by robots.txt"),
        (
            {"/robots.txt": (302, b"", {"Location": "/robots2.txt"}), "/robots2.txt": (500, b"")},
            "robots.txt could not be read (HTTP 500)",
        ),
    ],
)
def test_robots_txt_forbids_also_if_it_cannot_be_read(
    site: ScriptedSite, crawl: Run, answers: dict[str, Any], words: str
) -> None:
    site.list(FIRST)
    site.answers |= answers
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert set(site.requests) == set(answers)
    assert run.returncode == 1
    assert words in run.stderr


@pytest.mark.parametrize(
    "rules",
    [
        (200, b"User-agent: *\n" + RULE * 200_000 + b"Disallow: /\n"),  # more than KBS_MAX_PAGE
        (200, chain([b"\r\nUser-agent: *\n"], repeat(RULE * 1000))),
        (200, gzip.compress(b"User-agent: *\n" + RULE * 60_000 + b"Disallow: /\n"), {"Content-Encoding": "gzip"}),
    ],
)
def test_of_a_long_robots_txt_the_beginning_counts(site: ScriptedSite, crawl: Run, rules: Any) -> None:
    site.list(FIRST)
    site.answers["/robots.txt"] = rules
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert FIRST in site.requests


def test_requests_that_wait_for_robots_txt_together_all_get_its_rules(crawl: Run) -> None:
    with Replica(articles=20) as replica:
        together = ["-s", "CONCURRENT_REQUESTS=8", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8"]
        ids = ",".join(str(entry.seq) for entry in replica.world.entries)
        run = crawl("kbs_articles", "-a", f"ids={ids}", *together, KBS_BASE_URL=replica.base_url)
    assert counts(run)["failed"] == 0, run.stderr


@pytest.mark.parametrize("status", [403, 404])
def test_a_missing_robots_txt_allows_everything(site: ScriptedSite, crawl: Run, status: int) -> None:
    site.list(FIRST)
    site.answers["/robots.txt"] = (status, b"User-agent: *\nDisallow: /\n")
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert FIRST in site.requests


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_off_the_site_is_not_followed(site: ScriptedSite, crawl: Run, host: str) -> None:
    elsewhere = ScriptedSite()  # another host, or the same host and another port
    target = elsewhere.base_url.replace("127.0.0.1", host)
    site.list(FIRST)
    site.answers[FIRST] = (302, b"", {"Location": f"{target}/"})
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert elsewhere.requests == []
    assert (run.returncode, counts(run)["failed"]) == (1, 1)
    assert re.search(rf"failed: {re.escape(site.base_url + FIRST)}: .*redirected to {target}/", run.stderr)


def test_cookies_and_meta_refresh_are_ignored(site: ScriptedSite, crawl: Run) -> None:
    elsewhere = ScriptedSite()
    refresh = f'<meta http-equiv="refresh" content="0; url={elsewhere.base_url}/"><nav id="gnb_menu"></nav>'
    site.list(FIRST)
    status, page = site.answers[LIST][:2]
    site.answers[LIST] = (status, refresh.encode() + page, {"Set-Cookie": "a=b"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    elsewhere.close()
    assert FIRST in site.requests
    assert (elsewhere.requests, site.cookies) == ([], set())


def test_the_charset_of_the_response_counts(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    world = World(articles=3)
    page = pages.entry_page(world, world.entries[0]).decode().replace('<meta charset="utf-8" />', "").replace("’", "'")
    site.list(FIRST)
    body = page.encode("iso-8859-15", "ignore")
    site.answers[FIRST] = (200, body, {"Content-Type": "text/html; charset=ISO-8859-15"})
    crawl("kbs_news", KBS_BASE_URL=site.base_url)
    [article] = stored(tmp_path)
    assert article.title == (world.entries[0].truth.title or "").replace("’", "'")


def test_without_a_network_there_is_one_sentence(crawl: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    run = crawl("kbs_news", KBS_BASE_URL=f"http://127.0.0.1:{port}")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.strip() == (
        f"Nothing could be fetched from http://127.0.0.1:{port}: "
        "robots.txt could not be read (the host refuses connections); check the network and run it again."
    )


def test_unusable_files_are_reported_before_any_request(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    run = crawl("kbs_news", "-O", f"{tmp_path}:jsonl", KBS_BASE_URL=site.base_url)
    assert (run.returncode, run.stderr) == (1, f"{tmp_path}: Is a directory.\n")
    run = crawl("kbs_news", KBS_DB="", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert "give KBS_DB a file name, such as data/kbs.db." in run.stderr
    (tmp_path / "file").touch()
    run = crawl("kbs_news", KBS_ARCHIVE=f"{tmp_path}/file", KBS_BASE_URL=site.base_url)
    assert (run.returncode, run.stderr) == (1, f"{tmp_path}/file: File exists.\n")
    (tmp_path / "kbs.db").unlink()
    (tmp_path / "kbs.db").write_bytes(b"no database " * 100)
    run = crawl("kbs_news", KBS_BASE_URL=site.base_url)
    assert run.returncode == 1
    assert re.search(r"kbs\.db .*\(file is not a database\)", run.stderr)
    assert "Traceback" not in run.stderr
    assert site.requests == []


def test_a_page_that_was_not_archived_is_not_stored(crawl: Run, tmp_path: Path) -> None:
    ArticleStore(tmp_path / "kbs.db").close()  # to make the tables takes nearly as much space
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (260_000, 260_000))"
    full = f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); {limit}"
    with Replica(articles=60) as replica:
        run = crawl("kbs_news", "-a", "pages=6", KBS_BASE_URL=replica.base_url, first=full)
    assert run.returncode == 1
    assert "KBS_ARCHIVE cannot be written (" in run.stderr
    found = rows(tmp_path)
    assert 0 < len(found) < 60
    assert [row["url"] for row in found if row["archive_file"] is None] == []


def test_a_run_that_cannot_extract_ends_and_blames_no_page(crawl: Run, tmp_path: Path) -> None:
    unusable = "import storage.children as it; it.serve = bool"
    with Replica(articles=30) as replica:
        for arguments in (["kbs_articles", "-a", "ids=1-10"], ["kbs_news"]):
            run = crawl(*arguments, KBS_BASE_URL=replica.base_url, first=unusable)
            assert run.returncode == 1
            assert "The run ended because a child process does not start, or ends at" in run.stderr
            assert "Traceback" not in run.stderr
        assert rows(tmp_path, "refusals") == []
        assert counts(crawl("kbs_news", KBS_BASE_URL=replica.base_url))["new"] == 30


@pytest.mark.parametrize("table", ["runs", "lists", "pending", "payloads", "articles", "refusals"])
def test_a_damaged_table_ends_a_run_with_a_sentence(crawl: Run, tmp_path: Path, table: str) -> None:
    with Replica(articles=30) as replica:
        crawl("kbs_news", "-a", "pages=1", KBS_BASE_URL=replica.base_url)
        damage(tmp_path, table)
        replica.world.publish(5)
        replica.faults.plan = {ARTICLE.format(replica.world.entries[2].seq): ["404"] * 9}
        run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert (run.returncode, "Traceback" in run.stderr) == (1, False), run.stderr
    assert run.stderr.count("The run ended because the database failed: database disk image is malformed.") == 1
    assert "(database_failed)" in run.stderr
    if table not in {"articles", "runs"}:
        assert [row["url"] for row in rows(tmp_path) if row["archive_file"] is None] == []
        assert rows(tmp_path, "runs")[-1]["reason"] == "database_failed"


@pytest.mark.parametrize("many", [150, 8])  # in the middle of a run, and in its last batch
def test_one_row_that_cannot_be_written_costs_no_other(crawl: Run, tmp_path: Path, many: int) -> None:
    with Replica(articles=many) as replica:
        bad = replica.world.entries[5].truth.url
        ArticleStore(tmp_path / "kbs.db").close()
        change(
            tmp_path,
            f"create trigger refused before insert on articles when new.url = '{bad}' "
            "begin select raise(abort, 'not this one'); end",
        )
        run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
    assert run.returncode == 1
    assert re.search(r"^kbs_news: .* \(database_failed\)$", run.stderr, re.MULTILINE)
    page = f"{replica.base_url}{ARTICLE.format(replica.world.entries[5].seq)}"
    assert f"failed: {page}: the database did not take it: not this one" in run.stderr
    assert run.stderr.endswith("The run ended because the database failed: not this one.\n")
    found = [row["url"] for row in rows(tmp_path)]
    assert {entry.truth.url for entry in replica.world.entries[:6]} - {*found} == {bad}
    assert (counts(run)["new"], counts(run)["failed"]) == (len(found), 1)
    assert rows(tmp_path, "lists") == []


@pytest.mark.parametrize("kind", [OverflowError, UnicodeEncodeError])
def test_a_write_that_fails_for_any_reason_ends_the_run(crawl: Run, kind: type[Exception]) -> None:
    made = "'utf-8', 'x', 0, 1, 'odd'" if kind is UnicodeEncodeError else "'odd'"
    broken = f"""
from storage import ArticleStore
add = ArticleStore.add
def fail(store, article, capture):
    if article.url.endswith("90037"):
        raise {kind.__name__}({made})
    return add(store, article, capture)
ArticleStore.add = fail"""
    with Replica(articles=40) as replica:
        run = crawl("kbs_news", KBS_BASE_URL=replica.base_url, first=broken)
    assert (run.returncode, "Traceback" in run.stderr, counts(run)["failed"]) == (1, False, 1), run.stderr
    assert counts(run)["new"] >= 3
    assert f"The run ended because of an error in kbsworld ({kind.__name__}: " in run.stderr


def gone(archive: Path, how: str) -> None:
    [file] = archive.iterdir()
    if how == "deleted":
        file.unlink()
    elif how == "replaced":
        file.rename(archive.parent / "moved.warc.gz")
        shutil.copy(archive.parent / "moved.warc.gz", file)
    elif how == "cut":
        os.truncate(file, 100)
    else:
        archive.rename(archive.parent / "elsewhere")
        if how == "a file":
            archive.touch()


# In the middle of a run, and at its end.
@pytest.mark.parametrize(
    ("how", "many"),
    [("deleted", 200), ("deleted", 12), ("replaced", 12), ("cut", 200), ("moved", 200), ("a file", 12)],
)
def test_an_archive_removed_during_a_run_is_a_failure(crawl: Run, tmp_path: Path, how: str, many: int) -> None:
    with Replica(articles=many) as replica:
        respond = replica.respond

        def remove(target: str, fault: str = "") -> tuple[int, str, bytes]:
            if len(replica.requests) == (60 if many > 60 else 14):
                gone(tmp_path / "archive", how)
            return respond(target, fault)

        replica.respond = remove  # type: ignore[method-assign]
        run = crawl("kbs_news", KBS_BASE_URL=replica.base_url)
        assert len(replica.requests) < 80
    assert (run.returncode, "Traceback" in run.stderr) == (1, False), run.stderr
    assert "(archive_failed)" in run.stderr
    assert re.search(r"/kbs_news-.*\.warc\.gz: moved, deleted or cut while in use\); put it back, or", run.stderr)
    # What was not stored before is not stored any more.
    assert len(rows(tmp_path)) < min(many, 60)


def test_a_database_deleted_during_a_run_is_a_failure(crawl: Run, tmp_path: Path) -> None:
    with Replica(articles=150) as replica:

        def delete() -> None:
            while len(replica.requests) < 30:
                time.sleep(0.01)
            for file in tmp_path.glob("kbs.db*"):
                file.unlink()

        deleting = Thread(target=delete)
        deleting.start()
        run = crawl("kbs_news", "-a", "pages=15", KBS_BASE_URL=replica.base_url)
        deleting.join()
    assert run.returncode == 1
    assert re.search(r"kbs\.db was \w+ .*while (it was )?in use", run.stderr)
