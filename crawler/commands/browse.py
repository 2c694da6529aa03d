"""Read, search and chart the articles in a browser, on this machine or your phone.

Opens Datasette on the database of KBS_DB, read-only: search, articles with their versions, facets, dashboards, SQL.
It answers to this machine only and loads nothing from elsewhere; a crawl may run at the same time. Its address goes to
standard output; Ctrl-C closes it. With --share a link goes there, too, that lets one browser of the local network in,
such as your phone's: once, then another one is printed. Needs kbsworld[browse].

Examples:
  kbsworld browse --open
  kbsworld browse --port 0 -s KBS_DB=old.db
  kbsworld browse --share
  kbsworld browse --metadata > kbs.json
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
        add, port = parser.add_argument, partial(whole_number, 0, 65535)
        add("--port", metavar="N", type=port, default=8001, help="default: 8001; 0: any free one")
        add("--open", action="store_true", help="open it in the browser")
        add("--share", action="store_true", help="let in who follows a link, in the local network")
        add("--metadata", action="store_true", help="only print metadata for your own datasette, and how to call it")

    def work(self, _: list[str], opts: Namespace) -> None:
        import datasette_dashboards  # noqa: F401

        from storage.web.app import metadata_for_datasette, serve

        def say_where(address: str) -> None:
            print(address, flush=True)
            tell("The reading room is open, read-only; Ctrl-C closes it.")
            if opts.open:
                webbrowser.open(address)

        def invite(link: str) -> None:
            print(link, flush=True)
            tell("It lets one browser in, which then can read all articles; the connection is not encrypted.")

        self.open_database().close()
        path = Path(self.database).expanduser().resolve()
        if opts.metadata:
            metadata, plugins = metadata_for_datasette(path)
            print(metadata)
            tell(f"Call: datasette {path} --metadata FILE --plugins-dir {plugins}")
            return
        try:
            serve(path, opts.port, say_where, invite if opts.share else None)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EPERM}:
                reason = os.strerror(error.errno)
                raise OSError(f"Port {opts.port} is not available ({reason}); choose another, or --port 0.") from error
            raise
        tell("Closed.")
        os._exit(0)  # a query may still run in a thread, and would keep the process
