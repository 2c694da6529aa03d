"""A re-extraction as it was called: what is read, where it goes, who works on it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from scrapy.settings import BaseSettings

from crawler.reextract.plan import STDIN, brought, call_of, conditions
from crawler.reextract.pool import LocalWorkers, Work, Workers
from crawler.reextract.report import Report
from crawler.reextract.run import Run, Sources
from crawler.reextract.sinks import StoreSink
from crawler.reextract.work import extract_part
from crawler.site import Site
from crawler.terminal import WORK_FAILED
from storage.archive import warc_files
from storage.sources.base import Wound
from storage.sources.find import total_size
from storage.sources.own import count_rows, own_archive, rows_alone

#: More processes than this serve nobody on one machine.
_MOST_JOBS = 1024


class Job:
    """One call of `scrapy reextract`."""

    def __init__(self, paths: Sequence[str], options: Namespace, settings: BaseSettings) -> None:
        """The call, judged before anything is opened.

        Args:
            paths: the sources; none: the project's own archive.
            options: those of the command.
            settings: KBS_DB, KBS_ARCHIVE, KBS_BASE_URL, KBS_MAX_PAGE.

        Raises:
            ValueError: it is wrong; the message is a sentence.
        """
        _check_paths(paths, options.to)
        self._paths = paths
        self._options = options
        self._only = conditions(options.only)
        if paths and self._only:
            raise ValueError("--only reads what stored articles stand on, wherever that is; it takes no SOURCE.")
        if options.scheduler:
            # Here and below, what few runs need is imported by those alone: each import is a part of every start.
            from crawler.reextract.cluster import check_address

            check_address(options.scheduler)
            if options.jobs is not None:
                raise ValueError("--jobs are processes of this machine; with --scheduler the cluster's workers work.")
        if options.to is not None and (options.dry_run or not options.to.strip()):
            raise ValueError("--to needs the name of a folder, and writes it: --dry-run does not go with it.")
        self._jobs = _number("--jobs", os.cpu_count() or 1 if options.jobs is None else options.jobs, most=_MOST_JOBS)
        self._max_page = _number("KBS_MAX_PAGE", settings["KBS_MAX_PAGE"])
        self._base_url = settings["KBS_BASE_URL"]
        Site(self._base_url)
        self._database = settings["KBS_DB"]
        folder = str(settings["KBS_ARCHIVE"] or "").strip()
        if not folder and not paths and not self._only:
            raise ValueError("KBS_ARCHIVE names no folder; set it, or name what to read.")
        # Without one, no file is the project's own.
        self._archive = Path(folder or os.devnull).expanduser()
        if options.scheduler:  # its workers have other working directories
            self._archive = self._archive.absolute()

    def run(self) -> int:
        """Do it; the exit status.

        Raises:
            OSError, StoreError, sqlite3.Error: it cannot be done; the message is a sentence.
        """
        self._check_there_is_something()
        with ExitStack() as stack:
            workers = self._workers()
            stack.callback(workers.close)
            workers.executor()  # before the database is opened: processes begin as copies of this one
            sink = stack.enter_context(self._sink())
            sources = self._sources(sink)
            report = Report(self._total(sources))
            if self._only:
                self._say_what_is_left_out(sink, report)
            ending = "interrupted"
            try:
                Run(sink, workers, report, self._archive).read(sources)
                ending = "finished" if not self._options.dry_run else "dry run, nothing stored"
            finally:
                report.close()
                print(report.summary(sink.counts, ending), *self._hints(sink), sep="\n", file=sys.stderr)
        return WORK_FAILED if sink.counts["damaged"] else 0

    def _say_what_is_left_out(self, sink: StoreSink, report: Report) -> None:
        """Say where --only finds nothing, or articles whose pages nobody has."""
        named = ", ".join(f"{name}={value}" for name, value in self._only.items())
        articles, archived = count_rows(sink.db, self._only)
        if not articles:
            report.say(f"No stored article has {named}.")
        elif articles > archived:
            report.say(f"Of {articles:,} articles with {named}, {articles - archived:,} have no archived page.")

    def _hints(self, sink: StoreSink) -> Iterator[str]:
        """What may be wrong with a call that found nothing."""
        if sink.counts["others"] and not sink.counts["pages"]:
            yield f"None of these captures is an article of KBS_BASE_URL={self._base_url}; name the site they are of."

    def _workers(self) -> Workers:
        if not self._options.scheduler:
            return LocalWorkers(self._jobs)
        from crawler.reextract.cluster import ClusterWorkers

        needed = [Path.cwd() / path for path in self._paths if path != STDIN] or [self._archive]
        return ClusterWorkers(self._options.scheduler, needed)

    def _sink(self) -> StoreSink:
        """Where results go."""
        if self._options.dry_run:
            from crawler.reextract.preview import PreviewSink

            return PreviewSink(self._database, self._work())
        options = {"only": self._only, "max_page": self._max_page, "base_url": self._base_url}
        known = call_of(self._paths, self._archive, options)
        call = known or STDIN
        sink = StoreSink(self._database, call, self._work()) if self._options.to is None else self._folder_sink(call)
        if self._options.restart or known is None:
            sink.begin_anew()
        return sink

    def _folder_sink(self, call: str) -> StoreSink:
        from crawler.reextract.parquet_sink import ParquetSink

        folder = Path(self._options.to).expanduser().absolute()
        return ParquetSink(folder, self._database, call, self._max_page, self._base_url)

    def _work(self) -> Work:
        return partial(extract_part, max_page=self._max_page, base_url=self._base_url)

    def _sources(self, sink: StoreSink) -> Sources:
        if self._only:
            return partial(rows_alone, sink.db, self._archive, self._only)
        if self._paths:
            return partial(brought, self._paths, self._archive, self._max_page)
        return partial(own_archive, sink.db, self._archive, self._max_page)

    def _total(self, sources: Sources) -> int:
        """The bytes there are to read; 0 where nobody knows."""
        if self._paths:
            return total_size(self._paths)
        return sum(source.size for source in sources() if not isinstance(source, Wound))

    def _check_there_is_something(self) -> None:
        """Raise OSError, with a sentence, where there is nothing to read."""
        for path in self._paths:
            if path != STDIN and not os.path.lexists(path):
                raise FileNotFoundError(f"{path}: no such file or folder.")
        if self._only and not Path(self._database).expanduser().exists():
            raise FileNotFoundError(
                f"There is no database {self._database} yet, whose articles --only could choose from."
            )
        if not self._paths and not self._only and not warc_files(self._archive):
            raise FileNotFoundError(f"There is no WARC file in {self._archive}; name what to read, or set KBS_ARCHIVE.")


def _check_paths(paths: Sequence[str], target: str | None) -> None:
    """Raise ValueError, with a sentence, where sources cannot be what was meant."""
    for path in paths:
        if path.startswith("-") and path != STDIN:
            raise ValueError(f"There is no option {path}; scrapy reextract --help names them.")
        if target and Path(target).expanduser().resolve().is_relative_to(Path(path).resolve()):
            raise ValueError(f"--to {target} is inside of {path}, which is read; name another folder.")
    if paths.count(STDIN) > 1:
        raise ValueError("Standard input can be read once; give - once.")


def _number(name: str, given: object, *, most: int = sys.maxsize) -> int:
    try:
        number = int(str(given))
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        raise ValueError(
            f"{name} is {given}; it must be a whole number from 1{f' to {most}' if most < sys.maxsize else ''}."
        )
    return number
