"""The replica as a real HTTP server on loopback."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from extractors.address import EDITIONS
from tests.replica.faults import SITE_PAGES, Faults, Wire, is_loop
from tests.replica.routes import HTML, find_page
from tests.replica.world import World

ROBOTS = "User-agent: *\nDisallow: /admin/\n"


class Replica:
    """A KBS World on loopback; a context manager that serves while it is open.

    Attributes:
        worlds: the articles of each edition, by its letter.
        requests: the paths asked for, in order.
        faults: which requests meet one; by default none does.
    """

    def __init__(
        self,
        articles: int = 40,
        seed: int = 1,
        port: int = 0,
        days: int | None = None,
        faults: Faults | None = None,
    ) -> None:
        """A server bound to `port` of 127.0.0.1; 0 takes a free one.

        Raises:
            OSError: the port is in use.
            OverflowError: there is no such port.
            ValueError: as World.
        """
        self.worlds = {edition: World(articles, seed, edition, days) for edition in EDITIONS}
        self.faults = Faults() if faults is None else faults
        self.requests: list[str] = []
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), self._handler())
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

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def respond(self, target: str, fault: str = "") -> tuple[int, str, bytes]:
        """Status, content type and body for a request target (path and query); `fault`: one of faults.SITE_PAGES."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/robots.txt":
            return 200, "text/plain", ROBOTS.encode()
        world = self.worlds.get(query.get("lang", ""))
        found = None if world is None else find_page(world, parts.path, query, fault)
        return (404, HTML, b"<html><body><h1>Not Found</h1></body></html>") if found is None else (200, *found)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        replica = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # One packet an answer: otherwise headers and body wait 40 ms for the other side's acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                replica.requests.append(self.path)
                fault = "redirect-loop" if is_loop(self.path) else replica.faults.draw(self.path)
                status, content_type, body = replica.respond(self.path, fault if fault in SITE_PAGES else "")
                if fault and fault not in SITE_PAGES:
                    Wire(self, replica._stopping).send(fault, content_type, body, replica.faults.retry_after)
                    return
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                if "gzip" in self.headers.get("Accept-Encoding", ""):
                    # Without the time of day: the same page is the same bytes.
                    body = gzip.compress(body, compresslevel=1, mtime=0)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Print nothing: standard error belongs to the crawl."""

        return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with a full queue a client waits a second before it tries again

    def shutdown_request(self, request: Any) -> None:
        """Close the connection; for a reset without the usual end."""
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, but not a client that left."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
