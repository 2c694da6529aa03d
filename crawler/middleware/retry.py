"""How fast the site is asked, and when it is left alone: after errors, on its word, and for good."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from scrapy.core.downloader import Downloader
from scrapy.downloadermiddlewares import retry
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.utils.httpobj import urlparse_cached

from crawler.run_state import end_run, reason_for

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.internet.defer import Deferred

# A back-off grows no further.
_LONGEST_BACKOFF = 300.0
# Answers that may say when to come back (RFC 9110, section 10.2.3; RFC 6585, section 4).
_SAY_WHEN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class RetryMiddleware(retry.RetryMiddleware):
    """Scrapy's, with a rest: after an error the whole host is left alone, longer after each that follows it.

    KBS_BACKOFF seconds after the first, twice as long after every further one in a row; as long as `Retry-After` says
    where that is longer. After KBS_BREAKER errors in a row, or where the rest would be longer than KBS_LONGEST_WAIT,
    the run ends.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._backoff = settings.getfloat("KBS_BACKOFF")
        self._breaker = settings.getint("KBS_BREAKER")
        self._longest_wait = settings.getfloat("KBS_LONGEST_WAIT")
        # By host: errors in a row, and when it may be asked again (time.monotonic).
        self._errors: defaultdict[str, int] = defaultdict(int)
        self._resume_at: defaultdict[str, float] = defaultdict(float)

    async def process_request(self, request: Request) -> None:
        """Wait until the host may be asked again."""
        host = urlparse_cached(request).netloc
        while (rest := self._resume_at[host] - time.monotonic()) > 0:
            if self.crawler.stats.get_value("kbsworld/stopped"):
                raise IgnoreRequest("the run is ending")
            await asyncio.sleep(min(rest, 1.0))

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """See every answer of the host."""
        del spider
        host = urlparse_cached(request).netloc
        if response.status in self.retry_http_codes:
            self._note_error(host, f"HTTP {response.status}", _retry_after(response))
        else:
            self._errors[host] = 0
        return super().process_response(request, response)

    def process_exception(
        self, request: Request, exception: Exception, spider: Spider | None = None
    ) -> Request | Response | None:
        """See every request that got no answer."""
        del spider
        if isinstance(exception, self.exceptions_to_retry):
            self._note_error(urlparse_cached(request).netloc, reason_for(exception), 0.0)
        return super().process_exception(request, exception)

    def _note_error(self, host: str, reason: str, asked_for: float) -> None:
        self._errors[host] += 1
        errors = self._errors[host]
        rest = max(asked_for, min(self._backoff * 2.0 ** (errors - 1), _LONGEST_BACKOFF))
        self._resume_at[host] = time.monotonic() + rest
        if errors >= self._breaker:
            self._end(f"{host} failed {errors} times in a row, the last time with {reason}; run it again later.")
        elif asked_for > self._longest_wait:
            self._end(f"{host} asks to be left alone for {asked_for:.0f} s; run it again after that.")

    def _end(self, sentence: str) -> None:
        end_run(self.crawler, "site_failing", sentence)


def _retry_after(response: Response) -> float:
    """The seconds that `Retry-After` asks for, given as such or as a date; 0 where it asks for none."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if response.status not in _SAY_WHEN or not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def slow_down(crawler: Crawler, host: str, delay: float) -> None:
    """Keep requests to a host `delay` seconds apart at least, as its robots.txt asks with Crawl-delay.

    Where that is longer than KBS_LONGEST_WAIT the run ends.
    """
    if delay > crawler.settings.getfloat("KBS_LONGEST_WAIT"):
        asked = f"The robots.txt of {host} asks for a page every {delay:.0f} s at most"
        end_run(crawler, "site_failing", f"{asked}; to wait for that, give KBS_LONGEST_WAIT a larger number.")
        raise IgnoreRequest("robots.txt asks for too long a delay")
    downloader = crawler.engine.downloader
    # AutoThrottle never goes below its own bound.
    throttle = crawler.get_extension(AutoThrottle)
    if throttle is not None:
        throttle.mindelay = max(throttle.mindelay, delay)
        throttle.maxdelay = max(throttle.maxdelay, delay)
    slots = [slot for key, slot in downloader.slots.items() if key == host]
    for slot in slots:
        slot.delay = max(slot.delay, delay)
    configured = downloader.per_slot_settings.setdefault(host, {})
    configured["delay"] = max(configured.get("delay", 0.0), delay, crawler.settings.getfloat("DOWNLOAD_DELAY"))


class AbandoningDownloader(Downloader):
    """Scrapy's, but requests under way can be given up, so that a run that is told to stop does so in seconds."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._under_way: set[Deferred[Response | Request]] = set()

    def fetch(self, request: Request, spider: Spider | None = None) -> Deferred[Response | Request]:
        """Download a request."""
        del spider
        fetching: Deferred[Response | Request] = super().fetch(request)
        self._under_way.add(fetching)

        def done(result: Response | Request) -> Response | Request:
            self._under_way.discard(fetching)
            return result

        return fetching.addBoth(done)

    def abandon(self) -> None:
        """Give up every request under way; their errbacks get a CancelledError."""
        for fetching in list(self._under_way):
            fetching.cancel()
