"""What goes wrong between a client and a site: which requests meet it, and what it is on the wire."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from random import Random
from urllib.parse import urlsplit

from extractors.address import PAGES

#: Answers of a server that cannot, will not, or has nothing.
STATUSES = {"500": 500, "502": 502, "503": 503, "429": 429, "404": 404}
#: Answers that break off, go astray, or never end.
WIRE = ("timeout", "reset", "truncated-gzip", "wrong-length", "redirect-loop", "error-page", "drip")
#: Pages of the site that lack what they should hold; the last two are pages of lists.
SITE_PAGES = ("soft-404", "no-cards", "endless")
KINDS = (*STATUSES, *WIRE, *SITE_PAGES)
#: Planned for a request that must meet no fault.
OK = "ok"

ERROR_PAGE = b"<html><body><h1>Service Temporarily Unavailable</h1></body></html>"
#: How long a client that waits is kept waiting.
PATIENCE = 60.0
DRIP_PAUSE = 0.2


class Faults:
    """Which requests meet a fault: those planned first, then a share of all, the same ones for the same seed.

    Attributes:
        plan: target (path and query as requested) -> the kinds its next requests meet, one each; OK for none.
        met: the faults met so far, as (target, kind), in order.
        retry_after: seconds that 503 and 429 ask for; None: they ask for none.
    """

    def __init__(
        self, kinds: Iterable[str] = KINDS, share: float = 0.0, seed: int = 1, retry_after: int | None = 0
    ) -> None:
        """Faults of those kinds, each request meeting one with probability `share`.

        Raises:
            ValueError: a kind is none of KINDS, or the share is none.
        """
        self.kinds = tuple(kinds)
        self.share = share
        self.seed = seed
        self.retry_after = retry_after
        self.plan: dict[str, list[str]] = {}
        self.met: list[tuple[str, str]] = []
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise ValueError(f"{', '.join(unknown)}: no such fault; there are {', '.join(KINDS)}")
        if not 0 <= share <= 1:
            raise ValueError(f"{share} is no share; give one from 0 to 1")

    def draw(self, target: str) -> str:
        """The kind that this request of `target` meets; empty for none.

        Raises:
            ValueError: what was planned is no fault of that page.
        """
        with self._lock:
            self._asked[target] += 1
            kind = self._planned(target) or self._drawn(target, self._asked[target])
            if kind == OK:
                return ""
            if kind:
                self.met.append((target, kind))
            return kind

    def _planned(self, target: str) -> str:
        planned = self.plan.get(target)
        if not planned:
            return ""
        kind = planned.pop(0)
        if kind != OK and kind not in applicable(KINDS, target):
            raise ValueError(f"{kind!r} is no fault of {target}")
        return kind

    def _drawn(self, target: str, number: int) -> str:
        if not self.share:
            return ""
        random = Random(f"{self.seed} {target} {number}")
        kinds = applicable(self.kinds, target)
        return random.choice(kinds) if random.random() < self.share and kinds else ""


def applicable(kinds: Iterable[str], target: str) -> list[str]:
    """Those of `kinds` that the page can have: feeds and robots.txt have no page of the site, articles no cards."""
    name = urlsplit(target).path.removeprefix("/service/")
    kind = PAGES[name].kind if name in PAGES else ""
    lacking: tuple[str, ...] = ()
    if not kind:
        lacking = SITE_PAGES
    elif kind != "list":
        lacking = ("no-cards", "endless")
    elif name == "news_today.htm":
        lacking = ("endless",)  # a day has one page
    return [kind for kind in kinds if kind not in lacking]


def is_loop(target: str) -> bool:
    """Whether `target` is one that a redirect loop leads through."""
    return target.endswith(("?loop=1", "&loop=1", "?loop=2", "&loop=2"))


def next_in_loop(target: str) -> str:
    """Where a redirect loop goes from `target`: to one address beside it, from there to another and back for ever.

    The page's own address is no part of it, so that a later request for it is free.
    """
    if is_loop(target):
        return target[:-1] + ("2" if target.endswith("1") else "1")
    return f"{target}{'&' if '?' in target else '?'}loop=1"


class Wire:
    """One answer that meets a fault, sent over the connection of a request.

    Attributes:
        handler: of the request.
        stopping: set when the server stops: nobody is kept waiting any longer.
    """

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        self.handler = handler
        self.stopping = stopping

    def send(self, kind: str, content_type: str, body: bytes, retry_after: int | None) -> None:
        """Send what is left of a whole answer by a fault of STATUSES or WIRE."""
        if kind in STATUSES:
            asks = retry_after is not None and kind in {"503", "429"}
            page = f"<html><body><h1>{kind} {HTTPStatus(STATUSES[kind]).phrase}</h1></body></html>".encode()
            self._whole(STATUSES[kind], page, {"Retry-After": str(retry_after)} if asks else {})
        elif kind == "error-page":
            self._whole(200, ERROR_PAGE, {})
        elif kind == "redirect-loop":
            self._whole(302, b"", {"Location": next_in_loop(self.handler.path)})
        elif kind == "truncated-gzip":
            packed = gzip.compress(body, compresslevel=1)
            half = packed[: len(packed) // 2]
            self._whole(200, half, {"Content-Encoding": "gzip"}, content_type)
        else:
            self.handler.close_connection = True
            self._broken(kind, content_type, body)

    def _broken(self, kind: str, content_type: str, body: bytes) -> None:
        """What a connection does not outlive."""
        if kind == "timeout":
            self._wait(PATIENCE)
        elif kind == "wrong-length":
            part = body[: len(body) * 2 // 3]
            self._whole(200, part, {"Connection": "close"}, content_type)
        elif kind == "reset":
            self._headers(200, len(body), {}, content_type)
            self.handler.wfile.write(body[: len(body) // 2])
            # With no time to linger, closing sends a reset and no end.
            self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self._drip(content_type, body)

    def _drip(self, content_type: str, body: bytes) -> None:
        self._headers(200, len(body), {}, content_type)
        self.handler.wfile.flush()
        end = time.monotonic() + PATIENCE
        for at in range(len(body)):
            if time.monotonic() > end or not self._wait(DRIP_PAUSE):
                return
            self.handler.wfile.write(body[at : at + 1])
            self.handler.wfile.flush()

    def _wait(self, seconds: float) -> bool:
        """Wait so long; False as soon as the client has left or the server stops."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if self.stopping.wait(min(rest, 0.05)) or self._has_left():
                return False
        return True

    def _has_left(self) -> bool:
        try:
            return not self.handler.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _whole(
        self, status: int, body: bytes, headers: dict[str, str], content_type: str = "text/html; charset=utf-8"
    ) -> None:
        self._headers(status, len(body), headers, content_type)
        self.handler.wfile.write(body)

    def _headers(self, status: int, length: int, headers: dict[str, str], content_type: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", content_type)
        self.handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
