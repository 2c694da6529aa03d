"""The base of spiders that walk lists: a subclass is the facts of which lists."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import scrapy

from crawler.arguments import count, words
from crawler.items import ListRead
from crawler.run_state import database_failed, is_abandoned, is_ending
from crawler.spiders.base import NOT_READ, KbsSpider, asked_for, failed_page
from crawler.spiders.coverage import MAX_PAGES, Bounds, Walk
from extractors import NotAnArticle
from extractors.address import list_page_url, parse_address
from extractors.dates import KST
from extractors.listing import ListEntry, ListPage, extract_list
from storage.crawl_state import Coverage

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure


class ListSpider(KbsSpider):
    """Walks lists, newest first, and asks for the articles whose version is not stored.

    Without `full=1` a walk stops at the first page on which everything is known, behind the days that are read over
    (KBS_RECHECK_DAYS), if an earlier walk was complete from there on. What could not be had is asked for by later runs.
    """

    #: Arguments that name lists, with their defaults: short words, parted by commas.
    word_arguments: ClassVar[dict[str, str]] = {}
    #: What a list of this spider is called in messages.
    list_name: ClassVar[str] = "list"

    def __init__(
        self, lang: str = "f", since: str = "", until: str = "", full: str = "", pages: str = "", **own: str
    ) -> None:
        """A spider of the lists of one edition or more.

        Args:
            lang, since, until, full: as in KbsSpider.
            pages: how many pages of each list at most; empty: all that are needed.
            own: the spider's `word_arguments`.
        """
        super().__init__(lang, since, until, full)
        self.pages = count("pages", pages, "list pages")
        self.words = {name: words(name, own.get(name, "") or default) for name, default in self.word_arguments.items()}
        self.walks: dict[str, Walk] = {}

    @classmethod
    def argument_defaults(cls) -> dict[str, str]:
        """The arguments of the spider, its own among them."""
        return super().argument_defaults() | cls.word_arguments

    def lists(self, edition: str) -> Iterable[str]:
        """Addresses of the first pages of an edition's lists, on the site."""
        raise NotImplementedError

    def coverage(self, list_url: str) -> Coverage | None:
        """How far a list was read completely."""
        return self.crawl_state.coverage(list_url)

    def complete_to(self, walk: Walk) -> datetime:
        """The moment up to which a walk that left nothing out has read its list: by the list's own dates, if any."""
        return min(walk.newest or self.started_at, self.started_at)

    def doubt(self) -> str:
        """What may be wrong where a list is empty, for a person to read."""
        return "its template may have changed"

    async def start(self) -> AsyncIterator[Any]:
        """Ask for what is missing since earlier runs, then for the first page of each list, one after the other."""
        try:
            async for request in self._first_requests():
                yield request
        except sqlite3.Error as error:
            database_failed(self.crawler, error)

    async def _first_requests(self) -> AsyncIterator[Request]:
        if is_ending(self.crawler):
            return
        # Scrapy's JOBDIR keeps `state` from one run of a job to the next.
        self.walks = getattr(self, "state", {}).setdefault("walks", {})
        for request in self._missing():
            yield request
        for edition in self.editions:
            for url in self.lists(edition):
                if self.crawler.engine.needs_backout():
                    await self.crawler.signals.wait_for(scrapy.signals.scheduler_empty)
                if url in self.walks:
                    # The job was stopped meanwhile: what moved on the list since then may have been overlooked.
                    self.walks[url].incomplete = True
                self.walks.setdefault(url, Walk(url, self.coverage(url)))
                self.crawl_state.begin_walk(url)
                yield self.request_list(url, 1)

    def request_list(self, list_url: str, number: int) -> Request:
        """A request for a page of a list."""
        url = list_url if number == 1 else list_page_url(list_url, number)
        return scrapy.Request(
            self.site.fetchable(url),
            self.parse,
            errback=self.list_failed,
            cb_kwargs={"list_url": list_url, "number": number},
        )

    async def parse(self, response: Response, list_url: str = "", number: int = 1) -> AsyncIterator[Request | ListRead]:
        """Ask for the articles of a list page that are not known, and for the next page while there is reason to."""
        # After a job that was killed its state is gone: the walk goes on, and nothing relies on it.
        walk = self.walks.setdefault(list_url, Walk(list_url, incomplete=True))
        page, trouble, passing = await self._page(response, walk, number)
        again = self.ask_again(response, trouble) if passing else None
        if again is not None:
            yield again
            return
        assert response.request is not None
        if page is None or (trouble and not page.entries and number > 1):
            following: Iterator[Request | ListRead] = self._pass_over(response.request, trouble)
        else:
            if self.retract_failure(asked_for(response.request)):
                # Since its first try the list may have moved.
                walk.incomplete = True
            following = self._walk_on(walk, page, number, response.url)
        for request in following:
            yield request

    @property
    def extract(self) -> Callable[[bytes, str], ListPage]:
        """What reads a page of this spider's lists."""
        return extract_list

    def list_is_empty(self, walk: Walk, url: str) -> None:
        """Deal with a list without any article: a failure, for most lists."""
        walk.incomplete = True
        self.report_failure(url, f"no article on the {self.list_name}; {self.doubt()}")

    def request_dropped(self, request: Request) -> None:
        """Go on with the next page where a list page was redirected to one that was asked for before."""
        if "number" not in request.cb_kwargs:
            super().request_dropped(request)
        elif request.meta.get("redirect_urls"):
            reason = f"redirected to {request.url}, which was asked for before"
            for following in self._pass_over(request, reason):
                self.crawler.engine.crawl(following)

    def page_read(self, walk: Walk, page: ListPage, known: set[str]) -> None:
        """Take note of a page, and of which of its articles are known."""

    def list_failed(self, failure: Failure) -> Iterator[Request]:
        """Count and list a list page that could not be had, and go on with the next one."""
        if not is_abandoned(failure):
            yield from self._pass_over(failure.request, failed_page(failure)[1])  # type: ignore[attr-defined]

    def _pass_over(self, request: Request, reason: str) -> Iterator[Request]:
        """Go on with the page after one that could not be had; that one has its second chance at the end."""
        if not self.keep_for_the_end(request, reason):
            self.report_failure(asked_for(request), reason)
        list_url, number = request.cb_kwargs["list_url"], request.cb_kwargs["number"]
        walk = self.walks.setdefault(list_url, Walk(list_url, incomplete=True))
        yield from self._turn(walk, walk.over(number, self.bounds))

    def article_answered(self, list_url: str | None) -> Iterator[ListRead]:
        """The list as read, where this was the last article that it waited for."""
        walk = self.walks.get(list_url or "")
        if walk is not None:
            walk.waiting -= 1
            yield from self._settle(walk)

    @cached_property
    def bounds(self) -> Bounds:
        """What bounds every walk of this run."""
        return Bounds(
            since=self.since,
            until=self.until,
            full=self.full,
            pages=self.pages,
            recheck_days=self.recheck_days,
            today=self.started_at.astimezone(KST).date(),
        )

    def _missing(self) -> Iterator[Request]:
        for url in self.crawl_state.pending(self.name):
            address = parse_address(url)
            if address is not None and address.edition in self.editions:
                yield self.request_article(address, list_url=url)

    async def _page(self, response: Response, walk: Walk, number: int) -> tuple[ListPage | None, str, bool]:
        """A list page, what is wrong with it, and whether that may pass."""
        if response.status != 200:
            return None, f"HTTP {response.status}", True
        page = await self.read(self.extract, response.body, self.site.official(response.url))
        if page is None:
            return None, NOT_READ, False
        if isinstance(page, NotAnArticle):
            return None, f"not a {self.list_name}: {page.reason}", page.passing
        if not page.whole:
            return page, "the page ends in the middle", True
        if walk.doubts(page, number):
            return page, f"no article on the {self.list_name} that was not on it before", True
        return page, "", False

    def _walk_on(self, walk: Walk, page: ListPage, number: int, url: str) -> Iterator[Request | ListRead]:
        fresh = walk.look(page, number)
        if not page.whole:
            walk.incomplete = True
            self.report_failure(url, "the page ends in the middle")
        if number <= 1 and not page.entries:
            self.list_is_empty(walk, url)
        known = {
            entry.address.url for entry in page.entries if self.crawl_state.knows(entry.address.url, entry.timestamp)
        }
        self.crawler.stats.inc_value("kbsworld/unchanged", sum(entry.address.url in known for entry in fresh))
        self.page_read(walk, page, known)
        wanted = [entry for entry in fresh if entry.address.url not in known | self.asked and self._wants(entry)]
        walk.waiting += len(wanted)
        # The next page comes before the articles of this one: while it is read, there is something to download.
        yield from self._turn(walk, walk.next_page(page, fresh, number, known, self.bounds))
        for entry in wanted:
            yield self.request_article(entry.address, timestamp=entry.timestamp, list_url=walk.url)
        yield from self._settle(walk)

    def _wants(self, entry: ListEntry) -> bool:
        return entry.address.edition in self.editions and self.bounds.include(entry)

    def _turn(self, walk: Walk, number: int | None) -> Iterator[Request]:
        """The next page of a walk, if there is one."""
        if number is not None:
            yield self.request_list(walk.url, number)
        elif walk.ended == "too long":
            self.report_failure(walk.url, f"the {self.list_name} did not end after {MAX_PAGES:,} pages")

    def _settle(self, walk: Walk) -> Iterator[ListRead]:
        if not walk.ended or walk.waiting > 0:
            return
        coverage = walk.covered(self.bounds, self.complete_to(walk))
        if coverage is not None:
            yield ListRead(url=walk.url, coverage=coverage)
