"""What a healthy run looks like; one that is not ends with exit status 3 and a sentence: what is wrong, what to do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

from crawler.run_state import storing
from crawler.spiders.base import KbsSpider
from crawler.terminal import clean

#: With fewer pages a share says nothing.
MIN_PAGES = 20
#: Shares above which a run is unhealthy.
MAX_GENERIC = 0.1
MAX_REFUSED = 0.2
MAX_FAILED = 0.1
MAX_MISSING = 0.05
MAX_DOUBTED = 0.05
#: Silence is unusual if it is this many times as long as any before, and longer than a day.
SILENCE_FACTOR = 2.0
SHORTEST_SILENCE = timedelta(days=1)
#: With fewer runs that found something new, or within a shorter time, silence is not judged.
MIN_RUNS = 5
MIN_HISTORY = timedelta(days=7)

FETCH_KNOWN = "kbsworld crawl kbs_articles -a known=20"
LEARN = f"{FETCH_KNOWN}; kbsworld learn --write"
TEMPLATE_CHANGED = f"the site's template has changed. Fetch 20 known articles again and learn the new one: {LEARN}"


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
        advice = f"kbsworld refusals lists them; look at one in a browser. If the site has changed: {LEARN}"
        shares.append((refused, MAX_REFUSED, refused + articles, f"pages hold no article: {advice}"))
    if run.stopped is None:  # else that is reported, with the reason
        advice = "the next run asks for them again; if they fail again, look at one of them in a browser."
        shares.append((failed, MAX_FAILED, run.pages + failed, f"pages failed, listed above: {advice}"))
    found = [
        f"{n} of {total} {sentence}" for n, most, total, sentence in shares if total >= MIN_PAGES and n > most * total
    ]
    found += _doubts(run.opinions)
    has_news = any(run.counts[name] for name in ("new", "updated", "edited"))
    return found if has_news or not spider.expected_fields else [*found, *_silence(spider)]


def _doubts(opinions: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Whether second opinions differ; prose of two pages is the site's, and of no article."""
    alike = Counter(chain(*opinions.values()))
    doubted = {url: line for url, lines in opinions.items() for line in lines if alike[line] == 1}
    if len(doubted) > MAX_DOUBTED * len(opinions):
        url, line = next(iter(doubted.items()))
        yield (
            f"{len(doubted)} of {len(opinions)} articles differ in prose from what trafilatura reads on their pages: "
            f"{url}: “{clean(line, 80)}”. Look at it in a browser: where a part of articles is elsewhere now, a layout "
            "needs a new entry (extractors/README.md)."
        )


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
