"""Re-extraction: this process reads captures, workers extract them, and this process stores the rows."""

from __future__ import annotations

import difflib
import gc
import hashlib
import json
import logging
import multiprocessing
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlite_utils import Database

import extractors
from crawler.command import raise_interruption, uninterrupted
from crawler.reader import begin_worker
from crawler.site import GONE, Site
from crawler.terminal import clean
from extractors import NotAnArticle
from extractors.address import parse_address
from extractors.page import extract_page
from storage import ArticleStore, Capture, Outcome
from storage.archive import Location
from storage.articles import article_row, refusal_row
from storage.reextraction import ReextractionState, count_articles, places_of
from storage.sources import Damage, Item, Place, Refused, Revisit, Source, read_places
from storage.versions import COLUMNS, Row, same_capture

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

DEADLY = "extracting this page ends the process that does it"
ORPHAN = "a revisit of a capture that cannot be found"

# What one task extracts: so many items, or bodies of about so many bytes.
_BATCH_ITEMS = 100
_BATCH_BYTES = 1_000_000
# What one transaction stores: about so many pages, of at most so many batches. SQLite writes and merges the search
# index of each transaction by itself, which takes a third less time for four batches together.
_PAGES = 320
_BATCHES = 100
# Damage of one kind in one file is reported so often.
_ALIKE = 10
# In seconds.
_MINUTE = 60.0
_SCHEDULER_PATIENCE = 8.0
_WORKER_PATIENCE = 30.0

_REASON = "refused: "
_ALSO_COUNTED = {
    "kept": "refused captures of which an article was stored before, which stays",
    "mended": "addresses that were not written correctly, and were mended",
    "incomplete": "files of a crawl that was killed, or is running, that end inside a record",
    "unrelated": "files skipped: no archive, dump or page",
    "others": "captures skipped: no article of the site",
}
# Where and when a page was read does not change its article, and the text is that of the paragraphs.
_SHOWN = [name for name in COLUMNS if name not in {"text", "fetched_at", "archive_file", "archive_offset"}]


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a source, among its items."""

    name: str
    stamp: str


Batch = list[Item | Ended]


@dataclass(slots=True)
class Extracted:
    """What a worker found in a batch.

    Attributes:
        articles: rows of `articles`.
        refusals: rows of `refusals`, each with the canonical address of the article that was not found there.
        revisits, damages, ended: as they were read.
        payloads: digest, url, file and offset of the pages, for revisits that refer to them.
        others: how many captures are no article of the site.
    """

    articles: list[Row] = field(default_factory=list)
    refusals: list[tuple[Row, str]] = field(default_factory=list)
    revisits: list[Revisit] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    payloads: list[tuple[str, str, str, int]] = field(default_factory=list)
    others: int = 0

    @property
    def pages(self) -> int:
        """How many pages of the site were read."""
        return len(self.articles) + len(self.refusals)


def extract(batch: Batch, base_url: str) -> Extracted:
    """Extract the pages of a batch, in a worker; `base_url` is KBS_BASE_URL of the crawls that made the archive."""
    site, found = _site(base_url), Extracted()
    for item in batch:
        if isinstance(item, Ended):
            found.ended.append(item)
            continue
        address = parse_address(site.official(item.url)) if item.url else None
        article_url = address.url if address is not None and address.is_article else None
        if item.url and article_url is None:
            found.others += not isinstance(item, Damage)  # other sites may be damaged
        elif isinstance(item, Damage):
            found.damages.append(item)
        elif isinstance(item, Revisit):
            found.revisits.append(item)
        elif isinstance(item, Refused):
            capture = Capture(url=item.url, fetched_at=item.fetched_at, location=item.location, body=b"")
            _refuse(capture, item.reason, article_url, found)
        else:
            _extract_capture(item, site, article_url, found)
    return found


_site = lru_cache(Site)


def _extract_capture(capture: Capture, site: Site, article_url: str | None, found: Extracted) -> None:
    if capture.status != 200 and capture.status not in GONE:
        found.others += 1
        return
    if capture.digest and capture.location:
        found.payloads.append((capture.digest, capture.url, capture.location.file, capture.location.offset))
    if capture.status != 200:
        _refuse(capture, f"HTTP {capture.status}", article_url, found)
        return
    url = site.official(capture.url) if capture.url else ""
    try:
        article = extract_page(capture.body, url, capture.charset, capture.media_type)
    except NotAnArticle as refusal:
        _refuse(capture, refusal.reason, article_url, found)
    except Exception as error:  # noqa: BLE001  (an error on one page must not cost the others)
        found.damages.append(_damage(capture, f"an error in kbsworld, {type(error).__name__}: {error}"))
    else:
        found.articles.append(article_row(article, capture) | {"source_url": capture.url or None})


def _refuse(capture: Capture, reason: str, article_url: str | None, found: Extracted) -> None:
    row = refusal_row(capture, reason)
    row["url"] = captured_url({"source_url": capture.url, **row})
    found.refusals.append((row, article_url or row["url"]))


def captured_url(row: Row) -> str:
    """The address under which a row's capture would be in `refusals`; that of its file, where it has none."""
    return row["source_url"] or f"file:{row['archive_file']}"


