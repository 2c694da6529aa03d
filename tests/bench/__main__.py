"""python -m tests.bench (`make bench`): the table of the README, and the two ratios the project holds itself to."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import lxml.html

from extractors import NotAnArticle
from tests.bench.tools import Tool, load_tools
from tests.replica import World, pages
from tests.replica.hostile import HOSTILE, URL
from tests.replica.skeleton import COOKIES, MENU
from tests.replica.world import Entry

#: At least so many times as fast as trafilatura on the whole page; at most so many times lxml's parse alone.
FASTER_THAN_TRAFILATURA = 12.0
TIMES_THE_PARSE = 3.0
NOISE = (
    "Aller au menu",
    "Dark Mode",
    "Most Viewed News",
    "Banner Zone",
    "facebook",
    "rights reserved",
    COOKIES["f"][0],
)
PARSE = "lxml parse alone"


@dataclass
class Row:
    """What one tool did: how many pages it was given, how many results were right, and its seconds a page."""

    pages: int = 0
    exact: int = 0
    paragraphs: int = 0
    clean: int = 0
    dated: int = 0
    seconds: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--pages", type=int, default=60, help="pages a tool is given (default: 60)")
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="after which a slow tool is given no more pages (default: 30)"
    )
    options = parser.parse_args()
    samples = list(_samples(options.pages))
    tools = load_tools()
    rows = {name: Row() for name in [PARSE, *tools]}
    for name, tool in tools.items():
        print(f"{name} ...", file=sys.stderr)
        _judge(rows[name], tool, samples, options.seconds)
    _print_table(rows)
    holds = _print_ratios(tools, samples)
    _print_hostile(tools["kbsworld"])
    return 0 if holds else 1


def _samples(count: int) -> Iterator[tuple[Entry, bytes, World]]:
    """News pages of the French edition, short ones among them, from two seeds."""
    for seed in (1, 2):
        world = World(articles=count // 2, seed=seed)
        for entry in world.entries:
            yield entry, pages.entry_page(world, entry), world


def _judge(row: Row, tool: Tool, samples: list[tuple[Entry, bytes, World]], budget: float) -> None:
    spent = 0.0
    tool(samples[0][1], samples[0][0].truth.url)  # what a tool loads at its first page is not a page's time
    for entry, page, world in samples:
        if spent > budget:
            break
        began = time.perf_counter()
        try:
            text, day = tool(page, entry.truth.url)
        except Exception:  # noqa: BLE001  (whatever another tool raises, it found nothing)
            text, day = None, None
        row.seconds.append(time.perf_counter() - began)
        spent += row.seconds[-1]
        lines = [" ".join(line.split()) for line in (text or "").splitlines()]
        lines = [line for line in lines if line and not _is_own_caption(line, entry)]
        row.pages += 1
        row.exact += " ".join(lines) == " ".join(entry.truth.text.split())
        row.paragraphs += lines == list(entry.truth.paragraphs)
        row.clean += bool(lines) and not _has_noise(" ".join(lines), entry, world)
        row.dated += day == entry.written_at.date()


def _is_own_caption(line: str, entry: Entry) -> bool:
    """Whether a line is the caption of the article's own picture: forgiven, though kbsworld leaves it out."""
    return line in {
        f"{label} : {credit}" for label in ("Photo", "Thumbnail") for credit in (entry.truth.image_credit, "KBS")
    }


def _has_noise(text: str, entry: Entry, world: World) -> bool:
    others = (other.truth.title or "" for other in world.entries if other.seq != entry.seq)
    menu = (word for words in MENU.values() for word in words)
    return any(words in text and words not in entry.truth.text for words in (*NOISE, *menu, *others))


def _print_table(rows: dict[str, Row]) -> None:
    print("\n| tool | pages | exact body | every paragraph | no noise | right date | ms a page |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, row in rows.items():
        if row.pages:
            milliseconds = statistics.median(row.seconds) * 1000
            shares = [f"{right / row.pages:.0%}" for right in (row.exact, row.paragraphs, row.clean, row.dated)]
            print(f"| {name} | {row.pages} | {' | '.join(shares)} | {milliseconds:,.1f} |")


def _print_ratios(tools: dict[str, Tool], samples: list[tuple[Entry, bytes, World]]) -> bool:
    """Time the three in turn, page by page, so that a machine that slows down slows all of them; compare medians."""
    parser = lxml.html.HTMLParser(encoding="utf-8")
    timed: dict[str, Callable[[bytes, str], object]] = {
        PARSE: lambda page, _: lxml.html.document_fromstring(page, parser=parser),
        "kbsworld": tools["kbsworld"],
        "trafilatura": tools["trafilatura, whole page"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(3):
        for entry, page, _ in samples:
            for name, run in timed.items():
                began = time.perf_counter()
                run(page, entry.truth.url)
                seconds[name].append(time.perf_counter() - began)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"\n{PARSE}: {median[PARSE] * 1000:.2f} ms a page")
    faster = median["trafilatura"] / median["kbsworld"]
    times = median["kbsworld"] / median[PARSE]
    print(
        f"times as fast as trafilatura on the whole page: {faster:.1f} (to reach: {FASTER_THAN_TRAFILATURA:g} or more)"
    )
    print(f"times as long as lxml's parse alone: {times:.2f} (to reach: {TIMES_THE_PARSE:g} or less)")
    return faster >= FASTER_THAN_TRAFILATURA and times <= TIMES_THE_PARSE


def _print_hostile(tool: Tool) -> None:
    """The worst of the hostile pages; the tests bound their memory."""
    seconds = {}
    for name, make in HOSTILE.items():
        page = make()
        began = time.perf_counter()
        with contextlib.suppress(NotAnArticle):
            tool(page, URL)
        seconds[name] = time.perf_counter() - began
    worst = max(seconds, key=lambda name: seconds[name])
    print(f"slowest of {len(seconds)} hostile pages: {seconds[worst]:.2f} s ({worst})")


if __name__ == "__main__":
    sys.exit(main())
