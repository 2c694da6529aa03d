"""kbs_days: the news of each day from `since` (a week ago) to `until` (today); a whole day is not read again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property

from crawler.spiders.coverage import Bounds, Walk
from crawler.spiders.lists import ListSpider
from extractors.address import site_url
from extractors.article import KST

#: How many days back from `until` if `since` is not given.
DEFAULT_DAYS = 7


class KbsDaysSpider(ListSpider):
    name = "kbs_days"
    list_name = "page of the day"
    empty_days = 0

    @cached_property
    def bounds(self) -> Bounds:
        """Without since and until: `lists` chooses the days, and everything on them is requested."""
        return replace(super().bounds, since=None, until=None)

    def lists(self, edition: str) -> Iterator[str]:
        today = self.bounds.today
        last = min(self.until or today, today)
        day = self.since or last - timedelta(days=DEFAULT_DAYS - 1)
        while day <= last:
            if self.full or not self._was_read(edition, day):
                yield site_url("day", edition, day=day)
            day += timedelta(days=1)

    def _was_read(self, edition: str, day: date) -> bool:
        """Whether a day was read completely after its recheck days were over."""
        coverage = self.crawl_state.coverage(site_url("day", edition, day=day))
        settled = day + timedelta(days=self.recheck_days)
        return coverage is not None and coverage.complete_to.astimezone(KST).date() > settled

    def complete_to(self, walk: Walk) -> datetime:  # noqa: ARG002
        """When the day was read: what matters is whether it was over by then."""
        return self.started_at

    def list_is_empty(self, walk: Walk, url: str) -> None:  # noqa: ARG002
        """A day without news is no failure; several of them may be a mistake."""
        self.empty_days += 1
        if self.empty_days == 2:
            self.run.notes.append("Some days have no news on the site; if that is wrong, read them again with full=1.")
