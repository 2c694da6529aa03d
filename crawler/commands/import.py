"""Store the rows of JSON Lines that kbsworld export wrote.

Stores the rows of each FILE, JSON Lines, plain or gzip, in the database of KBS_DB, under the
rules by which a crawl stores. Called again, it changes nothing.

Examples:
  kbsworld import articles.jsonl
  kbsworld import 2025.jsonl.gz 2026.jsonl.gz
"""

# ruff: noqa: N999  (Scrapy names a command after its module, and nobody imports this one by name)
import argparse
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand, uninterrupted
from crawler.reextract import Report
from crawler.terminal import WORK_FAILED
from extractors import Article
from extractors.address import parse_address
from storage import ArticleStore
from storage.archive.capture import Capture, Location
from storage.archive.http import GZIP_MAGIC
from storage.articles import article_row
from storage.exports import Exported
from storage.selection import KINDS
from storage.sources.table import read_rows, unpacked
from storage.versions import Row

_BATCH = 200  # rows of one transaction
# A line may have this many times the bytes of a page: the text is in it twice, and JSON writes some of it longer.
_LINE = 4
_NAME = re.compile(r"[a-z0-9_-]{1,40}")
# The timestamp of an article without dates: the time of its first capture, in KST.
_CAPTURE_TIME = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+09:00")
_URN = re.compile(r"urn:sha256:[0-9a-f]{64}")


class Command(OfflineCommand):
    usage = "FILE..."
    interrupted = "Interrupted; what was stored stays, and the same call stores the rest."

    def work(self, args: list[str], _: argparse.Namespace) -> int:
        if not args:
            raise ArgumentError("Name at least one JSON Lines file.")
        files = [Path(name).expanduser() for name in args]
        for file in files:
            if not file.is_file():
                raise FileNotFoundError(f"{file} is no file; name JSON Lines files that kbsworld export wrote.")
            with file.open("rb") as stream:
                head = stream.read(1000)
            if not head.startswith(GZIP_MAGIC) and head.lstrip()[:1] not in {b"{", b""}:
                raise OSError(f"{file} is not JSON Lines; import reads what export writes, reextract others.")
        longest = _LINE * self.settings.getint("KBS_MAX_PAGE")
        size = sum(file.stat().st_size for file in files)
        with ArticleStore(self.database) as store, Report("import", "rows", size) as report:
            for file in files:
                _store(store, report, _rows(file, longest, report))
        return WORK_FAILED if report.counts["damaged"] else 0


def _store(store: ArticleStore, report: Report, rows: Iterator[Row]) -> None:
    """Store the rows of a file; versions of an article that is new here are stored as they were there."""
    new: set[int] = set()  # hashes of the urls that this file brought
    while batch := list(islice(rows, _BATCH)):
        with uninterrupted():  # what is counted is what is stored
            counts = Counter(rows=len(batch))
            with store.batch():
                for row in batch:
                    outcome = store.add_version(row, together=hash(row["url"]) in new)
                    counts[outcome] += 1
                    if outcome == "new":
                        new.add(hash(row["url"]))
            report.counts.update(counts)


def _rows(file: Path, longest: int, report: Report) -> Iterator[Row]:
    """The rows of a file; those that export did not write are reported."""
    with file.open("rb") as packed:
        number = at = 0
        try:
            for number, (_, values) in enumerate(read_rows(unpacked(packed), [], longest), 1):
                report.advance(packed.tell() - at)
                at = packed.tell()
                try:
                    yield _row(values)
                except ValueError as error:
                    report.counts["rows"] += 1
                    report.damage(f"{file}", f"row {number}", f"{error}")
        except (EOFError, OSError, zlib.error) as error:
            report.damage(f"{file}", f"row {number + 1}", f"it cannot be read ({error})")


def _row(values: dict[str, Any] | str) -> Row:
    """The row that export writes as `values`; ValueError, with a phrase, where there is none: `values` may be one."""
    if isinstance(values, str):
        raise ValueError(values)  # noqa: TRY004
    try:
        json.dumps(values, ensure_ascii=False).encode()  # JSON can hold half a character, SQLite cannot
        article = Article.from_dict(values | {"timestamp": None})
        place = Location(file=values["archive_file"], offset=values["archive_offset"])
        moment = datetime.fromisoformat(values["fetched_at"])
        row = article_row(article, Capture(url="", fetched_at=moment, body=b"", location=place))
        if article.timestamp is None and _CAPTURE_TIME.fullmatch(values["timestamp"]):
            row["timestamp"] = values["timestamp"]
        if replaced := values.get("replaced_at"):
            replaced = datetime.fromisoformat(replaced).astimezone(UTC).isoformat(timespec="microseconds")
        row["replaced_at"] = replaced
        fits = _fits(row)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ValueError("not a row that kbsworld export writes; kbsworld reextract reads pages") from None
    for name, value in Exported(row, list(article.paragraphs)).values.items():
        same = values.get(name) == value and type(values.get(name)) is type(value)
        if not same or not fits.get(name, True):
            raise ValueError(f"{name} is not as kbsworld export writes it")
    return row


def _fits(row: Row) -> dict[str, bool]:
    """Whether kbsworld can have stored what is in columns that are not derived from others."""
    address = parse_address(row["url"])
    file, offset = row["archive_file"], row["archive_offset"]
    return {
        "url": row["url"] == address.url if address else bool(_URN.fullmatch(row["url"])),
        "timestamp": row["timestamp"] is not None,
        "kind": row["kind"] in ({address.kind, "other"} if address and address.is_article else KINDS),
        "lang": bool(_NAME.fullmatch(row["lang"])) and (address is None or address.lang in {None, row["lang"]}),
        "layout": bool(_NAME.fullmatch(row["layout"])),
        "source_url": row["source_url"] != "",
        "archive_file": (file is None) == (offset is None) and (file or "-").isprintable(),
        "archive_offset": 0 <= (offset or 0) < 1 << 63,
    }
