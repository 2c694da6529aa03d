"""What a healthy run looks like: Spidermon monitors that judge each run at its end.

A run that fails a monitor ends with exit status 3 and the monitor's sentence: what is wrong, what to do.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from spidermon import Monitor, MonitorSuite
from spidermon.core.actions import Action

from crawler.run_state import RunState, storing
from crawler.spiders.base import KbsSpider

#: With fewer pages a share says nothing.
MIN_PAGES = 20
#: Shares above which a run is unhealthy.
MAX_GENERIC = 0.1
MAX_REFUSED = 0.2
MAX_FAILED = 0.1
MAX_MISSING = 0.05
#: Silence is unusual if it is this many times as long as any before, and longer than a day.
SILENCE_FACTOR = 2.0
SHORTEST_SILENCE = timedelta(days=1)
#: With fewer runs that found something new, or within a shorter time, silence is not judged.
MIN_RUNS = 5
MIN_HISTORY = timedelta(days=7)

TEMPLATE_CHANGED = (
    "the site's template has changed. Check some of them against the site; extractors/layouts.toml needs a new entry."
)


class RunMonitor(Monitor):  # type: ignore[misc]
    """Judges a run, one question a test."""

    def setUp(self) -> None:
        self.spider: KbsSpider = self.data.spider
        self.done: RunState = self.spider.run
        #: How many articles were fetched, known ones included.
        self.articles = self.done.layouts.total()

    def test_layouts(self) -> None:
        """Articles are found by the class names of their template."""
        found = "articles were found by structure alone (layout generic)"
        self._check(self.done.layouts["generic"], MAX_GENERIC, self.articles, f"{found}: {TEMPLATE_CHANGED}")

    def test_fields(self) -> None:
        """Articles have the fields that their kind has."""
        for field in self.spider.expected_fields:
            sentence = f"articles have no {field}: {TEMPLATE_CHANGED}"
            self._check(self.done.missing_fields[field], MAX_MISSING, self.articles, sentence)

    def test_refusals(self) -> None:
        """Pages that lists point to are articles."""
        refused = self.done.counts["refused"]
        if not self.spider.guesses:
            advice = "look at the reasons in the table refusals, and at one of the pages in a browser."
            self._check(refused, MAX_REFUSED, refused + self.articles, f"pages hold no article: {advice}")

    def test_failures(self) -> None:
        """Pages can be fetched."""
        failed = len(self.done.failures)
        if self.done.stopped is None:  # else that is reported, with the reason
            advice = "the next run asks for them again; if they fail again, look at the site in a browser."
            self._check(failed, MAX_FAILED, self.done.pages + failed, f"pages failed, listed above: {advice}")

    def test_silence(self) -> None:
        """Something new comes as often as before."""
        if any(self.done.counts[name] for name in ("new", "updated", "edited")):
            return
        runs: list[datetime] = []
        with storing(self.spider.crawler):
            runs = self.spider.crawl_state.runs_with_news(self.spider.name, self.spider.arguments)
        if len(runs) < MIN_RUNS or runs[0] - runs[-1] < MIN_HISTORY:
            return
        silence = datetime.now(UTC) - runs[0]
        usual = max(later - earlier for later, earlier in pairwise(runs))
        if silence > max(SILENCE_FACTOR * usual, SHORTEST_SILENCE):
            hours = usual.total_seconds() / 3600
            longest = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
            self.fail(
                f"nothing new since {runs[0]:%Y-%m-%d %H:%M} UTC, and it never took longer than {longest} before: "
                "look at the site in a browser; its list may have moved."
            )

    def _check(self, found: int, most: float, total: int, sentence: str) -> None:
        if total >= MIN_PAGES and found > most * total:
            self.fail(f"{found} of {total} {sentence}")


class Complain(Action):  # type: ignore[misc]
    """Hands the sentences of failed monitors to the run's report."""

    def run_action(self) -> None:
        for result in self.result.monitors_failed_results:
            sentence = result.reason or f"a monitor failed: {result.error.splitlines()[-1]}"
            self.data.spider.run.complaints.append(sentence)


class Health(MonitorSuite):  # type: ignore[misc]
    """All monitors."""

    monitors = (RunMonitor,)
    monitors_failed_actions = (Complain,)
