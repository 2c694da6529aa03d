"""kbsworld import: the rows of JSON Lines that `kbsworld export` writes go into the database."""

# ruff: noqa: N999  (Scrapy names a command after its module, and nobody imports this one by name)
from __future__ import annotations

import argparse
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from crawler.command import OfflineCommand, uninterrupted
from crawler.terminal import WORK_FAILED

if TYPE_CHECKING:
    from crawler.reextract import Report
    from extractors import Article
    from storage import ArticleStore
    from storage.versions import Row

# Rows of one transaction.
_BATCH = 200
# A line may have so many times the bytes of a page: the text is in it twice, and JSON writes some of it longer.
_LINE = 4
_HEAD = 4096
_DAMAGED = (EOFError, OSError, zlib.error)

_KINDS = frozenset({"news", "feature", "programme", "other"})
_LAYOUT = re.compile(r"[a-z0-9_-]{1,40}")
_URN = re.compile(r"urn:sha256:[0-9a-f]{64}")
_FLAGS = frozenset({"has_video", "truncated"})
_NULLABLE = frozenset(
    "title category written_at updated_at image_url image_credit source_url archive_file archive_offset".split()
)


class Command(OfflineCommand):
    """Stores what `kbsworld export` wrote; the summary goes to standard error."""

    interrupted = "Interrupted; what was stored stays, and the same call stores the rest."

    def syntax(self) -> str:
        return "FILE..."

    def short_desc(self) -> str:
        return "Store the rows of JSON Lines that kbsworld export wrote"

    def long_desc(self) -> str:
        return (
            "Stores the rows of each FILE, JSON Lines (plain or gzip) or a folder of them, in the database of KBS_DB, "
            "under the rules by which a crawl stores. Called again, it changes nothing. Exit status: 0; 1 if something "
            "could not be read or stored; 2 for a wrong call; 128 and the signal's number if a signal ended it. "
            "Example: kbsworld import articles.jsonl.gz"
        )

    def prepare(self, args: list[str], opts: argparse.Namespace) -> Callable[[], int]:
        del opts
        assert self.settings is not None
        for argument in args:
            if argument.startswith("-"):
                raise ValueError(f"Unknown option {argument}. See kbsworld import --help.")
        if not args:
            raise ValueError("Name at least one JSON Lines file, or a folder of them.")
        files = [file for path in args for file in _files(Path(path).expanduser())]
        return partial(_run, files, self.settings["KBS_DB"], _LINE * self.settings.getint("KBS_MAX_PAGE"))


