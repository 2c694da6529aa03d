"""What a healthy run looks like: Spidermon monitors that judge each run at its end.

A run that breaks one ends with exit status 3, and the sentence the monitor fails with: what is wrong, what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from spidermon import Monitor, MonitorSuite
from spidermon.contrib.scrapy.monitors import BaseScrapyMonitor
from spidermon.core.actions import Action

if TYPE_CHECKING:
    from crawler.spiders.base import KbsSpider

#: Below so many pages a share says nothing.
MIN_PAGES = 20
#: Shares above which a run is unhealthy.
MAX_GENERIC = 0.1
MAX_REFUSED = 0.2
MAX_FAILED = 0.1
#: Share of articles that must have a field.
MIN_COVERAGE = 0.95
#: Silence is unusual when it is so many times as long as any before, and longer than a day.
SILENCE_FACTOR = 2.0
SHORTEST_SILENCE = timedelta(days=1)
#: Below so many runs that brought something, or within so short a time, nothing is usual yet.
MIN_RUNS = 5
MIN_HISTORY = timedelta(days=7)


class _Judgement(BaseScrapyMonitor):  # type: ignore[misc]
    """What the monitors read."""

    def count(self, name: str) -> int:
        return int(self.stats.get(f"kbsworld/{name}", 0))

    @property
    def articles(self) -> int:
        """How many articles were fetched, known ones included."""
        return sum(value for name, value in self.stats.items() if name.startswith("kbsworld/layouts/"))


class Layouts(_Judgement):
    """Articles are found by the names of their templates."""

    def test_layouts(self) -> None:
        generic = self.count("layouts/generic")
        if self.articles >= MIN_PAGES and generic > MAX_GENERIC * self.articles:
            self.fail(
                f"{generic} of {self.articles} articles were found by structure alone (layout generic): the site's "
                "template has changed. Check some of them against the site; extractors/layouts.py wants a new entry."
            )


class Fields(_Judgement):
    """Articles have the fields that their kind has."""

    def test_fields(self) -> None:
        spider: KbsSpider = self.data.spider
        for field in spider.expected_fields if self.articles >= MIN_PAGES else ():
            found = self.articles - self.count(f"without/{field}")
            if found < MIN_COVERAGE * self.articles:
                self.fail(
                    f"only {found} of {self.articles} articles have {field}: the site's template has changed. Check "
                    "some of them against the site; extractors/layouts.py wants a new entry."
                )


class Refusals(_Judgement):
    """Pages that lists point to are articles."""

    def test_refusals(self) -> None:
        spider: KbsSpider = self.data.spider
        refused, total = self.count("refused"), self.count("refused") + self.articles
        if not spider.guesses and total >= MIN_PAGES and refused > MAX_REFUSED * total:
            self.fail(
                f"{refused} of {total} pages hold no article: look at the reasons in the table refusals; the site may "
                "be down behind a page of its own, or its template has changed."
            )


class Failures(_Judgement):
    """Pages can be had."""

    def test_failures(self) -> None:
        if "kbsworld/stopped" in self.stats:  # told already, with the reason
            return
        failed, pages = self.count("failed"), self.count("pages") + self.count("failed")
        if pages >= MIN_PAGES and failed > MAX_FAILED * pages:
            self.fail(
                f"{failed} of {pages} pages failed, listed above: the next run asks for them again; where they fail "
                "again, look at the site in a browser."
            )


class Silence(_Judgement):
    """Something new comes as often as it used to."""

    def test_silence(self) -> None:
        spider: KbsSpider = self.data.spider
        if any(self.count(name) for name in ("new", "updated", "edited")):
            return
        runs = spider.crawl_state.runs_with_news(spider.name, spider.arguments)
        if len(runs) < MIN_RUNS or runs[0] - runs[-1] < MIN_HISTORY:
            return
        silence = datetime.now(UTC) - runs[0]
        usual = max(later - earlier for later, earlier in pairwise(runs))
        if silence > max(SILENCE_FACTOR * usual, SHORTEST_SILENCE):
            self.fail(
                f"nothing new since {runs[0]:%Y-%m-%d %H:%M} UTC, and it never took longer than {_days(usual)} before: "
                "look at the site in a browser; its list may have moved."
            )


class TellReport(Action):  # type: ignore[misc]
    """Hands the sentences of broken monitors to the run's report."""

    def run_action(self) -> None:
        broken = self.result.monitors_failed_results
        sentences = [result.reason or f"a monitor broke: {result.error.splitlines()[-1]}" for result in broken]
        self.data.crawler.stats.set_value("kbsworld/complaints", sentences)


class Health(MonitorSuite):  # type: ignore[misc]
    """All of them."""

    monitors: tuple[type[Monitor], ...] = (Layouts, Fields, Refusals, Failures, Silence)
    monitors_failed_actions: tuple[type[Action], ...] = (TellReport,)


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
