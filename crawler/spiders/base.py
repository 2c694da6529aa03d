"""What all spiders share: arguments, requests, from page to article, and a second chance for failed pages."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, ClassVar, Self, TypeVar, cast

import scrapy
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import CloseSpider, DontCloseSpider
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from w3lib.encoding import http_content_type_encoding

from crawler.arguments import ArgumentError, day, own_layouts, words, yes
from crawler.run_state import RunState, is_ending, is_forbidden, reason_for, storing
from crawler.settings import PRODUCT
from crawler.site import GONE, Site
from extractors import Article, NotAnArticle, extract_html
from extractors.address import EDITIONS, Address
from extractors.article import KST
from extractors.witness import second_opinion
from storage import ArchiveWriter, ArticleStore, Capture, CrawlState
from storage.children import ChildError, Children
from storage.crawl_state import Coverage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedPage:
    """A page and what extraction made of it."""

    url: str  #: the article's canonical address, as requested
    capture: Capture
    result: Article | NotAnArticle  #: its article, or why it holds none
    timestamp: str | None  #: the version that the list entry announced, if it has a date
    listed: bool  #: whether a list points to it: without an article it is then pending


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedList:
    """A list that was read completely within `coverage`; yielded after its last article."""

    url: str
    coverage: Coverage


#: What the callbacks of a spider yield.
Output = ExtractedPage | CompletedList | Request


class KbsSpider(scrapy.Spider):
    """Base of the spiders. A subclass says where to start."""

    custom_settings = {
        "ITEM_PIPELINES": {"crawler.pipeline.ArticlePipeline": 100},
        "EXTENSIONS": {
            "crawler.extensions.archive.Archive": 100,
            "crawler.extensions.report.RunReport": 200,
        },
    }
    handle_httpstatus_list = GONE  #: callbacks get these: such an article has not failed, but is remembered as refused
    #: Fields of Article that every article of this spider should have, for its health.
    expected_fields: ClassVar[tuple[str, ...]] = ("title", "written_at", "paragraphs")
    #: Arguments that name lists, with their defaults: short words, separated by commas.
    word_arguments: ClassVar[dict[str, str]] = {}
    #: Whether it asks for pages that may not exist.
    guesses: bool = False

    arguments: dict[str, str]  #: as given with -a
    recheck_days: int  #: KBS_RECHECK_DAYS
    site: Site  #: requests never leave it, redirects included
    layouts: str  #: the text of the user's own layouts
    turns: Iterator[int]  #: 0 at each article that a second opinion is asked of
    children: Children  #: the one child process that extracts its pages
    store: ArticleStore  #: the extension RunReport opens and closes it
    crawl_state: CrawlState
    archive: ArchiveWriter | None = None  #: what the extension Archive writes
    dry = False  #: whether nothing is to be stored

    def __init__(self, lang: str = "f", since: str = "", until: str = "", full: str = "") -> None:
        """A spider with the texts of these arguments; raises ArgumentError if one is invalid.

        Args:
            lang: the letters of editions, separated by commas.
            since, until: days in KST; articles that a list dates otherwise are not requested.
            full: `1` to go on where everything is known.
        """
        super().__init__()
        self.editions = words("lang", lang)
        for letter in self.editions or [lang]:
            if letter not in EDITIONS:
                letters = ", ".join(f"{letter} ({code})" for letter, code in sorted(EDITIONS.items()))
                raise ArgumentError(f"lang={letter} is not an edition of KBS World; the editions are {letters}.")
        self.since, self.until = day("since", since), day("until", until)
        if self.since and self.until and self.since > self.until:
            raise ArgumentError(f"since={since} is later than until={until}.")
        if self.since and self.since > datetime.now(KST).date():
            raise ArgumentError(f"since={since} is in the future.")
        self.full = yes("full", full)
        self.started_at = datetime.now(UTC)
        self.run = RunState()
        self.requested: set[str] = set()
        self.later: list[Request] = []  # failed ones, to be sent once more when all else is done

    @classmethod
    def argument_defaults(cls) -> dict[str, str]:
        """The arguments of the spider, and their defaults; `**arguments` are those of the class it is based on."""
        given = inspect.signature(cls).parameters
        inherited = cast("type[KbsSpider]", cls.__base__).argument_defaults() if "arguments" in given else {}
        own = {one.name: one.default for one in given.values() if one.kind != one.VAR_KEYWORD}
        return own | inherited | cls.word_arguments

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Set what follows from KBS_CONTACT and KBS_MAX_PAGE, wherever these were set; `-s` still counts more."""
        super().update_settings(settings)
        settings.set("DOWNLOAD_MAXSIZE", settings["KBS_MAX_PAGE"], priority="spider")
        settings.set("USER_AGENT", f"{PRODUCT} (+{settings['KBS_CONTACT']})", priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """The spider of a crawler: it requests pages of its site and nowhere else."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.site = spider.find_site(crawler.settings)
        spider.layouts = own_layouts(crawler.settings)
        spider.turns = cycle(range(crawler.settings.getint("KBS_WITNESS")))
        # Not forked: that would keep the crawl's connections open.
        spider.children = Children(1, "spawn", crawler.settings.getfloat("KBS_PAGE_TIME"))
        spider.arguments = {name: str(value) for name, value in sorted(kwargs.items())}
        spider.recheck_days = min(crawler.settings.getint("KBS_RECHECK_DAYS"), 36_500)  # more is no date
        crawler.signals.connect(spider.request_dropped, signals.request_dropped)
        crawler.signals.connect(spider.spider_idle, signals.spider_idle)
        return spider

    def find_site(self, settings: BaseSettings) -> Site:
        """What the spider asks; ArgumentError if a setting has no address of it."""
        return Site(settings["KBS_BASE_URL"])

    def closed(self, reason: str) -> None:  # noqa: ARG002
        """End the child process; Scrapy calls it."""
        self.children.close()

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests, not all at once: there can be many."""
        with storing(self.crawler):
            for request in () if is_ending(self.crawler) else self.first_requests():
                if self.crawler.engine.needs_backout():
                    await self.crawler.signals.wait_for(signals.scheduler_empty)
                yield request

    def first_requests(self) -> Iterator[Request]:
        """The requests that a run begins with."""
        raise NotImplementedError

    # --- articles ---

    def request_article(
        self, address: Address, *, timestamp: str | None = None, list_url: str | None = None
    ) -> Request:
        """A request for an article.

        Args:
            address: the article's.
            timestamp: the version that its list entry announces.
            list_url: the list that points to it; without one, a missing article does not become pending.
        """
        self.requested.add(address.url)
        return scrapy.Request(
            self.site.fetchable(address.view_url),
            self.parse_article,
            errback=self.download_failed,
            cb_kwargs={"url": address.url, "timestamp": timestamp, "list_url": list_url},
        )

    async def parse_article(
        self, response: Response, url: str, timestamp: str | None = None, list_url: str | None = None
    ) -> Iterable[Output]:
        """The page as an ExtractedPage; or its request once more, if it is not whole or no page of the site."""
        request = response.request
        assert request is not None
        if response.meta.get("unarchived"):
            self.run.failures[response.url] = "it could not be archived"
            return []
        capture = Capture(
            url=response.url,
            # From the archive extension; a page from Scrapy's HTTP cache did not pass it.
            fetched_at=response.meta.get("fetched_at") or datetime.now(UTC),
            status=response.status,
            body=response.body,
            charset=http_content_type_encoding((response.headers.get("Content-Type") or b"").decode("latin-1")),
            location=response.meta.get("location"),
        )
        result: Article | NotAnArticle = NotAnArticle(f"HTTP {capture.status}")
        if capture.status == 200:
            official = self.site.official(capture.url)
            result = await self.extract(extract_html, capture.body, official, capture.charset, self.layouts)
        if isinstance(result, Article):
            result = result.as_of(capture.fetched_at)
            trouble, temporary = "the page ends inside the article" if result.truncated else "", result.truncated
        else:
            trouble, temporary = result.reason, result.passing
        if isinstance(result, Article) and not temporary and next(self.turns, 1) == 0:
            opinion = await self.extract(second_opinion, capture.body, capture.charset, result.paragraphs)
            self.run.opinions[capture.url] = [] if isinstance(opinion, NotAnArticle) else opinion
        if temporary and (again := get_retry_request(request, spider=self, reason=trouble)):
            return [again]
        if isinstance(result, Article) and result.truncated:
            return self.give_up(request, trouble)
        if trouble and list_url and not self.page_failed(request, trouble):
            return []
        self.run.failures.pop(asked_for(request), None)
        page = ExtractedPage(url=url, capture=capture, result=result, timestamp=timestamp, listed=list_url is not None)
        return [page, *self.article_done(list_url)]

    def article_done(self, list_url: str | None) -> Iterable[Output]:  # noqa: ARG002
        """What follows when an article of a list has been dealt with: nothing, for spiders without lists."""
        return ()

    # --- any page ---

    async def extract(self, function: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
        """What a function of `extractors` returns, or why a page is refused; CloseSpider if none can be extracted."""
        try:
            return await asyncio.wrap_future(self.children.submit(function, *arguments))
        except NotAnArticle as refusal:
            return refusal
        except BrokenExecutor:
            return NotAnArticle("extraction breaks on this page")
        except TimeoutError:
            return NotAnArticle("extraction takes too long on this page")
        except ChildError as error:
            self.run.stopped = self.run.stopped or f"The run ended because {error}; run it again."
            raise CloseSpider("extraction_failed") from error

    def download_failed(self, failure: Failure) -> Iterator[Output]:
        """Deal with a request without a response, or with one that is an error."""
        request: Request = failure.request  # type: ignore[attr-defined]
        error = failure.value
        assert error is not None
        if isinstance(error, asyncio.CancelledError | CancelledError):
            return  # given up because a signal ended the run: no failure of the page
        redirected = f" (redirected to {request.url})" if asked_for(request) != request.url else ""
        yield from self.give_up(request, reason_for(error) + redirected, again=not is_forbidden(error))

    def request_dropped(self, request: Request) -> None:
        """Deal with a redirect to a page that was requested before: no answer will come to this request."""
        if request.meta.get("redirect_urls"):
            for following in self.give_up(request, f"redirected to {request.url}, which was requested before"):
                if isinstance(following, Request):
                    self.crawler.engine.crawl(following)

    def give_up(self, request: Request, reason: str, *, again: bool = True) -> Iterator[Output]:
        """Report an article that failed, as in `page_failed`; a later run asks for it if a list points to it."""
        if not self.page_failed(request, reason, again=again):
            return
        list_url = request.cb_kwargs["list_url"]
        if list_url is not None:
            # After a refusal by robots.txt nothing is known about the page.
            tried = "robots.txt" not in reason
            with storing(self.crawler):
                self.crawl_state.add_pending(request.cb_kwargs["url"], self.name, reason, tried=tried)
        yield from self.article_done(list_url)

    def page_failed(self, request: Request, reason: str, *, again: bool = True) -> bool:
        """Report a failed page, to be requested later if that may help (`again`); whether that was its last chance."""
        asked = asked_for(request)
        self.run.failures[asked] = reason
        if not again or request.meta.get("second_chance"):
            return True
        self.later.append(request.replace(url=asked, dont_filter=True, meta={"second_chance": True}))
        return False

    def spider_idle(self) -> None:
        """Request the failed pages once more; raises DontCloseSpider if there are some."""
        if self.later:
            failed, self.later = self.later, []
            for request in failed:
                self.crawler.engine.crawl(request)
            raise DontCloseSpider


def asked_for(request: Request) -> str:
    """The address that was requested, before redirects."""
    return str(request.meta.get("redirect_urls", [request.url])[0])
