"""Extensions: what watches a run from outside. One job a file; here, what they share."""

from typing import Self, cast

from scrapy import signals
from scrapy.crawler import Crawler

from crawler.spiders.base import KbsSpider


class RunExtension:
    """An extension of a crawl with a KbsSpider; its methods that are named as signals of Scrapy receive these."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.spider = cast("KbsSpider", crawler.spider)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        for name, signal in vars(signals).items():
            if hasattr(extension, name) and not name.startswith("_"):
                crawler.signals.connect(getattr(extension, name), signal)
        return extension
