"""From Capture to the store: each fetched page is extracted and kept, as an article or as a refusal."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy.exceptions import DropItem

from crawler.site import Site
from crawler.spiders.base import KbsSpider, require_our_spider
from extractors import Article, NotAnArticle, extract_html
from storage import ArticleStore, Capture, StoreError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

# One transaction a batch: large enough that a fast crawl does not wait for the disk, and a slow one loses seconds.
BATCH_PAGES = 100
BATCH_SECONDS = 2.0


class ArticlePipeline:
    """Turns each Capture into an Article and stores it; other items pass.

    What it hands on is the Article, so that Scrapy's feed exports write articles.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._site = Site(crawler.settings["KBS_BASE_URL"])
        self._batch: list[tuple[Capture, Article | NotAnArticle]] = []
        self._flushed_at = time.monotonic()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The pipeline of a crawl of ours, with its settings."""
        require_our_spider(crawler)
        return cls(crawler)

    def open_spider(self) -> None:
        """Open the database of KBS_DB."""
        self._store = ArticleStore(self._crawler.settings["KBS_DB"])

    def close_spider(self) -> None:
        """Store what is left, and close the database."""
        self._flush()
        self._store.close()

    def process_item(self, item: Any) -> Any:
        """The Article of a Capture.

        Raises:
            DropItem: the page holds none; it is remembered as refused.
        """
        if not isinstance(item, Capture):
            return item
        try:
            article = self._extract(item)
        except NotAnArticle as refusal:
            self._keep(item, refusal)
            raise DropItem(f"{item.url}: {refusal.reason}") from None
        self._keep(item, article)
        return article

    def _extract(self, capture: Capture) -> Article:
        if capture.status != 200:
            raise NotAnArticle(f"HTTP {capture.status}")
        article = extract_html(capture.body, self._site.official(capture.url), capture.charset)
        return replace(article, source_url=capture.url)

    def _keep(self, capture: Capture, result: Article | NotAnArticle) -> None:
        self._batch.append((capture, result))
        if len(self._batch) >= BATCH_PAGES or time.monotonic() - self._flushed_at > BATCH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Store the batch. Where the database refuses it the run ends: going on would fetch pages only to lose them."""
        batch, self._batch = self._batch, []
        try:
            with self._store.batch():
                outcomes = [self._store_one(capture, result) for capture, result in batch]
        except (sqlite3.Error, StoreError) as error:
            spider = cast("KbsSpider", self._crawler.spider)
            for capture, _ in batch:
                spider.report_failure(capture.url, f"the database did not take it: {error}")
            self._ending = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="database_failed"))
        else:
            for outcome in outcomes:
                self._crawler.stats.inc_value(f"kbsworld/{outcome}")
        self._flushed_at = time.monotonic()

    def _store_one(self, capture: Capture, result: Article | NotAnArticle) -> str:
        if isinstance(result, NotAnArticle):
            self._store.refuse(capture, result.reason)
            return "refused"
        return self._store.add(result, capture)
