"""Failures in words: why a page could not be had, and why a command could not do its work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.defer import CancelledError

from crawler.terminal import SIGNALLED, UNHEALTHY, WORK_FAILED

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector
    from twisted.python.failure import Failure


_ENDINGS: set[asyncio.Future[None]] = set()

# Statistics that only a run has in which something failed.
_FAILURES = ("kbsworld/failed", "kbsworld/stopped", "feedexport/failed_count")

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "the host's name cannot be resolved"),
    (DownloadConnectionRefusedError, "the host refuses connections"),
    (DownloadTimeoutError, "no complete answer within the time limit"),
    (ResponseDataLossError, "the connection ended in the middle of the page"),
)


def is_abandoned(failure: Failure) -> bool:
    """Whether a request was given up because the run was told to stop: no failure of the page."""
    return isinstance(failure.value, asyncio.CancelledError | CancelledError)


def is_forbidden(failure: Failure) -> bool:
    """Whether a request was not sent at all, because of robots.txt or because it leads off the site."""
    error = failure.value
    # An HttpError is an IgnoreRequest too.
    return isinstance(error, IgnoreRequest) and not isinstance(error, HttpError) and not _went_in_circles(error)


def reason_for(error: BaseException) -> str:
    """One phrase, without a full stop, for the reason a download failed."""
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    if _went_in_circles(error):
        return "it redirects in a circle, or too often"
    if isinstance(error, IgnoreRequest) and str(error):
        return str(error)
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if "certificate verify failed" in str(error):
        return "its certificate cannot be verified (-s DOWNLOAD_VERIFY_CERTIFICATES=False goes on without)"
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def exit_status(stats: StatsCollector) -> int:
    """The exit status of a run, by its statistics."""
    if number := stats.get_value("kbsworld/signal"):
        return SIGNALLED + int(number)
    if stats.get_value("kbsworld/complaints"):
        return UNHEALTHY
    failed = any(value for name, value in stats.get_stats().items() if name.startswith(_FAILURES))
    return WORK_FAILED if failed else 0


def _went_in_circles(error: BaseException | None) -> bool:
    return str(error) == "max redirections reached"  # Scrapy's RedirectMiddleware


def end_run(crawler: Crawler, reason: str, sentence: str) -> None:
    """End a run that cannot or must not go on.

    Args:
        crawler: the run's.
        reason: one word, for the first line of the report.
        sentence: why, and what to do; of several the first one counts.
    """
    if not is_ending(crawler):
        crawler.stats.set_value("kbsworld/stopped", sentence)
    ending = asyncio.ensure_future(crawler.engine.close_spider_async(reason=reason))
    # The event loop keeps weak references only.
    _ENDINGS.add(ending)
    ending.add_done_callback(_ENDINGS.discard)


def database_failed(crawler: Crawler, error: Exception) -> None:
    """End a run whose database fails."""
    end_run(crawler, "database_failed", f"The run ended because the database failed: {str(error).rstrip('.')}.")


def is_ending(crawler: Crawler) -> bool:
    """Whether `end_run` was called: the database may be closed by now."""
    return crawler.stats.get_value("kbsworld/stopped") is not None
