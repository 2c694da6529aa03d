"""Try kbsworld without the site: crawl a replica on this machine.

Serves a small KBS World with invented articles on 127.0.0.1, crawls it into data/demo.db and data/demo-archive, once
more after some have changed, and shows what is stored.

Exit status: 0; else that of the crawl that failed.

Examples:
  kbsworld demo
  kbsworld browse --open --db data/demo.db
"""

from argparse import Namespace

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand


class Command(OfflineCommand):
    def work(self, _: list[str], opts: Namespace) -> int:
        from crawler.replica.demo import main  # tests/replica, which pyproject.toml adds to the package

        if opts.db:
            raise ArgumentError("The demo's articles are invented; it takes no database but its own, data/demo.db.")
        return int(main("data/demo.db"))
