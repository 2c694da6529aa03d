"""kbs_commoncrawl: the articles that Common Crawl has captured; crawls= names, years, or all (default: the newest)."""

import json
from collections.abc import AsyncIterator

from scrapy import Request

from crawler.arguments import ArgumentError, words
from crawler.spiders.archives import PYWB, ArchiveSpider
from storage.sources.cdx import Entry


class KbsCommoncrawlSpider(ArchiveSpider):
    name = "kbs_commoncrawl"
    addresses = ("KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA")

    def __init__(self, crawls: str = "", **arguments: str) -> None:
        """As in ArchiveSpider; `crawls`: names of crawls, years, or `all`; empty: the newest ones."""
        super().__init__(**arguments)
        self.crawls = words("crawls", crawls)
        if self.crawls and self.pywb:
            raise ArgumentError("archive= has no crawls; leave out crawls=.")

    async def indexes(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Those of the crawls, the oldest first; a crawl never changes, so none that was read to its end."""
        url = f"{self.site.base}/collinfo.json"
        try:
            response = await self.fetch(Request(url), 200)
            apis = {str(crawl["id"]): str(crawl["cdx-api"]) for crawl in json.loads(response.body)}
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            self.run.failures[url] = f"no list of crawls ({error}); is that the address?"
            return
        chosen = set() if self.crawls else {*sorted(apis)[-5:]}  # the newest: names have the year in front
        for given in self.crawls:
            found = {name for name in apis if given in {name, "all", *name.split("-")}}
            if not found:
                self.run.failures[given] = f"no such crawl; {url} has their names"
            chosen |= found
        for name in sorted(chosen):
            is_read = all(self.crawl_state.coverage(f"{apis[name]}#{letter}") for letter in self.editions)
            if not is_read or self.full or self.dry:
                yield apis[name], PYWB
            else:
                self.nothing = "Nothing new: these crawls were read to their end; full=1 asks for them again."

    def request_capture(self, entry: Entry) -> Request:
        if self.pywb:
            return super().request_capture(entry)
        data, last = self.crawler.settings["KBS_COMMONCRAWL_DATA"].rstrip("/"), entry.offset + entry.length - 1
        # What follows # is not sent, but tells the captures in a file apart.
        url = f"{data}/{entry.file}#{entry.offset} {entry.url}"
        return Request(url, headers={"Range": f"bytes={entry.offset}-{last}"})
