"""scrapy browse: the reading room, in a browser on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from crawler.arguments import check_no_arguments
from crawler.command import OfflineCommand


class Command(OfflineCommand):
    """Serves until Ctrl-C; the address goes to standard output."""

    prints = True
    interrupted = "Closed."

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Read, search and chart the articles in a browser, on this machine alone"

    def long_desc(self) -> str:
        return (
            "Opens Datasette on the database of KBS_DB, to be read alone: search, articles with their versions, "
            "facets, dashboards, SQL. It answers on 127.0.0.1 and loads nothing from elsewhere; crawls may write "
            "meanwhile. Ctrl-C closes it. Needs kbsworld[browse]. Exit status: 0 when closed; 1 where there is no "
            "database, or the port is taken; 2 for a wrong call."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Reading room").add_argument
        add("--port", metavar="N", default="8001", help="on 127.0.0.1; 0: one that is free (default: 8001)")
        add("--open", action="store_true", help="open it in the browser")

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        # Imported here: Scrapy loads every command before it runs one.
        from crawler.browse import Browse

        check_no_arguments(args, "browse")
        assert self.settings is not None
        return Browse(self.settings["KBS_DB"], opts.port, open_browser=opts.open).run
