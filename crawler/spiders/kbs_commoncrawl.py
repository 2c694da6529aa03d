"""kbs_commoncrawl: the articles that Common Crawl has captured; crawls= names, years, or all (default: the newest)."""

import json
import re
from collections.abc import AsyncIterator

from scrapy import Request
from scrapy.http import Response

from crawler.arguments import ArgumentError
from crawler.run_state import storing
from crawler.spiders.archives import PYWB, ArchiveSpider
from storage.sources.cdx import Entry
from storage.sources.found import Found, read_record

_NEWEST = 5


class KbsCommoncrawlSpider(ArchiveSpider):
    name = "kbs_commoncrawl"
    addresses = ("KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA")
    delay = "KBS_COMMONCRAWL_DELAY"

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

    async def indexes(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Those of the crawls, the oldest first; a crawl never changes, so none that was read to its end."""
        url = f"{self.site.base}/collinfo.json"
        try:
            response = await self.fetch(Request(url), 200)
            apis = {str(crawl["id"]): str(crawl["cdx-api"]) for crawl in json.loads(response.body)}
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            self.run.failures[url] = str(error) if isinstance(error, ValueError) else "no list of crawls"
            return
        for name in self._chosen(sorted(apis)):  # names have the year in front
            is_read = False
            with storing(self.crawler):
                is_read = all(self.crawl_state.coverage(name) for name in self.names_of(apis[name]))
            if not is_read or self.full or self.dry:
                yield apis[name], PYWB

    def _chosen(self, names: list[str]) -> list[str]:
        chosen = set() if self.crawls else set(names[-_NEWEST:])
        for given in self.crawls:
            found = {name for name in names if given in {name, "all"} or (given.isdigit() and given in name.split("-"))}
            if not found:
                self.run.failures[given] = f"no such crawl; {self.site.base}/collinfo.json has their names"
            chosen |= found
        return [name for name in names if name in chosen]

    def request_capture(self, entry: Entry) -> Request:
        if self.pywb:
            return super().request_capture(entry)
        data, last = self.crawler.settings["KBS_COMMONCRAWL_DATA"].rstrip("/"), entry.offset + entry.length - 1
        # What follows # is not sent, but tells the captures in a file apart.
        url = f"{data}/{entry.file}#{entry.offset} {entry.url}"
        return Request(url, headers={"Range": f"bytes={entry.offset}-{last}"})

    def read_capture(self, response: Response, entry: Entry) -> Found:
        if self.pywb:
            return super().read_capture(response, entry)
        if response.status != 206:
            raise ValueError("not the range that was asked for")
        return read_record(response.body, entry, 2 * self._max_page)
