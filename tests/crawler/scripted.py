"""A site whose every answer a test writes itself, and what a test reads off a run."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from sqlite_utils import Database

from extractors import Article
from storage import ArticleStore
from tests.replica import Replica

#: The address of the news list, and of an article by its number.
LIST = "/service/news_list.htm?lang=f"
ARTICLE = "/service/news_view.htm?lang=f&Seq_Code={}"


def counts(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The table that a run ends with."""
    return {name: int(count) for name, count in re.findall(r"^  ([a-z-]+) +(\d+)$", run.stderr, re.MULTILINE)}


def rows(tmp_path: Path, table: str = "articles") -> list[dict[str, Any]]:
    """The rows of a table in the test's database."""
    with closing(sqlite3.connect(tmp_path / "kbs.db")) as connection:
        return list(Database(connection).table(table).rows)


def change(tmp_path: Path, sql: str) -> None:
    """Change the test's database."""
    with closing(sqlite3.connect(tmp_path / "kbs.db")) as connection, connection:
        connection.execute(sql)


def damage(tmp_path: Path, table: str) -> None:
    """Overwrite the first pages of a table and its indexes in the test's database."""
    with ArticleStore(tmp_path / "kbs.db") as store:
        size = store.db.execute("pragma page_size").fetchone()[0]
        roots = store.db.execute(
            "select rootpage from sqlite_master where tbl_name = ? and rootpage", [table]
        ).fetchall()
    with (tmp_path / "kbs.db").open("r+b") as stream:
        for (root,) in roots:
            stream.seek((root - 1) * size)
            stream.write(b"\x55" * size)


def content(tmp_path: Path) -> list[dict[str, Any]]:
    """The articles in the test's database, without where and when they were captured."""
    provenance = {"fetched_at", "archive_file", "archive_offset"}
    found = [{name: value for name, value in row.items() if name not in provenance} for row in rows(tmp_path)]
    return sorted(found, key=lambda row: (row["url"], row["timestamp"]))


def stored(tmp_path: Path) -> list[Article]:
    """The newest versions in the test's database, as the site has them: without the address on loopback."""
    with ArticleStore(tmp_path / "kbs.db") as store:
        return [replace(article, source_url=None) for article in reversed(list(store))]


def change_pages(site: Replica, part: str, change: Callable[[str, bytes], bytes]) -> None:
    """Have a replica change the pages it serves under addresses that contain `part`."""
    respond = site.respond

    def changed(target: str, fault: str = "") -> tuple[int, str, bytes]:
        status, kind, body = respond(target, fault)
        return status, kind, change(target, body) if part in target else body

    site.respond = changed  # type: ignore[method-assign]


NOT_FOUND = (404, b"<html><body>Not Found</body></html>")


class ScriptedSite:
    """A server whose answers a test writes itself; anything else is 404.

    Attributes:
        answers: path -> status, body and, where needed, headers.
        once: answers to the next request alone.
        requests: the paths requested; `times` has the time of each (time.monotonic).
        agents, cookies, encodings: what the requests said.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.once: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.times: list[tuple[str, float]] = []
        self.agents: set[str] = set()
        self.cookies: set[str] = set()
        self.encodings: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.times.append((self.path, time.monotonic()))
                site.agents.add(self.headers["User-Agent"])
                site.cookies.update(self.headers.get_all("Cookie", []))
                site.encodings.add(self.headers["Accept-Encoding"])
                status, body, *more = site.once.pop(self.path, None) or site.answers.get(self.path, NOT_FOUND)
                self.send_response(status)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                if isinstance(body, bytes):
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    body = [body]
                else:  # parts, which may be of the headers
                    self.flush_headers()
                with suppress(OSError):
                    for part in body:
                        self.wfile.write(part)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def requests(self) -> list[str]:
        return [path for path, _ in self.times]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def list(self, *hrefs: str) -> None:
        """Have the news list show entries that lead to `hrefs`."""
        entries = "".join(f'<article><h2><a href="{href}">x</a></h2></article>' for href in hrefs)
        section = f'<section class="comp_contents_1x">{entries}</section>'
        page = f'<html><body><nav id="gnb_menu"></nav>{section}</body></html>'
        for number in ("", "&page=2"):  # a list that repeats itself
            self.answers[LIST + number] = (200, page.encode())
