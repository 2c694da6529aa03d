"""What a healthy run looks like; one that is not ends with exit status 3 and a sentence: what is wrong, what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from crawler.run_state import storing
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


def complaints(spider: KbsSpider) -> list[str]:
    """Why a run that has ended is unhealthy, in sentences."""
    run = spider.run
    articles = run.layouts.total()  # known ones that were fetched included
    refused, failed = run.counts["refused"], len(run.failures)
    structure = f"articles were found by structure alone (layout generic): {TEMPLATE_CHANGED}"
    # A spider that expects no fields reads old templates too, and finds what is new only when an archive grows.
    shares = [(run.layouts["generic"], MAX_GENERIC, articles, structure)] if spider.expected_fields else []
    for field in spider.expected_fields:
        sentence = f"articles have no {field}: {TEMPLATE_CHANGED}"
        shares.append((run.missing_fields[field], MAX_MISSING, articles, sentence))
    if not spider.guesses:
        advice = "kbsworld refusals lists them; look at one in a browser."
        shares.append((refused, MAX_REFUSED, refused + articles, f"pages hold no article: {advice}"))
    if run.stopped is None:  # else that is reported, with the reason
        advice = "the next run asks for them again; if they fail again, look at one of them in a browser."
        shares.append((failed, MAX_FAILED, run.pages + failed, f"pages failed, listed above: {advice}"))
    found = [
        f"{n} of {total} {sentence}" for n, most, total, sentence in shares if total >= MIN_PAGES and n > most * total
    ]
    has_news = any(run.counts[name] for name in ("new", "updated", "edited"))
    return found if has_news or not spider.expected_fields else [*found, *_silence(spider)]


def _silence(spider: KbsSpider) -> Iterator[str]:
    """Whether something new comes as often as before."""
    runs: list[datetime] = []
    with storing(spider.crawler):
        runs = spider.crawl_state.runs_with_news(spider.name, spider.arguments)
    if len(runs) < MIN_RUNS or runs[0] - runs[-1] < MIN_HISTORY:
        return
    usual = max(later - earlier for later, earlier in pairwise(runs))
    if datetime.now(UTC) - runs[0] > max(SILENCE_FACTOR * usual, SHORTEST_SILENCE):
        hours = usual.total_seconds() / 3600
        longest = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
        yield (
            f"nothing new since {runs[0]:%Y-%m-%d %H:%M} UTC, and it never took longer than {longest} before: "
            "look at the site in a browser; its list may have moved."
        )
