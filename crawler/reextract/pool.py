"""Workers: processes of this machine or of a Dask cluster, behind the interface of concurrent.futures."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any, Protocol

from crawler.extraction import begin_worker
from crawler.reextract.work import Extracted
from storage.archive import Location
from storage.sources.base import Part, Wound

Work = Callable[[Part], Extracted]
#: A part, and the name of the source it is of; or a wound, where there is none, which has its turn as a part has.
Task = tuple[str, Part | Wound]
# What was begun, and where.
_Begun = tuple[Executor, Future[Extracted]]

BREAKS = "reading this page ends the process that does"


class Workers(Protocol):
    """Where parts are worked on."""

    @property
    def count(self) -> int:
        """How many parts at once."""

    @property
    def broken(self) -> tuple[type[BaseException], ...]:
        """What a part raises whose worker died of it."""

    def executor(self) -> Executor:
        """The workers, new ones where the last ones died."""

    def renew(self, dead: Executor) -> None:
        """Give up workers of which one died; later ones stay."""

    def close(self) -> None:
        """End the workers."""


class LocalWorkers:
    """Processes of this machine."""

    broken: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, count: int) -> None:
        """So many processes, begun when they are first asked for."""
        self.count = count
        self._executor: ProcessPoolExecutor | None = None

    def executor(self) -> Executor:
        """The processes."""
        if self._executor is None:
            # Where it is safe, copies of this process begin at once: it has imported everything, and what extraction
            # imports with its first page.
            import trafilatura  # noqa: F401

            # What is there by now stays: neither here nor in the copies need it be searched for garbage again.
            gc.freeze()
            context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
            self._executor = ProcessPoolExecutor(self.count, mp_context=context, initializer=begin_worker)
        return self._executor

    def renew(self, dead: Executor) -> None:
        """Begin new ones with the next part."""
        if self._executor is dead:
            self.close()

    def close(self) -> None:
        """End them, once they are through with the parts they are at."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


def results(tasks: Iterable[Task], work: Work, workers: Workers) -> Iterator[tuple[str, Part | Wound, Extracted]]:
    """What becomes of each part, in order; a few are worked on ahead, so that nobody waits and memory stays bounded.

    A part whose worker dies is tried again by itself, then in halves, until the page that ends it stands alone.
    """
    ahead: deque[tuple[str, Part | Wound, _Begun | None]] = deque()
    for name, part in tasks:
        ahead.append((name, part, None if isinstance(part, Wound) else _submit(work, part, workers)))
        if len(ahead) > 2 * workers.count:
            yield from _finished(*ahead.popleft(), work, workers)
    while ahead:
        yield from _finished(*ahead.popleft(), work, workers)


def _submit(work: Work, part: Part, workers: Workers) -> _Begun:
    executor = workers.executor()
    try:
        return executor, executor.submit(work, part)
    except workers.broken:
        workers.renew(executor)
        executor = workers.executor()
        return executor, executor.submit(work, part)


def _finished(
    name: str, part: Part | Wound, begun: _Begun | None, work: Work, workers: Workers
) -> Iterator[tuple[str, Part | Wound, Extracted]]:
    if isinstance(part, Wound):
        yield name, part, Extracted(wounds=[part])
        return
    assert begun is not None
    executor, future = begun
    try:
        yield name, part, future.result()
    except workers.broken:
        workers.renew(executor)
        yield from alone(name, part, work, workers)


def alone(name: str, part: Part, work: Work, workers: Workers) -> Iterator[tuple[str, Part, Extracted]]:
    """What becomes of a part when nothing else is worked on beside it."""
    executor, future = _submit(work, part, workers)
    try:
        yield name, part, future.result()
    except workers.broken:
        workers.renew(executor)
        halves = part.halves()
        for half in halves or ():
            yield from alone(name, half, work, workers)
        if halves is None:
            lost = Wound(location=Location(file=name, offset=_offset(part)), what=BREAKS)
            yield name, part, Extracted(wounds=[lost])


def _offset(part: Any) -> int:
    return int(getattr(part, "start", 0))
