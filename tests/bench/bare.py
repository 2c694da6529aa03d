"""A bare Scrapy spider, for `scrapy runspider`: downloads the addresses in a file and ignores the pages."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class BareSpider(scrapy.Spider):
    """The cost of downloading alone. Takes `-a file=PATH` and prints the number of pages at its end."""

    name = "bare"
    file: str
    pages = 0

    async def start(self) -> AsyncIterator[Any]:
        for url in Path(self.file).read_text("utf-8").split():
            yield scrapy.Request(url)

    def parse(self, _: Response) -> None:
        self.pages += 1

    def closed(self, _: str) -> None:
        print(self.pages)
