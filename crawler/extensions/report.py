"""The record of a run in the database, and its report on standard error."""

import logging
import sys
import time
from datetime import UTC, datetime

from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.asyncio import create_looping_call

from crawler.extensions import RunExtension
from crawler.extensions.health import complaints
from crawler.run_state import COUNTS, exit_status, storing
from crawler.settings import CONTACT_PLACEHOLDER
from crawler.terminal import counted
from storage import ArticleStore, CrawlState

BUG = "an error in kbsworld, see the log"


class RunReport(RunExtension):
    """Says what a run does, as it goes, and records and says what it did, at the end.

    Opens the database of KBS_DB for spider, pipeline and extensions, and closes it after everything else. A run is
    recorded from its beginning, so that one that was killed has a row without an end.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.spider.store = ArticleStore(crawler.settings["KBS_DB"])
        self.spider.crawl_state = CrawlState(self.spider.store)
        self._row: int | None = None
        self._began = time.monotonic()
        self._progress = create_looping_call(self._show_progress)
        self._terminal = sys.stderr.isatty()
        # Scrapy's handler warns of pages that break off, which the report lists, and advises to accept them.
        logging.getLogger("scrapy.core.downloader.handlers.http11").setLevel(logging.ERROR)

    def spider_opened(self) -> None:
        spider = self.spider
        interval = 0.2 if self._terminal else self.crawler.settings.getfloat("LOGSTATS_INTERVAL") or 60.0
        self._progress.start(interval, now=False)
        with storing(self.crawler):
            if spider.dry:
                return
            self._row = spider.crawl_state.begin_run(spider.name, spider.arguments, spider.started_at)
            if ahead := spider.crawl_state.runs_ahead():
                runs = f"Earlier runs are dated after now ({ahead}): this computer's clock was ahead, or is behind."
                spider.run.notes.append(f"{runs} What they noted as read is read again; see kbsworld doctor.")

    def response_received(self) -> None:
        self.spider.run.pages += 1

    def _show_progress(self) -> None:
        """A live line on a terminal, a line a minute elsewhere, also while nothing is fetched."""
        run, waiting = self.spider.run, len(self.spider.later)
        parts = [f"{run.pages} pages"]
        parts += [f"{run.counts[name]} {name}" for name in COUNTS if run.counts[name] or name != "edited"]
        parts.append(f"{len(run.failures) - waiting} failed")
        if waiting:
            parts.append(f"{waiting} to be tried again")
        parts.append(f"{60.0 * run.pages / (time.monotonic() - self._began):.0f} pages a minute")
        line = " · ".join(parts)
        print(f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)

    def spider_error(self, response: Response | None = None) -> None:
        """Count a page on which our own code failed; its traceback is in the log."""
        self.spider.run.failures[response.url if response is not None else "the start"] = BUG

    item_error = spider_error

    def spider_closed(self, reason: str) -> None:
        self._progress.stop()
        run = self.spider.run
        reason = run.reason or reason
        run.complaints += complaints(self.spider)
        counts = {name: run.counts[name] for name in COUNTS} | {"pages": run.pages, "failed": len(run.failures)}
        status = exit_status(run, self.crawler.stats)
        with storing(self.crawler):
            if self._row is not None:
                self.spider.crawl_state.end_run(
                    self._row, datetime.now(UTC), run.complaints, reason=reason, exit_status=status, **counts
                )
        self.spider.store.close()
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(self._summary(reason), file=sys.stderr)

    def _summary(self, reason: str) -> str:
        run = self.spider.run
        first_failure = next(iter(run.failures.values()), BUG)
        if not run.pages and first_failure != BUG:
            # A server that answers, even with an error, is reachable.
            hint = "run it again later" if "HTTP" in first_failure else "check the network and run it again"
            why = run.stopped or f"{first_failure}; {hint}."
            return f"Nothing could be fetched from {self.spider.site.base}: {why}"
        seconds = time.monotonic() - self._began
        pages = counted(run.pages, "page")
        lines = [f"{self.spider.name}: {pages} fetched, lists included, in {seconds:.0f} s ({reason})"]
        lines += [f"  {name:<10} {run.counts[name]:>6}" for name in COUNTS]
        lines += [f"  {'failed':<10} {len(run.failures):>6}"]
        lines += [f"refused: {counted(count, 'time')}: {reason}" for reason, count in run.refusal_reasons.most_common()]
        lines += [f"failed: {url}: {why}" for url, why in run.failures.items()]
        lines += run.notes
        lines += [f"unhealthy: {sentence}" for sentence in run.complaints]
        lines += [run.stopped] if run.stopped else []
        is_public = self.spider.site.base.startswith("https:")  # no replica
        if is_public and self.crawler.settings["KBS_CONTACT"].strip() in {"", CONTACT_PLACEHOLDER}:
            lines.append("Set KBS_CONTACT to your address, so that the site knows whom to write to.")
        return "\n".join(lines)
