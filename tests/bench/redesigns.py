"""python -m tests.bench.redesigns: how many redesigns are learned, and on how many pages a second opinion differs."""

import argparse
import statistics
import sys
import time
from collections import Counter

from extractors import extract_html
from extractors.learn import Sample, learn, write_entry
from extractors.witness import second_opinion
from tests.bench.report import Figure, conclude
from tests.replica import World, pages
from tests.replica.many import many_pages
from tests.replica.moved import move_paragraph
from tests.replica.redesigned import Redesign

#: How many articles are fetched again, and how many others there are.
KNOWN, OTHERS = 20, 40
#: Where a paragraph is put that was moved out of the body: before one of these.
PLACES = ('<div class="title_area', '<div class="body_txt', '<div class="share_box', '<h2 class="view_tit')


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.redesigns", description=__doc__)
    parser.add_argument("--redesigns", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first one (default: 0)")
    parser.add_argument("--pages", type=int, default=5_000, help="pages for second opinions (default: 5000)")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    seconds: list[float] = []
    for seed in range(options.first, options.first + options.redesigns):
        began = time.perf_counter()
        outcome, exact, exact_alone, unnamed = judge(seed)
        seconds.append(time.perf_counter() - began)
        outcomes[outcome] += 1
        outcomes["alone"] += exact_alone == OTHERS
        outcomes["articles"] += exact
        outcomes["articles alone"] += exact_alone
        outcomes["unnamed"] += unnamed
        if outcome != "right" or exact_alone < OTHERS:
            print(f"{seed}: {outcome}; structure alone: {exact_alone} of {OTHERS}: {' '.join(Redesign(seed).kinds)}")
    total, share = options.redesigns, options.redesigns * OTHERS / 100
    moved, noticed = moved_paragraphs()
    return conclude(
        [
            Figure(f"differing opinions on {options.pages} pages", differing(options.pages), at_most=0),
            Figure(f"of {moved} moved paragraphs, noticed", noticed, at_least=moved),
            Figure("redesigns learned, all other articles exact", outcomes["right"], at_least=0.95 * total),
            Figure("redesigns of which learn is not sure", outcomes["not sure"]),
            Figure("redesigns learned wrongly", outcomes["wrong"], at_most=0),
            Figure("redesigns with all articles exact by structure alone", outcomes["alone"]),
            Figure(
                "articles exact with what was learned, % (not sure: by structure alone)", outcomes["articles"] / share
            ),
            Figure("articles exact by structure alone, %", outcomes["articles alone"] / share),
            Figure("articles exact, but layout generic, % of those learned", outcomes["unnamed"] / share),
            Figure("seconds a redesign, median (longest below)", statistics.median(seconds)),
            Figure("longest", max(seconds)),
        ]
    )


def differing(count: int) -> int:
    """On how many pages of the unchanged replica the second opinion differs."""
    return sum(bool(second_opinion(page, None, extract_html(page, url).paragraphs)) for url, page in many_pages(count))


def moved_paragraphs() -> tuple[int, int]:
    """Of how many articles a paragraph was lost that was moved on the page, and of how many that was noticed."""
    moved = noticed = 0
    world = World(articles=200)
    for entry, place in ((entry, place) for entry in world.entries for place in PLACES):
        page = move_paragraph(pages.entry_page(world, entry), place)
        article = extract_html(page, entry.truth.url)
        if article.paragraphs != entry.truth.paragraphs:
            moved += 1
            noticed += bool(second_opinion(page, None, article.paragraphs))
    return moved, noticed


def judge(seed: int) -> tuple[str, int, int, int]:
    """The outcome of one redesign; articles exact with what was learned, by structure alone, and exact but generic."""
    samples = redesigned(seed, KNOWN + OTHERS)
    learned, others = learn(samples[:KNOWN]), samples[KNOWN:]
    alone = sum(one.difference("") in {"", "layout"} for one in others)
    if not learned.is_sure:
        return "not sure", alone, alone, 0
    differences = Counter(one.difference(write_entry(learned.entry)) for one in others)
    exact = differences[""] + differences["layout"]
    return "right" if exact == len(others) else "wrong", exact, alone, differences["layout"]


def redesigned(seed: int, count: int) -> list[Sample]:
    """The news of a world after a redesign, newest first, with what was known of them."""
    world, redesign = World(articles=count, seed=seed), Redesign(seed)
    return [
        Sample(redesign(pages.entry_page(world, entry)), entry.truth.url, None, entry.truth) for entry in world.entries
    ]


if __name__ == "__main__":
    sys.exit(main())
