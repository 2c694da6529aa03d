"""Ends a run within seconds of SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any, cast

from scrapy import Request, Spider
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred

from crawler.extensions.base import RunExtension

#: How long a page under way has to arrive once the run is told to stop, in seconds.
GRACE = 2.0


class PromptStop(RunExtension):
    """Gives pages under way GRACE to arrive, then gives them up.

    Scrapy alone waits for them as long as their timeout, or the delay between pages, is.
    """

    handles = ("spider_opened",)

    def spider_opened(self) -> None:
        """Wrap the signal handlers, which Scrapy has set by now."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            scrapys = signal.getsignal(number)
            if callable(scrapys):
                signal.signal(number, self._handler(loop, scrapys))

    def _handler(self, loop: asyncio.AbstractEventLoop, scrapys: Callable[..., Any]) -> Callable[..., None]:
        def handle(number: int, frame: Any) -> None:
            self.spider.run.signal = number
            loop.call_soon_threadsafe(loop.call_later, GRACE, self._abandon)
            scrapys(number, frame)

        return handle

    def _abandon(self) -> None:
        if self.crawler.engine is not None:
            cast("AbandoningDownloader", self.crawler.engine.downloader).abandon()


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
