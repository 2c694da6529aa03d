"""A bare Scrapy spider, for `scrapy runspider`: downloads the addresses in a file and does nothing with the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class BareSpider(scrapy.Spider):
    """What it costs to download, and no more. Prints at its end how many pages there were."""

    name = "bare"

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = Path(file)
        self.pages = 0

    async def start(self) -> AsyncIterator[Any]:
        for url in self.file.read_text("utf-8").split():
            yield scrapy.Request(url, self.parse)

    def parse(self, response: Response) -> None:
        del response
        self.pages += 1

    def closed(self, reason: str) -> None:
        del reason
        print(self.pages)