def _files(path: Path) -> list[Path]:
    """The files at a path, by name.

    Raises:
        OSError: there are none, or it is something else than JSON Lines.
    """
    if path.is_dir():
        files = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
        if not files:
            raise FileNotFoundError(f"There is no .jsonl or .jsonl.gz file in {path}; name the files.")
        return files
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    head = b""
    with _opened(path) as (_, stream), suppress(*_DAMAGED):  # what is damaged is reported when it is read
        head = stream.read(_HEAD)
    if head.lstrip()[:1] not in {b"{", b""}:
        raise OSError(f"{path} is not JSON Lines; import reads what export writes.")
    return [path]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A file as it is, and unpacked."""
    with path.open("rb") as file:
        is_packed = file.peek(2)[:2] == b"\x1f\x8b"
        yield file, cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file


def _run(files: list[Path], database: str, longest: int) -> int:
    """Import the rows of files; the exit status."""
    from crawler.reextract import Report
    from storage import ArticleStore

    report = Report("import", "rows", sum(file.stat().st_size for file in files))
    with ArticleStore(database) as store:
        ending = "interrupted"
        try:
            for file in files:
                _store(store, report, _rows(file, longest, report))
            ending = "finished"
        finally:
            report.close(ending)
    return WORK_FAILED if report.counts["damaged"] else 0


def _store(store: ArticleStore, report: Report, rows: Iterator[Row]) -> None:
    """Store the rows of a file."""
    from crawler.reextract import captured_url
    from storage import Outcome

    # Hashes of the urls that this file brought: the versions of one article were stored together elsewhere.
    new: set[int] = set()
    while batch := list(islice(rows, _BATCH)):
        with uninterrupted():  # what is counted is what is stored
            counts = Counter(rows=len(batch))
            with store.batch():
                for row in batch:
                    key = hash(row["url"])
                    outcomes = store.add_versions([(row, captured_url(row))], together=key in new)
                    counts.update(outcomes)
                    if Outcome.NEW in outcomes:
                        new.add(key)
            report.counts.update(counts)


def _rows(file: Path, longest: int, report: Report) -> Iterator[Row]:
    """The rows of a file; lines that hold none are reported."""
    number = at = 0
    try:
        with _opened(file) as (packed, stream):
            while line := stream.readline(longest):
                number += 1
                is_too_long = len(line) == longest and not line.endswith(b"\n")
                while is_too_long and line and not line.endswith(b"\n"):
                    line = stream.readline(longest)
                report.advance(packed.tell() - at)
                at = packed.tell()
                try:
                    yield _row(b"" if is_too_long else line)
                except ValueError as error:
                    what = "longer than the line of a page" if is_too_long else f"{error}"
                    report.counts["rows"] += 1
                    report.damage(f"{file}", f"line {number}", what)
    except _DAMAGED as error:
        report.damage(f"{file}", f"line {number + 1}", f"it cannot be read ({error})")


def _row(line: bytes) -> Row:
    """The row of `articles` in a line, as this project writes it.

    Raises:
        ValueError: it is none; the message is a phrase.
    """
    from storage.versions import COLUMNS

    try:
        values = json.loads(line)
        json.dumps(values, ensure_ascii=False).encode()  # JSON can hold half a character, SQLite cannot
    except (ValueError, RecursionError):
        raise ValueError("not JSON in UTF-8") from None
    for name in COLUMNS:
        if not isinstance(values, dict) or not _fits(name, values.get(name)):
            raise ValueError(f"{name} is missing or of another type")
    row = {name: values.get(name) for name in COLUMNS} | {name: int(values[name]) for name in _FLAGS}
    row["paragraphs"] = json.dumps(values["paragraphs"], ensure_ascii=False)
    row["fetched_at"] = _moment(row["fetched_at"])
    file, offset = row["archive_file"], row["archive_offset"]
    if (file is None) != (offset is None) or (file is not None and not (file and file.isprintable())):
        raise ValueError("archive_file and archive_offset name no place")
    if not _is_named(row):
        raise ValueError("url is not an article's canonical address, or kind or lang do not fit it")
    if not _LAYOUT.fullmatch(row["layout"]) or row["source_url"] == "":
        raise ValueError("layout or source_url is not a name")
    _check_dates_and_text(row, values["paragraphs"])
    return row


def _fits(name: str, value: Any) -> bool:
    """Whether a value has the type of its column in JSON."""
    if value is None:
        return name in _NULLABLE
    if name in _FLAGS:
        return value in (True, False)
    if name == "archive_offset":
        return type(value) is int and 0 <= value < 1 << 63
    if name == "paragraphs":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def _moment(text: str) -> str:
    """A time with its zone as the database has them; raises ValueError, with a phrase, where it is none."""
    from storage.archive.reader import is_time

    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and is_time(moment):
            return moment.astimezone(UTC).isoformat(timespec="microseconds")
    raise ValueError("fetched_at must be a time with its zone")


def _is_named(row: Row) -> bool:
    """Whether a row has a canonical address, and the kind and language that go with it."""
    from extractors.address import parse_address

    # Where the address does not say the language, it is what the page says: two characters, or `und`.
    if row["kind"] not in _KINDS or not (1 <= len(row["lang"]) <= 3 and row["lang"].isprintable()):
        return False
    address = parse_address(row["url"])
    if address is None:
        return _URN.fullmatch(row["url"]) is not None
    is_its_kind = address.kind != "list" and (not address.is_article or row["kind"] == address.kind)
    return address.url == row["url"] and is_its_kind and row["lang"] == (address.lang or row["lang"])


def _check_dates_and_text(row: Row, paragraphs: list[str]) -> None:
    """Raise ValueError, with a phrase, where dates, timestamp, paragraphs and text do not agree."""
    from extractors import Article

    try:
        article = Article.from_dict(row | {"paragraphs": paragraphs, "timestamp": None})
    except ValueError:
        raise ValueError("written_at or updated_at is not a date") from None
    if not _is_version(row["timestamp"], article):
        raise ValueError("timestamp is not that of its dates")
    written = article.to_dict()
    for name in ("written_at", "updated_at", "text"):
        if written[name] != row[name]:
            raise ValueError(f"{name} is not as kbsworld writes it")


def _is_version(timestamp: str, article: Article) -> bool:
    """Whether that is the timestamp of an article by its dates, or that of a capture where it has none."""
    from extractors.dates import KST
    from storage.archive.reader import is_time

    dates = [date for date in (article.written_at, article.updated_at) if isinstance(date, datetime)]
    if any(date.utcoffset() != KST.utcoffset(None) for date in dates):
        return False
    if article.timestamp is not None:
        return timestamp == article.timestamp
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    is_ours = moment.utcoffset() == KST.utcoffset(None) and is_time(moment)
    return is_ours and moment.isoformat(timespec="seconds") == timestamp
