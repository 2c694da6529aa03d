"""Ends a run within seconds of SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from weakref import WeakSet

from scrapy import Request, Spider
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred

from crawler.extensions.base import RunExtension

#: How long a page under way has to arrive after the signal, in seconds.
GRACE = 2.0


class PromptStop(RunExtension):
    """Gives pages under way GRACE to arrive, then gives them up; Scrapy alone waits for as long as their timeout."""

    handles = ("spider_opened",)

    def spider_opened(self) -> None:
        # Scrapy has set its handlers by now.
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            scrapys = signal.getsignal(number)
            if callable(scrapys):
                signal.signal(number, partial(self._stop, scrapys))

    def _stop(self, scrapys: Callable[..., Any], number: int, frame: Any) -> None:
        self.spider.run.signal = number
        self._loop.call_soon_threadsafe(self._loop.call_later, GRACE, self._abandon)
        scrapys(number, frame)

    def _abandon(self) -> None:
        if self.crawler.engine is not None:
            cast("AbandoningDownloader", self.crawler.engine.downloader).abandon()


class AbandoningDownloader(Downloader):
    """Scrapy's, but the requests under way can be given up."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching: WeakSet[Deferred[Response | Request]] = WeakSet()

    def fetch(self, request: Request, spider: Spider | None = None) -> Deferred[Response | Request]:
        del spider
        fetching: Deferred[Response | Request] = super().fetch(request)
        self._fetching.add(fetching)
        return fetching

    def abandon(self) -> None:
        """Give up every request under way; their errbacks get a CancelledError. Those that are done stay so."""
        for fetching in list(self._fetching):
            fetching.cancel()
