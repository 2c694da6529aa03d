"""From the spiders to the database: each page is stored as an article or as a refusal, in batches."""

import sqlite3
import time
from dataclasses import replace
from typing import Any, Self, cast

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.items import CompletedList, ExtractedPage
from crawler.run_state import database_failed
from crawler.spiders.base import KbsSpider
from extractors import Article, NotAnArticle
from storage import StoreError

# One transaction a batch: large enough that a fast crawl does not wait for the disk, and a slow one loses seconds.
BATCH_ITEMS = 100
BATCH_SECONDS = 2.0


class ArticlePipeline:
    """Stores ExtractedPages and CompletedLists, in the order in which they come; ignores other items.

    It hands on the Article of an ExtractedPage, so that Scrapy's feed exports write articles.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._spider = cast("KbsSpider", crawler.spider)
        self._batch: list[ExtractedPage | CompletedList] = []
        self._flushed_at = time.monotonic()
        self._failed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def close_spider(self) -> None:
        """Store what is left."""
        failed_before = self._failed
        if not self._flush() and not failed_before:
            self._flush()

    def process_item(self, item: Any) -> Any:
        """The Article of an ExtractedPage.

        Raises:
            DropItem: the page holds none, or the item is a CompletedList.
        """
        if not isinstance(item, ExtractedPage | CompletedList):
            return item
        self._batch.append(item)
        is_due = len(self._batch) >= BATCH_ITEMS or time.monotonic() - self._flushed_at > BATCH_SECONDS
        if is_due and not self._failed:
            self._flush()
        if isinstance(item, CompletedList):
            raise DropItem(f"{item.url}: read")
        if isinstance(item.result, NotAnArticle):
            raise DropItem(f"{item.capture.url}: {item.result.reason}")
        return item.result

    def _flush(self) -> bool:
        """Store the batch; whether it is stored.

        If the database fails the run ends: going on would fetch pages only to lose them. The batch is kept then, and
        tried once more at the end, in order: nothing that came after it is stored without it.
        """
        batch, spider = self._batch, self._spider
        if not batch and not spider.crawl_state.archived:
            return True  # a run that the database ended before its first page does not wait for it once more
        try:
            with spider.store.batch():
                outcomes = [self._store(item) for item in batch]
                spider.crawl_state.save_payloads()
        except (sqlite3.Error, StoreError) as error:
            if self._failed:
                reason = f"the database did not take it: {error}"
                spider.run.failures |= {item.capture.url: reason for item in batch if isinstance(item, ExtractedPage)}
            self._failed = True
            database_failed(self._crawler, error)
        else:
            self._batch = []
            spider.run.counts.update(filter(None, outcomes))
        self._flushed_at = time.monotonic()
        return not self._batch

    def _store(self, item: ExtractedPage | CompletedList) -> str | None:
        """What the database made of an item: an Outcome or `refused`; None for a list."""
        if isinstance(item, CompletedList):
            self._spider.crawl_state.save_coverage(item.url, item.coverage)
            return None
        if isinstance(item.result, NotAnArticle):
            return self._refuse(item, item.result.reason)
        return self._store_article(item, replace(item.result, source_url=item.capture.url))

    def _refuse(self, page: ExtractedPage, reason: str) -> str:
        self._spider.store.refuse(page.capture, reason)
        self._spider.run.refusal_reasons[reason] += 1
        if page.listed:
            self._spider.crawl_state.add_pending(page.url, self._spider.name, reason)
        return "refused"

    def _store_article(self, page: ExtractedPage, article: Article) -> str:
        run, crawl_state = self._spider.run, self._spider.crawl_state
        run.layouts[article.layout] += 1
        run.missing_fields.update(name for name in self._spider.expected_fields if not getattr(article, name))
        outcome = self._spider.store.add(article, page.capture)
        for url in {article.url, page.url}:
            crawl_state.remove_pending(url)
        if page.timestamp and not crawl_state.knows(article.url, page.timestamp):
            crawl_state.note_entry_date(article.url, page.timestamp)
        return outcome
