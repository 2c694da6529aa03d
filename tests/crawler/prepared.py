"""Runs `kbsworld` in a fork of a process that has imported the libraries, and of the project what reads no setting.

To import them takes longest in a short call. Each call is still a process of its own, with its own environment and
output, its own import of `crawler`, its own exit status; so is the child that extracts its pages in `run`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import count
from multiprocessing import context, forkserver, get_context, popen_forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).parents[2]
#: What a call may take, in seconds.
LONGEST = 120
_FORKING = "from tests.crawler.prepared import fork_children; fork_children()"
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.crawler.libraries"])


class Begun:
    """A call under way, with what of `subprocess.Popen` is needed here; `returncode` below zero: a signal ended it."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], first: str, environment: dict[str, str]) -> None:
        self._written = folder.with_suffix(".output"), folder.with_suffix(".errors")
        for file in self._written:
            file.touch()  # a call may be killed before it has written anything
        call = ["kbsworld", *arguments], first, environment, *map(str, self._written)
        self._process = _CONTEXT.Process(target=_become, args=call)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """To a process that runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = LONGEST) -> tuple[str, str]:
        """What it wrote to standard output and error, when it has ended; TimeoutError if it does not end."""
        self._process.join(timeout)
        if self.poll() is None:
            raise TimeoutError
        output, errors = (file.read_text("utf-8") for file in self._written)
        return output, errors


class Prepared:
    """`kbsworld` in the checkout."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._numbers = count()

    def begin(self, *arguments: str, first: str = "", **environment: str) -> Begun:
        """Start a call, with code that runs `first` and other environment variables; SIGALRM ends it after LONGEST."""
        return Begun(Path(self._folder.name, str(next(self._numbers))), arguments, first, os.environ | environment)

    def run(self, *arguments: str, first: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a call to its end, with children that are forked, too."""
        begun = self.begin(*arguments, first=f"{_FORKING}\n{first}", **environment)
        output, errors = begun.communicate()
        assert begun.returncode is not None
        return subprocess.CompletedProcess(arguments, begun.returncode, output, errors)


prepared = cache(Prepared)


def _become(arguments: list[str], first: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Be `kbsworld`."""
    signal.alarm(LONGEST)
    os.environ.clear()
    os.environ.update(environment)
    for number, (file, flags) in enumerate(((os.devnull, os.O_RDONLY), (output, os.O_WRONLY), (errors, os.O_WRONLY))):
        opened = os.open(file, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(CHECKOUT)
    sys.argv = arguments
    exec(first, {})  # noqa: S102
    import_module("crawler.__main__").main()


def fork_children() -> None:
    """Have the children that kbsworld spawns forked from the prepared process, too.

    Not of calls that are killed: the prepared process ends if who asks it for a child dies before it has said which.
    """
    vars(forkserver)["_forkserver"].ensure_running = bool  # the one of the test, which runs
    context.SpawnProcess._Popen = staticmethod(_ForkedChild)  # type: ignore[method-assign,assignment]


class _ForkedChild(popen_forkserver.Popen):
    """A child with what a spawned one has of its parent: environment, output, blocked signals."""

    def _launch(self, process: Any) -> None:
        output = [self.duplicate_for_child(number) for number in (1, 2)]
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        process._args = (process._target, process._args, output, blocked, {**os.environ})
        process._target = _be_child
        super()._launch(process)  # type: ignore[misc]


def _be_child(
    function: Callable[..., object],
    arguments: tuple[Any, ...],
    output: list[int],
    blocked: set[int],
    environment: dict[str, str],
) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    os.environ.clear()
    os.environ.update(environment)
    inherited = forkserver.get_inherited_fds() or []
    for number, index in enumerate(output, 1):
        os.dup2(inherited[index], number)
    function(*arguments)
