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
    from storage import ArticleStore
    from storage.versions import Row

# Rows of one transaction.
_BATCH = 200
# A line may have so many times the bytes of a page: the text is in it twice, and JSON writes some of it longer.
_LINE = 4
_HEAD = 4096
_DAMAGED = (EOFError, OSError, zlib.error)

_URN = re.compile(r"urn:sha256:[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}\+09:00)?")
_PATTERNS = {
    "kind": re.compile("news|feature|programme|other"),
    "lang": re.compile(r"\S{1,3}"),
    "layout": re.compile(r"[a-z0-9_-]{1,40}"),
    "source_url": re.compile(r".+", re.DOTALL),
    "archive_file": re.compile(r"[^\x00-\x1f\x7f-\x9f]+"),
    "written_at": _DATE,
    "updated_at": _DATE,
}
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
                if not line.strip() and not is_too_long:
                    continue
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
    from extractors import Article
    from extractors.dates import KST
    from storage.versions import COLUMNS

    try:
        values = json.loads(line)
        json.dumps(values, ensure_ascii=False).encode()  # JSON can hold half a character, SQLite cannot
    except (ValueError, RecursionError):
        raise ValueError("not JSON in UTF-8") from None
    for name in COLUMNS:
        if not isinstance(values, dict) or not _fits(name, values.get(name)):
            raise ValueError(f"{name} is missing, or not as kbsworld writes it")
    if not _is_named(values):
        raise ValueError("url is not an article's canonical address, or kind or lang do not fit it")
    if (values["archive_file"] is None) != (values["archive_offset"] is None):
        raise ValueError("archive_file and archive_offset name no place")
    try:
        article = Article.from_dict(values | {"timestamp": None})
        fetched_at = _time(values["fetched_at"]).astimezone(UTC).isoformat(timespec="microseconds")
        timestamp = article.timestamp or _time(values["timestamp"]).astimezone(KST).isoformat(timespec="seconds")
    except ValueError:
        raise ValueError("a time is not one, or has no zone") from None
    if values["timestamp"] != timestamp:
        raise ValueError("timestamp is not that of its dates")
    if values["text"] != article.text:
        raise ValueError("text is not that of the paragraphs")
    flags = {name: int(values[name]) for name in _FLAGS}
    paragraphs = json.dumps(values["paragraphs"], ensure_ascii=False)
    row = {name: values.get(name) for name in COLUMNS}
    return row | flags | {"paragraphs": paragraphs, "fetched_at": fetched_at}


def _fits(name: str, value: Any) -> bool:
    """Whether a value is one of its column in JSON."""
    if value is None:
        return name in _NULLABLE
    if name in _FLAGS:
        return value in (True, False)
    if name == "archive_offset":
        return type(value) is int and 0 <= value < 1 << 63
    if name == "paragraphs":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and (name not in _PATTERNS or _PATTERNS[name].fullmatch(value) is not None)


def _time(text: str) -> datetime:
    """A time with its zone; raises ValueError where it is none."""
    from storage.archive.reader import is_time

    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not is_time(moment):
        raise ValueError
    return moment


def _is_named(values: Row) -> bool:
    """Whether a row has a canonical address, and the kind and language that go with it."""
    from extractors.address import parse_address

    address = parse_address(values["url"])
    if address is None:
        return _URN.fullmatch(values["url"]) is not None
    is_its_kind = address.kind != "list" and (not address.is_article or values["kind"] == address.kind)
    # Where the address does not say the language, it is what the page says.
    return address.url == values["url"] and is_its_kind and address.lang in {None, values["lang"]}
