"""Extensions: what watches a run from outside. One job a file; here, what they share."""

from typing import ClassVar, Self, cast

from scrapy import signals
from scrapy.crawler import Crawler

from crawler.spiders.base import KbsSpider


class RunExtension:
    """An extension of a crawl with a KbsSpider."""

    #: Names of Scrapy's signals; the method of the same name receives each.
    handles: ClassVar[tuple[str, ...]] = ()

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.spider = cast("KbsSpider", crawler.spider)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The extension, connected to its signals."""
        extension = cls(crawler)
        for name in cls.handles:
            crawler.signals.connect(getattr(extension, name), getattr(signals, name))
        return extension
