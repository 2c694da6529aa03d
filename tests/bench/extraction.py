"""python -m tests.bench.extraction: how exactly and how fast seven tools extract the same news pages of the replica."""

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable

import lxml.html

from extractors import NotAnArticle
from tests.bench.report import Figure, conclude, print_table
from tests.bench.tools import Tool, load_tools
from tests.replica import World, pages
from tests.replica.skeleton import COOKIES, MENU
from tests.replica.world import Entry

#: Seconds after which a slow tool gets no more pages.
PATIENCE = 30.0
ROUNDS = 3
KBSWORLD, TRAFILATURA = "kbsworld", "trafilatura, whole page"
NOISE = (
    *("Aller au menu", "Dark Mode", "Most Viewed News", "Banner Zone", "facebook", "rights reserved", COOKIES["f"][0]),
    *(word for words in MENU.values() for word in words),
)
#: What is judged of each page.
COLUMNS = ("exact body", "every paragraph", "no noise", "right date")
PARSER = lxml.html.HTMLParser(encoding="utf-8")

#: A page, and the words on it that are not its article's.
Sample = tuple[Entry, bytes, list[str]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.extraction", description=__doc__)
    parser.add_argument("--pages", type=int, default=60, help="pages for each tool (default: 60)")
    samples = [sample for seed in (1, 2) for sample in _samples(parser.parse_args().pages // 2, seed)]
    tools = load_tools()
    rows, right = [], 0.0
    for name, tool in tools.items():
        print(f"{name} ...", file=sys.stderr)
        shares, seconds = _judge(tool, samples)
        right = min(shares) if name == KBSWORLD else right
        milliseconds = f"{statistics.median(seconds) * 1000:,.1f}"
        rows.append([name, str(len(seconds)), *(f"{share:.0%}" for share in shares), milliseconds])
    print_table(["tool", "pages", *COLUMNS, "ms a page"], rows)
    exact = Figure("kbsworld's lowest share of right results", right, at_least=1)
    return conclude([exact, *_ratios(tools, samples)])


def _samples(count: int, seed: int) -> list[Sample]:
    world = World(articles=count, seed=seed)
    titles = {entry.seq: str(entry.truth.title) for entry in world.entries}
    return [
        (entry, pages.entry_page(world, entry), [*NOISE, *(titles[seq] for seq in titles if seq != entry.seq)])
        for entry in world.entries
    ]


def _judge(tool: Tool, samples: list[Sample]) -> tuple[list[float], list[float]]:
    """The share of right results in each of COLUMNS, and the seconds for each page."""
    right: list[tuple[bool, ...]] = []
    seconds: list[float] = []
    tool(samples[0][1], samples[0][0].truth.url)  # loads what the tool needs: not part of a page's time
    for entry, page, noise in samples:
        if sum(seconds) > PATIENCE:
            break
        began = time.perf_counter()
        try:
            text, day = tool(page, entry.truth.url)
        except Exception:  # noqa: BLE001  (another tool may raise anything: then it found nothing)
            text, day = None, None
        seconds.append(time.perf_counter() - began)
        truth = entry.truth
        lines = [" ".join(line.split()) for line in (text or "").splitlines()]
        lines = [line for line in lines if line and not _is_caption(line, entry)]
        body = " ".join(lines)
        clean = bool(lines) and not any(word in body and word not in truth.text for word in noise)
        exact = body == " ".join(truth.text.split())
        right.append((exact, lines == list(truth.paragraphs), clean, day == entry.written_at.date()))
    return [statistics.mean(column) for column in zip(*right, strict=True)], seconds


def _is_caption(line: str, entry: Entry) -> bool:
    """Whether a line is the caption of the article's own picture: other tools may keep it, kbsworld leaves it out."""
    names = (entry.truth.image_credit, "KBS")
    return line in {f"{label} : {name}" for label in ("Photo", "Thumbnail") for name in names}


def _ratios(tools: dict[str, Tool], samples: list[Sample]) -> list[Figure]:
    """Time three functions on one page after the other, so that a machine that slows down slows all of them."""
    parse, times_parse, times_trafilatura = [], [], []
    for entry, page, _ in samples * ROUNDS:
        url = entry.truth.url
        parse.append(_seconds(lambda page, _: lxml.html.document_fromstring(page, parser=PARSER), page, url))
        own = _seconds(tools[KBSWORLD], page, url)
        times_parse.append(own / parse[-1])
        times_trafilatura.append(_seconds(tools[TRAFILATURA], page, url) / own)
    return [
        Figure("lxml's parse alone, ms a page", statistics.median(parse) * 1000),
        Figure("kbsworld's time, in times of lxml's parse", statistics.median(times_parse), at_most=2.2),
        Figure("times as fast as trafilatura on the whole page", statistics.median(times_trafilatura), at_least=12),
    ]


def _seconds(run: Callable[[bytes, str], object], page: bytes, url: str) -> float:
    began = time.perf_counter()
    with contextlib.suppress(NotAnArticle):
        run(page, url)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
