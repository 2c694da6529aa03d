"""What all spiders share: arguments, requests, the way from a page to its article, and what becomes of failures."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import scrapy
from scrapy import signals
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import DontCloseSpider, NotConfigured

from crawler.arguments import ArgumentError, day, words, yes
from crawler.items import ListRead, Reading
from crawler.reader import Reader, ReaderError
from crawler.run_state import end_run, is_abandoned, is_forbidden, reason_for
from crawler.settings import PRODUCT
from crawler.site import GONE, Site
from extractors import Article, NotAnArticle, extract_html
from extractors.address import EDITIONS, Address
from extractors.dates import KST
from storage import ArticleStore, Capture, CrawlState
from storage.sources.http import charset_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

T = TypeVar("T")

#: Why a page failed that no process reads.
NOT_READ = "it could not be extracted"
# In days; more is no date of the calendar.
_CENTURY = 36_500


class KbsSpider(scrapy.Spider):
    """Base of the spiders. A subclass says where to start.

    Attributes:
        editions: the letters of `lang=`.
        since, until: days in KST; articles that a list dates otherwise are not asked for. None: no bound.
        full: whether to go on where everything is known.
        started_at: when the run began; aware, UTC.
        arguments: as given with -a.
        recheck_days: KBS_RECHECK_DAYS.
        site: requests never leave it, redirects included.
        store, crawl_state: the database; the pipeline opens and closes it.
    """

    arguments: dict[str, str]
    recheck_days: int
    custom_settings = {"SPIDERMON_ENABLED": True}
    #: Fields of Article that every article of this spider should have, for its health.
    expected_fields: ClassVar[tuple[str, ...]] = ("title", "written_at", "paragraphs")
    #: Whether it asks for pages that may not be there at all.
    guesses: ClassVar[bool] = False

    site: Site
    store: ArticleStore
    crawl_state: CrawlState

    def __init__(self, lang: str = "f", since: str = "", until: str = "", full: str = "") -> None:
        """A spider of one edition or more.

        Args:
            lang: letters of editions, as in the site's `lang=`, parted by commas.
            since, until: first and last day, `YYYY-MM-DD`; empty: no bound.
            full: `1` to go on where everything is known.

        Raises:
            ArgumentError: a value is none of these.
        """
        super().__init__()
        self.editions = words("lang", lang)
        for letter in self.editions or [lang]:
            if letter not in EDITIONS:
                letters = ", ".join(f"{letter} ({code})" for letter, code in sorted(EDITIONS.items()))
                raise ArgumentError(f"lang={letter} is no edition of KBS World; the editions are {letters}.")
        self.since, self.until = day("since", since), day("until", until)
        if self.since and self.until and self.since > self.until:
            raise ArgumentError(f"since={since} is later than until={until}.")
        if self.since and self.since > datetime.now(KST).date():
            raise ArgumentError(f"since={since} is in the future.")
        self.full = yes("full", full)
        self.started_at = datetime.now(UTC)
        self.asked: set[str] = set()
        self.reader = Reader()
        self._later: list[Request] = []

    @classmethod
    def argument_defaults(cls) -> dict[str, str]:
        """The arguments of the spider, and what they are where they are not given."""
        parameters = inspect.signature(cls).parameters.values()
        return {given.name: given.default for given in parameters if given.kind != given.VAR_KEYWORD}

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
        spider.arguments = {name: str(value) for name, value in sorted(kwargs.items())}
        spider.recheck_days = min(crawler.settings.getint("KBS_RECHECK_DAYS"), _CENTURY)
        crawler.signals.connect(spider.request_dropped, signals.request_dropped)
        crawler.signals.connect(spider.spider_idle, signals.spider_idle)
        return spider

    def log(self, message: Any, level: int = logging.DEBUG, **kwargs: Any) -> None:
        """Log at INFO at most: Spidermon writes its findings here, and the report tells them in sentences."""
        self.logger.log(min(level, logging.INFO), message, **kwargs)

    # --- requests ---

    def request_article(
        self, address: Address, *, timestamp: str | None = None, list_url: str | None = None
    ) -> Request:
        """A request for an article of the site.

        Args:
            address: the article's.
            timestamp: the version its entry tells of.
            list_url: the list that points to it; without one, nobody misses it where it is not there.
        """
        self.asked.add(address.url)
        return scrapy.Request(
            self.site.fetchable(address.view_url),
            self.parse_article,
            errback=self.article_failed,
            cb_kwargs={"url": address.url, "timestamp": timestamp, "list_url": list_url},
            # Not failed: the page is remembered as refused.
            meta={"handle_httpstatus_list": [*GONE]},
        )

    def ask_again(self, response: Response, reason: str) -> Request | None:
        """The request for a page once more, as after an error of the server; None where it was tried enough."""
        assert response.request is not None
        return get_retry_request(response.request, spider=self, reason=reason)

    # --- pages ---

    async def parse_article(
        self, response: Response, url: str, timestamp: str | None = None, list_url: str | None = None
    ) -> AsyncIterator[Reading | ListRead | Request]:
        """The page as a Reading; or once more, where it is not whole or no page of the site."""
        if response.meta.get("unarchived"):
            self.report_failure(response.url, "it could not be archived")
            return
        capture = capture_of(response)
        result = await self._read(capture)
        if result is None:
            self.report_failure(response.url, NOT_READ)
            return
        trouble, passing = _trouble(result)
        again = self.ask_again(response, trouble) if passing else None
        if again is not None:
            yield again
            return
        assert response.request is not None
        if trouble and (list_url or isinstance(result, Article)) and self.keep_for_the_end(response.request, trouble):
            return
        self.retract_failure(asked_for(response.request))
        if isinstance(result, Article) and result.truncated:
            self.article_pending(url, asked_for(response.request), trouble, list_url)
        else:
            listed = list_url is not None
            yield Reading(url=url, capture=capture, result=result, timestamp=timestamp, listed=listed)
        for item in self.article_answered(list_url):
            yield item

    def article_failed(self, failure: Failure) -> Iterator[ListRead]:
        """Count, list and remember an article that could not be had, with the reason."""
        request: Request = failure.request  # type: ignore[attr-defined]
        list_url = request.cb_kwargs["list_url"]
        if is_abandoned(failure):
            return
        asked, reason = failed_page(failure)
        if not is_forbidden(failure) and self.keep_for_the_end(request, reason):
            return
        self.article_pending(request.cb_kwargs["url"], asked, reason, list_url)
        yield from self.article_answered(list_url)

    def article_pending(self, url: str, asked: str, reason: str, list_url: str | None) -> None:
        """Report an article that could not be had; where a list points to it, a later run asks for it again.

        Args:
            url: its canonical address.
            asked: the address that was asked for.
            reason: a phrase.
            list_url: the list.
        """
        self.report_failure(asked, reason)
        if list_url is not None:
            # Where robots.txt had it not sent at all, nothing was learnt of the page.
            self.crawl_state.add_pending(url, self.name, reason, tried="robots.txt" not in reason)

    def article_answered(self, list_url: str | None) -> Iterator[ListRead]:
        """What follows when an article of a list has been dealt with: nothing, for spiders without lists."""
        del list_url
        yield from ()

    def request_dropped(self, request: Request) -> None:
        """Deal with a redirect that leads to a page asked for before: no answer will come to this request."""
        if not request.meta.get("redirect_urls"):
            return
        reason = f"redirected to {request.url}, which was asked for before"
        if not self.keep_for_the_end(request, reason):
            self.article_pending(
                request.cb_kwargs["url"], asked_for(request), reason, request.cb_kwargs.get("list_url")
            )

    def keep_for_the_end(self, request: Request, reason: str) -> bool:
        """Have a page that could not be had asked for once more when all else is done, minutes later.

        Until then it counts as failed.

        Returns:
            Whether it is kept; False where this was its second chance.
        """
        asked = asked_for(request)
        if request.meta.get("second_chance"):
            self.retract_failure(asked)
            return False
        meta = {name: value for name, value in request.meta.items() if name == "handle_httpstatus_list"}
        self.crawler.stats.inc_value("kbsworld/waiting")
        self._later.append(request.replace(url=asked, dont_filter=True, meta=meta | {"second_chance": True}))
        self.report_failure(asked, reason)
        return True

    def spider_idle(self) -> None:
        """Ask for what was kept for the end.

        Raises:
            DontCloseSpider: there is something.
        """
        if self._later:
            kept, self._later = self._later, []
            self.crawler.stats.set_value("kbsworld/waiting", 0)
            for request in kept:
                self.crawler.engine.crawl(request)
            raise DontCloseSpider

    def retract_failure(self, url: str) -> bool:
        """Take back what was told of a page before its second chance; whether anything was."""
        told = self.crawler.stats.get_value("kbsworld/failures", [])
        failures = [failure for failure in told if failure[0] != url]
        if len(failures) == len(told):
            return False
        self.crawler.stats.set_value("kbsworld/failures", failures)
        self.crawler.stats.set_value("kbsworld/failed", len(failures))
        return True

    def report_failure(self, url: str, reason: str) -> None:
        """Have the run's report name a page that failed."""
        self.crawler.stats.inc_value("kbsworld/failed")
        self._remember("kbsworld/failures", (url, reason))

    def note(self, sentence: str) -> None:
        """Have the run's report say something that is no failure."""
        self._remember("kbsworld/notes", sentence)

    def _remember(self, name: str, value: object) -> None:
        self.crawler.stats.set_value(name, [*self.crawler.stats.get_value(name, []), value])

    async def _read(self, capture: Capture) -> Article | NotAnArticle | None:
        if capture.status != 200:
            return NotAnArticle(f"HTTP {capture.status}")
        return await self.read(extract_html, capture.body, self.site.official(capture.url), capture.charset)

    async def read(self, extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle | None:
        """What a function of `extractors` makes of a page; None where no page can be read, which ends the run."""
        try:
            return await self.reader.read(extract, *arguments)
        except ReaderError as error:
            end_run(self.crawler, "extraction_failed", f"The run ended because {error}; run it again.")
            return None

    def closed(self, reason: str) -> None:
        """End what the spider began; Scrapy calls it."""
        del reason
        self.reader.close()


def capture_of(response: Response) -> Capture:
    """A response as a Capture."""
    return Capture(
        url=response.url,
        # From the archive extension; a page from Scrapy's HTTP cache did not pass it.
        fetched_at=response.meta.get("fetched_at") or datetime.now(UTC),
        status=response.status,
        body=response.body,
        charset=charset_of((response.headers.get("Content-Type") or b"").decode("latin-1")),
        location=response.meta.get("location"),
    )


def _trouble(result: Article | NotAnArticle) -> tuple[str, bool]:
    """What is wrong with a page, or nothing; and whether another try may give a better one at once."""
    if isinstance(result, Article):
        return ("the page ends inside the article", True) if result.truncated else ("", False)
    return result.reason, result.passing


def asked_for(request: Request) -> str:
    """The address that was asked for, before redirects."""
    return str(request.meta.get("redirect_urls", [request.url])[0])


def failed_page(failure: Failure) -> tuple[str, str]:
    """The address that was asked for, and why its page could not be had."""
    request: Request = failure.request  # type: ignore[attr-defined]
    assert failure.value is not None
    asked = asked_for(request)
    redirected = f" (redirected to {request.url})" if asked != request.url else ""
    return asked, reason_for(failure.value) + redirected


def require_our_spider(crawler: Crawler) -> None:
    """Have a component sit out a crawl that is none of ours, such as that of `scrapy fetch` or `scrapy shell`.

    Raises:
        NotConfigured: it is none of ours.
    """
    if not issubclass(crawler.spidercls, KbsSpider):
        raise NotConfigured
