"""Where requests may go: not off the site, and not where robots.txt forbids it or cannot be read."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares import offsite, robotstxt
from scrapy.exceptions import IgnoreRequest
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.middleware.retry import slow_down
from crawler.run_state import reason_for
from crawler.spiders.base import KbsSpider

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


class OffsiteMiddleware(offsite.OffsiteMiddleware):
    """Scrapy's, but to the letter: the site's own hosts and ports, and nothing is dropped without a word."""

    def request_scheduled(self, request: Request, spider: Spider) -> None:
        """Let it pass: what is dropped here never reaches the request's errback; `process_request` tells it."""

    def should_follow(self, request: Request, spider: Spider) -> bool:
        """Whether the request stays on the site; subdomains and other ports are elsewhere."""
        return spider.site.serves(request.url) if isinstance(spider, KbsSpider) else True


class RobotsTxtMiddleware(robotstxt.RobotsTxtMiddleware):
    """Scrapy's, but a robots.txt that is unreachable or answers 5xx forbids instead of allowing everything.

    RFC 9309, section 2.3.1.4. One that is not there (404) allows everything: section 2.3.1.3.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreadable: dict[str, str] = {}
        self._slowed: set[str] = set()

    def process_response(self, request: Request, response: Response) -> Response:
        """See a robots.txt come back, after all retries: a 4xx means that there are no rules, whatever it says."""
        if not _asks_for_robots(request) or response.status < 400:
            return response
        if response.status >= 500 or response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._give_up(request, f"HTTP {response.status}")
        return response.replace(body=b"")

    def process_exception(self, request: Request, exception: Exception) -> None:
        """See a robots.txt not come back, after all retries."""
        if _asks_for_robots(request):
            self._give_up(request, reason_for(exception))

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules for the request's host.

        Raises:
            IgnoreRequest: they could not be read, so that the request must not be sent.
        """
        parser = await super().robot_parser(request)
        reason = self._unreadable.get(urlparse_cached(request).netloc)
        if parser is None:
            raise IgnoreRequest(f"robots.txt could not be read ({reason or 'it redirects too often, or off the site'})")
        self._obey_crawl_delay(request, parser)
        return parser

    def _obey_crawl_delay(self, request: Request, parser: RobotParser) -> None:
        """Slow down as far as robots.txt asks; Scrapy reads its Crawl-delay and does not act on it."""
        host = urlparse_cached(request).hostname or ""
        if isinstance(parser, ProtegoRobotParser) and host not in self._slowed:
            self._slowed.add(host)
            delay = parser.rp.crawl_delay(self._robotstxt_useragent or self._default_useragent)
            if delay:
                slow_down(self.crawler, host, float(delay))

    def _give_up(self, request: Request, reason: str) -> None:
        asked = request.meta.get("redirect_urls", [request.url])[0]
        self._unreadable[urlsplit(asked).netloc] = reason
        raise IgnoreRequest(reason)


def _asks_for_robots(request: Request) -> bool:
    """Whether Scrapy asks for a robots.txt, also where it was redirected: no other request of ours has the mark."""
    return bool(request.meta.get("dont_obey_robotstxt"))
