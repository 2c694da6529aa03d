"""Extraction in a process of its own: beside the download, and where a page that crashes the parser harms no run."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from extractors import NotAnArticle

T = TypeVar("T")


class Reader:
    """Reads pages, one after the other, in the order in which they are given."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def read(self, extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
        """What a function of `extractors` makes of a page, or why it refuses it.

        Args:
            extract: the function, such as `extract_html`, and its arguments.
        """
        for _ in range(2):  # once more, in case that the process was killed by somebody else
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=begin_worker)
            try:
                return await asyncio.wrap_future(self._pool.submit(_read, extract, *arguments))
            except BrokenProcessPool:
                self.close()
        return NotAnArticle("extraction breaks on this page")

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _read(extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
    try:
        return extract(*arguments)
    except NotAnArticle as refusal:
        return refusal


def begin_worker() -> None:
    """Prepare a process that works for another one: it ends with it, and not before.

    Ctrl-C and systemd send their signals to every process of a run; it still needs this one to finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
