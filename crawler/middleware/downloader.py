"""A downloader that can give up the requests under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader import Downloader

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


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
