"""Runs `scrapy` in a fork of a process that has imported the libraries, and nothing of the project.

To import Scrapy takes longest in a short `scrapy`. Each call is still a process of its own, with its own environment
and output, its own import of the project, its own end and exit status.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).parents[2]
#: What a call may take, in seconds.
LONGEST = 120
_LIBRARIES = (
    "click fastwarc.warc lxml.cssselect lxml.html pyarrow.parquet spidermon.contrib.scrapy.extensions "
    "spidermon.contrib.scrapy.monitors sqlite_utils trafilatura twisted.internet.asyncioreactor "
    "warcio.archiveiterator warcio.warcwriter"
).split()
# Scrapy's own components, by the names of its default settings.
_COMPONENTS = "DOWNLOAD_HANDLERS_BASE DOWNLOADER_MIDDLEWARES_BASE EXTENSIONS_BASE SPIDER_MIDDLEWARES_BASE".split()


class Begun:
    """A call under way, with what of `subprocess.Popen` is needed here; `returncode` below zero: a signal ended it."""

    def __init__(self, prepared: Prepared, pid: int, written: list[Path]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._prepared = prepared
        self._written = written

    def poll(self, options: int = os.WNOHANG) -> int | None:
        """The exit status, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._prepared.ask("wait", self.pid, options)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To a process that runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = LONGEST) -> tuple[str, str]:
        """What it wrote to standard output and error, when it has ended; TimeoutError if it does not end."""
        if self.poll() is None:
            with open(os.pidfd_open(self.pid)) as ends:  # noqa: PTH123
                if not select([ends], [], [], timeout)[0]:
                    raise TimeoutError
        self.poll(0)
        output, errors = (file.read_text("utf-8") for file in self._written)
        return output, errors


class Prepared:
    """`python -m scrapy` in the checkout."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._numbers = count()
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def begin(self, *arguments: str, first: str = "", **environment: str) -> Begun:
        """Start a call; after LONGEST seconds SIGALRM ends it.

        Args:
            arguments: of `scrapy`.
            first: code that runs before it does.
            environment: what is different in it from here.
        """
        number = next(self._numbers)
        written = [Path(self._folder.name, f"{number}.{name}") for name in ("output", "errors")]
        for file in written:
            file.touch()  # a call may be killed before it has written anything
        pid = self.ask("begin", ["scrapy", *arguments], first, os.environ | environment, *map(str, written))
        return Begun(self, pid, written)

    def run(self, *arguments: str, first: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a call to its end; `begin` has the arguments."""
        begun = self.begin(*arguments, first=first, **environment)
        output, errors = begun.communicate()
        assert begun.returncode is not None
        return subprocess.CompletedProcess(arguments, begun.returncode, output, errors)

    def ask(self, *request: Any) -> Any:
        """What the process answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._folder.cleanup()


@cache
def prepared() -> Prepared:
    """The one of this process."""
    return Prepared()


def serve() -> None:
    """Fork for each call in standard input, or wait for a fork, and print its number or exit status."""
    _import_libraries()
    assert not {"crawler", "extractors", "storage"} & sys.modules.keys()
    assert "twisted.internet.reactor" not in sys.modules  # it belongs to one process
    gc.freeze()  # no fork has to look through all of it for garbage when it ends
    for line in iter(sys.stdin.readline, ""):
        request, *arguments = json.loads(line)
        if request == "wait":
            pid, status = os.waitpid(*arguments)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                return _become(*arguments)
        print(json.dumps(answer), flush=True)
    return None


def _import_libraries() -> None:
    from scrapy import cmdline  # noqa: F401
    from scrapy.settings import default_settings
    from scrapy.utils.misc import load_object, walk_modules_iter

    list(walk_modules_iter("scrapy.commands"))
    for setting in _COMPONENTS:
        base = getattr(default_settings, setting)
        for component in base.values() if setting == "DOWNLOAD_HANDLERS_BASE" else base:
            load_object(component)
    for name in _LIBRARIES:
        import_module(name)


def _become(arguments: list[str], first: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Be `python -m scrapy`."""
    signal.alarm(LONGEST)
    os.environ.clear()
    os.environ.update(environment)
    for number, (file, flags) in enumerate(((os.devnull, os.O_RDONLY), (output, os.O_WRONLY), (errors, os.O_WRONLY))):
        opened = os.open(file, flags | (os.O_CREAT | os.O_TRUNC if number else 0), 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = arguments
    exec(first, {})  # noqa: S102
    import_module("scrapy.cmdline").execute()
