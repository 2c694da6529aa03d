"""kbs_commoncrawl: the articles that Common Crawl has captured; crawls= names, years, or all (default: the newest)."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any

from scrapy import Request
from scrapy.http import Response

from crawler.arguments import ArgumentError
from crawler.run_state import storing
from crawler.spiders.archives import PYWB, ArchiveSpider, Reading
from crawler.spiders.base import Output, asked_for
from storage.crawl_state import Coverage
from storage.sources.cdx import Entry
from storage.sources.found import Found, read_record

_NEWEST = 5


class KbsCommoncrawlSpider(ArchiveSpider):
    name = "kbs_commoncrawl"
    addresses = ("KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA")
    delay = "KBS_COMMONCRAWL_DELAY"
    serves_records = True

    def __init__(self, crawls: str = "", **arguments: str) -> None:
        """As in ArchiveSpider; `crawls`: names of crawls, years, or `all`; empty: the newest ones."""
        super().__init__(**arguments)
        self.crawls = [crawl.strip() for crawl in crawls.split(",") if crawl.strip()]
        for crawl in self.crawls:
            if not re.fullmatch(r"[\w-]{1,40}", crawl, re.ASCII):
                hint = "it must be names such as CC-MAIN-2026-40, years, or all"
                raise ArgumentError(f"crawls={crawls} is not valid; {hint}.")

    @classmethod
    def argument_defaults(cls) -> dict[str, str]:
        return {"crawls": ""} | ArchiveSpider.argument_defaults()

    def first_indexes(self) -> Iterator[Request]:
        yield Request(f"{self.site.base}/collinfo.json", self.parse, errback=self.failed, dont_filter=True)

    async def parse(self, response: Response) -> AsyncIterator[Output]:
        """Read the index of each crawl that is wanted, the oldest first."""
        request = response.request
        assert request is not None
        try:
            crawls = {str(crawl["id"]): crawl for crawl in json.loads(self._unpacked(response))}
            apis = {name: str(crawl["cdx-api"]) for name, crawl in crawls.items()}
        except (ValueError, TypeError, LookupError, RecursionError):
            for output in self.give_up(request, "no list of crawls"):
                yield output
            return
        self.run.failures.pop(asked_for(request), None)
        done = 0
        for number, name in enumerate(self._wanted(crawls)):
            if self._is_done(apis[name]):
                done += 1
                continue
            for part in self.read(Reading(apis[name], is_closed=True, priority=-2 * number), PYWB):
                yield part
        if done:
            self.run.notes.append(f"crawls that were read to their end before, and are not asked for again: {done}")

    def _wanted(self, crawls: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The names of the crawls to read, the oldest first: names have the year in front."""
        names = sorted(crawls)
        wanted = set(names if self.since or self.until else names[-_NEWEST:]) if not self.crawls else set()
        for given in self.crawls:
            found = {name for name in names if given in {name, "all"} or (given.isdigit() and given in name.split("-"))}
            if not found:
                self.run.failures[given] = f"no such crawl; {self.site.base}/collinfo.json has their names"
            wanted |= found
        return [name for name in names if name in wanted and self._may_hold(crawls[name])]

    def _may_hold(self, crawl: Mapping[str, Any]) -> bool:
        """Whether a crawl may have captures of the wanted days, by the days that the list gives for it."""
        first, last = str(crawl.get("from") or "0")[:10], str(crawl.get("to") or "9")[:10]
        # A day in KST begins on the day before in UTC.
        is_before = self.since is not None and last < f"{self.since - timedelta(days=1)}"
        return not is_before and not (self.until and first > f"{self.until}")

    def _is_done(self, api: str) -> bool:
        """Whether a crawl was read to its end: it never changes."""
        found: list[Coverage | None] = [None]
        with storing(self.crawler):
            found = [self.crawl_state.coverage(name) for name in self.names_of(api)]
        return all(found) and not self.full and not self.dry

    def request_capture(self, entry: Entry) -> Request:
        if self.pywb:
            return super().request_capture(entry)
        data = self.crawler.settings["KBS_COMMONCRAWL_DATA"].rstrip("/")
        last = entry.offset + entry.length - 1
        # What follows # is for the report, and is not sent.
        url = f"{data}/{entry.file}#{entry.offset} {entry.url}"
        return Request(url, headers={"Range": f"bytes={entry.offset}-{last}"})

    def read_capture(self, response: Response, entry: Entry) -> Found:
        if self.pywb:
            return super().read_capture(response, entry)
        if response.status != 206:
            raise ValueError("not the range that was asked for")
        return read_record(response.body, entry, 2 * self.crawler.settings.getint("KBS_MAX_PAGE"))
