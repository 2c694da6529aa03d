"""The replica as a real HTTP server on loopback, with the faults on the wire."""

import gzip
import socket
import struct
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from extractors.address import EDITIONS

from .faults import SITE_PAGES, STATUSES, Faults
from .routes import HTML, find_page
from .world import World

ROBOTS = b"User-agent: *\nDisallow: /admin/\n"
ERROR_PAGE = b"<html><body><h1>Service Temporarily Unavailable</h1></body></html>"
#: Seconds that a client is kept waiting, and between two bytes of a drip.
PATIENCE, DRIP_PAUSE = 60.0, 0.2
_LOOP = "loop="


class Replica:
    """A KBS World on loopback; a context manager that serves while it is open.

    Attributes:
        worlds: the articles of each edition, by its letter.
        requests: the paths asked for, in order.
        faults: which requests meet one; by default none does.
        stopping: set when the server stops: then no client is kept waiting.
    """

    def __init__(
        self,
        articles: int = 40,
        seed: int = 1,
        port: int = 0,
        days: int | None = None,
        faults: Faults | None = None,
    ) -> None:
        """A server bound to `port` of 127.0.0.1; 0 takes a free one. An OSError if it is in use."""
        self.worlds = {edition: World(articles, seed, edition, days) for edition in EDITIONS}
        self.faults = Faults() if faults is None else faults
        self.requests: list[str] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.replica = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def world(self) -> World:
        return self.worlds["f"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def respond(self, target: str, fault: str = "") -> tuple[int, str, bytes]:
        """Status, content type and body for a request target (path and query); `fault`: one of faults.SITE_PAGES."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/robots.txt":
            return 200, "text/plain", ROBOTS
        world = self.worlds.get(query.get("lang", ""))
        found = None if world is None else find_page(world, parts.path, query, fault)
        return (404, HTML, b"<html><body><h1>Not Found</h1></body></html>") if found is None else (200, *found)


class _Server(ThreadingHTTPServer):
    replica: Replica
    request_queue_size = 128  # with a full queue a client waits a second before it tries again

    def shutdown_request(self, request: Any) -> None:
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # One packet an answer: otherwise headers and body wait 40 ms for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        replica = self.server.replica
        replica.requests.append(self.path)
        fault = "redirect-loop" if _LOOP in self.path else replica.faults.draw(self.path)
        status, content_type, body = replica.respond(self.path, fault if fault in SITE_PAGES else "")
        if fault in STATUSES:
            self._send_status(fault, replica.faults.retry_after)
        elif fault and fault not in SITE_PAGES:
            self._send_broken(fault, content_type, body)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            # Without the time of day: the same page is the same bytes.
            packed = gzip.compress(body, compresslevel=1, mtime=0)
            self._send(packed, content_type, status, {"Content-Encoding": "gzip"})
        else:
            self._send(body, content_type, status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing: standard error belongs to the crawl."""

    def _send_status(self, kind: str, retry_after: int | None) -> None:
        page = f"<html><body><h1>{kind} {HTTPStatus(STATUSES[kind]).phrase}</h1></body></html>".encode()
        asks = retry_after is not None and kind in {"503", "429"}
        self._send(page, HTML, STATUSES[kind], {"Retry-After": str(retry_after)} if asks else {})

    def _send_broken(self, kind: str, content_type: str, body: bytes) -> None:
        if kind == "error-page":
            self._send(ERROR_PAGE, HTML)
        elif kind == "redirect-loop":
            self._send(b"", HTML, 302, {"Location": self._next_in_loop()})
        elif kind == "truncated-gzip":
            packed = gzip.compress(body, compresslevel=1)
            self._send(packed[: len(packed) // 2], content_type, 200, {"Content-Encoding": "gzip"})
        else:
            self.close_connection = True
        if kind == "timeout":
            self.server.replica.stopping.wait(PATIENCE)
        elif kind == "wrong-length":
            self._send(body[: len(body) * 2 // 3], content_type, 200, {"Connection": "close"})
        elif kind == "reset":
            self._send(body[: len(body) // 2], content_type, length=len(body))
            # With no time to linger, closing sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "drip":
            self._drip(content_type, body)

    def _next_in_loop(self) -> str:
        """The other one of two addresses beside the page's own, so that a later request of that succeeds."""
        page, loop, step = self.path.partition(_LOOP)
        if loop:
            return f"{page}{loop}{2 if step == '1' else 1}"
        return f"{page}{'&' if '?' in page else '?'}{_LOOP}1"

    def _drip(self, content_type: str, body: bytes) -> None:
        self._send(b"", content_type, length=len(body))
        for at in range(len(body)):
            self.wfile.flush()
            if self.server.replica.stopping.wait(DRIP_PAUSE):
                return
            self.wfile.write(body[at : at + 1])

    def _send(
        self, body: bytes, content_type: str, status: int = 200, more: dict[str, str] | None = None, length: int = -1
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.wfile.write(body)
