"""Runs extraction in a child process, so that a page that crashes the parser cannot stop the crawl."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from extractors import NotAnArticle

T = TypeVar("T")

#: How long one page may take, in seconds; the slowest pages ever made for it take less than one.
TIMEOUT = 60.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ExtractionError(OSError):
    """The child process cannot be started: a phrase."""


class Extraction:
    """Extracts pages in one child process, one after the other, in the order in which they are given."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()

    async def run(self, extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
        """What a function of `extractors` returns for these arguments, or why the page is refused.

        Raises:
            ExtractionError: no page can be extracted, so this one is not at fault.
        """
        async with self._turn:
            for _ in range(2):  # twice, in case something else killed the child
                pool = self._pool or await self._start()
                try:
                    async with asyncio.timeout(self._timeout):
                        return await asyncio.wrap_future(pool.submit(extract, *arguments))
                except NotAnArticle as refusal:
                    return refusal
                except TimeoutError:
                    self.close()
                    return NotAnArticle("extraction takes too long on this page")
                except BrokenProcessPool:
                    self.close()
        return NotAnArticle("extraction breaks on this page")

    def close(self) -> None:
        """End the child process, even in the middle of a page."""
        if self._pool is not None:
            for child in multiprocessing.active_children():
                child.kill()
            self._pool.shutdown()
            self._pool = None

    async def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork would keep the crawl's connections open
        os.environ["PYTHONSAFEPATH"] = "1"  # the child imports no file of the current folder, such as a pickle.py
        try:
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=begin_worker)
            # Ctrl-C must not end the child while it starts.
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            started = self._pool.submit(int)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            await asyncio.wrap_future(started)
        except (OSError, BrokenProcessPool) as error:
            self.close()
            raise ExtractionError("the process that extracts pages does not start, or ends at once") from error
        finally:
            del os.environ["PYTHONSAFEPATH"]
        return self._pool


def begin_worker(ignored: Sequence[int] = _SIGNALS) -> None:
    """Prepare a process that works for another one, and ends with it, but not on the signals that it ignores.

    The terminal and systemd send Ctrl-C and SIGTERM to every process of a run, which may still need this one to finish.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)
