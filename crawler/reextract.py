"""Re-extraction: this process reads captures, an executor extracts them, and this process stores the rows."""

import gc
import hashlib
import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Self

import click

import extractors
from crawler.command import uninterrupted
from crawler.site import GONE, Site
from crawler.terminal import clean, counted
from extractors import NotAnArticle, extract_page
from extractors.address import parse_address
from storage import ArticleStore, Outcome
from storage.archive.capture import Capture, Damage, Item, Location, Revisit, Source, damaged
from storage.archive.http import decoded
from storage.articles import article_row, refusal_row
from storage.children import Children
from storage.crawl_state import ReextractionState, names_of
from storage.sources import read_places
from storage.versions import Row

DEADLY = "extracting this page ends the process that does it"
SLOW = "extracting this page takes longer than KBS_PAGE_TIME"
ORPHAN = "a revisit of a capture that cannot be found"

# What one task extracts and one transaction stores: this many captures, or about this many bytes of bodies.
BATCH_ITEMS = 150
_BATCH_BYTES = 4_000_000
_ALIKE = 10  # times that damage of one kind in one file is reported
_PATIENCE = 20.0  # seconds

_REASON = "refused: "
_ALSO_COUNTED = {
    "mended": "addresses that were not written correctly, and were mended",
    "incomplete": "files of a crawl that was killed, or is running, that end inside a record",
    "unrelated": "files skipped: no archive, dump or page",
    "others": "captures skipped: no article of the site",
}


#: Captures that are extracted together.
Batch = list[Capture]
#: What is found in captures, in their order: rows of `articles`, of `refusals` (which have a `reason`), and damages.
Found = list[Row | Damage]
#: What workers do with a batch: `extract`, with its other arguments.
Work = Callable[[Batch], Found]


def extract(batch: Batch, site: Site, max_page: int, layouts: str = "") -> Found:
    """Extract captures, in a worker; `site` is that of the crawls that made the archive, `layouts` the user's own."""
    return [_extract_one(capture, site, max_page, layouts) for capture in batch]


def _extract_one(capture: Capture, site: Site, max_page: int, layouts: str) -> Row | Damage:
    try:
        capture = decoded(capture, max_page)
    except ValueError as error:
        return _damage(capture, str(error))
    if capture.refused or capture.status != 200:
        return refusal_row(capture, capture.refused or f"HTTP {capture.status}")
    try:
        url = site.official(capture.url) if capture.url else ""
        article = extract_page(capture.body, url, capture.charset, capture.media_type, layouts)
        return article_row(article, capture) | {"source_url": capture.url or None}
    except NotAnArticle as refusal:
        return refusal_row(capture, refusal.reason)
    except Exception as error:  # noqa: BLE001  (an error on one page must not cost the others)
        return _damage(capture, f"an error in kbsworld, {type(error).__name__}: {error}")


def _damage(item: Capture | Revisit, what: str) -> Damage:
    return Damage(location=item.location or Location(file="/dev/stdin", offset=0), url=item.url or None, what=what)


def _is_page(item: Capture | Revisit) -> bool:
    """Whether an item may hold a page, or say that there is none: not a redirect, nor an error of the server."""
    return isinstance(item, Revisit) or bool(item.refused) or item.status in {200, *GONE}


@dataclass(frozen=True, kw_only=True)
class Workers:
    """What extracts batches."""

    count: int  #: of workers
    submit: Callable[[Batch], Future[Found]]  #: gives one a batch
    submit_alone: Callable[[Batch], Future[Found]]  #: gives one a page for which its earlier fault does not count
    failed: tuple[type[Exception], ...]  #: what a future raises whose worker died or took too long
    check: Callable[[], object] = bool  #: is called every second of waiting, and raises if no result will come

    def results(self, batches: Iterable[Batch]) -> Iterator[Found]:
        """What is extracted, in the order of the batches. Few are read ahead, which bounds memory."""
        ahead: deque[tuple[Batch, Future[Found]]] = deque()
        for batch in batches:
            ahead.append((batch, self.submit(batch)))
            if len(ahead) > 2 * self.count:
                yield from self._finished(*ahead.popleft())
        while ahead:
            yield from self._finished(*ahead.popleft())

    def _finished(self, batch: Batch, future: Future[Found]) -> Iterator[Found]:
        try:
            yield self._result(future)
        except self.failed:  # each page once more, one after the other: Dask blames all that a worker had when it died
            for item in batch:
                try:
                    yield self._result(self.submit_alone([item]))
                except self.failed as error:
                    yield [_damage(item, SLOW if isinstance(error, TimeoutError) else DEADLY)]

    def _result(self, future: Future[Found]) -> Found:
        while not wait([future], timeout=1).done:
            self.check()
        return future.result()


