"""The test world of the archives: python -m tests.archives.world serves it until Ctrl-C.

A replica of the site, a real pywb with three crawls of it and a library, and a server before them that has the rest:
Common Crawl's list of crawls, the WARC files by byte range, the stand-in for the Wayback Machine. What pywb answers
goes through this server unchanged, so that it can count the requests and make some of them fail.
"""

import gzip
import http.client
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from tests.archives.collections import LIBRARY, pywb, write_collections
from tests.archives.history import CRAWLS, WAYBACK, Seen, history
from tests.archives.reference import Expected, expected
from tests.archives.wayback import Answer, WaybackStandIn
from tests.replica import Replica
from tests.replica.faults import Faults
from tests.replica.server import _Server

#: Faults that an archive has; "timeout" is an answer that comes too late.
FAULTS = ("429", "503", "reset", "wrong-length", "timeout")
#: From status, headers and body to others.
Change = Callable[[int, dict[str, str], bytes], Answer]
#: Seconds that a slow answer takes to begin.
SLOW = 3.0


class Asked(NamedTuple):
    """One request: its target, `Range` and `User-Agent`, and when it came (time.monotonic)."""

    target: str
    span: str
    agent: str
    at: float


class ArchiveWorld:
    """Archives on loopback; a context manager that serves while it is open.

    Attributes:
        replica: the site. Its articles are newer than what the archives hold of them.
        seen: all captures that the archives hold.
        base_url: where all archives but pywb are, and pywb's index too: they differ by path.
        pywb: the address of pywb itself, with the collections CRAWLS and LIBRARY.
        requests: those made to `base_url`, in order.
        faults: which requests meet one of FAULTS; by default none does. A `plan` names the target and, where there is
            one, the range behind a blank.
        changes: part of a target -> what becomes of the answers to requests that contain it.
    """

    def __init__(self, articles: int = 30) -> None:
        self.replica = Replica(articles=articles, days=1400)
        self.seen = history(self.replica.world)
        self.faults = Faults(FAULTS)
        self.changes: dict[str, Change] = {}
        self.requests: list[Asked] = []
        self.stopping = threading.Event()
        self.wayback = WaybackStandIn(self.seen)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="kbsworld-archives-")))
            write_collections(self.folder, self.seen)
            self.pywb = stack.enter_context(pywb(self.folder))
            stack.enter_context(self.replica)
            server = stack.enter_context(_Server(("127.0.0.1", 0), partial(_Handler, self)))
            self.base_url = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(server.shutdown)
            stack.callback(self.stopping.set)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which kbsworld finds these archives, and the replica as the site."""
        names = ("KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA", "KBS_WAYBACK")
        return dict.fromkeys(names, self.base_url) | {"KBS_BASE_URL": self.replica.base_url}

    @property
    def library(self) -> str:
        """The collection of pywb with the captures of the Wayback Machine, for `-a archive=`."""
        return f"{self.pywb}/{LIBRARY}"

    def pages(self) -> list[tuple[str, str]]:
        """Target and range of the requests for captures: records by their range, and pages."""
        return [(one.target, one.span) for one in self.requests if one.span or one.target.startswith("/web/")]

    def of(self, *archives: str) -> list[Seen]:
        """The captures of these archives, WAYBACK or CRAWLS; of all of them by default."""
        return [one for one in self.seen if one.archive in (archives or (WAYBACK, *CRAWLS))]

    def expected(self, *archives: str) -> Expected:
        """The rows that the captures of these archives give."""
        return expected(self.of(*archives))

    def respond(self, target: str, span: str) -> Answer:
        """Status, headers and body for a request target and its `Range`."""
        answer = self._answer(target, span)
        for part, change in self.changes.items():
            answer = change(*answer) if part in f"{target} {span}" else answer
        return answer

    def _answer(self, target: str, span: str) -> Answer:
        path = urlsplit(target).path
        if path == "/collinfo.json":
            return 200, {"Content-Type": "application/json"}, json.dumps(self._crawls()).encode()
        if path.startswith("/crawl-data/"):
            return self._span(self.folder / path[1:], span)
        if path.removesuffix("-index").lstrip("/") in CRAWLS:
            return self._pywb(target.replace("-index", "/cdx", 1))
        return self.wayback.respond(target)

    def _crawls(self) -> Iterable[dict[str, str]]:
        """As in collinfo.json of index.commoncrawl.org: the newest first."""
        return [
            {
                "id": name,
                "name": f"{moment:%B %Y} Index",
                "timegate": f"{self.base_url}/{name}/",
                "cdx-api": f"{self.base_url}/{name}-index",
                "from": f"{moment:%Y-%m-%dT%H:%M:%S}",
                "to": f"{moment:%Y-%m-%d}T23:59:59",
            }
            for name, moment in reversed(CRAWLS.items())
        ]

    def _pywb(self, target: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.pywb).netloc, timeout=30)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, {"Content-Type": answer.headers["Content-Type"]}, answer.read()
        finally:
            connection.close()

    def _span(self, file: Path, span: str) -> Answer:
        if not file.is_file() or ".." in file.parts:
            return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>"
        content, found = file.read_bytes(), re.fullmatch(r"bytes=(\d+)-(\d+)", span)
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if not found:
            return 200, headers, content
        start, end = int(found[1]), min(int(found[2]), len(content) - 1)
        return 206, headers | {"Content-Range": f"bytes {start}-{end}/{len(content)}"}, content[start : end + 1]


class _Handler(BaseHTTPRequestHandler):
    server: ThreadingHTTPServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, world: ArchiveWorld, *arguments: Any) -> None:
        self._world = world
        super().__init__(*arguments)

    def do_GET(self) -> None:
        world, span = self._world, self.headers.get("Range", "")
        world.requests.append(Asked(self.path, span, self.headers.get("User-Agent", ""), time.monotonic()))
        fault = world.faults.draw(f"{self.path} {span}".rstrip())
        if fault in {"429", "503"}:
            asks = {"Retry-After": str(world.faults.retry_after)} if world.faults.retry_after is not None else {}
            self._send(int(fault), asks | {"Content-Type": "text/html"}, b"<html><body>slow down</body></html>")
            return
        if fault == "timeout" and world.stopping.wait(SLOW):
            return
        status, headers, body = world.respond(self.path, span)
        if self.path.startswith("/cdx/") and "gzip" in self.headers.get("Accept-Encoding", ""):
            body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        broken = fault in {"reset", "wrong-length"}
        self._send(status, headers, body[: len(body) // 2] if broken else body, len(body))
        if broken:
            self.close_connection = True
        if fault == "reset":
            # With no time to linger, closing sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing: standard error belongs to the crawl."""

    def _send(self, status: int, headers: dict[str, str], body: bytes, length: int = -1) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # a client that waited too long, or was killed
            self.close_connection = True


def main() -> int:
    with ArchiveWorld() as world:
        for name, value in world.environment.items():
            print(f"{name}={value}")
        print(f"-a archive={world.library}", flush=True)
        try:
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
