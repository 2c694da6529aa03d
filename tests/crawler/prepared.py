"""A process that has imported what the project stands on, and nothing of the project: each call is a fork of it.

To import Scrapy is what takes longest in a short `scrapy`. A call is a process of its own all the same, with its own
environment and output, its own import of all that is the project's, its own end and exit status.
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
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).parents[2]
# Besides Scrapy's own parts.
_LIBRARIES = (
    "click fastwarc.warc lxml.cssselect lxml.html pyarrow.parquet spidermon.contrib.scrapy.monitors sqlite_utils "
    "trafilatura twisted.internet.asyncioreactor warcio.archiveiterator warcio.warcwriter"
).split()
# Scrapy's own, by the names of its default settings.
_PARTS = "DOWNLOAD_HANDLERS_BASE DOWNLOADER_MIDDLEWARES_BASE EXTENSIONS_BASE SPIDER_MIDDLEWARES_BASE".split()


class Prepared:
    """`python -m scrapy` in the checkout, one call at a time."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(self, *arguments: str, first: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """What a call comes to; after two minutes SIGALRM ends it.

        Args:
            arguments: of `scrapy`.
            first: code that runs before it does.
            environment: what is other in it than here.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = [f"{self._folder.name}/{name}" for name in ("output", "errors")]
        command = ["scrapy", *arguments]
        print(json.dumps([command, first, os.environ | environment, *said]), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(command, status, *(Path(file).read_text("utf-8") for file in said))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._folder.cleanup()


@cache
def prepared() -> Prepared:
    """The one of this process."""
    return Prepared()


def serve() -> None:
    """Fork for each line of standard input, and print the exit status."""
    _import_libraries()
    assert not {"crawler", "extractors", "storage"} & sys.modules.keys()
    assert "twisted.internet.reactor" not in sys.modules  # it belongs to one process
    gc.freeze()  # no fork has to look through all of it for garbage when it ends
    for line in iter(sys.stdin.readline, ""):
        process = os.fork()
        if not process:
            return _become(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    return None


def _import_libraries() -> None:
    from scrapy import cmdline  # noqa: F401
    from scrapy.settings import default_settings
    from scrapy.utils.misc import load_object, walk_modules_iter

    list(walk_modules_iter("scrapy.commands"))
    for setting in _PARTS:
        base = getattr(default_settings, setting)
        for part in base.values() if setting == "DOWNLOAD_HANDLERS_BASE" else base:
            load_object(part)
    for name in _LIBRARIES:
        import_module(name)


def _become(arguments: list[str], first: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Be `python -m scrapy`."""
    signal.alarm(120)
    os.environ.clear()
    os.environ.update(environment)
    for number, (file, flags) in enumerate(((os.devnull, os.O_RDONLY), (output, os.O_WRONLY), (errors, os.O_WRONLY))):
        opened = os.open(file, flags | (os.O_CREAT | os.O_TRUNC if number else 0), 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = arguments
    exec(first)  # noqa: S102
    import_module("scrapy.cmdline").execute()
