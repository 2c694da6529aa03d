"""What a person sees of a run: progress as it goes, and what it did at the end."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, cast

from crawler.extensions.archive import RunExtension
from crawler.settings import CONTACT_PLACEHOLDER
from crawler.site import Site
from storage import Outcome

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.spiders.base import KbsSpider

BUG = "an error in kbsworld, see the log"

#: The rows of the report, in order. `re-extracted` cannot happen in a crawl.
COUNTS = (Outcome.NEW, Outcome.UPDATED, Outcome.EDITED, Outcome.UNCHANGED, "refused", "failed")
# Told on the way only when there is one.
_RARE = {Outcome.EDITED}


class RunReport(RunExtension):
    """Says on standard error what a run does, as it goes, and what it did, at the end."""

    hears = ("response_received", "spider_error", "item_error", "spider_closed")

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._stats = crawler.stats
        self._began = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()
        # What it says of pages that break off, the report says; and it advises to accept them.
        logging.getLogger("scrapy.core.downloader.handlers.http11").setLevel(logging.ERROR)

    def response_received(self) -> None:
        """Show progress: a live line on a terminal, a line a minute elsewhere."""
        self._stats.inc_value("kbsworld/pages")
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 60.0):
            return
        self._shown = now
        counts = [f"{self._count(name)} {name}" for name in COUNTS[:-1] if self._count(name) or name not in _RARE]
        counts.append(f"{self._count('failed') - self._count('waiting')} failed")
        if self._count("waiting"):
            counts.append(f"{self._count('waiting')} to be tried again")
        pace = 60.0 * self._count("pages") / max(now - self._began, 0.001)
        line = " · ".join([f"{self._count('pages')} pages", *counts, f"{pace:.0f} pages a minute"])
        print(f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)

    def spider_error(self, response: Response | None = None) -> None:
        """Count a page on which our own code failed; its traceback is in the log."""
        url = response.url if response is not None else "the start"
        cast("KbsSpider", self._crawler.spider).report_failure(url, BUG)

    item_error = spider_error

    def spider_closed(self, spider: Spider, reason: str) -> None:
        """Say what the run did."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(self._summary(spider, reason), file=sys.stderr)

    def _count(self, name: str) -> int:
        return int(self._stats.get_value(f"kbsworld/{name}", 0))

    def _summary(self, spider: Spider, reason: str) -> str:
        failures: list[tuple[str, str]] = self._stats.get_value("kbsworld/failures", [])
        if not self._count("pages") and failures and failures[0][1] != BUG:
            base = self._crawler.settings["KBS_BASE_URL"]
            if stopped := self._stats.get_value("kbsworld/stopped"):
                return f"Nothing could be fetched from {base}: {stopped}"
            # What answers, if only with an error, is no matter of the network.
            hint = "run it again later" if "HTTP" in failures[0][1] else "check the network and run it again"
            return f"Nothing could be fetched from {base}: {failures[0][1]}; {hint}."
        seconds = time.monotonic() - self._began
        lines = [f"{spider.name}: {self._count('pages')} pages fetched, lists included, in {seconds:.0f} s ({reason})"]
        lines += [f"  {name:<10} {self._count(name):>6}" for name in COUNTS]
        lines += [f"refused: {count} times: {reason}" for reason, count in self._refusals()]
        lines += [f"failed: {url}: {why}" for url, why in failures]
        lines += self._stats.get_value("kbsworld/notes", [])
        lines += [f"unhealthy: {sentence}" for sentence in self._stats.get_value("kbsworld/complaints", [])]
        lines += filter(None, [self._stats.get_value("kbsworld/stopped"), self._reminder()])
        return "\n".join(lines)

    def _refusals(self) -> list[tuple[str, int]]:
        """The reasons of refusals, the commonest first."""
        prefix = "kbsworld/refusals/"
        reasons = {
            name.removeprefix(prefix): n for name, n in self._stats.get_stats().items() if name.startswith(prefix)
        }
        return sorted(reasons.items(), key=lambda reason: -reason[1])

    def _reminder(self) -> str | None:
        settings = self._crawler.settings
        if (
            settings["KBS_CONTACT"].strip() not in {"", CONTACT_PLACEHOLDER}
            or not Site(settings["KBS_BASE_URL"]).is_the_site
        ):
            return None
        return "Set KBS_CONTACT to an address of yours before the next run: the site should know whom to write to."
