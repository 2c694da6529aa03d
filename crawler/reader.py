"""Extraction in a process of its own: beside the download, and where a page that crashes the parser harms no run."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, TypeVar

from extractors import NotAnArticle

T = TypeVar("T")

#: How long one page may take, in seconds; those that were made to cost time take less than one.
LONGEST = 60.0


class ReaderError(OSError):
    """No page can be read; the message is a phrase."""


class Reader:
    """Reads pages, one after the other, in the order in which they are given.

    Not through ProcessPoolExecutor: it has two threads of this process hand them over, for which the crawl waits with
    each call of disk, network and database, and takes a tenth longer.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        """A reader whose process begins with the first page.

        Args:
            longest: how long one page may take, in seconds.
        """
        self._longest = longest
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()

    async def read(self, extract: Callable[..., T], *arguments: Any) -> T | NotAnArticle:
        """What a function of `extractors` makes of a page, or why it refuses it.

        Args:
            extract: the function, such as `extract_html`, and its arguments.

        Raises:
            ReaderError: there is no process that reads pages, which is no fault of this one.
        """
        async with self._turn:
            for _ in range(2):  # once more, in case that the process was killed by somebody else
                try:
                    found: T | NotAnArticle = await self._ask(extract, arguments)
                except TimeoutError:
                    return NotAnArticle("extraction takes too long on this page")
                except (EOFError, ConnectionError):
                    continue
                return found
        return NotAnArticle("extraction breaks on this page")

    def close(self) -> None:
        """End the process, whatever it is at."""
        if self._process is not None:
            self._pipe.close()
            self._process.kill()
            self._process.communicate()
            self._process = None

    async def _ask(self, *task: Any) -> Any:
        try:
            if self._process is None:
                await self._begin()
            self._pipe.send(task)
            error, found = await self._answer()
        except BaseException:  # cancelled, too: the next one who asks must not get this answer
            self.close()
            raise
        if error is not None:
            raise error
        return found

    async def _begin(self) -> None:
        # Not through multiprocessing, which has the new process import all of Scrapy first.
        self._pipe, theirs = Pipe()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603  (this very program)
                    [sys.executable, "-P", "-m", "crawler.reader", str(theirs.fileno())],
                    stdin=subprocess.PIPE,  # nothing comes there: it closes with this process, whatever ends it
                    pass_fds=[theirs.fileno()],
                    process_group=0,  # Ctrl-C is for this process, also while the other one still begins
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                )
            except OSError as error:
                self._pipe.close()
                raise ReaderError(f"the process that extracts pages cannot be begun ({error.strerror})") from error
        try:
            await self._answer()  # that it is there: it takes pages at once from then on
        except (OSError, EOFError) as error:
            raise ReaderError("the process that extracts pages ends at once, or does not begin") from error

    async def _answer(self) -> Any:
        async with asyncio.timeout(self._longest):
            await _readable(self._pipe.fileno())
        return self._pipe.recv()


async def _readable(file: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(file, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(file)


def _work(pipe: Connection) -> None:
    """Answer each task with what its function raises and returns, until nobody asks any more."""
    begin_worker(sys.stdin)
    pipe.send(None)
    while True:
        try:
            extract, arguments = pipe.recv()
        except EOFError:
            return
        answer: tuple[Exception | None, Any]
        try:
            answer = None, extract(*arguments)
        except NotAnArticle as refusal:
            answer = None, refusal
        except Exception as error:  # noqa: BLE001  (raised again where it was asked)
            error.add_note(traceback.format_exc())
            answer = error, None
        pipe.send(answer)


def begin_worker(parent: Any = None) -> None:
    """Prepare a process that works for another one: it ends with it, and not before.

    Ctrl-C and systemd send their signals to every process of a run; it still needs this one to finish.

    Args:
        parent: what can be read when the other one ends; None: multiprocessing began this one, and knows.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    process = multiprocessing.parent_process()
    threading.Thread(target=_end_with, args=(parent or (process and process.sentinel),), daemon=True).start()


def _end_with(parent: Any) -> None:
    wait([parent])
    os._exit(0)


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as pipe:
        _work(pipe)
