"""Checks an archive: whether its WARC files are whole, and whether they hold the pages that rows of articles name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from storage.archive.capture import FILE_NAME, warc_files
from storage.archive.reader import Record, Stretch, read_warc

#: Called with bytes done, bytes in all, the number of the current file, and the number of files.
Progress = Callable[[int, int, int, int], None]

# Records up to this many bytes have their digests checked.
_LONGEST = 1 << 26
BROKEN_OFF = "incomplete last record of a run that was killed, or is running: harmless, its page is fetched again"


class RunSpan(NamedTuple):
    """When a run began and ended, ISO 8601 in UTC, and why; without an end it was killed, or is running."""

    spider: str
    started_at: str
    ended_at: str | None
    reason: str | None


@dataclass(slots=True)
class Rows:
    """Where rows of articles say that their pages are archived.

    Attributes:
        named: the source_urls of the rows, by file and offset.
        unarchived: how many rows name no place.
        elsewhere: how many name one outside the archive, which is not checked.
    """

    named: dict[str, dict[int, list[str | None]]] = field(default_factory=dict)
    unarchived: int = 0
    elsewhere: int = 0

    def count(self, file: str) -> int:
        """How many rows name a file."""
        return sum(len(urls) for urls in self.named.get(file, {}).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a place in the archive.

    Attributes:
        file, offset: the place; None: the whole file.
        what: a phrase.
        articles: how many rows have lost their page by it.
        harmless: nothing is lost.
    """

    file: str
    offset: int | None
    what: str
    articles: int = 0
    harmless: bool = False


@dataclass(slots=True)
class ArchiveReport:
    """What was checked, and what was found."""

    files: int = 0
    size: int = 0
    records: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether anything is lost."""
        return any(not finding.harmless for finding in self.findings)


def check_archive(folder: Path, rows: Rows, runs: Iterable[RunSpan], progress: Progress | None = None) -> ArchiveReport:
    """Read every WARC file of a folder, and look up every row.

    Args:
        folder: of the WARC files; it may be missing.
        rows: what the database says; read before the files, which only grow.
        runs: of the database, oldest first; by them a file of a killed run is distinguished from one that was cut.
        progress: called after each record.
    """
    runs, report = list(runs), ArchiveReport()
    files = warc_files(folder)
    report.findings += _absent(folder, rows, files)
    report.files, report.size = len(files), sum(files.values())
    done = 0
    for number, (name, size) in enumerate(files.items(), 1):
        check = _FileCheck(name, rows.named.get(name, {}), runs)
        try:
            with (folder / name).open("rb") as stream:
                for item in read_warc(stream, end=size, longest=_LONGEST, check_digests=True):
                    check.take(item)
                    if progress is not None:
                        progress(done + item.end, report.size, number, len(files))
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            check.findings = [Finding(file=name, offset=None, what=what, articles=rows.count(name))]
        else:
            check.finish()
        done += size
        report.records += check.records
        report.findings += check.findings
    return report


def check_files(folder: Path, rows: Rows) -> ArchiveReport:
    """Check only whether the files that rows name exist and are long enough."""
    files = warc_files(folder)
    findings = _absent(folder, rows, files)
    for name, size in files.items():
        beyond = sum(len(urls) for offset, urls in rows.named.get(name, {}).items() if not 0 <= offset < size)
        if beyond:
            findings.append(Finding(file=name, offset=size, what="ends before pages that rows name", articles=beyond))
    return ArchiveReport(files=len(files), size=sum(files.values()), findings=findings)


class _FileCheck:
    """One file against the rows that name it."""

    def __init__(self, name: str, wanted: dict[int, list[str | None]], runs: list[RunSpan]) -> None:
        self._name = name
        self._wanted = dict(wanted)
        self._runs = runs
        self.records = 0
        self.findings: list[Finding] = []

    def take(self, item: Record | Stretch) -> None:
        if isinstance(item, Stretch):
            self._take_damage(item)
            return
        self.records += 1
        urls = self._wanted.pop(item.offset, [])
        if item.sound is False:
            self._find(item.offset, f"the content of its {item.kind} record has changed since", len(urls))
        elif urls and item.kind != "response":
            self._find(item.offset, f"rows name it as a response, and it is a {item.kind} record", len(urls))
        elif strangers := [url for url in urls if url is not None and url != item.url]:
            what = f"the page there is {item.url}, and the row says {strangers[0]}"
            self._find(item.offset, what, len(strangers))

    def finish(self) -> None:
        """Report the rows that name a place where no record begins."""
        for offset, urls in sorted(self._wanted.items()):
            self._find(offset, "rows name it, and no record begins there", len(urls))

    def _take_damage(self, damage: Stretch) -> None:
        within = [offset for offset in self._wanted if damage.offset <= offset < damage.end]
        articles = sum(len(self._wanted.pop(offset)) for offset in within)
        length = damage.end - damage.offset
        if not damage.incomplete:
            self._find(damage.offset, f"damaged: {length:,} bytes cannot be read", articles)
        elif articles or not self._may_break_off():
            self._find(damage.offset, "the file was cut: it ends inside this record", articles)
        else:
            self.findings.append(Finding(file=self._name, offset=damage.offset, what=BROKEN_OFF, harmless=True))

    def _find(self, offset: int, what: str, articles: int) -> None:
        self.findings.append(Finding(file=self._name, offset=offset, what=what, articles=articles))

    def _may_break_off(self) -> bool:
        """Whether the file may end inside a record without harm: unless its run, found by its name, closed it."""
        name = FILE_NAME.fullmatch(self._name)
        if name is None:
            return True
        try:
            moment = datetime.strptime(name["time"], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        except ValueError:
            return True
        when = moment.isoformat(timespec="microseconds")
        started = [run for run in self._runs if run.spider == name["spider"] and run.started_at <= when]
        run = started[-1] if started else None
        return run is None or run.ended_at is None or run.ended_at < when or run.reason == "archive_failed"


def _absent(folder: Path, rows: Rows, files: dict[str, int]) -> list[Finding]:
    return [
        Finding(file=name, offset=None, what=f"not in {folder}", articles=rows.count(name))
        for name in sorted(rows.named)
        if name not in files
    ]
