"""The database of a run, and the record of the run in it."""

import sqlite3
from datetime import UTC, datetime

from scrapy.crawler import Crawler

from crawler.extensions import RunExtension
from crawler.run_state import database_failed, exit_status
from storage import ArticleStore, CrawlState, StoreError


class RunRecord(RunExtension):
    """Opens the database of KBS_DB for spider, pipeline and extensions, and closes it after everything else.

    It records the run in the table `runs` from its beginning, so that a run that was killed has a row without an end.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.spider.store = ArticleStore(crawler.settings["KBS_DB"])
        self.spider.crawl_state = CrawlState(self.spider.store)
        self._row: int | None = None

    def spider_opened(self) -> None:
        spider = self.spider
        try:
            self._row = spider.crawl_state.begin_run(spider.name, spider.arguments, spider.started_at)
        except sqlite3.Error as error:
            database_failed(self.crawler, error)

    def spider_closed(self, reason: str) -> None:
        """Record how the run ended, and close the database."""
        run = self.spider.run
        counts = {name: run.counts[name] for name in ("new", "updated", "edited", "unchanged", "refused")}
        counts |= {"pages": run.pages, "failed": len(run.failures)}
        status = exit_status(run, self.crawler.stats)
        try:
            if self._row is not None:
                self.spider.crawl_state.end_run(
                    self._row, datetime.now(UTC), run.complaints, reason=reason, exit_status=status, **counts
                )
        except (sqlite3.Error, StoreError) as error:
            run.stopped = run.stopped or f"The run could not be recorded in the database: {error}."
        self.spider.store.close()
