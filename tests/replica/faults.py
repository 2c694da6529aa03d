"""What goes wrong between a client and a site: which requests meet a fault, and what it is on the wire."""

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

#: Answers of a server that cannot or will not answer, or has no such page.
STATUSES = {"500": 500, "502": 502, "503": 503, "429": 429, "404": 404}
#: Answers that break off, lead elsewhere, or never end.
WIRE = ("timeout", "reset", "truncated-gzip", "wrong-length", "redirect-loop", "error-page", "drip")
#: Pages of the site that lack what they should contain; the last two are pages of lists.
SITE_PAGES = ("soft-404", "no-cards", "endless")
KINDS = (*STATUSES, *WIRE, *SITE_PAGES)
#: Planned for a request that must meet no fault.
OK = "ok"

ERROR_PAGE = b"<html><body><h1>Service Temporarily Unavailable</h1></body></html>"
HTML = "text/html; charset=utf-8"
#: Seconds that a client is kept waiting, and between two bytes of a drip.
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
            ValueError: a kind is not one of KINDS, or the share is not between 0 and 1.
        """
        self.kinds = tuple(kinds)
        self.share = share
        self.seed = seed
        self.retry_after = retry_after
        self.plan: dict[str, list[str]] = {}
        self.met: list[tuple[str, str]] = []
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise ValueError(f"Unknown fault {', '.join(unknown)}; there are {', '.join(KINDS)}.")
        if not 0 <= share <= 1:
            raise ValueError("The share must be between 0 and 1.")

    def draw(self, target: str) -> str:
        """The kind that this request of `target` meets; empty for none.

        Raises:
            ValueError: the page cannot have the planned fault.
        """
        with self._lock:
            self._requests[target] += 1
            if planned := self.plan.get(target):
                kind = planned.pop(0)
                if kind not in (OK, *applicable(KINDS, target)):
                    raise ValueError(f"{target} cannot have the fault {kind}.")
            else:
                kind = self._random(target) or OK
            if kind == OK:
                return ""
            self.met.append((target, kind))
            return kind

    def _random(self, target: str) -> str:
        random = Random(f"{self.seed} {target} {self._requests[target]}")
        kinds = applicable(self.kinds, target)
        return random.choice(kinds) if random.random() < self.share and kinds else ""


def applicable(kinds: Iterable[str], target: str) -> list[str]:
    """Those of `kinds` that the page can have: an article has no entries, robots.txt is not a page of the site."""
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
    """Whether a redirect loop leads through `target`."""
    return target.endswith(("?loop=1", "&loop=1", "?loop=2", "&loop=2"))


def _next_in_loop(target: str) -> str:
    """The redirect's target: an address beside the page's, from there another one, and back without end.

    The page's own address is not part of the loop, so that a later request of it succeeds.
    """
    if is_loop(target):
        return target[:-1] + ("2" if target.endswith("1") else "1")
    return f"{target}{'&' if '?' in target else '?'}loop=1"


class Wire:
    """One faulty answer, sent over the connection of a request.

    Attributes:
        handler: of the request.
        stopping: set when the server stops: then no client is kept waiting.
    """

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        self.handler = handler
        self.stopping = stopping

    def send(self, kind: str, content_type: str, body: bytes, retry_after: int | None) -> None:
        """Send what a fault of STATUSES or WIRE leaves of an answer."""
        if kind in STATUSES:
            page = f"<html><body><h1>{kind} {HTTPStatus(STATUSES[kind]).phrase}</h1></body></html>".encode()
            asks = retry_after is not None and kind in {"503", "429"}
            self._answer(page, HTML, STATUSES[kind], {"Retry-After": str(retry_after)} if asks else {})
        elif kind == "error-page":
            self._answer(ERROR_PAGE, HTML)
        elif kind == "redirect-loop":
            self._answer(b"", HTML, 302, {"Location": _next_in_loop(self.handler.path)})
        elif kind == "truncated-gzip":
            packed = gzip.compress(body, compresslevel=1)
            self._answer(packed[: len(packed) // 2], content_type, 200, {"Content-Encoding": "gzip"})
        else:
            self.handler.close_connection = True
            self._break(kind, content_type, body)

    def _break(self, kind: str, content_type: str, body: bytes) -> None:
        """Send an answer that ends the connection."""
        if kind == "timeout":
            self._wait(PATIENCE)
        elif kind == "wrong-length":
            self._answer(body[: len(body) * 2 // 3], content_type, 200, {"Connection": "close"})
        elif kind == "reset":
            self._answer(body[: len(body) // 2], content_type, length=len(body))
            # With no time to linger, closing sends a reset.
            self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:  # drip
            self._answer(b"", content_type, length=len(body))
            end = time.monotonic() + PATIENCE
            for at in range(len(body)):
                self.handler.wfile.flush()
                if time.monotonic() > end or not self._wait(DRIP_PAUSE):
                    return
                self.handler.wfile.write(body[at : at + 1])

    def _wait(self, seconds: float) -> bool:
        """Wait; False as soon as the client has left or the server stops."""
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

    def _answer(
        self,
        body: bytes,
        content_type: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """Send headers and body; `length`: to announce, if it is not the body's."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", content_type)
        self.handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(body)
