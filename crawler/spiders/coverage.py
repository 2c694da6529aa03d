"""One walk over a list, page after page: what to ask for next, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from extractors.address import is_numbered
from extractors.dates import KST
from extractors.listing import ListEntry, ListPage
from storage.crawl_state import Coverage

#: A list of the site has some thousands of pages; one that is longer does not end.
MAX_PAGES = 20_000
#: So many pages of a list that repeat what was met before end its walk.
MAX_STALE = 3
#: So many pages of a list that fail one after another end its walk.
MAX_STRIKES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What bounds a walk.

    Attributes:
        since, until: the days asked for, in KST; None: no bound.
        full: whether to go on where everything is known.
        pages: how many list pages at most; None: all.
        recheck_days: an updated article keeps its place, so the list is read over for so many days, today included.
        today: the day in KST.
    """

    since: date | None
    until: date | None
    full: bool
    pages: int | None
    recheck_days: int
    today: date

    def include(self, entry: ListEntry) -> bool:
        """Whether an article is asked for; one without a date always is."""
        day = entry.day
        return day is None or not ((self.since and day < self.since) or (self.until and day > self.until))


@dataclass(slots=True)
class Walk:
    """The state of a walk. Plain data, so that Scrapy's JOBDIR can keep it.

    Attributes:
        url: the list's first page, on the site.
        coverage: how far the list was read by earlier runs.
        seen: the articles met on it.
        linked: the greatest page number that a page of it linked to.
        newest: when its newest article was written, as the list says; a day counts as its beginning.
        waiting: articles asked for and not yet dealt with.
        strikes: pages that failed in a row.
        stale: pages without anything fresh in a row.
        ended: how it ended: `known`, `since`, `end`, `pages`, `failed`, `too long`; empty while it goes on.
        failed: numbers of pages that could not be had.
        incomplete: whether something may have been left out, so that the next run must not rely on it.
    """

    url: str
    coverage: Coverage | None = None
    seen: set[str] = field(default_factory=set)
    linked: int = 0
    newest: datetime | None = None
    waiting: int = 0
    strikes: int = 0
    stale: int = 0
    failed: set[int] = field(default_factory=set)
    ended: str = ""
    incomplete: bool = False

    def look(self, page: ListPage, number: int) -> list[ListEntry]:
        """Take in a page of the list; its entries that were not met before."""
        self.failed.discard(number)
        fresh = [entry for entry in page.entries if entry.address.url not in self.seen]
        self.seen.update(entry.address.url for entry in fresh)
        self.newest = max(filter(None, (self.newest, *map(_moment, page.entries))), default=None)
        self.linked = max(self.linked, *page.pages, 0)
        self.strikes = 0
        return fresh

    def doubts(self, page: ListPage, number: int) -> bool:
        """Whether a page without anything fresh is more likely a mistake of the site than the end of the list."""
        return all(entry.address.url in self.seen for entry in page.entries) and (number <= 1 or number <= self.linked)

    def next_page(
        self, page: ListPage, fresh: list[ListEntry], number: int, known: set[str], bounds: Bounds
    ) -> int | None:
        """The number of the page to read next, or None: the walk has ended, and `ended` says how.

        Args:
            page: the page just read, and its number.
            fresh: what `look` gave for it.
            number: from 1 (0 where the site counts so).
            known: urls of the articles that are stored in the version their entries tell of.
            bounds: of the walk.
        """
        if not fresh:
            self.stale += 1
            # A page that repeats others is the end, unless more pages are promised: the list may have moved meanwhile.
            if number > self.linked or self.stale >= MAX_STALE:
                self.ended = "end"
                return None
            return self._following(page, number, bounds)
        self.stale = 0
        if bounds.since and page.entries and all(entry.day and entry.day < bounds.since for entry in page.entries):
            self.ended = "since"
        elif not bounds.full and self._may_stop(page, known, bounds):
            self.ended = "known"
        else:
            return self._following(page, number, bounds)
        return None

    def over(self, number: int, bounds: Bounds) -> int | None:
        """The number of the page to read after one that failed, or None: too many did."""
        self.failed.add(number)
        self.strikes += 1
        if self.strikes >= MAX_STRIKES or not is_numbered(self.url) or number >= (bounds.pages or MAX_PAGES):
            self.ended = "failed"
            return None
        return number + 1

    def covered(self, bounds: Bounds, complete_to: datetime) -> Coverage | None:
        """How far the list is complete once the walk has ended; None where that cannot be told.

        Args:
            bounds: of the walk.
            complete_to: the moment up to which.
        """
        if self.incomplete or self.failed or bounds.until or self.ended not in {"known", "since", "end"}:
            return None
        before = self.coverage.complete_from if self.coverage else None
        since = bounds.since.isoformat() if bounds.since else ""
        if self.ended == "end":
            start = ""
        elif self.ended == "known" and before is not None:
            start = before
        elif self.coverage and since <= self.coverage.complete_to.astimezone(KST).date().isoformat():
            start = min(since, self.coverage.complete_from)
        else:
            start = since
        return Coverage(complete_from=start, complete_to=complete_to)

    def _following(self, page: ListPage, number: int, bounds: Bounds) -> int | None:
        if is_numbered(self.url):
            following = number + 1
        else:
            # How such a list is paged is not known: only pages it links to. It may count from 0.
            first = 0 if number == 1 and 0 in page.pages else number
            following = first + 1
            if following not in page.pages:
                self.ended = "end"
                return None
        if following > min(bounds.pages or MAX_PAGES, MAX_PAGES):
            self.ended = "pages" if bounds.pages else "too long"
            return None
        return following

    def _may_stop(self, page: ListPage, known: set[str], bounds: Bounds) -> bool:
        """Whether all is known here, the recheck days are behind, and an earlier run left out nothing from here on."""
        entries = [entry for entry in page.entries if bounds.include(entry)]
        if not entries or not all(entry.address.url in known for entry in entries) or self.coverage is None:
            return False
        if bounds.since and self.coverage.complete_from > bounds.since.isoformat():
            return False
        moments = sorted(filter(None, map(_moment, page.entries)))
        if not moments:
            # Without dates only a walk that came to its end vouches for what it left behind.
            return not self.coverage.interrupted
        # The one in the middle: a single entry that is pinned, or has a wrong date, decides nothing.
        middle = moments[(len(moments) - 1) // 2]
        newest = min(self.newest.astimezone(KST).date(), bounds.today) if self.newest else bounds.today
        if middle.date() > newest - timedelta(days=bounds.recheck_days):
            return False
        # What was there when the list was last read completely. A day that is not over may have got more since.
        if any(isinstance(entry.written_at, datetime) for entry in page.entries):
            return middle <= self.coverage.complete_to
        return middle.date() < self.coverage.complete_to.astimezone(KST).date()


def _moment(entry: ListEntry) -> datetime | None:
    if entry.written_at is None or isinstance(entry.written_at, datetime):
        return entry.written_at
    return datetime.combine(entry.written_at, time(), KST)
