"""scrapy crawl: Scrapy's own, with every wrong call and every failed run told in a sentence and an exit status."""

from __future__ import annotations

import argparse
import inspect

from scrapy.commands import crawl
from scrapy.exceptions import UsageError

from crawler.site import Site
from storage import ArticleStore, StoreError


class Command(crawl.Command):
    """Exit status 2 for a wrong call, 1 where a page failed or the run could not do its work, 0 otherwise."""

    def short_desc(self) -> str:
        return "Fetch new pages: run a spider (`scrapy list` names them)"

    def long_desc(self) -> str:
        return (
            "Runs a spider; its articles go to the database of KBS_DB, its pages to the WARC files of KBS_ARCHIVE. "
            "Arguments of kbs_news: -a lang=f (edition), -a category=Po (one category), -a pages=5 (list pages at most). "
            "Exit status: 0, 1 where a page failed, 2 for a wrong call."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        if len(args) != 1:
            raise UsageError("name one spider: scrapy crawl kbs_news", print_help=False)
        self._check_arguments(args[0], opts.spargs)
        try:
            Site(self.settings["KBS_BASE_URL"])
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from None
        try:
            ArticleStore(self.settings["KBS_DB"]).close()
        except StoreError as error:
            print(error)
            self.exitcode = 1
            return
        crawler = self._create_crawler(args[0])
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        failed = crawler.stats.get_value("kbsworld/failed", 0) or crawler.stats.get_value("kbsworld/stopped")
        if self.crawler_process.bootstrap_failed or failed:
            self.exitcode = 1

    def _check_arguments(self, name: str, arguments: dict[str, str]) -> None:
        """Have the spider judge its arguments before anything is opened or fetched."""
        assert self.crawler_process is not None
        loader = self.crawler_process.spider_loader
        if name not in loader.list():
            raise UsageError(f"no spider is called {name}; there is {', '.join(loader.list())}", print_help=False)
        spider = loader.load(name)
        known = [parameter for parameter in inspect.signature(spider).parameters]
        for argument in arguments:
            if argument not in known:
                raise UsageError(f"{name} has no argument {argument}; it has {', '.join(known)}", print_help=False)
        try:
            spider(**arguments)
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from None
