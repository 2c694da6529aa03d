"""Pages of the replica in every form of source, and how tests read them."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scrapy.extensions.httpcache import FilesystemCacheStorage
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings
from scrapy.utils.request import RequestFingerprinter

from storage.archive.capture import Capture, Damage, Item, Source
from storage.sources import find_sources
from tests.replica import World
from tests.replica.pages import entry_page
from tests.replica.world import Entry
from tests.storage.museum import Raw, unpacked

MAX_PAGE = 10_000_000
WORLD = World(articles=6)


def entries() -> Sequence[Entry]:
    return WORLD.entries


def page(number: int = 0) -> bytes:
    return entry_page(WORLD, entries()[number])


def url(number: int = 0) -> str:
    return entries()[number].truth.url


def save(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# --- forms of source ---


def warc(number: int) -> bytes:
    return Raw(url=url(number), body=page(number)).packed()


WARC = b"".join(warc(number) for number in range(3))


def wacz(path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("datapackage.json", "{}")
        for number in range(2):
            archive.writestr(f"archive/{number}.warc.gz", warc(number))
        archive.writestr("indexes/index.cdx", "com,example)/ 2020")
    return path


ARC_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=euc-kr\r\n"
ARC_ABOUT = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
ARC_HEADER = b"filedesc://a.arc 0.0.0.0 20100304000000 text/plain %d\n" % len(ARC_ABOUT) + ARC_ABOUT + b"\n"


def arc(number: int, head: bytes = ARC_HTTP, body: bytes | None = None) -> bytes:
    content = head + b"\r\n" + (page(number) if body is None else body)
    return f"{url(number)} 10.0.0.1 20100304050607 text/html {len(content)}\n".encode() + content + b"\n"


def rows(count: int = 3) -> list[dict[str, str]]:
    return [{"id": str(i), "url": url(i), "html": page(i).decode()} for i in range(count)]


def as_json(table: Sequence[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in table)


def as_csv(table: Sequence[Mapping[str, str]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(table[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()


def cache(folder: Path, count: int = 1, *, packed: bool = False, encoded: bool = False, status: int = 200) -> Path:
    settings = Settings({"HTTPCACHE_DIR": str(folder), "HTTPCACHE_GZIP": packed, "HTTPCACHE_EXPIRATION_SECS": 0})
    storage = FilesystemCacheStorage(settings)
    spider: Any = SimpleNamespace(name="kbs", crawler=SimpleNamespace(request_fingerprinter=RequestFingerprinter()))
    storage.open_spider(spider)
    for number in range(count):
        headers = {"Content-Type": "text/html; charset=UTF-8"} | ({"Content-Encoding": "gzip"} if encoded else {})
        body = gzip.compress(page(number)) if encoded else page(number)
        response = HtmlResponse(url(number), status=status, headers=headers, body=body)
        storage.store_response(spider, Request(f"{url(number)}&from=list"), response)
    return folder


FILES = {
    "warc": WARC,
    "warc.plain": gzip.decompress(WARC),
    "arc": b"".join([ARC_HEADER, arc(0), arc(1), arc(2)]),
    "json": as_json(rows()),
    "csv": as_csv(rows()),
    "html": page(),
}
FILES |= {f"{form}.gz": gzip.compress(FILES[form]) for form in ("json", "csv", "html")}
FOLDERS: dict[str, Callable[[Path], Path]] = {
    "zip": wacz,
    "zip.packed": lambda path: wacz(path, zipfile.ZIP_DEFLATED),
    "cache": lambda path: cache(path, 3),
}
FORMS = sorted([*FILES, *FOLDERS])


def make(path: Path, form: str) -> Path:
    """A source of some form."""
    return save(path, FILES[form]) if form in FILES else FOLDERS[form](path)


# --- how they are read ---


def sources(*paths: Path | str) -> list[Source | Damage]:
    return list(find_sources([str(path) for path in paths]))


def read(*paths: Path | str, max_page: int = MAX_PAGE) -> list[Item]:
    """All that is found at paths, including damages of the search."""
    found: list[Item] = []
    for source in sources(*paths):
        found += [source] if isinstance(source, Damage) else unpacked(source.read(max_page, 0), max_page)
    return found


def captures(items: Iterable[Item]) -> list[Capture]:
    return [item for item in items if isinstance(item, Capture) and not item.refused]


def refused(items: Iterable[Item]) -> list[str]:
    return [item.refused for item in items if isinstance(item, Capture) and item.refused]


def damages(items: Iterable[Item | Source]) -> list[str]:
    return [item.what for item in items if isinstance(item, Damage)]


def damaged_files(items: Iterable[Item | Source]) -> dict[str, str]:
    """What is wrong, by file."""
    return {item.location.file: item.what for item in items if isinstance(item, Damage)}
