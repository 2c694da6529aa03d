"""scrapy crawl: Scrapy's own, with every wrong call and every failed run told in a sentence and an exit status."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy.commands import crawl

from crawler.arguments import check_setting_names, suggestion
from crawler.command import complain
from crawler.run_state import exit_status
from crawler.site import Site
from crawler.terminal import WORK_FAILED, WRONG_CALL

if TYPE_CHECKING:
    from crawler.spiders.base import KbsSpider

# Settings that a run reads as numbers: kind, and the least that makes sense.
_NUMBERS: dict[str, tuple[type[int] | type[float], float]] = {
    **dict.fromkeys(("KBS_RECHECK_DAYS", "RETRY_TIMES", "REDIRECT_MAX_TIMES"), (int, 0)),
    **dict.fromkeys(("KBS_BREAKER", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN"), (int, 1)),
    **dict.fromkeys(("KBS_BACKOFF", "KBS_LONGEST_WAIT", "DOWNLOAD_DELAY", "DOWNLOAD_DELAY_JITTER"), (float, 0)),
    **dict.fromkeys(("AUTOTHROTTLE_START_DELAY", "AUTOTHROTTLE_MAX_DELAY"), (float, 0)),
    **dict.fromkeys(("DOWNLOAD_TIMEOUT", "AUTOTHROTTLE_TARGET_CONCURRENCY"), (float, 0.001)),
    "DOWNLOAD_MAXSIZE": (int, 1),
}


_SWITCHES = ("AUTOTHROTTLE_ENABLED", "ROBOTSTXT_OBEY", "DOWNLOAD_VERIFY_CERTIFICATES", "RETRY_ENABLED")


class Command(crawl.Command):
    """Exit status 2 for a wrong call, 3 for an unhealthy run, 1 where something failed, 0 otherwise."""

    def short_desc(self) -> str:
        return "Fetch new pages: run a spider (`scrapy list` names them)"

    def long_desc(self) -> str:
        return (
            "Runs a spider; its articles go to the database of KBS_DB, its pages to the WARC files of KBS_ARCHIVE. "
            "Name yourself to the site with KBS_CONTACT=me@example.org, in the environment or with -s. "
            "Exit status: 0; 1 where a page failed; 2 for a wrong call; 3 where the run was unhealthy; "
            "128 and the signal's number where a signal ended it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = _describe_spiders(self)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        level = str(getattr(opts, "loglevel", None) or "WARNING")
        self._check_log_level(f"-L {level}", level)
        super().process_options(args, opts)
        assert self.settings is not None
        self._check_log_level(f"LOG_LEVEL={self.settings['LOG_LEVEL']}", str(self.settings["LOG_LEVEL"]))

    def _check_log_level(self, given: str, level: str) -> None:
        """End the process where there is no such level: Scrapy would fail on it before the command runs."""
        if level.upper() not in logging.getLevelNamesMapping():
            complain(self, f"{given} is no log level; there is DEBUG, INFO, WARNING, ERROR, CRITICAL.", WRONG_CALL)
            sys.exit(WRONG_CALL)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        # Imported here: Scrapy loads every command before it runs one.
        from storage import ArticleStore, StoreError

        try:
            name = self._check_call(args, opts.spargs)
            self._check_settings(opts)
            Site(self.settings["KBS_BASE_URL"])
        except ValueError as error:
            return complain(self, str(error), WRONG_CALL)
        try:
            ArticleStore(self.settings["KBS_DB"]).close()
            for file in self.settings.getdict("FEEDS"):
                _check_feed(file)
            _check_job(self.settings["JOBDIR"])
        except (StoreError, OSError) as error:
            return complain(self, str(error), WORK_FAILED)
        # What is not shown is not put together either: Scrapy logs some five lines a page.
        logging.getLogger("scrapy").setLevel(self.settings["LOG_LEVEL"])
        crawler = self._create_crawler(name)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        self.exitcode = exit_status(crawler.stats) or int(self.crawler_process.bootstrap_failed)
        if crawler.stats.get_value("finish_reason") is None:
            self.exitcode = self.exitcode or WORK_FAILED
            print("The run was cut short; what was stored is kept, and the next run goes on there.", file=sys.stderr)
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
        if len(args) != 1:
            raise ValueError(f"Name one spider, such as scrapy crawl kbs_news; there is {', '.join(loader.list())}.")
        if args[0] not in loader.list():
            hint = suggestion(args[0], loader.list()) or f"there is {', '.join(loader.list())}."
            raise ValueError(f"There is no spider {args[0]}; {hint}")
        spider = cast("type[KbsSpider]", loader.load(args[0]))
        known = spider.argument_defaults()
        for argument in arguments:
            if argument not in known:
                raise ValueError(f"{args[0]} has no argument {argument}; it has {', '.join(known)}.")
        spider(**arguments)
        return args[0]

    def _check_settings(self, opts: argparse.Namespace) -> None:
        """Judge what was given with -s, and the numbers.

        Raises:
            ValueError: a setting is misspelt, or has a value that cannot be; the message is a sentence.
        """
        assert self.settings is not None
        check_setting_names(opts.set)
        for name, (kind, least) in _NUMBERS.items():
            try:
                fits = kind(self.settings[name]) >= least
            except (TypeError, ValueError):
                fits = False
            if not fits:
                noun = "a whole number" if kind is int else "a number"
                raise ValueError(f"{name} is {self.settings[name]!r}; it must be {noun} from {least:g}.")
        for name in _SWITCHES:
            try:
                self.settings.getbool(name)
            except ValueError:
                raise ValueError(f"{name} is {self.settings[name]!r}; it must be True or False.") from None


def _describe_spiders(command: crawl.Command) -> str:
    """The spiders and their arguments, from their own docstrings."""
    from scrapy.spiderloader import get_spider_loader

    assert command.settings is not None
    loader = get_spider_loader(command.settings)
    lines = ["spiders and their arguments (-a NAME=VALUE):"]
    for name in loader.list():
        spider = cast("type[KbsSpider]", loader.load(name))
        summary = (spider.__doc__ or "").strip().splitlines()[0]
        defaults = spider.argument_defaults().items()
        told = (f"{argument}={value if len(value) < 120 else '…'}" for argument, value in defaults)
        lines += [f"  {name}: {summary}", f"      {' '.join(told)}"]
    lines.append("  lang=f,e: editions. since=, until=: days, 2026-11-24. full=1: go on where everything is known.")
    return "\n".join(lines)


def _check_job(folder: str | None) -> None:
    """Have a JOBDIR that cannot be made fail before anything is fetched.

    Raises:
        OSError: it cannot; the message is a sentence.
    """
    from crawler.extensions.archive import JOB_MARK, forget_job

    try:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            if (Path(folder) / JOB_MARK).exists():
                forget_job(Path(folder))
                print(f"The job in {folder} was killed: it begins anew, without what is stored.", file=sys.stderr)
    except OSError as error:
        raise OSError(f"JOBDIR {folder} cannot be made ({error.strerror}).") from error


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
