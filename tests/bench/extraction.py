"""python -m tests.bench.extraction: how exactly and how fast seven tools extract the same news pages of the replica."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import lxml.html

from extractors import NotAnArticle
from tests.bench.report import Figure, conclude, print_table
from tests.bench.tools import Tool, load_tools
from tests.replica import World, pages
from tests.replica.hostile import HOSTILE, URL
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
PARSER = lxml.html.HTMLParser(encoding="utf-8")


@dataclass(frozen=True)
class Sample:
    """One page and what must come out of it; `noise`: words of the page that are not the article's."""

    entry: Entry
    page: bytes
    noise: tuple[str, ...]

    @property
    def url(self) -> str:
        """The page's address."""
        return self.entry.truth.url


@dataclass
class Score:
    """How many results of one tool were right, and its seconds for each page."""

    exact: int = 0
    paragraphs: int = 0
    clean: int = 0
    dated: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def shares(self) -> list[float]:
        """The share of right results in each column of the table."""
        return [right / len(self.seconds) for right in (self.exact, self.paragraphs, self.clean, self.dated)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.extraction", description=__doc__)
    parser.add_argument("--pages", type=int, default=60, help="pages for each tool (default: 60)")
    samples = [sample for seed in (1, 2) for sample in _samples(parser.parse_args().pages // 2, seed)]
    tools = load_tools()
    scores = {}
    for name, tool in tools.items():
        print(f"{name} ...", file=sys.stderr)
        scores[name] = _score(tool, samples)
    heads = ["tool", "pages", "exact body", "every paragraph", "no noise", "right date", "ms a page"]
    print_table(heads, [_row(name, score) for name, score in scores.items()])
    _print_slowest_hostile_page(tools[KBSWORLD])
    right = Figure("kbsworld's lowest share of right results", min(scores[KBSWORLD].shares), at_least=1)
    return conclude([right, *_ratios(tools, samples)])


def _samples(count: int, seed: int) -> list[Sample]:
    world = World(articles=count, seed=seed)
    samples = []
    for entry in world.entries:
        titles = tuple(other.truth.title or "" for other in world.entries if other.seq != entry.seq)
        samples.append(Sample(entry, pages.entry_page(world, entry), NOISE + titles))
    return samples


def _score(tool: Tool, samples: list[Sample]) -> Score:
    score = Score()
    tool(samples[0].page, samples[0].url)  # loads what the tool needs: not part of a page's time
    for sample in samples:
        if sum(score.seconds) > PATIENCE:
            break
        began = time.perf_counter()
        try:
            text, day = tool(sample.page, sample.url)
        except Exception:  # noqa: BLE001  (another tool may raise anything: then it found nothing)
            text, day = None, None
        score.seconds.append(time.perf_counter() - began)
        truth = sample.entry.truth
        lines = [line for line in map(_folded, (text or "").splitlines()) if line and not _is_caption(line, sample)]
        body = " ".join(lines)
        score.exact += body == _folded(truth.text)
        score.paragraphs += lines == list(truth.paragraphs)
        score.clean += bool(lines) and not any(word in body and word not in truth.text for word in sample.noise)
        score.dated += day == sample.entry.written_at.date()
    return score


def _folded(text: str) -> str:
    return " ".join(text.split())


def _is_caption(line: str, sample: Sample) -> bool:
    """Whether a line is the caption of the article's own picture: other tools may keep it, kbsworld leaves it out."""
    names = (sample.entry.truth.image_credit, "KBS")
    return line in {f"{label} : {name}" for label in ("Photo", "Thumbnail") for name in names}


def _row(name: str, score: Score) -> list[str]:
    milliseconds = statistics.median(score.seconds) * 1000
    shares = [f"{share:.0%}" for share in score.shares]
    return [name, str(len(score.seconds)), *shares, f"{milliseconds:,.1f}"]


def _ratios(tools: dict[str, Tool], samples: list[Sample]) -> list[Figure]:
    """Time three functions on one page after the other, so that a machine that slows down slows all of them."""
    parse: list[float] = []
    times_parse, times_trafilatura = [], []
    for sample in samples * ROUNDS:
        parse.append(_seconds(lambda page, _: lxml.html.document_fromstring(page, parser=PARSER), sample))
        own = _seconds(tools[KBSWORLD], sample)
        times_parse.append(own / parse[-1])
        times_trafilatura.append(_seconds(tools[TRAFILATURA], sample) / own)
    return [
        Figure("lxml's parse alone, ms a page", statistics.median(parse) * 1000),
        Figure("kbsworld's time, in times of lxml's parse", statistics.median(times_parse), at_most=2.2),
        Figure("times as fast as trafilatura on the whole page", statistics.median(times_trafilatura), at_least=12),
    ]


def _seconds(run: Callable[[bytes, str], object], sample: Sample) -> float:
    began = time.perf_counter()
    run(sample.page, sample.url)
    return time.perf_counter() - began


def _print_slowest_hostile_page(tool: Tool) -> None:
    seconds = {}
    for name, make in HOSTILE.items():
        page = make()
        began = time.perf_counter()
        with contextlib.suppress(NotAnArticle):
            tool(page, URL)
        seconds[name] = time.perf_counter() - began
    slowest = max(seconds, key=lambda name: seconds[name])
    print(f"slowest of {len(seconds)} hostile pages: {seconds[slowest]:.2f} s ({slowest})")


if __name__ == "__main__":
    sys.exit(main())