@contextmanager
def processes(count: int, work: Work, page_time: float) -> Iterator[Workers]:
    """Workers that are processes of this machine; `page_time` is how long a page may take, in seconds."""
    # Forked workers inherit what is imported here. Frozen objects are not searched for garbage, in parent and workers.
    import trafilatura  # noqa: F401

    gc.freeze()
    method = "fork" if sys.platform == "linux" else "spawn"
    with closing(Children(count, method, page_time)) as children:
        # A batch takes a fraction of a second, so it may take no longer than one page.
        yield Workers(
            count=count,
            submit=partial(children.submit, work),
            submit_alone=partial(children.submit, work, alone=True),
            failed=(BrokenExecutor, TimeoutError),
        )


@contextmanager
def cluster(address: str, work: Work) -> Iterator[Workers]:
    """Workers of a Dask cluster. Captures are sent to them, so they need no files.

    Args:
        address: of its scheduler: tcp://host:8786, or tls:// with the certificates that Dask's settings name.

    Raises:
        ConnectionError: there is no cluster, or the connection was lost.
        ImportError: distributed is not installed, or a worker has other code; as the other, it ends the command.
    """
    from distributed import Client, KilledWorker

    for name in ("distributed", "distributed.client", "distributed.core", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # the sentences below say what went wrong
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise ConnectionError(f"No Dask scheduler answers at {address} ({error}); start one: dask scheduler") from error
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
        for worker, found in client.run(code, on_error="return").items():
            if found != code():
                raise ImportError(f"The worker {worker} has another kbsworld; install the same there as here.")
        submit = partial(client.get_executor(pure=False).submit, work)  # not pure: a batch may be extracted again
        yield Workers(
            count=sum(client.nthreads().values()),
            submit=submit,
            submit_alone=submit,
            failed=(KilledWorker,),
            check=client.nthreads,
        )
    except TimeoutError as error:
        raise ConnectionError(f"{address} has no worker; start one: dask worker {address}") from error
    except (CancelledError, OSError, RuntimeError) as error:
        raise ConnectionError(f"The connection to {address} was lost; the same call goes on from here.") from error
    finally:
        with suppress(OSError, RuntimeError):  # it was lost
            client.close(timeout=2)


def code() -> str:
    """The code that extracts, as a digest: other code may find other things."""
    folder = Path(extractors.__file__).parent
    files = sorted(file for file in folder.iterdir() if file.suffix in {".py", ".toml"})
    return hashlib.sha256(b"".join(file.read_bytes() for file in [*files, Path(__file__)])).hexdigest()


class Report:
    """Counts, and prints on standard error what was done: a bar on a terminal, and a summary where its block ends."""

    def __init__(self, command: str, unit: str, total: int, ending: str = "finished") -> None:
        """Of a command that counts `unit` and reads `total` bytes (0: not known); `ending`: unless interrupted."""
        #: Of `pages` or `rows`, outcomes, `refused` and each reason, `damaged` and others, by name.
        self.counts: Counter[str] = Counter()
        self._command = command
        self._unit = unit
        self._ending = ending
        self._began = time.monotonic()
        self._alike: Counter[tuple[str, str]] = Counter()
        self._bar = click.progressbar(
            length=total, file=sys.stderr, item_show_func=self._pace, hidden=not sys.stderr.isatty()
        )

    def advance(self, size: int) -> None:
        """Count bytes that were read."""
        self._bar.update(size)

    def say(self, sentence: str) -> None:
        """Print a line, above the bar."""
        print("" if self._bar.hidden else "\r\x1b[K", clean(sentence), sep="", file=sys.stderr)

    def damage(self, file: str, place: str, what: str) -> None:
        """Count a damaged place, and report it: of many alike in a file, the first ones."""
        self.counts["damaged"] += 1
        self._alike[file, what] += 1
        if self._alike[file, what] <= _ALIKE:
            self.say(f"damaged: {file}, {place}: {what}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        ending = "interrupted" if error else self._ending
        self.say(f"{self._command}: {self._pace()}, {time.monotonic() - self._began:,.0f} s ({ending})")
        for name in (*Outcome, "refused", "damaged"):
            print(f"  {name:<12} {self.counts[name]:>8}", file=sys.stderr)
        for (file, what), count in self._alike.items():
            if count > _ALIKE:
                self.say(f"damaged: {file}: {counted(count - _ALIKE, 'more time')}: {what}")
        for name, count in self.counts.most_common():
            if name.startswith(_REASON):
                self.say(f"refused: {counted(count, 'time')}: {name.removeprefix(_REASON)}")
            elif name in _ALSO_COUNTED and count:
                self.say(f"{_ALSO_COUNTED[name]}: {count}")

    def _pace(self, _: int | None = None) -> str:
        done = self.counts[self._unit]
        return f"{done:,} {self._unit}, {done / max(time.monotonic() - self._began, 0.001):,.0f} a second"


@dataclass(slots=True)
class Reextraction:
    """One call of `reextract`; `archive`, KBS_ARCHIVE, is the folder of files that are named without one."""

    store: ArticleStore
    state: ReextractionState
    workers: Workers
    report: Report
    archive: Path
    site: Site
    max_page: int
    #: The address of the last capture that is no article of the site.
    other: str = ""
    _revisits: list[Revisit] = field(default_factory=list)
    _payloads: list[tuple[str, str, str, int]] = field(default_factory=list)
    _broken_off: str = ""

    def read_sources(self, sources: Iterable[Source | Damage]) -> None:
        """Read sources, but those that an interrupted run of the same call read to their end.

        Raises:
            StoreError, sqlite3.Error: the database cannot be written; what was stored before stays.
            KeyboardInterrupt: a signal came; what was stored before stays.
        """
        if done := self.state.done():
            self.report.say(f"Going on where this was interrupted; {len(done):,} sources are skipped.")
        orphans: list[Revisit] = []
        for source in sources:
            if isinstance(source, Damage):
                self._count_damage(source)
            elif source.stamp and done.get(source.name) == source.stamp:
                self.report.advance(source.size)
            else:
                self.read(self._watched(source))
                # The originals of these may be in a source that follows.
                if here := self._read_revisits(self._revisits):
                    orphans += here
                elif source.name != self._broken_off:
                    with self.store.batch():
                        self.state.mark_done(source.name, source.stamp)
                self._revisits.clear()
        for revisit in self._read_revisits(orphans):
            self._count_damage(_damage(revisit, ORPHAN))
        with self.store.batch():
            self.state.forget()

    def read(self, items: Iterable[Item]) -> None:
        """Extract the captures among items, and store what they hold."""
        for extracted in self.workers.results(self._batches(items)):
            self._store(extracted)

    def _watched(self, source: Source) -> Iterator[Item]:
        at = 0
        try:
            for item in source.read(self.max_page, 0):
                yield item
                offset = min(item.location.offset if item.location else 0, source.size)
                self.report.advance(max(offset - at, 0))
                at = max(offset, at)
        except OSError as error:
            self._broken_off = source.name
            yield damaged(source.name, error)
        self.report.advance(source.size - at)

    def _batches(self, items: Iterable[Item]) -> Iterator[Batch]:
        """The captures in batches; damages are counted, and revisits of articles kept for later."""
        batch: Batch = []
        size = 0
        for item in items:
            if isinstance(item, Damage):
                self._count_damage(item)
            elif not (_is_page(item) and self._may_be_article(item.url)):
                self.report.counts["others"] += 1
                self.other = item.url
            elif isinstance(item, Revisit):
                self._revisits.append(item)
            else:
                batch.append(item)
                size += len(item.body)
                self._payloads += names_of(item)
            if len(batch) >= BATCH_ITEMS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _may_be_article(self, url: str | None) -> bool:
        """Whether a page may be an article of the site, by its address if it has one."""
        if not url or url.startswith("file:"):
            return True
        address = parse_address(self.site.official(url))
        return address is not None and address.is_article

    def _store(self, found: Found) -> None:
        rows = [one for one in found if not isinstance(one, Damage)]
        counts = Counter(pages=len(rows))
        with uninterrupted():  # so that what is stored is counted
            with self.store.batch():
                for is_refusal, group in groupby(rows, key=lambda row: "reason" in row):
                    some = list(group)
                    counts.update(self._refuse(some) if is_refusal else self.store.add_rows(some))
                self.state.remember_payloads(self._payloads)
                self._payloads.clear()
            self.report.counts.update(counts)
        for damage in found:
            if isinstance(damage, Damage):
                self._count_damage(damage)

    def _refuse(self, rows: Iterable[Row]) -> Iterator[str]:
        for row in rows:
            self.store.refuse_row(row)
            yield from ("refused", _REASON + row["reason"])

    def _read_revisits(self, revisits: Iterable[Revisit]) -> list[Revisit]:
        """Read the originals of revisits, known as these are; the revisits whose original is not known."""
        places = [(revisit, self.state.original(revisit)) for revisit in revisits]
        self.read(read_places([place for _, place in places if place], self.archive, self.max_page))
        return [revisit for revisit, place in places if place is None]

    def _count_damage(self, damage: Damage) -> None:
        if not self._may_be_article(damage.url):
            return  # pages of other sites may be damaged
        if damage.harmless:
            self.report.counts[damage.harmless] += 1
            if damage.harmless == "unrelated" and self.report.counts["unrelated"] <= _ALIKE:
                self.report.say(f"skipped: {damage.location.file}: {damage.what}")
        else:
            self.report.damage(damage.location.file, f"byte {damage.location.offset}", damage.what)
