"""The replica as a real HTTP server on loopback."""

from __future__ import annotations

import gzip
import threading
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from extractors.address import EDITIONS
from extractors.dates import KST
from tests.replica import pages
from tests.replica.world import World

ROBOTS = "User-agent: *\nDisallow: /admin/\n"


class Replica:
    """A KBS World on loopback; a context manager that serves while it is open.

    Attributes:
        worlds: the articles of each edition, by its letter.
        requests: the paths asked for, in order.
    """

    def __init__(self, articles: int = 40, seed: int = 1, port: int = 0) -> None:
        """A server bound to `port` of 127.0.0.1; 0 takes a free one.

        Raises:
            OSError: the port is in use.
        """
        self.worlds = {edition: World(articles, seed, edition) for edition in EDITIONS}
        self.requests: list[str] = []
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base_url(self) -> str:
        """Its base address, without a final slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def world(self) -> World:
        """The French edition's articles."""
        return self.worlds["f"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, target: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a request target (path and query)."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/robots.txt":
            return 200, "text/plain", ROBOTS.encode()
        world = self.worlds.get(query.get("lang", ""))
        page = None if world is None else _page(world, parts.path.removeprefix("/service/"), query)
        if page is None:
            return 404, "text/html; charset=utf-8", b"<html><body><h1>Not Found</h1></body></html>"
        return 200, "text/html; charset=utf-8", page


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a full queue would have a client wait a second for its next try


def _page(world: World, name: str, query: dict[str, str]) -> bytes | None:
    """The page of that name, or None where the site has no such page."""
    if name in {"news_view.htm", "news_vod_view.htm"}:
        entry = world.by_seq.get(_number(query.get("Seq_Code")))
        if entry is None:
            return pages.missing_page(world)
        return pages.news_page(world, entry, "video" if name == "news_vod_view.htm" else "news")
    if name == "news_list.htm":
        category_id = query.get("id", "")
        page = max(1, _number(query.get("page", "1")))
        total = sum(category_id in {"", entry.category_id} for entry in world.entries)
        return pages.list_page(world, world.listed(category_id, page), category_id=category_id, page=page, total=total)
    if name == "news_today.htm":
        day = query.get("date") or f"{datetime.now(KST):%Y-%m-%d}"
        try:
            return pages.day_page(world, world.written_on(date.fromisoformat(day)), day)
        except ValueError:
            return None
    return None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1


def _handler(replica: Replica) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: headers and body apart would each wait 40 ms for the other side's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            replica.requests.append(self.path)
            status, content_type, body = replica.respond(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body, compresslevel=1)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: standard error belongs to the crawl beside it."""

    return Handler
