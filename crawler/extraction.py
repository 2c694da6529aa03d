"""Runs extraction in a child process, so that a page that crashes the parser cannot stop the crawl."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from extractors import NotAnArticle

T = TypeVar("T")

#: How long one page may take, in seconds; the slowest pages ever made for it take less than one.
TIMEOUT = 60.0


class ExtractionError(OSError):
    """The child process cannot be started: a phrase."""


class Extraction:
    """Extracts pages in one child process, one after the other, in the order in which they are given.

    A plain child with two pipes: multiprocessing, ProcessPoolExecutor included, would import all of Scrapy into it.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()

    async def run(self, extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
        """What a function of `extractors` returns for these arguments, or why the page is refused.

        Raises:
            ExtractionError: no page can be extracted, so this one is not at fault.
        """
        async with self._turn:
            for _ in range(2):  # twice, in case that somebody else killed the child
                try:
                    child = self._child or await self._start()
                    answer = await self._ask(child, extract, arguments)
                except TimeoutError:
                    self.close()
                    return NotAnArticle("extraction takes too long on this page")
                except (EOFError, pickle.UnpicklingError, ConnectionError):
                    self.close()
                    continue
                except BaseException:  # cancelled: the next page must not get this answer
                    self.close()
                    raise
                if isinstance(answer, Exception) and not isinstance(answer, NotAnArticle):
                    raise answer
                found: T | NotAnArticle = answer
                return found
        return NotAnArticle("extraction breaks on this page")

    def close(self) -> None:
        """End the child process, even in the middle of a page."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    async def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "crawler.extraction"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,  # Ctrl-C must not reach it, even while it starts
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
            await self._ask(self._child, int, ())
        except (OSError, EOFError) as error:
            raise ExtractionError("the process that extracts pages does not start, or ends at once") from error
        return self._child

    async def _ask(self, child: subprocess.Popen[bytes], *task: Any) -> Any:
        async with asyncio.timeout(self._timeout):
            return await asyncio.to_thread(_exchange, child, task)


def _exchange(child: subprocess.Popen[bytes], task: Any) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    pickle.dump(task, child.stdin)
    child.stdin.flush()
    return pickle.load(child.stdout)  # noqa: S301  (our own process)


def _serve() -> None:
    """Answer each task with what its function raises and returns, until the parent closes the pipe or ends."""
    begin_worker()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while True:
        try:
            extract, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own process)
        except EOFError:
            return
        try:
            answer = extract(*arguments)
        except Exception as error:  # noqa: BLE001  (the parent raises or returns it)
            error.add_note(traceback.format_exc())
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


def begin_worker() -> None:
    """Prepare a process that works for another one: Ctrl-C and SIGTERM do not end it, the end of the other one does.

    The terminal and systemd send their signals to every process of a run, which still needs this one to finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()  # None in a child of Extraction, which sees its pipe close
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)


if __name__ == "__main__":
    _serve()
