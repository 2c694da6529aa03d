"""What a run has done so far, and how it ends: its failures in words, and its exit status."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import ESTALE

from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.statscollectors import StatsCollector

from crawler.terminal import SIGNALLED, UNHEALTHY, WORK_FAILED
from storage import StoreError

_TOO_LARGE = "larger than a page may be; KBS_MAX_PAGE sets the limit"
_REASONS: dict[type[Exception], str] = {
    CannotResolveHostError: "the host's name cannot be resolved",
    DownloadCancelledError: _TOO_LARGE,
    DownloadConnectionRefusedError: "the host refuses connections",
    DownloadTimeoutError: "no complete answer within the time limit",
    ResponseDataLossError: "the connection ended in the middle of the page",
}
_REDIRECTED_TOO_OFTEN = "max redirections reached"  # as Scrapy's RedirectMiddleware says


#: What is counted of pages, in the order of the report. `re-extracted` cannot happen in a crawl.
COUNTS = ("new", "updated", "edited", "unchanged", "refused")


@dataclass(slots=True)
class RunState:
    """What a run has done so far. It is the spider's `run`."""

    pages: int = 0  #: responses received; lists and robots.txt count too
    counts: Counter[str] = field(default_factory=Counter)  #: pages by outcome, as in COUNTS
    failures: dict[str, str] = field(default_factory=dict)  #: address -> reason, of pages that failed
    refusal_reasons: Counter[str] = field(default_factory=Counter)  #: refused pages by reason
    layouts: Counter[str] = field(default_factory=Counter)  #: articles by layout
    missing_fields: Counter[str] = field(default_factory=Counter)  #: articles without it, by field
    #: Address -> the prose in which an article differs from a second opinion, where that was asked.
    opinions: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  #: sentences about what is unusual and no failure
    complaints: list[str] = field(default_factory=list)  #: sentences about why the run is unhealthy
    stopped: str | None = None  #: why the run was ended early: a sentence; None while it was not
    reason: str = ""  #: the same in one word, for the record; empty where Scrapy's own counts
    ending: asyncio.Future[None] | None = None  #: what ends it early; the event loop has weak references only
    signal: int = 0  #: number of the signal that ended it; 0: none


def exit_status(run: RunState, stats: StatsCollector) -> int:
    """The exit status of a run, by what it did and by Scrapy's statistics: whether an export (`-o`) failed."""
    if run.signal:
        return SIGNALLED + run.signal
    if run.complaints and not run.reason:
        return UNHEALTHY
    export_failed = any(name.startswith("feedexport/failed_count") for name in stats.get_stats())
    return WORK_FAILED if run.failures or run.stopped or export_failed else 0


def end_run(crawler: Crawler, reason: str, sentence: str) -> None:
    """End a run that cannot or must not go on.

    `reason` is one word, for the first line of the report; `sentence` says why, and what to do: the first one is kept.
    """
    run = _run(crawler)
    run.stopped, run.reason = run.stopped or sentence, run.reason or reason
    run.ending = run.ending or asyncio.ensure_future(crawler.engine.close_spider_async(reason=reason))


@contextmanager
def storing(crawler: Crawler) -> Iterator[list[Exception]]:
    """End the run if the database or the archive fails within, for any reason, which is in the list then."""
    failed: list[Exception] = []
    try:
        yield failed
    except Exception as error:  # noqa: BLE001  (to go on would be to lose pages)
        failed.append(error)
        reason, why = "database_failed", f"the database failed: {str(error).rstrip('.')}"
        if isinstance(error, OSError):
            is_gone = error.errno == ESTALE
            advice = "put it back, or run again" if is_gone else "choose a folder with free space, or none"
            place = f"{error.filename or crawler.settings['KBS_ARCHIVE']}: {error.strerror or error}"
            reason, why = "archive_failed", f"KBS_ARCHIVE cannot be written ({place}); {advice}"
        elif not isinstance(error, sqlite3.Error | StoreError):
            why = f"of an error in kbsworld ({type(error).__name__}: {error})"
        end_run(crawler, reason, f"The run ended because {why}.")


def is_ending(crawler: Crawler) -> bool:
    """Whether `end_run` was called: the database may be closed by now."""
    return _run(crawler).stopped is not None


def _run(crawler: Crawler) -> RunState:
    # In `scrapy fetch` the spider is Scrapy's own.
    return getattr(crawler.spider, "run", None) or RunState()


def is_forbidden(error: BaseException) -> bool:
    """Whether a request was not sent at all, because of robots.txt or because it leads off the site."""
    is_answer = isinstance(error, HttpError) or str(error) == _REDIRECTED_TOO_OFTEN
    return isinstance(error, IgnoreRequest) and not is_answer


def reason_for(error: BaseException) -> str:
    """One phrase, without a full stop, for the reason a download failed."""
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    if str(error) == _REDIRECTED_TOO_OFTEN:
        return "it redirects in a circle, or too often"
    if "larger than a page" in str(error):  # when it is unpacked
        return _TOO_LARGE
    if isinstance(error, IgnoreRequest) and str(error):
        return str(error)
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    if "certificate verify failed" in str(error):
        return "its certificate cannot be verified (-s DOWNLOAD_VERIFY_CERTIFICATES=False goes on without)"
    for failure in getattr(error.__cause__, "reasons", ()):  # Twisted's list of them, which does not read well
        error = failure.value
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