def _damage(item: Item, what: str) -> Damage:
    return Damage(location=item.location or Location(file="/dev/stdin", offset=0), url=item.url, what=what)


@dataclass
class Workers:
    """Processes that extract.

    Attributes:
        count: how many there are.
        base_url: as of `extract`.
        begin: makes an executor of so many new ones.
        broken: what a future of it raises if its worker died.
        check: called every second while one is waited for; raises if no result will come.
    """

    count: int
    base_url: str
    begin: Callable[[int], Executor]
    broken: type[Exception]
    check: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._extract = partial(extract, base_url=self.base_url)
        self._executor = self.begin(self.count)

    def results(self, batches: Iterable[Batch]) -> Iterator[Extracted]:
        """What was found, in the order of the batches; few are read ahead, which bounds memory."""
        ahead: deque[tuple[Batch, Future[Extracted]]] = deque()
        for batch in batches:
            ahead.append((batch, self._submit(batch)))
            if len(ahead) > 2 * self.count:
                yield from self._finished(*ahead.popleft())
        while ahead:
            yield from self._finished(*ahead.popleft())

    def close(self) -> None:
        """End the processes, once they are done with their batches."""
        self._executor.shutdown(cancel_futures=True)

    def _submit(self, batch: Batch) -> Future[Extracted]:
        try:
            return self._executor.submit(self._extract, batch)
        except self.broken:
            self._executor = self.begin(self.count)
            return self._executor.submit(self._extract, batch)

    def _finished(self, batch: Batch, future: Future[Extracted]) -> Iterator[Extracted]:
        try:
            yield self._result(future)
        except self.broken:
            yield from self._singly(batch)

    def _result(self, future: Future[Extracted]) -> Extracted:
        while not wait([future], timeout=1).done:
            self.check()
        return future.result()

    def _singly(self, batch: Batch) -> Iterator[Extracted]:
        """What was found in a batch whose worker died, item by item: one whose worker dies again is damaged."""
        executor = self.begin(1)  # of its own: other batches may be deadly too
        for item in batch:
            if isinstance(item, Ended):
                yield Extracted(ended=[item])
                continue
            try:
                yield self._result(executor.submit(self._extract, [item]))
            except self.broken:
                yield Extracted(damages=[_damage(item, DEADLY)])
                executor = self.begin(1)
        executor.shutdown()


@contextmanager
def processes(count: int, base_url: str) -> Iterator[Workers]:
    """Workers that are processes of this machine, which begin with the first batch."""
    # Forked ones have what this one has imported, so also what extraction imports with its first page; what is frozen
    # is not searched for garbage again, here and there.
    import trafilatura  # noqa: F401

    gc.freeze()
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    begin = partial(ProcessPoolExecutor, mp_context=context, initializer=begin_worker)
    workers = Workers(count, base_url, begin, BrokenExecutor)
    try:
        yield workers
    finally:
        workers.close()


