"""From the spiders to the database: each page is stored as an article or as a refusal, in batches."""

import sqlite3
import time
from dataclasses import replace

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.extensions import RunExtension
from crawler.run_state import storing
from crawler.spiders.base import CompletedList, ExtractedPage
from extractors import Article, NotAnArticle
from storage import StoreError

# One transaction a batch: large enough that a fast crawl does not wait for the disk, and a slow one loses seconds.
BATCH_ITEMS = 100
BATCH_SECONDS = 2.0
# What fails for every item alike, and perhaps after a wait: a full disk, a locked database, files that are gone.
_LASTING = (sqlite3.OperationalError, StoreError, OSError)


class ArticlePipeline(RunExtension):
    """Stores ExtractedPages and CompletedLists, in the order in which they come.

    It hands on the Article of an ExtractedPage, so that Scrapy's feed exports write articles.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._batch: list[ExtractedPage | CompletedList] = []
        self._flushed_at = time.monotonic()
        self._error: Exception | None = None

    def close_spider(self) -> None:
        """Store what is left; after a failure once more, one by one: one item may be at fault, or space be free."""
        if not self._error and self._flush():
            return
        lost: Exception | None = None
        for item in self._batch:
            self._batch = [item]
            # A list is complete only with all its articles.
            if isinstance(lost, _LASTING) or (lost and isinstance(item, CompletedList)) or not self._flush():
                lost = self._error
                if isinstance(item, ExtractedPage):
                    self.spider.run.failures[item.capture.url] = f"the database did not take it: {lost}"

    def process_item(self, item: ExtractedPage | CompletedList) -> Article:
        """The Article of an ExtractedPage.

        If a write fails the run ends: going on would fetch pages only to lose them. The batch is kept then, and tried
        once more at the end, in order: no list counts as complete whose articles are not stored.

        Raises:
            DropItem: the page holds none, or the item is a CompletedList.
        """
        self._batch.append(item)
        is_due = len(self._batch) >= BATCH_ITEMS or time.monotonic() - self._flushed_at > BATCH_SECONDS
        if is_due and not self._error:
            self._flush()
        if isinstance(item, CompletedList):
            raise DropItem(f"{item.url}: read")
        if isinstance(item.result, NotAnArticle):
            raise DropItem(f"{item.capture.url}: {item.result.reason}")
        return item.result

    def _flush(self) -> bool:
        """Whether the batch is stored."""
        spider = self.spider
        with storing(self.crawler) as failed:
            if spider.archive:
                spider.archive.check()
            if not self._batch and not spider.crawl_state.archived:
                return True  # a run that the database ended before its first page does not wait for it once more
            with spider.store.batch():
                outcomes = [self._store(item) for item in self._batch]
                spider.crawl_state.save_payloads()
        if failed:
            [self._error] = failed
            return False
        self._batch = []
        self._flushed_at = time.monotonic()
        spider.run.counts.update(filter(None, outcomes))
        return True

    def _store(self, item: ExtractedPage | CompletedList) -> str | None:
        """What the database made of an item: an Outcome or `refused`; None for a list."""
        run, store, crawl_state = self.spider.run, self.spider.store, self.spider.crawl_state
        if isinstance(item, CompletedList):
            crawl_state.save_coverage(item.url, item.coverage)
            return None
        if item.capture.digest:  # of a web archive
            crawl_state.save_capture(item.capture)
        if isinstance(item.result, NotAnArticle):
            reason = item.result.reason
            store.refuse(item.capture, reason)
            run.refusal_reasons[reason] += 1
            if item.listed:
                crawl_state.add_pending(item.url, self.spider.name, reason)
            return "refused"
        article = replace(item.result, source_url=item.capture.url)
        run.layouts[article.layout] += 1
        run.missing_fields.update(name for name in self.spider.expected_fields if not getattr(article, name))
        outcome = store.add(article, item.capture)
        for url in {article.url, item.url}:
            crawl_state.remove_pending(url)
        if item.timestamp and not crawl_state.knows(article.url, item.timestamp):
            crawl_state.note_entry_date(article.url, item.timestamp)
        return outcome
