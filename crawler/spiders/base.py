"""What all spiders share: the edition, the way from a page to a Capture, and what becomes of a page that fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.failures import reason_for
from crawler.settings import PRODUCT
from crawler.site import Site
from extractors.address import EDITIONS, Address
from storage import Capture

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

#: Gone for good, not failed: the page is remembered as refused.
GONE = [404, 410]


class ArgumentError(ValueError):
    """A spider argument (`-a NAME=VALUE`) is wrong; the message is a sentence."""


class KbsSpider(scrapy.Spider):
    """Base of the spiders. A subclass says where to start and reads its lists."""

    #: Requests never leave it, redirects included.
    site: Site

    def __init__(self, lang: str = "f") -> None:
        """A spider of one edition.

        Args:
            lang: the edition's letter, as in the site's `lang=`.

        Raises:
            ArgumentError: there is no such edition.
        """
        super().__init__()
        if lang not in EDITIONS:
            letters = ", ".join(f"{letter} ({code})" for letter, code in sorted(EDITIONS.items()))
            raise ArgumentError(f"lang={lang} is no edition of KBS World; the editions are {letters}.")
        self.edition = lang

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Name the contact in the user agent, wherever KBS_CONTACT was set; `-s USER_AGENT=…` still counts more."""
        super().update_settings(settings)
        settings.set("USER_AGENT", f"{PRODUCT} (+{settings['KBS_CONTACT']})", priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """The spider of a crawler: it asks for pages under KBS_BASE_URL and nowhere else."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.site = Site(crawler.settings["KBS_BASE_URL"])
        crawler.signals.connect(spider.request_dropped, signals.request_dropped)
        return spider

    def request_list(self, url: str, **kwargs: Any) -> Request:
        """A request for a list page of the site, before any article that waits."""
        return scrapy.Request(
            self.site.fetchable(url), self.parse, errback=self.page_failed, cb_kwargs=kwargs, priority=1
        )

    def request_article(self, address: Address) -> Request:
        """A request for an article of the site."""
        return scrapy.Request(
            self.site.fetchable(address.url),
            self.parse_article,
            errback=self.page_failed,
            meta={"handle_httpstatus_list": GONE},
        )

    def parse_article(self, response: Response) -> Iterator[Capture]:
        """The page as a Capture; what is in it is for the pipeline to say."""
        if response.meta.get("unarchived"):
            self.report_failure(response.url, "it could not be archived")
            return
        yield Capture(
            url=response.url,
            # From the archive extension; a page from Scrapy's HTTP cache did not pass it.
            fetched_at=response.meta.get("fetched_at") or datetime.now(UTC),
            status=response.status,
            body=response.body,
            charset=_charset(response),
            location=response.meta.get("location"),
        )

    def page_failed(self, failure: Failure) -> None:
        """Count and list a page that could not be had, with the reason."""
        request: Request = failure.request  # type: ignore[attr-defined]
        assert failure.value is not None
        asked = request.meta.get("redirect_urls", [request.url])[0]
        redirected = f" (redirected to {request.url})" if asked != request.url else ""
        self.report_failure(asked, reason_for(failure.value) + redirected)

    def request_dropped(self, request: Request) -> None:
        """Tell of a redirect that leads to a page asked for before: no answer will come to this request."""
        asked = request.meta.get("redirect_urls", [])
        if asked:
            self.report_failure(asked[0], f"redirected to {request.url}, which was asked for before")

    def report_failure(self, url: str, reason: str) -> None:
        """Have the run's report name a page that failed."""
        self.crawler.stats.inc_value("kbsworld/failed")
        failures: list[tuple[str, str]] = self.crawler.stats.get_value("kbsworld/failures", [])
        self.crawler.stats.set_value("kbsworld/failures", [*failures, (url, reason)])


def _charset(response: Response) -> str | None:
    """What the Content-Type of a response says of its encoding."""
    header = Message()
    header["Content-Type"] = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return header.get_content_charset()


def require_our_spider(crawler: Crawler) -> None:
    """Have a component sit out a crawl that is none of ours, such as that of `scrapy fetch` or `scrapy shell`.

    Raises:
        NotConfigured: it is none of ours.
    """
    if not issubclass(crawler.spidercls, KbsSpider):
        raise NotConfigured