class ClusterError(ConnectionError):
    """The cluster cannot do the work; its messages are sentences."""


@contextmanager
def cluster(address: str, base_url: str) -> Iterator[Workers]:
    """Workers of a Dask cluster. Captures are sent to them, so they need no files.

    Args:
        address: of its scheduler: tcp://host:8786, or tls:// with the certificates that Dask's settings name.
        base_url: as of `extract`.

    Raises:
        ClusterError: there is no cluster, or it has other code; or the connection was lost, also while it is used.
        ImportError: distributed is not installed.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise ImportError("--scheduler needs distributed: pip install 'kbsworld[cluster]'.") from error
    for name in ("distributed", "distributed.client", "distributed.core", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # the sentences below say what went wrong
    try:
        client = Client(address, timeout=_SCHEDULER_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise ClusterError(f"No Dask scheduler answers at {address} ({error}); start one: dask scheduler") from error
    lost = ClusterError(f"The connection to {address} was lost; the same call goes on from here.")

    def check() -> None:
        try:
            client.nthreads()
        except (OSError, RuntimeError, CancelledError) as error:
            raise lost from error

    try:
        client.wait_for_workers(1, timeout=_WORKER_PATIENCE)
        for worker, found in client.run(code, on_error="return").items():
            if found != code():
                raise ClusterError(f"The worker {worker} has another kbsworld; install the same there as here.")
        threads = sum(client.nthreads().values())
        # Not pure: a batch may be extracted again.
        yield Workers(threads, base_url, lambda _: client.get_executor(pure=False), KilledWorker, check)
    except TimeoutError as error:
        raise ClusterError(f"{address} has no worker; start one: dask worker {address}") from error
    except CancelledError as error:
        raise lost from error
    finally:
        with suppress(OSError, RuntimeError):  # it was lost
            client.close(timeout=2)


def code() -> str:
    """The code that extracts, as a digest: other code may find other things."""
    folder = Path(extractors.__file__).parent
    files = [*sorted(folder.glob("*.py")), *sorted(folder.glob("*.toml")), Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class Report:
    """Counts, and says on standard error what is done: a bar on a terminal, a line a minute elsewhere.

    Attributes:
        counts: `pages` or whatever is counted, outcomes, `refused` and each reason, `damaged` and others, by name.
    """

    def __init__(self, command: str, unit: str, total: int) -> None:
        """The report of a command that counts `unit`; `total` bytes are to be read, 0 where that is not known."""
        self.counts: Counter[str] = Counter()
        self._command = command
        self._unit = unit
        self._began = self._said = time.monotonic()
        self._alike: Counter[tuple[str, str]] = Counter()
        self._bar: ProgressBar[int] = click.progressbar(
            length=total,
            file=sys.stderr,
            item_show_func=lambda _: self._pace(),
            show_pos=False,
            update_min_steps=total // 1000 or 1,
            hidden=not sys.stderr.isatty(),
        )

    def advance(self, size: int) -> None:
        """So many bytes more were read."""
        self._bar.update(size)
        if self._bar.hidden and time.monotonic() - self._said >= _MINUTE:
            self._said = time.monotonic()
            self.say(f"{self._bar.format_pct().strip()} read · {self._pace()}")

    def say(self, sentence: str) -> None:
        """Say something."""
        print("" if self._bar.hidden else "\r\x1b[K", clean(sentence), sep="", file=sys.stderr)

    def damage(self, file: str, place: str, what: str) -> None:
        """Count a damaged place, and report it: of many alike in a file, the first ones."""
        self.counts["damaged"] += 1
        self._alike[file, what] += 1
        if self._alike[file, what] <= _ALIKE:
            self.say(f"damaged: {file}, {place}: {what}")

    def close(self, ending: str) -> None:
        """Say what was done; `ending` says how it ended."""
        self.say(f"{self._command}: {self._pace()}, {time.monotonic() - self._began:,.0f} s ({ending})")
        for name in (*Outcome, "refused", "damaged"):
            print(f"  {name:<12} {self.counts[name]:>8}", file=sys.stderr)
        for (file, what), count in self._alike.items():
            if count > _ALIKE:
                self.say(f"damaged: {file}: {count - _ALIKE} more times: {what}")
        for name, count in self.counts.most_common():
            if name.startswith(_REASON):
                self.say(f"refused: {count} times: {name.removeprefix(_REASON)}")
            elif name in _ALSO_COUNTED and count:
                self.say(f"{_ALSO_COUNTED[name]}: {count}")

    def _pace(self) -> str:
        done = self.counts[self._unit]
        return f"{done:,} {self._unit}, {done / max(time.monotonic() - self._began, 0.001):,.0f} a second"


@dataclass
class Reextraction:
    """One call: reads sources, has their captures extracted, and stores the rows.

    Attributes:
        store: where rows go.
        call: what is read, and how: the same call goes on where it was interrupted.
        workers: extract.
        report: counts, and reports damage.
        archive: KBS_ARCHIVE, the folder of files that are named without one.
        max_page: KBS_MAX_PAGE, in bytes.
    """

    store: ArticleStore
    call: str
    workers: Workers
    report: Report
    archive: Path
    max_page: int

    def __post_init__(self) -> None:
        self._state = ReextractionState(self.store.db, self.call)
        self._held: list[Extracted] = []

    def read(self, sources: Iterable[Source | Damage]) -> None:
        """Read sources, except those that an interrupted run of the call read to their end.

        Raises:
            StoreError, sqlite3.Error: the database cannot be written; what was stored before stays.
            KeyboardInterrupt: a signal came; what was extracted until then is stored.
        """
        self._take(self._items(sources))
        while revisits := self._state.deferred(_BATCH_ITEMS):
            self._resolve(revisits, last=True)
        self.forget()

    def read_rows(self, only: Mapping[str, str]) -> None:
        """Read what articles were extracted from that have given values: columns and their values as text."""
        articles, archived = count_articles(self.store.db, only)
        named = ", ".join(f"{name}={value}" for name, value in only.items())
        self.report.say(f"{articles:,} stored articles have {named}; {archived:,} of them have an archived page.")
        for places in places_of(self.store.db, only):
            self._take(read_places(places, self.archive, self.max_page))

    def forget(self) -> None:
        """Begin again where the call was interrupted before."""
        with self.store.batch():
            self._state.forget()

    def _items(self, sources: Iterable[Source | Damage]) -> Iterator[Item | Ended]:
        if done := self._state.done():
            self.report.say(f"Going on where this was interrupted; {len(done):,} sources are skipped.")
        for source in sources:
            if isinstance(source, Damage):
                yield source
                continue
            at = 0
            if not source.stamp or done.get(source.name) != source.stamp:
                for item in source.read(self.max_page):
                    yield item
                    offset = min(item.location.offset if item.location else 0, source.size)
                    self.report.advance(max(offset - at, 0))
                    at = max(offset, at)
            yield Ended(source.name, source.stamp)
            self.report.advance(source.size - at)

    def _take(self, items: Iterable[Item | Ended]) -> None:
        """Extract and store what was read."""
        try:
            for extracted in self.workers.results(_batches(items)):
                self._held.append(extracted)
                if sum(one.pages for one in self._held) >= _PAGES or len(self._held) >= _BATCHES:
                    self._store_held()
                raise_interruption()
        finally:
            self._store_held()

    def _store_held(self) -> None:
        """Store what was extracted, in one transaction; then the originals of its revisits that are known."""
        held, self._held = self._held, []
        counts: Counter[str] = Counter()
        with uninterrupted():  # so that what is stored is counted
            with self.store.batch():
                self._store_rows(held, counts)
                self._state.mark_done((end.name, end.stamp) for one in held for end in one.ended if end.stamp)
            self.report.counts.update(counts)
            for damage in (damage for one in held for damage in one.damages):
                if damage.harmless:
                    self.report.counts[damage.harmless] += 1
                else:
                    self.report.damage(damage.location.file, f"byte {damage.location.offset}", damage.what)
        if revisits := [revisit for one in held for revisit in one.revisits]:
            self._resolve(revisits)

    def _store_rows(self, held: Iterable[Extracted], counts: Counter[str]) -> None:
        # In the order read: a capture may be refused in one batch, and be an article in another.
        rows: list[tuple[Row, str | None]] = []
        for one in held:
            rows += [(row, captured_url(row)) for row in one.articles]
            if one.refusals:
                counts.update(self.store.add_rows(rows))
                rows = []
            for row, article_url in one.refusals:
                self.store.refuse_row(row)
                counts.update(("refused", _REASON + row["reason"]))
                counts["kept"] += self.store.has_article_of(row, article_url)
            self._state.remember_payloads(one.payloads)
            self._state.defer(one.revisits)
            counts.update(pages=one.pages, others=one.others)
        counts.update(self.store.add_rows(rows))

    def _resolve(self, revisits: Sequence[Revisit], *, last: bool = False) -> None:
        """Read the originals of revisits, as captures of their own; at the `last`, all must be found."""
        located = [(revisit, self._state.original(revisit)) for revisit in revisits]
        orphans = [revisit for revisit, location in located if location is None]
        places = [
            Place(location=location, url=revisit.url, fetched_at=revisit.fetched_at)
            for revisit, location in located
            if location is not None
        ]
        if places:
            self._take(read_places(places, self.archive, self.max_page))
        if last:
            self._take(_damage(revisit, ORPHAN) for revisit in orphans)
        with self.store.batch():
            self._state.drop(revisit for revisit, location in located if last or location is not None)


def _batches(items: Iterable[Item | Ended]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.body) if isinstance(item, Capture) else 0
        if len(batch) >= _BATCH_ITEMS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def remember_rows(db: Database) -> None:
    """Keep the rows of a copy of the database as they are, for `print_changes` on the same connection."""
    for table in ("articles", "refusals"):
        db.execute(f"create temp table {table}_before as select * from {table}")  # noqa: S608


def print_changes(db: Database) -> None:
    """Print what became other since `remember_rows`, field by field."""
    fields: Counter[str] = Counter()
    for row in db.query("select * from articles except select * from articles_before order by url, timestamp"):
        versions = list(db.query("select * from articles_before where url = ?", [row["url"]]))
        # The version itself, or what was read from the same capture before, under another time.
        same = [one for one in versions if one["timestamp"] == row["timestamp"]]
        earlier = next(iter(same or [one for one in versions if same_capture(one, row)]), None)
        if earlier is None:
            outcome = Outcome.UPDATED if versions else Outcome.NEW
        else:
            outcome = Outcome.REEXTRACTED if same_capture(earlier, row) else Outcome.EDITED
        print(f"{clean(row['url'])} {row['timestamp']}: {outcome}: {clean(row['title'])}")
        for column in _SHOWN:
            if earlier is not None and earlier[column] != row[column]:
                fields[column] += 1
                print(*_difference(column, earlier[column], row[column]), sep="\n")
    kept = (
        "select articles.url, refused.reason from (select * from refusals except select * from refusals_before) refused"
        " join articles on articles.source_url = refused.url and articles.fetched_at = refused.fetched_at"
    )
    for row in db.query(kept):
        print(f"{clean(row['url'])}: would be refused ({clean(row['reason'])}); its article stays")
    if fields:
        counts = ", ".join(f"{name} in {count}" for name, count in fields.most_common())
        print(f"Fields that would change, and in how many articles: {counts}")


def _difference(column: str, before: str, after: str) -> Iterator[str]:
    if column != "paragraphs":
        yield f"  {column}: {clean(before)} -> {clean(after)}"
        return
    yield "  paragraphs:"
    old, new = json.loads(before), json.loads(after)
    for tag, first, last, new_first, new_last in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            yield from (f"    - {clean(paragraph)}" for paragraph in old[first:last])
            yield from (f"    + {clean(paragraph)}" for paragraph in new[new_first:new_last])
