"""Fetch new pages: run a spider (`kbsworld list` names them).

Runs SPIDER; its articles go to the database of KBS_DB, its pages to the WARC files of KBS_ARCHIVE. Name yourself to
the site with KBS_CONTACT=me@example.org, in the environment or with -s.

Exit status: 0; 1 if a page failed; 2 for a wrong call; 3 if the run was unhealthy; 75 if this spider is running on
this database already; 128 plus the signal's number if a signal ended it.

Examples:
  kbsworld crawl kbs_news -a since=2026-11-01
  kbsworld crawl kbs_features -a menu=culture,people -o articles.jsonl
"""

import argparse
import os
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from scrapy.commands import crawl
from scrapy.crawler import CrawlerProcessBase
from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoaderProtocol, get_spider_loader

from crawler.arguments import ArgumentError, check_text, own_layouts, suggestion
from crawler.command import ProjectCommand
from crawler.run_state import exit_status
from crawler.spiders.base import KbsSpider
from crawler.terminal import WORK_FAILED
from storage import ArticleStore
from storage.database import only_run

# In a JOBDIR whose run was stopped and can go on.
_STOPPED = "kbsworld.stopped"


class Command(ProjectCommand, crawl.Command):
    usage = "[options] SPIDER"
    interrupted = "The run was cut short; what was stored is kept, and the next run goes on from there."
    crawler_process: CrawlerProcessBase  # Scrapy sets it before `run`

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        parser.epilog = f"{parser.epilog}\n\n{_describe_spiders(self.settings)}"

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        checked = _check_call(self.crawler_process.spider_loader, args, opts.spargs)
        checked.find_site(self.settings)
        own_layouts(self.settings)
        database = self.settings["KBS_DB"]
        ArticleStore(database).close()
        with nullcontext() if checked.dry else only_run(database, checked.name):
            _prepare_files(self.settings, archive="" if checked.dry else self.settings["KBS_ARCHIVE"])
            crawler = self._create_crawler(checked.name)
            self.crawler_process.crawl(crawler, **opts.spargs)
            self.crawler_process.start(install_signal_handlers=False)  # the downloader handles them
        spider = cast("KbsSpider | None", crawler.spider)
        self.exitcode = exit_status(spider.run, crawler.stats) if spider else WORK_FAILED
        reason = crawler.stats.get_value("finish_reason")
        if (job := self.settings["JOBDIR"]) and reason not in {None, "finished"} and Path(job).is_dir():
            Path(job, _STOPPED).touch()
        if reason is None or self.crawler_process.bootstrap_failed:
            self.complain(self.interrupted)


def _check_call(loader: SpiderLoaderProtocol, args: list[str], arguments: dict[str, str]) -> "KbsSpider":
    """The spider, which has checked its arguments; ArgumentError for a wrong call."""
    spiders = loader.list()
    if len(args) != 1:
        raise ArgumentError(f"Name one spider, such as kbsworld crawl kbs_news; there is {', '.join(spiders)}.")
    [name] = args
    if name not in spiders:
        hint = suggestion(name, spiders) or f"there is {', '.join(spiders)}."
        raise ArgumentError(f"Unknown spider {name}; {hint}")
    spider = cast("type[KbsSpider]", loader.load(name))
    known = spider.argument_defaults()
    for argument in arguments:
        if argument not in known:
            raise ArgumentError(f"{name} has no argument {argument}; it has {', '.join(known)}.")
        if argument != "file":
            check_text(argument, arguments[argument])
    return spider(**arguments)


def _prepare_files(settings: BaseSettings, archive: str) -> None:
    """Make folder `archive`, files of `-o` and folder of a job; OSError if one cannot be."""
    if archive:
        Path(archive).expanduser().mkdir(parents=True, exist_ok=True)
    for uri in map(str, settings.getdict("FEEDS")):
        parts = urlsplit(uri)
        if parts.scheme in {"", "file"} and "%(" not in uri:
            file = Path(parts.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            # Does not wait for the reader of a pipe.
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o666))
    if settings["JOBDIR"]:
        _prepare_job(Path(settings["JOBDIR"]))


def _prepare_job(folder: Path) -> None:
    """Make the folder of a job (Scrapy's JOBDIR), before its run: one that was killed or is finished begins anew.

    For a killed job Scrapy has kept which pages were requested, but not its queue: the rest would never be fetched.
    A finished job would skip every page as requested before. What is stored is known from the database.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _STOPPED).exists():
        # What Scrapy keeps of a job, and nothing else of the folder.
        shutil.rmtree(folder / "requests.queue", ignore_errors=True)
        for name in ("requests.seen", "spider.state"):
            (folder / name).unlink(missing_ok=True)
    (folder / _STOPPED).unlink(missing_ok=True)


def _describe_spiders(settings: BaseSettings) -> str:
    """The spiders and their arguments, from the docstrings of their modules."""
    loader = get_spider_loader(settings)
    lines = ["spiders and their arguments (-a NAME=VALUE):"]
    for name in loader.list():
        spider = cast("type[KbsSpider]", loader.load(name))
        defaults = (f"{argument}={value}" for argument, value in spider.argument_defaults().items())
        lines += [f"  {sys.modules[spider.__module__].__doc__ or name}", f"      {' '.join(defaults)}"]
    lines.append("  lang=f,e: editions. since=, until=: days, 2026-11-24.")
    lines.append("  full=1: do not stop at pages whose articles are all stored.")
    lines.append("  Of web archives: limit=1000 captures at most; dry=1: say what there is; archive=ADDRESS of a pywb.")
    return "\n".join(lines)
