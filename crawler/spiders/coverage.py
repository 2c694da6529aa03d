"""A walk over a list, page after page: which page comes next, when to stop, and what is covered afterwards."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from extractors.address import is_numbered
from extractors.article import KST
from extractors.listing import ListEntry, ListPage
from storage.crawl_state import Coverage

#: A list of the site has some thousands of pages; one that is longer does not end.
MAX_PAGES = 20_000
#: A walk ends after this many pages in a row without a new entry.
MAX_REPEATS = 3
#: A walk ends after this many failed pages in a row.
MAX_FAILED = 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a walk: the spider's arguments, KBS_RECHECK_DAYS, and today in KST."""

    since: date | None
    until: date | None
    full: bool
    pages: int | None
    recheck_days: int
    today: date

    def include(self, entry: ListEntry) -> bool:
        """Whether an article is requested; one without a date always is."""
        day = entry.day
        return day is None or not ((self.since and day < self.since) or (self.until and day > self.until))


@dataclass(slots=True)
class Walk:
    """The state of a walk. Plain data, so that Scrapy's JOBDIR can keep it."""

    url: str  #: the list's first page, on the site
    coverage: Coverage | None = None  #: how far earlier runs read the list
    seen: set[str] = field(default_factory=set)  #: the articles seen on it
    linked: int = 0  #: the greatest page number that a page of it linked to
    newest: datetime | None = None  #: when its newest article was written, as the list says; a day: its beginning
    waiting: int = 0  #: articles requested and not yet dealt with
    repeats_in_a_row: int = 0  #: pages without a new entry, up to now
    failed: set[int] = field(default_factory=set)  #: numbers of the pages that failed
    ended: str = ""  #: how: `known`, `since`, `end`, `pages`, `failed`, `too long`; empty while it goes on
    incomplete: bool = False  #: whether something may have been left out: the next run must not rely on it

    def add(self, page: ListPage, number: int) -> list[ListEntry]:
        """Take in a page of the list; its entries that were not seen before."""
        self.failed.discard(number)
        fresh = [entry for entry in page.entries if entry.address.url not in self.seen]
        self.seen.update(entry.address.url for entry in fresh)
        self.newest = max(filter(None, (self.newest, *map(_moment, page.entries))), default=None)
        self.linked = max(self.linked, *page.pages, 0)
        return fresh

    def is_doubtful(self, page: ListPage, number: int) -> bool:
        """Whether a page without a new entry is more likely a mistake of the site than the end of the list."""
        return number <= max(self.linked, 1) and all(entry.address.url in self.seen for entry in page.entries)

    def next_page(
        self, page: ListPage, fresh: list[ListEntry], number: int, known: set[str], bounds: Bounds
    ) -> int | None:
        """The number of the page to read next, or None: the walk has ended, and `ended` says how.

        Args:
            page, number: the page just read; numbers begin with 1, or 0 where the site counts so.
            fresh: what `add` gave for it.
            known: urls of the articles that are stored in the version their entries announce.
            bounds: of the walk.
        """
        self.repeats_in_a_row = 0 if fresh else self.repeats_in_a_row + 1
        counts_from_0 = number == 1 and 0 in page.pages and not is_numbered(self.url)
        following = 1 if counts_from_0 else number + 1
        if not fresh and (number > self.linked or self.repeats_in_a_row >= MAX_REPEATS):
            # A page that repeats others is the end, unless more pages are linked: the list may have moved meanwhile.
            self.ended = "end"
        elif fresh and bounds.since and all(entry.day and entry.day < bounds.since for entry in page.entries):
            self.ended = "since"
        elif fresh and not bounds.full and self._may_stop(page, known, bounds):
            self.ended = "known"
        elif following not in page.pages and not is_numbered(self.url):
            # How such a list is paged is not known: only pages it links to.
            self.ended = "end"
        elif following > min(bounds.pages or MAX_PAGES, MAX_PAGES):
            self.ended = "pages" if bounds.pages else "too long"
        else:
            return following
        return None

    def page_failed(self, number: int, bounds: Bounds) -> int | None:
        """The number of the page to read after one that failed, or None: too many did."""
        self.failed.add(number)
        is_last = number >= (bounds.pages or MAX_PAGES)
        too_many = self.failed.issuperset(range(number - MAX_FAILED + 1, number))
        if too_many or is_last or not is_numbered(self.url):
            self.ended = "failed"
            return None
        return number + 1

    def covered(self, bounds: Bounds, complete_to: datetime) -> Coverage | None:
        """The coverage of the list, read up to `complete_to`, once the walk has ended; None if it is not certain."""
        if self.incomplete or self.failed or bounds.until or self.ended not in {"known", "since", "end"}:
            return None
        return Coverage(complete_from=self._complete_from(bounds), complete_to=complete_to)

    def _complete_from(self, bounds: Bounds) -> str:
        since = bounds.since.isoformat() if bounds.since else ""
        if self.ended == "end":
            return ""
        if self.coverage is None:
            return since
        if self.ended == "known":
            return self.coverage.complete_from
        touches = since <= self.coverage.complete_to.astimezone(KST).date().isoformat()
        return min(since, self.coverage.complete_from) if touches else since

    def _may_stop(self, page: ListPage, known: set[str], bounds: Bounds) -> bool:
        """Whether all is known here, the recheck days are over, and an earlier run left out nothing from here on."""
        entries = [entry for entry in page.entries if bounds.include(entry)]
        if not entries or not all(entry.address.url in known for entry in entries) or self.coverage is None:
            return False
        if bounds.since and self.coverage.complete_from > bounds.since.isoformat():
            return False
        moments = sorted(filter(None, map(_moment, page.entries)))
        if not moments:
            # Without dates, only a walk that came to its end is evidence of what it skipped.
            return not self.coverage.interrupted
        # The median, so that one pinned or misdated entry does not decide.
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
