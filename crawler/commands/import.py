"""scrapy import: the rows of Parquet files go into the database."""

# ruff: noqa: N999  (Scrapy names a command after its module, and nobody imports this one by name)
from __future__ import annotations

import argparse
import signal
import sqlite3

from scrapy.commands import ScrapyCommand

from crawler.failures import SIGNALLED, WORK_FAILED, WRONG_CALL, complain


class Command(ScrapyCommand):
    """Stores what `scrapy reextract --to` wrote, here or elsewhere; the summary goes to standard error."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "PATH..."

    def short_desc(self) -> str:
        return "Store the rows of Parquet files, such as scrapy reextract --to writes"

    def long_desc(self) -> str:
        return (
            "Stores the rows of each PATH, a Parquet file or a folder of them, in the database of KBS_DB, under the "
            "rules by which a crawl stores; articles and refusals are told by their columns. Called again, it changes "
            "nothing. Needs kbsworld[parquet]. Exit status: 0; 1 where something could not be read or stored; 2 for a "
            "wrong call; 128 and the signal's number where a signal ended it."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.reextract.imports import Import
        from storage import StoreError

        del opts
        assert self.settings is not None
        for argument in args:
            if argument.startswith("-"):
                return complain(self, f"There is no option {argument}; scrapy import --help names them.", WRONG_CALL)
        if not args:
            return complain(self, "Name at least one Parquet file, or a folder of them.", WRONG_CALL)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self.exitcode = max(self.exitcode, Import(args, self.settings["KBS_DB"]).run())
        except (StoreError, OSError, sqlite3.Error, ImportError) as error:
            complain(self, str(error), WORK_FAILED)
        except KeyboardInterrupt as interrupt:
            number = interrupt.args[0] if interrupt.args else signal.SIGINT
            complain(self, "Interrupted; the same call goes on from here.", SIGNALLED + number)
        return None


def _interrupt(number: int, _: object) -> None:
    """End as Ctrl-C does."""
    raise KeyboardInterrupt(number)
