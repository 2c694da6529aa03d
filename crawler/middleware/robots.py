"""robots.txt is obeyed: also if it cannot be read, and also its Crawl-delay."""

from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import robotstxt
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.run_state import end_run, reason_for
from crawler.spiders.base import asked_for

# What Scrapy notes in requests for robots.txt, redirected ones too; no other request of ours has it.
_OF_ROBOTS = "dont_obey_robotstxt"
# How much of a robots.txt is read, in bytes, as Google does (RFC 9309, section 2.5: at least 500 KiB).
_MAX_ROBOTS = 500 * 1024


class RobotsTxtMiddleware(robotstxt.RobotsTxtMiddleware):
    """Scrapy's, but a robots.txt that is unreachable or answers 5xx forbids instead of allowing everything.

    RFC 9309, section 2.3.1.4. One that is not there (404) allows everything: section 2.3.1.3.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreadable: dict[str, str] = {}
        crawler.signals.connect(self._bytes_received, signals.bytes_received)

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Check a request against the rules of its host; let a robots.txt of any length begin to arrive."""
        if request.meta.get(_OF_ROBOTS):
            request.meta.update(download_maxsize=0, length=0)
        else:
            await super().process_request(request)

    def process_response(self, request: Request, response: Response) -> Response:
        """Handle the answer to a robots.txt request, after all retries; a 4xx means that there are no rules."""
        if not request.meta.get(_OF_ROBOTS):
            return response
        if response.status < 400:
            return response.replace(body=response.body[:_MAX_ROBOTS])
        if response.status >= 500 or response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._give_up(request, f"HTTP {response.status}")
        return response.replace(body=b"")

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Handle the failure of a robots.txt request, after all retries."""
        if request.meta.get(_OF_ROBOTS):
            self._give_up(request, reason_for(exception))

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules for the request's host; IgnoreRequest if they could not be read, or ask for too long a delay."""
        await super().robot_parser(request)
        address = urlparse_cached(request)
        # Not what Scrapy returns: of requests that wait for the rules together, only the first gets them.
        parser = cast("RobotParser | None", self._parsers[address.netloc])
        if parser is None:
            reason = self._unreadable.get(address.netloc, "it redirects too often or off the site, or is too large")
            raise IgnoreRequest(f"robots.txt could not be read ({reason})")
        # Scrapy reads the Crawl-delay and does not act on it.
        if delay := parser.crawl_delay(self._robotstxt_useragent or self._default_useragent):
            _slow_down(self.crawler, address.hostname or "", delay)
        return parser

    def _bytes_received(self, data: bytes, request: Request) -> None:
        if request.meta.get(_OF_ROBOTS):
            request.meta["length"] += len(data)
            if request.meta["length"] > _MAX_ROBOTS:
                raise StopDownload(fail=False)

    def _give_up(self, request: Request, reason: str) -> None:
        self._unreadable[urlsplit(asked_for(request)).netloc] = reason
        raise IgnoreRequest(reason)


def _slow_down(crawler: Crawler, host: str, delay: float) -> None:
    """Keep requests to a host at least `delay` seconds apart; longer than KBS_LONGEST_WAIT: end the run."""
    if delay > crawler.settings.getfloat("KBS_LONGEST_WAIT"):
        asked = f"The robots.txt of {host} asks for {delay:.0f} s between pages"
        end_run(crawler, "site_failing", f"{asked}; to wait that long, set KBS_LONGEST_WAIT to a larger number.")
        raise IgnoreRequest("robots.txt asks for too long a delay")
    # AutoThrottle never goes below its own bound.
    throttle = crawler.get_extension(AutoThrottle)
    if throttle is not None:
        throttle.mindelay = max(throttle.mindelay, delay)
        throttle.maxdelay = max(throttle.maxdelay, delay)
    delay = max(delay, crawler.settings.getfloat("DOWNLOAD_DELAY"))
    downloader = crawler.engine.downloader
    if host in downloader.slots:
        downloader.slots[host].delay = max(downloader.slots[host].delay, delay)
    # For a slot made later: Scrapy drops those that are idle.
    downloader.per_slot_settings[host] = {"delay": delay}
