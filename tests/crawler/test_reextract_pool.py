"""Workers that die of a page, or of something else: it costs that page, or nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.reextract.pool import BREAKS, LocalWorkers, Task, results
from crawler.reextract.work import Extracted
from storage.archive import Capture
from storage.sources.base import Item
from tests.crawler.forms import EXTRACT, captures

KEPT = list(captures(12))


@dataclass(frozen=True)
class Deadly:
    """A part of captures of which some kill the process that reads them; those of `once` only the first time."""

    numbers: tuple[int, ...]
    deadly: frozenset[int] = frozenset()
    once: Path | None = None
    cursor: str = ""
    size: int = 0

    def read(self, max_page: int) -> Iterator[Item]:
        del max_page
        for number in self.numbers:
            if number in self.deadly and (self.once is None or not self.once.exists()):
                if self.once is not None:
                    self.once.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            kept = KEPT[number]
            yield Capture(url=kept.url, fetched_at=kept.fetched_at, body=kept.body)

    def halves(self) -> tuple[Deadly, Deadly] | None:
        middle = len(self.numbers) // 2
        if not middle:
            return None
        first, second = self.numbers[:middle], self.numbers[middle:]
        return Deadly(first, self.deadly, self.once), Deadly(second, self.deadly, self.once)


def run(tasks: list[Task]) -> Extracted:
    together = Extracted()
    with closing(LocalWorkers(2)) as workers:
        for _, _, extracted in results(iter(tasks), EXTRACT, workers):
            together.articles += extracted.articles
            together.wounds += extracted.wounds
    return together


def urls(*numbers: int) -> list[str]:
    return [KEPT[number].url for number in numbers]


@pytest.mark.parametrize("deadly", [{0}, {5}, {11}, {4, 5}, set(range(12))])
def test_a_page_that_ends_its_process_costs_that_page_alone(deadly: set[int]) -> None:
    numbers = range(12)
    tasks: list[Task] = [
        ("a", Deadly(tuple(numbers[:4]), frozenset(deadly))),
        ("b", Deadly(tuple(numbers[4:9]), frozenset(deadly))),
        ("c", Deadly(tuple(numbers[9:]), frozenset(deadly))),
    ]
    done = run(tasks)
    assert [row["url"] for row in done.articles] == urls(*(number for number in numbers if number not in deadly))
    assert [wound.what for wound in done.wounds] == [BREAKS] * len(deadly)
    assert {wound.location.file for wound in done.wounds} <= {"a", "b", "c"}


@pytest.mark.parametrize("deadly", [{0}, {3, 4}, {1, 5, 9}])
def test_what_was_begun_after_a_death_is_not_given_up_with_what_died(deadly: set[int]) -> None:
    tasks: list[Task] = [(f"{n}", Deadly((n,), frozenset(deadly))) for n in range(12)]
    done = run(tasks)
    assert [row["url"] for row in done.articles] == urls(*(n for n in range(12) if n not in deadly))
    assert [wound.location.file for wound in done.wounds] == [f"{n}" for n in sorted(deadly)]


def test_a_process_that_somebody_kills_costs_nothing(tmp_path: Path) -> None:
    once = tmp_path / "killed"
    tasks: list[Task] = [(f"{n}", Deadly((n, n + 1), frozenset({6}), once)) for n in range(0, 12, 2)]
    done = run(tasks)
    assert once.exists()
    assert [row["url"] for row in done.articles] == urls(*range(12))
    assert done.wounds == []


@pytest.mark.parametrize("step", ["extract_html"])
def test_an_error_of_our_own_on_a_page_is_told_and_costs_that_page_alone(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(f"extractors.page.{step}", fail)
    done = EXTRACT(Deadly((0, 1)))
    assert [wound.what for wound in done.wounds] == ["an error in kbsworld, RuntimeError: oops"] * 2
