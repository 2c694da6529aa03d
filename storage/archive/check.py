"""Checks an archive: whether its WARC files are whole, and whether they hold the pages that rows of articles name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.archive.capture import Capture, Location, warc_files
from storage.archive.http import decoded
from storage.archive.reader import Record, Stretch, read_warc
from storage.sources.warc import flaw_of, item_of

# Records up to this many bytes have their digests checked.
_LONGEST = 1 << 26
BROKEN_OFF = "incomplete last record of a run that was killed, or is running: harmless, its page is fetched again"


@dataclass(slots=True)
class Rows:
    """The source_urls of the rows that name a place in the archive, by file and offset: `here` in all.

    `unarchived` counts the rows that name no place, `elsewhere` those outside the archive, which are not checked.
    """

    named: dict[str, dict[int, list[str | None]]] = field(default_factory=dict)
    here: int = 0
    unarchived: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a place in the archive, a phrase; without an offset, with the whole file.

    `articles` is how many rows have lost their page by it. `strangers` are the addresses of rows, each with that of the
    page which they name; with a revisit record that says the same they are none.
    """

    file: str
    offset: int | None
    what: str
    articles: int = 0
    harmless: bool = False
    strangers: frozenset[tuple[str, str | None]] = frozenset()


@dataclass(slots=True)
class ArchiveReport:
    """What was checked, and what was found."""

    files: int = 0
    size: int = 0
    records: int = 0
    findings: list[Finding] = field(default_factory=list)


def check_archive(
    folder: Path, rows: Rows, progress: Callable[[int, int], None], *, quick: bool = False
) -> ArchiveReport:
    """Read every WARC file of a folder, which may be missing, and look up every row.

    A file may end inside a record, as that of a process that was killed does. This counts as damage only if a row names
    a place there or behind it: a copy that was cut where no article is named looks the same.

    Args:
        progress: is called with the bytes read and the bytes of all files.
        quick: only look whether the files that rows name exist and are long enough.
    """
    files = warc_files(folder)
    report = ArchiveReport(len(files), sum(files.values()))
    done = 0
    revisits: set[tuple[str | None, str | None]] = set()
    for name in sorted({*files, *rows.named}):
        named, size = dict(rows.named.get(name, {})), files.get(name, 0)
        try:
            with (folder / name).open("rb") as stream:
                if quick:
                    named = {at: urls for at, urls in named.items() if not 0 <= at < size}
                for item in () if quick else read_warc(stream, end=size, longest=_LONGEST, check_digests=True):
                    report.records += isinstance(item, Record)
                    if isinstance(item, Record) and item.kind == "revisit":
                        revisits.add((item.url, item.headers.get("warc-refers-to-target-uri")))
                    if finding := _finding(name, item, named):
                        report.findings.append(finding)
                    progress(done + item.end, report.size)
        except OSError as error:
            what = f"cannot be read in {folder} ({error.strerror})"
            report.findings.append(Finding(file=name, offset=None, what=what, articles=sum(map(len, named.values()))))
            named = {}
        what = "rows name it, and no record begins there"
        report.findings += [Finding(file=name, offset=at, what=what, articles=len(named[at])) for at in sorted(named)]
        done += size
        progress(done, report.size)
    report.findings = [one for one in report.findings if not one.strangers or not one.strangers <= revisits]
    return report


def _finding(file: str, item: Record | Stretch, named: dict[int, list[str | None]]) -> Finding | None:
    """What is wrong with a record or stretch, if anything; the rows that name it are removed from `named`."""
    if isinstance(item, Stretch):
        # Behind an incomplete record there is nothing.
        lost = [at for at in named if item.offset <= at and (item.incomplete or at < item.end)]
        articles = sum(len(named.pop(at)) for at in lost)
        what = f"damaged: {item.end - item.offset:,} bytes cannot be read"
        if item.incomplete:
            what = "the file was cut: it ends inside this record" if articles else BROKEN_OFF
        harmless = item.incomplete and not articles
        return Finding(file=file, offset=item.offset, what=what, articles=articles, harmless=harmless)
    urls: Sequence[str | None] = named.pop(item.offset, [])
    if item.sound is False:
        what = f"the content of its {item.kind} record has changed since"
    elif urls and item.kind != "response":
        what = f"rows name it as a response, and it is a {item.kind} record"
    elif urls and (trouble := _trouble(item)):
        what = trouble
    elif others := [(url, item.url) for url in urls if url and url != item.url]:
        what = f"the page there is {item.url}, and the row says {others[0][0]}"
        return Finding(file=file, offset=item.offset, what=what, articles=len(others), strangers=frozenset(others))
    else:
        return None
    return Finding(file=file, offset=item.offset, what=what, articles=len(urls))


def _trouble(record: Record) -> str:
    """Why re-extraction could not read the page that a record holds; empty if it can."""
    if flaw := flaw_of(record, record.url or ""):
        return flaw
    item = item_of(record, record.url or "", Location(file="", offset=record.offset))
    try:
        return decoded(item, _LONGEST).refused if isinstance(item, Capture) else ""
    except ValueError as error:
        return str(error)
