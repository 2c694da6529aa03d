"""scrapy import: the rows of Parquet files and JSON Lines go into the database."""

# ruff: noqa: N999  (Scrapy names a command after its module, and nobody imports this one by name)
from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Stores what `scrapy reextract --to` or `scrapy export` wrote; the summary goes to standard error."""

    interrupted = "Interrupted; what was stored stays, and the same call stores the rest."

    def syntax(self) -> str:
        return "PATH..."

    def short_desc(self) -> str:
        return "Store the rows of Parquet files or JSON Lines, such as scrapy reextract --to and scrapy export write"

    def long_desc(self) -> str:
        return (
            "Stores the rows of each PATH, a Parquet file, JSON Lines (gzip too) or a folder of them, in the database "
            "of KBS_DB, under the rules by which a crawl stores; articles and refusals are told by their columns. "
            "Called again, it changes nothing. Parquet needs kbsworld[parquet]. Exit status: 0; 1 where something "
            "could not be read or stored; 2 for a wrong call; 128 and the signal's number where a signal ended it."
        )

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.reextract.imports import Import

        del opts
        assert self.settings is not None
        for argument in args:
            if argument.startswith("-"):
                raise ValueError(f"There is no option {argument}; scrapy import --help names them.")
        if not args:
            raise ValueError("Name at least one Parquet file or JSON Lines, or a folder of them.")
        return Import(args, self.settings["KBS_DB"], self.settings.getint("KBS_MAX_PAGE")).run
