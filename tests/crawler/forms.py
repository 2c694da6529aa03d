"""The same captures in every form that people keep them in, and what reads them back."""

import csv
import gzip
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from scrapy.extensions import httpcache
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings
from scrapy.utils.request import RequestFingerprinter

from crawler.reextract import Reextraction, Report, extract, processes
from crawler.site import Site
from storage import ArchiveWriter, ArticleStore
from storage.archive.writer import MAX_FILE_BYTES
from storage.crawl_state import ReextractionState
from storage.sources import find_sources
from tests.replica.many import many_pages

SITE = Site("https://world.kbs.co.kr")
MAX_PAGE = 10_000_000
WORK = partial(extract, site=SITE, max_page=MAX_PAGE)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """A page as it was fetched."""

    url: str
    fetched_at: datetime
    body: bytes


def captures(count: int) -> Iterator[Kept]:
    """So many different pages, a second apart."""
    for number, (url, body) in enumerate(many_pages(count)):
        yield Kept(url, BEGIN + timedelta(seconds=number), body)


def as_warc(kept: Iterable[Kept], folder: Path, max_bytes: int = MAX_FILE_BYTES) -> Path:
    """The first file, of one or more."""
    writer = ArchiveWriter(folder, "kbs_news", {"software": "kbsworld/test"}, max_bytes)
    for page in kept:
        writer.write(
            url=page.url,
            fetched_at=page.fetched_at,
            request_line="GET / HTTP/1.1",
            request_headers=[],
            status_line="HTTP/1.1 200 OK",
            headers=[("Content-Type", "text/html; charset=UTF-8")],
            body=page.body,
        )
    writer.close()
    return min(folder.iterdir())


def as_wacz(warc: Path, file: Path) -> Path:
    """As browsertrix packs its WARC files: in a zip, not compressed again."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("datapackage.json", json.dumps({"profile": "data-package", "wacz_version": "1.1.1"}))
        archive.write(warc, "archive/data.warc.gz")
        archive.writestr("pages/pages.jsonl", '{"format": "json-pages-1.0", "id": "pages"}\n')
    return file


def as_folder(kept: Iterable[Kept], folder: Path) -> Path:
    """Page files, every second one packed, in folders of a hundred, and a url map."""
    folder.mkdir()
    with (folder / "urls.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "url", "fetched_at"])
        for number, page in enumerate(kept):
            name = f"{number // 100}/{number}.html" + (".gz" if number % 2 else "")
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(gzip.compress(page.body, 1) if number % 2 else page.body)
            table.writerow([name, page.url, page.fetched_at.isoformat()])
    return folder


def as_json_lines(kept: Iterable[Kept], file: Path) -> Path:
    with file.open("w", encoding="utf-8") as stream:
        for page in kept:
            row = {"url": page.url, "fetched_at": page.fetched_at.isoformat(), "html": page.body.decode()}
            stream.write(json.dumps(row) + "\n")
    return file


def as_http_cache(kept: Iterable[Kept], folder: Path) -> Path:
    storage = httpcache.FilesystemCacheStorage(Settings({"HTTPCACHE_DIR": str(folder), "HTTPCACHE_GZIP": False}))
    spider: Any = SimpleNamespace(name="kbs", crawler=SimpleNamespace(request_fingerprinter=RequestFingerprinter()))
    storage.open_spider(spider)
    for page in kept:
        response = HtmlResponse(page.url, headers={"Content-Type": "text/html; charset=UTF-8"}, body=page.body)
        with patch.object(httpcache, "time", page.fetched_at.timestamp):
            storage.store_response(spider, Request(page.url), response)
    return folder


def reextract_here(database: Path, *files: Path) -> dict[str, int]:
    """Re-extract files from within this process; what was counted."""
    with reextraction(database) as call:
        call.read_sources(find_sources([str(file) for file in files]))
    return call.report.counts


@contextmanager
def reextraction(database: Path) -> Iterator[Reextraction]:
    """A re-extraction into a database, with one worker."""
    with processes(1, WORK, 10) as workers, ArticleStore(database) as store:
        state, report = ReextractionState(store.db, "call"), Report("reextract", "pages", 0)
        yield Reextraction(store, state, workers, report, database.parent, SITE, MAX_PAGE)
