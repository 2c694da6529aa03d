"""scrapy crawl: Scrapy's own, with every wrong call and every failed run told in a sentence and an exit status."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from urllib.parse import urlsplit

from scrapy.commands import crawl

from crawler.failures import WORK_FAILED, WRONG_CALL, complain
from crawler.site import Site
from storage import ArticleStore, StoreError

#: Statistics that only a run has in which something failed.
FAILURES = ("kbsworld/failed", "kbsworld/stopped", "feedexport/failed_count")


class Command(crawl.Command):
    """Exit status 2 for a wrong call, 1 where a page failed or the run could not do its work, 0 otherwise."""

    def short_desc(self) -> str:
        return "Fetch new pages: run a spider (`scrapy list` names them)"

    def long_desc(self) -> str:
        return (
            "Runs a spider; its articles go to the database of KBS_DB, its pages to the WARC files of KBS_ARCHIVE. "
            "Arguments of kbs_news: -a lang=f (edition), -a category=Po (one category), -a pages=5 (list pages at "
            "most). "
            "Name yourself to the site with KBS_CONTACT=me@example.org, in the environment or with -s. "
            "Exit status: 0, 1 where a page failed, 2 for a wrong call."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        try:
            name = self._check_call(args, opts.spargs)
            Site(self.settings["KBS_BASE_URL"])
        except ValueError as error:
            return complain(self, str(error), WRONG_CALL)
        try:
            ArticleStore(self.settings["KBS_DB"]).close()
            for file in self.settings.getdict("FEEDS"):
                _check_feed(file)
        except (StoreError, OSError) as error:
            return complain(self, str(error), WORK_FAILED)
        crawler = self._create_crawler(name)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        stats = crawler.stats.get_stats()
        failed = any(name.startswith(FAILURES) for name in stats)
        if self.crawler_process.bootstrap_failed or failed:
            self.exitcode = WORK_FAILED
        return None

    def _check_call(self, args: list[str], arguments: dict[str, str]) -> str:
        """The spider's name, after the spider judged its arguments, before anything is opened or fetched.

        Raises:
            ValueError: the call is wrong; the message is a sentence.
        """
        assert self.crawler_process is not None
        loader = self.crawler_process.spider_loader
        for argument in args:
            if argument.startswith("-"):
                raise ValueError(f"There is no option {argument}; scrapy crawl --help names them.")
        if len(args) != 1 or args[0] not in loader.list():
            raise ValueError(f"Name one spider, such as scrapy crawl kbs_news; there is {', '.join(loader.list())}.")
        spider = loader.load(args[0])
        known = list(inspect.signature(spider).parameters)
        for argument in arguments:
            if argument not in known:
                raise ValueError(f"{args[0]} has no argument {argument}; it has {', '.join(known)}.")
        spider(**arguments)
        return args[0]


def _check_feed(uri: str | Path) -> None:
    """Have a local file of `-o` or `-O` that cannot be written fail before anything is fetched.

    Raises:
        OSError: it cannot; the message is a sentence.
    """
    parts = urlsplit(str(uri))
    if parts.scheme not in {"", "file"} or "%(" in str(uri):
        return
    file = Path(parts.path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()
    except OSError as error:
        raise OSError(f"{file} cannot be written ({error.strerror}).") from error
