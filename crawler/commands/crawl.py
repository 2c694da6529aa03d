"""kbsworld crawl: Scrapy's own, but every wrong call and every failed run ends in a sentence and an exit status."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy.commands import crawl
from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoaderProtocol, get_spider_loader

from crawler.arguments import check_setting_names, suggestion
from crawler.command import complain
from crawler.run_state import exit_status
from crawler.terminal import WORK_FAILED, WRONG_CALL, tell

if TYPE_CHECKING:
    from crawler.spiders.base import KbsSpider

# Settings that are numbers, and the least that makes sense; those with a whole number here must be whole.
_LEAST: dict[str, int | float] = {
    **dict.fromkeys(("KBS_RECHECK_DAYS", "RETRY_TIMES", "REDIRECT_MAX_TIMES"), 0),
    **dict.fromkeys(("KBS_BREAKER", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_MAXSIZE"), 1),
    **dict.fromkeys(("KBS_BACKOFF", "KBS_LONGEST_WAIT", "DOWNLOAD_DELAY", "AUTOTHROTTLE_MAX_DELAY"), 0.0),
    "DOWNLOAD_TIMEOUT": 0.001,
}
_SWITCHES = ("AUTOTHROTTLE_ENABLED", "ROBOTSTXT_OBEY", "DOWNLOAD_VERIFY_CERTIFICATES", "RETRY_ENABLED")


class Command(crawl.Command):
    """Everything that can be checked is checked before anything is fetched."""

    def short_desc(self) -> str:
        return "Fetch new pages: run a spider (`scrapy list` names them)"

    def long_desc(self) -> str:
        return (
            "Runs a spider; its articles go to the database of KBS_DB, its pages to the WARC files of KBS_ARCHIVE. "
            "Name yourself to the site with KBS_CONTACT=me@example.org, in the environment or with -s. "
            "Exit status: 0; 1 if a page failed; 2 for a wrong call; 3 if the run was unhealthy; "
            "128 plus the signal's number if a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.usage = "kbsworld crawl [options] SPIDER"
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        assert self.settings is not None
        parser.epilog = _describe_spiders(self.settings)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        level = str(self.settings["LOG_LEVEL"])
        if level.upper() not in logging.getLevelNamesMapping():  # Scrapy would fail on it before the command runs
            complain(self, f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {level}.", WRONG_CALL)
            sys.exit(WRONG_CALL)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        # Imported here: Scrapy loads every command before it runs one.
        from storage import StoreError

        try:
            name = _check_call(self.crawler_process.spider_loader, args, opts.spargs)
            _check_settings(self.settings, opts.set)
        except ValueError as error:
            return complain(self, str(error), WRONG_CALL)
        try:
            _prepare_files(self.settings)
        except OSError as error:
            return complain(self, f"{error.filename} cannot be written ({error.strerror}).", WORK_FAILED)
        except StoreError as error:
            return complain(self, str(error), WORK_FAILED)
        crawler = self._create_crawler(name)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        spider = cast("KbsSpider | None", crawler.spider)
        self.exitcode = exit_status(spider.run, crawler.stats) if spider else WORK_FAILED
        if crawler.stats.get_value("finish_reason") is None or self.crawler_process.bootstrap_failed:
            self.exitcode = self.exitcode or WORK_FAILED
            tell("The run was cut short; what was stored is kept, and the next run goes on from there.")
        return None


def _check_call(loader: SpiderLoaderProtocol, args: list[str], arguments: dict[str, str]) -> str:
    """The spider's name, after the spider has checked its arguments; ValueError for a wrong call."""
    spiders = loader.list()
    for argument in args:
        if argument.startswith("-"):
            raise ValueError(f"Unknown option {argument}. See kbsworld crawl --help.")
    if len(args) != 1:
        raise ValueError(f"Name one spider, such as kbsworld crawl kbs_news; there is {', '.join(spiders)}.")
    [name] = args
    if name not in spiders:
        hint = suggestion(name, spiders) or f"there is {', '.join(spiders)}."
        raise ValueError(f"Unknown spider {name}; {hint}")
    spider = cast("type[KbsSpider]", loader.load(name))
    known = spider.argument_defaults()
    for argument in arguments:
        if argument not in known:
            raise ValueError(f"{name} has no argument {argument}; it has {', '.join(known)}.")
    spider(**arguments)
    return name


def _check_settings(settings: BaseSettings, given: list[str]) -> None:
    """ValueError if a setting is misspelt, or has an impossible value."""
    from crawler.site import Site

    check_setting_names(given)
    for name, least in _LEAST.items():
        try:
            fits = type(least)(settings[name]) >= least
        except (TypeError, ValueError):
            fits = False
        if not fits:
            noun = "a whole number" if isinstance(least, int) else "a number"
            raise ValueError(f"{name} is {settings[name]!r}; it must be {noun} from {least:g}.")
    for name in _SWITCHES:
        try:
            settings.getbool(name)
        except ValueError:
            raise ValueError(f"{name} is {settings[name]!r}; it must be True or False.") from None
    Site(settings["KBS_BASE_URL"])


def _prepare_files(settings: BaseSettings) -> None:
    """Make the database, the files of `-o` and the folder of a job; StoreError or OSError if one cannot be."""
    from crawler.extensions.job import prepare_job
    from storage import ArticleStore

    ArticleStore(settings["KBS_DB"]).close()
    for uri in map(str, settings.getdict("FEEDS")):
        parts = urlsplit(uri)
        if parts.scheme in {"", "file"} and "%(" not in uri:
            file = Path(parts.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.open("ab").close()
    if settings["JOBDIR"]:
        prepare_job(Path(settings["JOBDIR"]))


def _describe_spiders(settings: BaseSettings) -> str:
    """The spiders and their arguments, from their own docstrings."""
    loader = get_spider_loader(settings)
    lines = ["spiders and their arguments (-a NAME=VALUE):"]
    for name in loader.list():
        spider = cast("type[KbsSpider]", loader.load(name))
        summary = (spider.__doc__ or "").strip().splitlines()[0]
        arguments = spider.argument_defaults().items()
        defaults = (f"{argument}={value if len(value) < 120 else '…'}" for argument, value in arguments)
        lines += [f"  {name}: {summary}", f"      {' '.join(defaults)}"]
    lines.append("  lang=f,e: editions. since=, until=: days, 2026-11-24.")
    lines.append("  full=1: do not stop at pages whose articles are all stored.")
    return "\n".join(lines)
