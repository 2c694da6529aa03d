"""What watches a run: the archive of every exchange, and the report of what the run did."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from http.client import responses as phrases
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit

from scrapy import signals

from crawler.settings import CONTACT_PLACEHOLDER
from crawler.site import Site
from crawler.spiders.base import KbsSpider, require_our_spider
from storage import ArchiveWriter, Outcome

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

BUG = "an error in kbsworld, see the log"

#: The rows of the report, in order. `re-extracted` cannot happen in a crawl.
COUNTS = (Outcome.NEW, Outcome.UPDATED, Outcome.EDITED, Outcome.UNCHANGED, "refused", "failed")


class Archive:
    """Writes every response to KBS_ARCHIVE as it came over the wire, before anything else happens to it.

    Notes in the request's `meta` when it came (`fetched_at`) and where it is kept (`location`).
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._writer: ArchiveWriter | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The extension, connected to the signals of a crawl of ours; `scrapy fetch` and `shell` are none."""
        require_our_spider(crawler)
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        crawler.signals.connect(extension.response_downloaded, signals.response_downloaded)
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        return extension

    def spider_opened(self, spider: Spider) -> None:
        """Prepare a file of this run's own."""
        folder = self._crawler.settings["KBS_ARCHIVE"]
        if folder:
            about = {
                "software": self._crawler.settings["USER_AGENT"],
                "format": "WARC File Format 1.1",
                "robots": "obey" if self._crawler.settings.getbool("ROBOTSTXT_OBEY") else "ignore",
                "description": f"spider {spider.name}",
            }
            self._writer = ArchiveWriter(Path(folder).expanduser(), spider.name, about)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Archive one exchange. Where it cannot be written the run ends: a page must not be stored unarchived."""
        request.meta["fetched_at"] = datetime.now(UTC)
        request.meta["location"] = None
        request.meta["unarchived"] = False
        if self._writer is None:
            return
        parts = urlsplit(request.url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl()
        protocol = response.protocol or "HTTP/1.1"
        try:
            request.meta["location"] = self._writer.write(
                url=response.url,
                fetched_at=request.meta["fetched_at"],
                request_line=f"{request.method} {target} {protocol}",
                request_headers=[("Host", parts.netloc), *_pairs(request.headers)],
                status_line=f"{protocol} {response.status} {phrases.get(response.status, '')}".rstrip(),
                headers=_pairs(response.headers),
                body=response.body,
            )
        except OSError as error:
            request.meta["unarchived"] = True
            reason = f"KBS_ARCHIVE cannot be written ({self._crawler.settings['KBS_ARCHIVE']}: {error.strerror})"
            self._crawler.stats.set_value("kbsworld/stopped", f"{reason}; name a folder with room, or none.")
            self._ending = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="archive_failed"))

    def spider_closed(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values or []
    ]


class RunReport:
    """Says on standard error what a run does, as it goes, and what it did, at the end."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._stats = crawler.stats
        self._began = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The extension, connected to the signals of a crawl of ours."""
        require_our_spider(crawler)
        extension = cls(crawler)
        crawler.signals.connect(extension.response_received, signals.response_received)
        crawler.signals.connect(extension.something_broke, signals.spider_error)
        crawler.signals.connect(extension.something_broke, signals.item_error)
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        return extension

    def response_received(self) -> None:
        """Show progress: a live line on a terminal, a line a minute elsewhere."""
        self._stats.inc_value("kbsworld/pages")
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 60.0):
            return
        self._shown = now
        counts = ", ".join(f"{self._count(name)} {name}" for name in COUNTS if self._count(name))
        line = f"{self._count('pages')} pages" + (f": {counts}" if counts else "")
        print(f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)

    def something_broke(self, response: Response | None = None) -> None:
        """Count a page on which our own code failed; its traceback is in the log."""
        url = response.url if response is not None else "the start"
        cast("KbsSpider", self._crawler.spider).report_failure(url, BUG)

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
            return f"Nothing could be fetched from {base}: {failures[0][1]}; check the network and run it again."
        seconds = time.monotonic() - self._began
        lines = [f"{spider.name}: {self._count('pages')} pages fetched, lists included, in {seconds:.0f} s ({reason})"]
        lines += [f"  {name:<10} {self._count(name):>6}" for name in COUNTS]
        lines += [f"failed: {url}: {why}" for url, why in failures]
        lines += filter(None, [self._stats.get_value("kbsworld/stopped"), self._reminder()])
        return "\n".join(lines)

    def _reminder(self) -> str | None:
        settings = self._crawler.settings
        if (
            settings["KBS_CONTACT"].strip() not in {"", CONTACT_PLACEHOLDER}
            or not Site(settings["KBS_BASE_URL"]).is_the_site
        ):
            return None
        return "Set KBS_CONTACT to an address of yours before the next run: the site should know whom to write to."
