"""What the commands share: their help, signals, and errors as one sentence with an exit status.

Scrapy takes each command class that is defined in crawler/commands for a command, so these base classes are here.
"""

import os
import signal
import sqlite3
import sys
import time
from abc import abstractmethod
from argparse import Action, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import Any

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from crawler.arguments import ArgumentError, check_assignments, check_settings
from crawler.terminal import BUSY, SIGNALLED, WORK_FAILED, WRONG_CALL, tell
from storage import StoreError
from storage.database import BusyError, Database, WrongNameError, is_damage, open_to_read
from storage.query import QueryError

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What is not installed with kbsworld alone, and the extra that brings it.
_EXTRAS = {"distributed": "cluster", "pyarrow": "parquet", "pyarrow.parquet": "parquet", "vl_convert": "plot"}
_EXTRAS |= {"datasette_dashboards": "browse", "simplemma": "lemmas", "xlsxwriter": "xlsx"}
# Of commands whose docstring says nothing else.
_STATUS = """

Exit status: 0; 1 if something failed or nothing was found, as the message says; 2 for a wrong call; 128 plus the
signal's number if a signal ended it."""
# How long a command has to end by itself after a signal, in seconds.
_GRACE = 4.0


class ProjectCommand(ScrapyCommand):
    """A command; the docstring of its module is its help: the first line, the text, and `Examples:` at the end."""

    requires_project = True
    settings: Settings  # Scrapy sets them before it calls anything

    #: What follows the command's name; `[options]` alone: it takes no arguments.
    usage = "[options]"
    #: Whether it prints data. A reader that has read enough (`| head`) then ends it silently, as with other tools.
    prints = False
    #: The message where a signal ends it.
    interrupted = "Interrupted."

    @abstractmethod
    def work(self, args: list[str], opts: Namespace) -> int | None:
        """Do what the command is for; the exit status, unless `complain` sets it. ArgumentError: the call is wrong."""

    def add_own_options(self, parser: ArgumentParser) -> None:
        """Add the options that only this command has."""

    def short_desc(self) -> str:
        return ""  # for Scrapy's list of commands; `crawler.__main__` prints another

    def add_options(self, parser: ArgumentParser) -> None:
        text, heading, examples = (sys.modules[type(self).__module__].__doc__ or "").partition("Examples:\n")
        parser.usage = f"kbsworld {self._name} {self.usage}"
        parser.formatter_class = _HelpFormatter
        parser.description = text.strip() + ("" if "Exit status: " in text else _STATUS)
        parser.epilog = heading + examples.rstrip()
        parser.register("action", None, _Once)
        self.add_own_options(parser)
        parser.add_argument("--db", metavar="FILE", help="the article database, instead of that of KBS_DB")
        super().add_options(parser)

    def process_options(self, args: list[str], opts: Namespace) -> None:
        try:
            check_assignments(opts.set, getattr(opts, "spargs", []))
            super().process_options(args, opts)  # writes --pidfile
            if opts.db is not None:
                self.settings.set("KBS_DB", opts.db, priority="cmdline")
            check_settings(self.settings, opts.set)
            for file in filter(None, (opts.profile, self.settings["LOG_FILE"])):
                Path(file).open("ab").close()
        except (ArgumentError, OSError) as error:
            wrong = isinstance(error, OSError) and f"{error.filename} cannot be written ({error.strerror})"
            tell(f"{wrong}; name another file." if wrong else str(error))
            sys.exit(WRONG_CALL)

    @property
    def _name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def run(self, args: list[str], opts: Namespace) -> None:
        """Check the call and do the work; report what goes wrong."""
        _end_in_time()
        try:
            status = self.work(self._checked(args), opts) or 0
            self.exitcode = max(self.exitcode, status)
            if sys.stdout is not None:
                sys.stdout.flush()  # at the end of the process an error would be a traceback
        except (ArgumentError, QueryError, WrongNameError) as error:
            self.complain(str(error), WRONG_CALL)
        except sqlite3.Error as error:
            advice = "restore a copy of it" if is_damage(error) else "what was stored stays, run this again"
            advice = "see kbsworld doctor --repair" if "no such" in str(error) else advice
            self.complain(f"The database failed ({error}); {advice}.", WORK_FAILED)
        except OSError as error:
            self.complain(f"{error.filename}: {error.strerror}." if error.filename else str(error), WORK_FAILED)
        except ImportError as error:
            extra = _EXTRAS.get(error.name or "")
            self.complain(f"This needs {error.name}: pip install 'kbsworld[{extra}]'." if extra else str(error))
        except StoreError as error:
            self.complain(str(error), BUSY if isinstance(error, BusyError) else WORK_FAILED)
        finally:
            for number in _ENDINGS:
                signal.signal(number, signal.SIG_IGN)  # it ends

    def complain(self, sentence: str, status: int = WORK_FAILED) -> None:
        """Print a message on standard error, and end with this exit status unless with a higher one."""
        tell(sentence)
        self.exitcode = max(self.exitcode, status)

    def _checked(self, args: list[str]) -> list[str]:
        """The arguments without `--`, after what is checked for any command."""
        end = args.index("--") if "--" in args else len(args)
        given = [*args[:end], *args[end + 1 :]]
        if "" in given:
            raise ArgumentError("An argument is empty, such as a variable of the shell that is not set.")
        unknown = [argument for argument in args[:end] if argument.startswith("-") and argument != "-"]
        if unknown or (given and self.usage == "[options]"):
            wrong = f"option {unknown[0]}" if unknown else f"argument {given[0]}"
            if unknown and "QUERY" in self.usage and not unknown[0].startswith("--"):
                wrong += f"; to leave out a word, write: NOT {unknown[0][1:]}"
            raise ArgumentError(f"Unknown {wrong}. See kbsworld {self._name} --help.")
        if given.count("-") > (0 if sys.stdin is None else 1):
            closed = "is closed; name a file instead" if sys.stdin is None else "can be read once only"
            raise ArgumentError(f"Standard input (-) {closed}.")
        if self.prints:
            if sys.stdout is None:
                raise ArgumentError("Standard output is closed; redirect it to a file or to another command.")
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        return given


