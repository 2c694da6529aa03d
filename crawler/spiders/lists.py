"""The base of spiders that walk lists: a subclass says which lists."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import product
from typing import ClassVar

import scrapy
from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response

from crawler.arguments import count, words
from crawler.run_state import storing
from crawler.site import GONE
from crawler.spiders.base import CompletedList, KbsSpider, Output, asked_for
from crawler.spiders.coverage import MAX_PAGES, Bounds, Walk
from extractors import NotAnArticle
from extractors.address import list_page_url, parse_address, site_url
from extractors.article import KST
from extractors.listing import ListPage, extract_list
from storage.crawl_state import Coverage


class ListSpider(KbsSpider):
    """Walks lists, newest first, and requests the articles whose version is not stored.

    Without `full=1` a walk stops at the first page on which everything is known, behind the recheck days
    (KBS_RECHECK_DAYS), if an earlier walk was complete from there on. Later runs ask again for what failed.
    """

    #: What a list of this spider is called in messages, and by `site_url` where the spider has no `lists` of its own.
    list_name: ClassVar[str] = "list"
    #: What extracts a page of its lists.
    extract_entries = staticmethod(extract_list)

    def __init__(
        self, lang: str = "f", since: str = "", until: str = "", full: str = "", pages: str = "", **own: str
    ) -> None:
        """As in KbsSpider; `pages`: how many of each list at most (empty: all); `own`: the `word_arguments`."""
        super().__init__(lang, since, until, full)
        self.pages = count("pages", pages)
        self.words = {name: words(name, own.get(name, "") or default) for name, default in self.word_arguments.items()}
        self.walks: dict[str, Walk] = {}

    # --- what a subclass says of its lists ---

    def lists(self, edition: str) -> Iterable[str]:
        """Addresses of the first pages of an edition's lists, on the site: one for each word of the arguments."""
        for values in product(*(given or [""] for given in self.words.values())):
            yield site_url(self.list_name, edition, **dict(zip(self.words, values, strict=True)))

    def coverage(self, list_url: str) -> Coverage | None:
        """How far earlier runs read a list completely."""
        return self.crawl_state.coverage(list_url)

    def complete_to(self, walk: Walk) -> datetime:
        """The moment up to which a complete walk has read its list: by the list's own dates, if any."""
        return min(walk.newest or self.started_at, self.started_at)

    def list_is_empty(self, walk: Walk, url: str) -> None:
        """Deal with a list without any article: a failure, for most lists."""
        walk.incomplete = True
        doubts = [f"is {', '.join(given)} a {name} of the site?" for name, given in self.words.items() if given]
        doubt = doubts[0] if doubts else "its template may have changed"
        self.run.failures[url] = f"no article on the {self.list_name}; {doubt}"

    def page_read(self, walk: Walk, page: ListPage, known: set[str]) -> None:
        """Take note of a page, and of which of its articles are known."""

    @cached_property
    def bounds(self) -> Bounds:
        """What bounds every walk of this run."""
        today = self.started_at.astimezone(KST).date()
        return Bounds(self.since, self.until, self.full, self.pages, self.recheck_days, today)

    # --- requests ---

    def first_requests(self) -> Iterator[Request]:
        """What is pending from earlier runs, then the first page of each list."""
        # Scrapy's JOBDIR keeps `state` from one run of a job to the next.
        self.walks = getattr(self, "state", {}).setdefault("walks", {})
        for url in self.crawl_state.pending(self.name):
            address = parse_address(url)
            if address is not None and address.edition in self.editions:
                yield self.request_article(address, list_url=url)
        for url in (url for edition in self.editions for url in self.lists(edition)):
            if url in self.walks:
                # The job was stopped: since then articles may have moved to pages that were read before.
                self.walks[url].incomplete = True
            self.walks.setdefault(url, Walk(url, self.coverage(url)))
            self.crawl_state.begin_walk(url)
            yield from self._next_page(self.walks[url], 1)

    def _next_page(self, walk: Walk, number: int | None) -> Iterator[Request]:
        if number is not None:
            url = walk.url if number == 1 else list_page_url(walk.url, number)
            yield scrapy.Request(
                self.site.fetchable(url),
                self.parse,
                errback=self.download_failed,
                cb_kwargs={"list_url": walk.url, "number": number},
            )
        elif walk.ended == "too long":
            self.run.failures[walk.url] = f"the {self.list_name} did not end after {MAX_PAGES:,} pages"

    # --- pages ---

    async def parse(self, response: Response, list_url: str = "", number: int = 1) -> Iterable[Output]:
        """Request the articles of a list page that are not known, and the next page while there is reason to."""
        request = response.request
        assert request is not None
        walk = self.walks[list_url]
        page, trouble, temporary = await self._page(response, walk, number)
        if temporary and (again := get_retry_request(request, spider=self, reason=trouble)):
            return [again]
        if page is None or (trouble and not page.entries and number > 1):
            return self.give_up(request, trouble)
        if self.run.failures.pop(asked_for(request), None):
            # Since its first try the list may have moved.
            walk.incomplete = True
        return self._walk_on(walk, page, number, response.url)

    def give_up(self, request: Request, reason: str, *, again: bool = True) -> Iterator[Output]:
        """Go on with the page after a failed one, which has its second chance at the end."""
        if "number" not in request.cb_kwargs:
            yield from super().give_up(request, reason, again=again)
            return
        self.page_failed(request, reason, again=again)
        walk = self.walks[request.cb_kwargs["list_url"]]
        yield from self._next_page(walk, walk.page_failed(request.cb_kwargs["number"], self.bounds))

    def article_done(self, list_url: str | None) -> Iterator[Output]:
        """The list as completed, if this was the last article that it waited for."""
        walk = self.walks.get(list_url or "")
        if walk is not None:
            walk.waiting -= 1
            yield from self._complete(walk)

    async def _page(self, response: Response, walk: Walk, number: int) -> tuple[ListPage | None, str, bool]:
        """A list page, what is wrong with it, and whether another try may help at once."""
        if response.status != 200:
            return None, f"HTTP {response.status}", response.status not in GONE
        page = await self.extract(self.extract_entries, response.body, self.site.official(response.url))
        if isinstance(page, NotAnArticle):
            return None, f"not a {self.list_name}: {page.reason}", page.passing
        page = replace(page, entries=tuple(entry.as_of(datetime.now(UTC)) for entry in page.entries))
        if not page.whole:
            return page, "the page ends in the middle", True
        if walk.is_doubtful(page, number):
            return page, f"no article on the {self.list_name} that was not on it before", True
        return page, "", False

    def _walk_on(self, walk: Walk, page: ListPage, number: int, url: str) -> Iterator[Output]:
        fresh = walk.add(page, number)
        if not page.whole:
            walk.incomplete = True
            self.run.failures[url] = "the page ends in the middle"
        if number <= 1 and not page.entries:
            self.list_is_empty(walk, url)
        known: set[str] = set()
        with storing(self.crawler):
            known = {e.address.url for e in page.entries if self.crawl_state.knows(e.address.url, e.timestamp)}
        self.run.counts["unchanged"] += sum(entry.address.url in known for entry in fresh)
        self.page_read(walk, page, known)
        wanted = [
            entry
            for entry in fresh
            if entry.address.url not in known | self.requested
            and entry.address.edition in self.editions
            and self.bounds.include(entry)
        ]
        walk.waiting += len(wanted)
        # The next page comes before the articles of this one: while it is extracted, there is something to download.
        yield from self._next_page(walk, walk.next_page(page, fresh, number, known, self.bounds))
        for entry in wanted:
            yield self.request_article(entry.address, timestamp=entry.timestamp, list_url=walk.url)
        yield from self._complete(walk)

    def _complete(self, walk: Walk) -> Iterator[CompletedList]:
        if walk.ended and walk.waiting <= 0:
            coverage = walk.covered(self.bounds, self.complete_to(walk))
            if coverage is not None:
                yield CompletedList(url=walk.url, coverage=coverage)
