"""Child processes for what may crash or never end: a page that is extracted, a query that anyone may type."""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import connection, resource_tracker
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_START_SECONDS = 60.0


class ChildError(OSError):
    """The child process cannot be started: a phrase."""


class Children:
    """Child processes that call functions, one call at a time each; one that dies or takes too long is replaced.

    Each has a thread and a pipe of its own. In the pools of concurrent.futures and pebble all share one pipe: a process
    that is killed or stopped while it reads or writes stops the others (seen in 4 of 16 kills with pebble 5.2).
    """

    def __init__(self, count: int, method: str, timeout: float) -> None:
        """`count` children, started with this method of multiprocessing; a call takes at most `timeout` seconds."""
        os.environ["PYTHONSAFEPATH"] = "1"  # they import no file of the current folder, such as a pickle.py
        self._context: Any = multiprocessing.get_context(method)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(count, initializer=_begin_thread, initargs=(method,))
        self._children: dict[int, tuple[Any, connection.Connection]] = {}  # of each thread
        self._lock = threading.Lock()
        self._is_closed = False

    def submit(
        self, function: Callable[..., T], *arguments: Any, alone: bool = False, timeout: float | None = None
    ) -> Future[T]:
        """Call a function in a child, or `alone` in a new one: what somebody did to one before is not its fault.

        `timeout` is that of this call, in seconds; None: that of all. The future raises TimeoutError where the call
        takes too long, BrokenExecutor where three children die of it (something else may kill one), and ChildError
        where none can be started.
        """
        return self._threads.submit(self._call, (function, arguments), alone, timeout or self._timeout)

    def close(self) -> None:
        """End the children, even in the middle of a call."""
        with self._lock:
            self._is_closed = True
        for process, _ in list(self._children.values()):
            process.kill()
        self._threads.shutdown(cancel_futures=True)

    def _call(self, task: tuple[Callable[..., T], tuple[Any, ...]], alone: bool, timeout: float) -> T:
        if alone:
            self._end_child()
        for _ in range(3):
            process, pipe = self._children.get(threading.get_ident()) or self._start()
            deadline = time.monotonic() + timeout
            watch = threading.Timer(timeout, process.kill)
            watch.start()
            try:
                pipe.send(task)
                answer = pipe.recv()
            except (EOFError, OSError):
                self._end_child()
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                continue
            finally:
                watch.cancel()
            if isinstance(answer, BaseException):
                raise answer
            return answer  # type: ignore[no-any-return]
        raise BrokenExecutor

    def _end_child(self) -> None:
        process, _ = self._children.pop(threading.get_ident(), (None, None))
        if process:
            process.kill()
            process.join()

    def _start(self) -> tuple[Any, connection.Connection]:
        for _ in range(2):  # twice, in case something else kills the first
            with suppress(EOFError, OSError):
                with self._lock:
                    if self._is_closed:
                        raise BrokenExecutor
                    pipe, theirs = multiprocessing.Pipe()
                    process = self._context.Process(target=serve, args=(theirs,))
                    with theirs:  # closed within the lock: a child that inherited it would hide the end of this one
                        process.start()
                    self._children[threading.get_ident()] = process, pipe
                if pipe.poll(_START_SECONDS):
                    pipe.recv()
                    return process, pipe
            self._end_child()
        raise ChildError("a child process does not start, or ends at once")


def _begin_thread(method: str) -> None:
    # Children inherit what is blocked. The terminal and systemd send Ctrl-C and SIGTERM to every process of a run,
    # which may still need them to finish.
    if method == "spawn":
        resource_tracker.ensure_running()  # it unblocks signals when it starts
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def serve(pipe: connection.Connection) -> None:
    """Be a child: call what comes through the pipe, until the parent closes it, ends or kills this process."""
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    with suppress(EOFError, OSError):
        pipe.send(True)
        while True:
            function, arguments = pipe.recv()
            try:
                answer = function(*arguments)
            except BaseException as error:  # noqa: BLE001  (the caller gets it)
                error.add_note(traceback.format_exc())
                answer = error
            pipe.send(answer)
    os._exit(0)  # without flushing what the parent had in its buffers


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)