class OfflineCommand(ProjectCommand):
    """A command that no crawl belongs to; a signal ends it with a message."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}

    def run(self, args: list[str], opts: Namespace) -> None:
        for number in _ENDINGS:
            signal.signal(number, _interrupt)
        if sys.stderr is None:  # it was closed
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (to the end of the process)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        try:
            super().run(args, opts)
        except KeyboardInterrupt as signalled:
            self.complain(self.interrupted, SIGNALLED + signalled.args[0])

    @property
    def database(self) -> str:
        return str(self.settings["KBS_DB"])

    def open_database(self) -> Database:
        """The database of KBS_DB, for reading; one that an older kbsworld made is upgraded first."""
        return open_to_read(self.database, tell)


class _Once(Action):
    """Takes the value of an option that has one; argparse's own lets the last one count where several are given."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        given: set[str] = vars(namespace).setdefault("_given", set())
        if self.dest in given:
            parser.error(f"{option} is given twice; it takes one value.")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


class _HelpFormatter(HelpFormatter):
    """Fills paragraphs, and leaves indented lines as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        parts = text.split("\n\n")
        return "\n\n".join(part if "\n " in part else fill(part, width, indent) for part in parts)


def _end_in_time() -> None:
    """End this process soon after a signal, whatever it does then: no handler runs while SQLite waits for others."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)

    def wait() -> None:
        while (number := os.read(reader, 1)[0]) not in _ENDINGS:
            pass
        time.sleep(_GRACE)
        os._exit(SIGNALLED + number)  # what is stored is safe, as after kill -9

    Thread(target=wait, daemon=True).start()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay signals until the block ends; it must not take long."""
    received: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: received.append(number)) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _interrupt(number: int, _: object) -> None:
    """End as Ctrl-C does; signals that come together, as where a terminal closes, end it once."""
    for each in _ENDINGS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)
