"""What watches a run: the archive of every exchange, the record of the run, and its end when it is told to stop."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import responses as phrases
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.utils.job import job_dir

from crawler.middleware.retry import AbandoningDownloader
from crawler.run_state import database_failed, end_run, exit_status
from crawler.spiders.base import KbsSpider, require_our_spider
from storage import ArchiveWriter, StoreError
from storage.archive import Payload, payload_digest

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

#: In a JOBDIR while its run goes on.
JOB_MARK = "kbsworld.running"
#: How long a page under way has to arrive once the run is told to stop, in seconds.
GRACE = 2.0
# What a warcinfo record tells of the settings, besides those that have fields of their own.
_TOLD_SETTINGS = ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED", "CONCURRENT_REQUESTS", "RETRY_TIMES", "KBS_RECHECK_DAYS")


class RunExtension:
    """An extension of the crawls of ours; those of `scrapy fetch` and `scrapy shell` it sits out."""

    #: Names of Scrapy's signals; the method of the same name hears each.
    hears: ClassVar[tuple[str, ...]] = ()

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The extension, connected to the signals of a crawl.

        Raises:
            NotConfigured: the crawl is none of ours.
        """
        require_our_spider(crawler)
        extension = cls(crawler)
        for name in cls.hears:
            crawler.signals.connect(getattr(extension, name), getattr(signals, name))
        return extension


class Archive(RunExtension):
    """Writes every response to KBS_ARCHIVE as it came over the wire, before anything else happens to it.

    Notes in the request's `meta` when it came (`fetched_at`) and where it is kept (`location`).
    """

    hears = ("spider_opened", "response_downloaded", "spider_closed")
    _writer: ArchiveWriter | None = None

    def spider_opened(self, spider: KbsSpider) -> None:
        """Prepare a file of this run's own."""
        self._crawl_state = spider.crawl_state
        settings = self._crawler.settings
        if settings["KBS_ARCHIVE"]:
            self._folder = Path(settings["KBS_ARCHIVE"]).expanduser()
            arguments = "".join(f" {name}={value}" for name, value in spider.arguments.items())
            about = {
                "software": settings["USER_AGENT"],
                "format": "WARC File Format 1.1",
                "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
                "description": " ".join(f"spider {spider.name}{arguments}".split()),
                "settings": " ".join(f"{name}={settings[name]}" for name in _TOLD_SETTINGS),
            }
            self._writer = ArchiveWriter(self._folder, spider.name, about)

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
        digest = payload_digest(response.body)
        earlier = self._earlier(response.url, digest)
        try:
            location = self._writer.write(
                url=response.url,
                fetched_at=request.meta["fetched_at"],
                request_line=f"{request.method} {target} {protocol}",
                request_headers=[("Host", parts.netloc), *_pairs(request.headers)],
                status_line=f"{protocol} {response.status} {phrases.get(response.status, '')}".rstrip(),
                headers=_pairs(response.headers),
                body=response.body,
                digest=digest,
                revisits=earlier,
            )
            request.meta["location"] = location
            if earlier is None and response.body:
                payload = Payload(
                    digest=digest, fetched_at=request.meta["fetched_at"], location=location, end=self._writer.position
                )
                self._crawl_state.archived(response.url, payload)
        except OSError as error:
            request.meta["unarchived"] = True
            reason = f"KBS_ARCHIVE cannot be written ({self._crawler.settings['KBS_ARCHIVE']}: {error.strerror})"
            end_run(self._crawler, "archive_failed", f"{reason}; name a folder with room, or none.")

    def spider_closed(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def _earlier(self, url: str, digest: str) -> Payload | None:
        """The same payload of the same address, where the archive still has it."""
        payload = self._crawl_state.payload(url)
        if payload is None or payload.digest != digest:
            return None
        try:
            kept = (self._folder / payload.location.file).stat().st_size >= payload.end
        except OSError:
            kept = False
        return payload if kept else None


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values or []
    ]


class RunRecord(RunExtension):
    """Keeps the run in the table `runs`: from its beginning, so that one that was killed is seen to have no end."""

    hears = ("spider_opened", "spider_closed")

    def spider_opened(self, spider: KbsSpider) -> None:
        """Note that the run began."""
        self._run: int | None = None
        try:
            self._run = spider.crawl_state.begin_run(spider.name, spider.arguments, spider.started_at)
        except sqlite3.Error as error:
            database_failed(self._crawler, error)

    def spider_closed(self, spider: KbsSpider, reason: str) -> None:
        """Note how it ended, and close the database."""
        stats = self._crawler.stats
        names = ("pages", "new", "updated", "edited", "unchanged", "refused", "failed")
        counts = {name: int(stats.get_value(f"kbsworld/{name}", 0)) for name in names}
        complaints = stats.get_value("kbsworld/complaints", [])
        try:
            if self._run is not None:
                spider.crawl_state.end_run(
                    self._run, datetime.now(UTC), complaints, reason=reason, exit_status=exit_status(stats), **counts
                )
        except (sqlite3.Error, StoreError) as error:
            if stats.get_value("kbsworld/stopped") is None:
                stats.set_value("kbsworld/stopped", f"The run could not be recorded in the database: {error}.")
        spider.store.close()


class Job(RunExtension):
    """Has a job (Scrapy's JOBDIR) begin anew where it was killed or is finished.

    Of a killed one Scrapy keeps what was asked for, and not what was still to be asked for, so that nothing would ever
    be; a finished one would take every page for asked. What is stored is known from the database.
    """

    hears = ("spider_opened", "spider_closed")

    def spider_opened(self) -> None:
        """Mark the job as running; the mark stays where it is killed."""
        if folder := job_dir(self._crawler.settings):
            (Path(folder) / JOB_MARK).touch()

    def spider_closed(self, reason: str) -> None:
        """Take the mark away; a finished job is forgotten."""
        if folder := job_dir(self._crawler.settings):
            if reason == "finished":
                forget_job(Path(folder))
            (Path(folder) / JOB_MARK).unlink(missing_ok=True)


def forget_job(folder: Path) -> None:
    """Remove what Scrapy keeps of a job, and nothing else of the folder."""
    shutil.rmtree(folder / "requests.queue", ignore_errors=True)
    for name in ("requests.seen", "spider.state"):
        (folder / name).unlink(missing_ok=True)


class PromptStop(RunExtension):
    """Has SIGINT and SIGTERM end a run in seconds: pages under way get GRACE to arrive, then they are given up.

    Scrapy alone waits for them as long as their timeout, or the delay between pages, is.
    """

    hears = ("spider_opened",)

    def spider_opened(self) -> None:
        """Hook into the handlers, which Scrapy has set by now."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            scrapys = signal.getsignal(number)
            if callable(scrapys):
                signal.signal(number, self._handler(loop, scrapys))

    def _handler(self, loop: asyncio.AbstractEventLoop, scrapys: Callable[..., Any]) -> Callable[..., None]:
        def handle(number: int, frame: Any) -> None:
            self._crawler.stats.set_value("kbsworld/signal", number)
            loop.call_soon_threadsafe(loop.call_later, GRACE, self._abandon)
            scrapys(number, frame)

        return handle

    def _abandon(self) -> None:
        engine = self._crawler.engine
        if engine is not None:
            cast("AbandoningDownloader", engine.downloader).abandon()
