"""A bare Scrapy spider, for `scrapy runspider`: downloads the addresses in a file and ignores the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class BareSpider(scrapy.Spider):
    """The cost of downloading alone. Prints the number of pages at its end."""

    name = "bare"

    def __init__(self, file: str) -> None:
        super().__init__()
        self.urls = Path(file).read_text("utf-8").split()
        self.pages = 0

    async def start(self) -> AsyncIterator[Any]:
        for url in self.urls:
            yield scrapy.Request(url, self.parse)

    def parse(self, _: Response) -> None:
        self.pages += 1

    def closed(self, _: str) -> None:
        print(self.pages)
