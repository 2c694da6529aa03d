"""What commands share that read files and write the database: their failures, told in a sentence and a status."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import sys
import time
from abc import abstractmethod
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from scrapy.commands import ScrapyCommand

from crawler.arguments import ArgumentError, check_setting_names
from crawler.terminal import SIGNALLED, WORK_FAILED, WRONG_CALL, tell

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RECEIVED: list[int] = []
# When they interrupted something (time.monotonic), and for how many seconds what it makes end is left to do so.
_RAISED_AT: list[float] = []
_TOGETHER = 3.0


class OfflineCommand(ScrapyCommand):
    """A command that prepares its work, which may find that the call is wrong, and then does it."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}

    #: Whether it is there to print something.
    prints = False
    #: Said where a signal ends it.
    interrupted = "Interrupted; the same call goes on from here."

    @abstractmethod
    def prepare(self, args: list[str], opts: Namespace) -> Callable[[], int]:
        """The work, which gives the exit status, and raises ArgumentError where only the database shows a wrong call.

        Raises:
            ValueError: the call is wrong; the message is a sentence.
            StoreError, OSError, sqlite3.Error, ImportError: as the work itself may.
        """

    def run(self, args: list[str], opts: Namespace) -> None:
        for number in _ENDINGS:
            signal.signal(number, _interrupt)
        _prepare_streams()
        try:
            self._do(args, opts)
        except KeyboardInterrupt as interrupt:
            for number in _ENDINGS:
                signal.signal(number, signal.SIG_IGN)  # it ends
            number = interrupt.args[0] if interrupt.args else signal.SIGINT
            complain(self, self.interrupted, SIGNALLED + number)

    def _do(self, args: list[str], opts: Namespace) -> None:
        """Prepare the work and do it; what goes wrong is told."""
        # Imported here: Scrapy loads every command before it runs one.
        from storage import StoreError

        try:
            self._check_call(opts)
            work = self.prepare(args, opts)
        except ValueError as error:
            return complain(self, str(error), WRONG_CALL)
        except (StoreError, OSError, ImportError) as error:
            return complain(self, str(error), WORK_FAILED)
        try:
            self.exitcode = max(self.exitcode, work())
        except ArgumentError as error:
            complain(self, str(error), WRONG_CALL)
        except sqlite3.Error as error:
            complain(self, f"The database failed ({error}); what was stored stays, call this again.", WORK_FAILED)
        except (StoreError, OSError, ImportError) as error:
            complain(self, _sentence(error), WORK_FAILED)
        return None

    def _check_call(self, opts: Namespace) -> None:
        """Raise ValueError, with a sentence, for what is wrong of any command."""
        if sys.stdout is None and self.prints:
            raise ValueError("Standard output is closed; send it to a file or another command.")
        check_setting_names(opts.set)


def _prepare_streams() -> None:
    if sys.stderr is None:  # it was closed: there is nobody to talk to
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (to the end of the process)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _sentence(error: Exception) -> str:
    """An error's own sentence; where it names no file, what could not be written is standard output."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EIO} and error.filename is None:
        return f"Standard output cannot be written ({error.strerror})."
    return str(error)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Have signals wait until what is done within is done; it must not take long."""
    handlers = {number: signal.signal(number, _receive) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    raise_interruption()


def raise_interruption() -> None:
    """Interrupt once more, where a signal came in the midst of what swallows exceptions, as finalizers do."""
    if _RECEIVED:
        _RAISED_AT.append(time.monotonic())
        raise KeyboardInterrupt(_RECEIVED[-1])


def _receive(number: int, _: object) -> None:
    """Keep a signal for later."""
    _RECEIVED.append(number)


def _interrupt(number: int, _: object) -> None:
    """End as Ctrl-C does; signals that come together, as where a terminal closes, end it once."""
    _RECEIVED.append(number)
    if not _RAISED_AT or time.monotonic() - _RAISED_AT[-1] > _TOGETHER:
        raise_interruption()


def complain(command: ScrapyCommand, sentence: str, status: int) -> None:
    """Tell the person at the terminal, and have the command end with that exit status unless it has a higher one."""
    tell(sentence)
    command.exitcode = max(command.exitcode, status)
