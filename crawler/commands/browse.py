"""Read, search and chart the articles in a browser on this machine.

Opens Datasette on the database of KBS_DB, read-only: search, articles with their versions, facets, dashboards, SQL.
It listens on 127.0.0.1 and loads nothing from elsewhere; a crawl may run at the same time. Its address goes to
standard output; Ctrl-C closes it. Needs kbsworld[browse].

Examples:
  kbsworld browse --open
  kbsworld browse --port 0 -s KBS_DB=old.db
"""

import errno
import os
import webbrowser
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from crawler.arguments import whole_number
from crawler.command import OfflineCommand
from crawler.terminal import tell


class Command(OfflineCommand):
    interrupted = "Closed."

    def add_own_options(self, parser: ArgumentParser) -> None:
        port = partial(whole_number, 0, 65535)
        parser.add_argument("--port", metavar="N", type=port, default=8001, help="on 127.0.0.1 (default: 8001); 0: any")
        parser.add_argument("--open", action="store_true", help="open it in the browser")

    def work(self, _: list[str], opts: Namespace) -> int:
        import datasette_dashboards  # noqa: F401

        from storage.database import open_to_read
        from storage.web.app import serve

        def say_where(address: str) -> None:
            print(address, flush=True)
            tell("The reading room is open, read-only; Ctrl-C closes it.")
            if opts.open:
                webbrowser.open(address)

        with open_to_read(self.database, tell):
            pass
        try:
            serve(Path(self.database).expanduser().resolve(), opts.port, say_where)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EPERM}:
                reason = os.strerror(error.errno)
                raise OSError(f"Port {opts.port} is not available ({reason}); choose another, or --port 0.") from error
            raise
        except KeyboardInterrupt:  # a signal came before it was open
            pass
        tell("Closed.")
        os._exit(0)  # a query may still run in a thread, and would keep the process
