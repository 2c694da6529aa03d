"""Ends a crawl within seconds of SIGINT or SIGTERM, and bounds the headers of an answer."""

import asyncio
import signal
from weakref import WeakSet

from scrapy import Request, Spider, signals
from scrapy.core.downloader import Downloader
from scrapy.core.downloader.handlers import http11
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred

from crawler.spiders.base import KbsSpider

#: How long a page under way has to arrive after the signal, in seconds.
GRACE = 1.5
#: How long the headers of an answer may be in all, in bytes; those of the site have some hundreds.
MAX_HEADERS = 65_536
# In seconds.
_LOOK_AGAIN = 0.1


class PromptDownloader(Downloader):
    """Gives pages under way GRACE to arrive, then gives them up; Scrapy's waits for as long as their timeout."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching: WeakSet[Deferred[Response | Request]] = WeakSet()
        if isinstance(crawler.spider, KbsSpider):
            self._run = crawler.spider.run
            crawler.signals.connect(self._handle_signals, signals.engine_started)  # before, it cannot be stopped

    def fetch(self, request: Request, spider: Spider | None = None) -> Deferred[Response | Request]:  # noqa: ARG002
        fetching: Deferred[Response | Request] = super().fetch(request)
        self._fetching.add(fetching)
        return fetching

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()

        def stop(number: int, _: object) -> None:
            self._run.signal = number
            asyncio.run_coroutine_threadsafe(self._end_run(), loop)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        self._let_close()

    def _let_close(self) -> None:
        """Let a run end when the last item is stored: Scrapy 2.19 looks for that after responses alone.

        It would wait forever for one that `start` has yielded.
        """
        slot = self.crawler.engine.scraper.slot
        if slot and slot.closing and not slot.closing.called and slot.is_idle() and self.crawler.spider:
            slot.closing.callback(self.crawler.spider)
        asyncio.get_running_loop().call_later(_LOOK_AGAIN, self._let_close)

    async def _end_run(self) -> None:
        asyncio.get_running_loop().call_later(GRACE, self._abandon)
        await self.crawler.stop_async()

    def _abandon(self) -> None:
        """Give up every request under way; their errbacks get a CancelledError. Those that are done stay so."""
        for fetching in list(self._fetching):
            fetching.cancel()


class _BoundedParser(http11._LenientHTTPClientParser):  # noqa: SLF001
    """Scrapy's, but it does not keep any number of lines, nor one of any length. Interim answers (1xx) count too."""

    MAX_LENGTH = 2 * MAX_HEADERS  # of a line: more than is ever read before the sum is checked
    _length = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        self._length += len(data)
        if self.line_mode and self._length > MAX_HEADERS:
            raise ValueError(f"the headers of the answer are longer than {MAX_HEADERS:,} bytes")


# There is no setting for it: Scrapy takes its parser from here.
http11._LenientHTTPClientParser = _BoundedParser  # type: ignore[misc]  # noqa: SLF001
