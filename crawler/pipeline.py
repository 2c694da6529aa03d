"""From the spiders to the store: each page is kept as an article or as a refusal, in batches."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy.exceptions import DropItem

from crawler.items import ListRead, Reading
from crawler.run_state import database_failed
from crawler.spiders.base import KbsSpider, require_our_spider
from extractors import NotAnArticle
from storage import ArticleStore, CrawlState, StoreError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

# One transaction a batch: large enough that a fast crawl does not wait for the disk, and a slow one loses seconds.
BATCH_ITEMS = 100
BATCH_SECONDS = 2.0


class ArticlePipeline:
    """Stores Readings and ListReads, in the order in which they came; other items pass.

    What it hands on of a Reading is the Article, so that Scrapy's feed exports write articles.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._batch: list[Reading | ListRead] = []
        self._flushed_at = time.monotonic()
        self._broken = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The pipeline of a crawl of ours, with its settings."""
        require_our_spider(crawler)
        return cls(crawler)

    def open_spider(self) -> None:
        """Open the database of KBS_DB, also for the spider and the extensions."""
        self._spider = cast("KbsSpider", self._crawler.spider)
        self._spider.store = self._store = ArticleStore(self._crawler.settings["KBS_DB"])
        self._spider.crawl_state = self._crawl_state = CrawlState(self._store)

    def close_spider(self) -> None:
        """Store what is left."""
        failed_before = self._broken
        if not self._flush() and not failed_before:
            self._flush()

    def process_item(self, item: Any) -> Any:
        """The Article of a Reading.

        Raises:
            DropItem: the page holds none, and is remembered as refused; or the item is none to hand on.
        """
        if not isinstance(item, Reading | ListRead):
            return item
        self._batch.append(item)
        if self._broken:
            pass  # tried once more at the end, all in order
        elif len(self._batch) >= BATCH_ITEMS or time.monotonic() - self._flushed_at > BATCH_SECONDS:
            self._flush()
        if isinstance(item, ListRead):
            raise DropItem(f"{item.url}: read")
        if isinstance(item.result, NotAnArticle):
            raise DropItem(f"{item.capture.url}: {item.result.reason}")
        return item.result

    def _flush(self) -> bool:
        """Store the batch. Where the database refuses it the run ends: going on would fetch pages only to lose them.

        The batch is kept then, and tried once more at the end: nothing that came after it is stored without it.

        Returns:
            Whether it is stored.
        """
        batch = self._batch
        if not batch and not self._crawl_state.has_payloads:
            return True  # a run that the database ended before its first page does not wait for it once more
        try:
            with self._store.batch():
                outcomes = [self._store_one(item) for item in batch]
                self._crawl_state.save_payloads()
        except (sqlite3.Error, StoreError) as error:
            for item in batch if self._broken else ():
                if isinstance(item, Reading):
                    self._spider.report_failure(item.capture.url, f"the database did not take it: {error}")
            self._broken = True
            database_failed(self._crawler, error)
        else:
            self._batch = []
            for outcome in filter(None, outcomes):
                self._crawler.stats.inc_value(f"kbsworld/{outcome}")
        self._flushed_at = time.monotonic()
        return not self._batch

    def _store_one(self, item: Reading | ListRead) -> str | None:
        if isinstance(item, ListRead):
            self._crawl_state.save_coverage(item.url, item.coverage)
            return None
        if isinstance(item.result, NotAnArticle):
            self._store.refuse(item.capture, item.result.reason)
            self._crawler.stats.inc_value(f"kbsworld/refusals/{item.result.reason}")
            if item.listed:
                self._crawl_state.add_pending(item.url, self._spider.name, item.result.reason)
            return "refused"
        article = replace(item.result, source_url=item.capture.url)
        self._crawler.stats.inc_value(f"kbsworld/layouts/{article.layout}")
        for field in self._spider.expected_fields:
            if not getattr(article, field):
                self._crawler.stats.inc_value(f"kbsworld/without/{field}")
        outcome = self._store.add(article, item.capture)
        for url in {article.url, item.url}:
            self._crawl_state.remove_pending(url)
        if item.timestamp and not self._crawl_state.knows(article.url, item.timestamp):
            self._crawl_state.note_entry_date(article.url, item.timestamp)
        return outcome
