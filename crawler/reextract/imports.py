"""Rows of Parquet files into the database, under the rules by which everything is stored."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from crawler.failures import WORK_FAILED
from crawler.reextract.parquet_sink import UNFINISHED
from crawler.reextract.report import _MOST_ALIKE, Report
from crawler.reextract.work import captured_url
from extractors import Article
from extractors.address import parse_address
from extractors.dates import KST
from storage import ArticleStore
from storage.parquet import ParquetError, read_rows, require_pyarrow, table_of
from storage.versions import Row
from storage.warc_reader import is_time

# Rows of one transaction, and versions of one article that are taken to have been stored together.
_BATCH = 200
_VERSIONS = 1000

_KINDS = frozenset({"news", "feature", "programme", "other"})
_LAYOUT = re.compile(r"[a-z0-9_-]{1,40}")
_URN = re.compile(r"urn:sha256:[0-9a-f]{64}")

#: Rows of one article, each with the address that was captured.
_Versions = list[tuple[Row, str | None]]


class Import:
    """One call of `scrapy import`."""

    def __init__(self, paths: Sequence[str], database: str) -> None:
        """The files, looked into before anything is stored.

        Args:
            paths: Parquet files, or folders of them.
            database: KBS_DB.

        Raises:
            OSError: one cannot be read, or holds something else; the message is a sentence.
            ImportError: pyarrow is missing.
        """
        require_pyarrow("scrapy import")
        self.counts: Counter[str] = Counter()
        self._database = database
        tables: dict[str, list[Path]] = {"articles": [], "refusals": []}
        self._total = 0
        for file in (file for path in paths for file in _files(Path(path).expanduser())):
            table, rows = table_of(file)
            tables[table].append(file)
            self._total += rows
        self._tables = tables
        self._report = _Report(self._total)

    def run(self) -> int:
        """Do it; the exit status.

        Raises:
            StoreError, sqlite3.Error: the database cannot be written; what was stored before stays.
        """
        ending = "interrupted"
        try:
            with ArticleStore(self._database) as store:
                # Articles first: a capture that was refused later is in both.
                for batch in _batches(self._versions()):
                    with store.batch():
                        for versions in batch:
                            self.counts.update(store.add_versions(versions))
                    self._advance(sum(map(len, batch)))
                rows = self._rows("refusals")
                while refusals := list(islice(rows, _BATCH)):
                    with store.batch():
                        for row in refusals:
                            store.refuse_row(row)
                    self.counts["refused"] += len(refusals)
                    self._advance(len(refusals))
            ending = "finished"
        finally:
            self._report.close()
            print(self._report.summary(self.counts, ending), file=sys.stderr)
        return WORK_FAILED if self.counts["damaged"] else 0

    def _advance(self, rows: int) -> None:
        self.counts["pages"] += rows
        self._report.advance(rows, self.counts["pages"])

    def _versions(self) -> Iterator[_Versions]:
        """The versions of each article together, where they stand together."""
        for _, rows in groupby(self._rows("articles"), key=itemgetter("url")):
            while versions := list(islice(rows, _VERSIONS)):
                yield [(row, captured_url(row)) for row in versions]

    def _rows(self, table: str) -> Iterator[Row]:
        """The rows of all files of a table; a file or a row that is damaged is told, and counted."""
        for file in self._tables[table]:
            try:
                for number, row in enumerate(read_rows(file, table), start=1):
                    try:
                        checked = _checked(row, table)
                    except ValueError as error:
                        self.counts["damaged"] += 1
                        self._report.row(str(file), number, str(error))
                        self._advance(1)
                    else:
                        yield checked
            except ParquetError as error:
                self.counts["damaged"] += 1
                self._report.say(str(error))


class _Report(Report):
    """What is counted are rows."""

    COMMAND, WHAT = "import", "rows"

    def row(self, file: str, number: int, what: str) -> None:
        """Tell of a row that is not taken; of many of a file for the same reason, the first ones."""
        self._alike[file, what] += 1
        if self._alike[file, what] <= _MOST_ALIKE:
            self.say(f"damaged: {file}, row {number}: {what}")


def _files(path: Path) -> list[Path]:
    """The Parquet files at a path, by name.

    Raises:
        OSError: there is none; the message is a sentence.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    if (path / UNFINISHED).is_dir():
        raise ParquetError(f"{path} is not finished; the same call of scrapy reextract --to goes on with it.")
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"There is no Parquet file in {path}; name the files, or a folder that holds them.")
    return files


def _batches(groups: Iterable[_Versions]) -> Iterator[list[_Versions]]:
    """Articles with their versions, as many as make one transaction."""
    batch, held = [], 0
    for group in groups:
        batch.append(group)
        held += len(group)
        if held >= _BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _checked(row: Row, table: str) -> Row:
    """A row as this project could have written it.

    Raises:
        ValueError: it is none; the message is a phrase.
    """
    row = row | {"fetched_at": _moment(row["fetched_at"])}
    file, offset = row["archive_file"], row["archive_offset"]
    if (file is None) != (offset is None) or (offset or 0) < 0:
        raise ValueError("archive_file and archive_offset name no place")
    if file is not None and not (file and file.isprintable()):
        raise ValueError("archive_file is no name of a file")
    if table == "articles":
        _check_article(row)
    elif not row["url"] or not row["reason"]:
        raise ValueError("a refusal without url or reason")
    return row


def _check_article(row: Row) -> None:
    """Raise ValueError, as `_checked` does, where a row of `articles` is no article's."""
    if not {row["has_video"], row["truncated"]} <= {0, 1}:
        raise ValueError("has_video and truncated must be 0 or 1")
    if not _is_named(row):
        raise ValueError("url is none of an article, or kind or lang another")
    if not _LAYOUT.fullmatch(row["layout"]) or row["source_url"] == "":
        raise ValueError("layout or source_url is none")
    try:
        paragraphs = json.loads(row["paragraphs"])
    except (ValueError, RecursionError):
        paragraphs = None
    if not isinstance(paragraphs, list) or not all(isinstance(one, str) for one in paragraphs):
        raise ValueError("paragraphs must be a list of text as JSON")
    try:
        article = Article.from_dict(row | {"paragraphs": paragraphs, "timestamp": None})
    except ValueError:
        raise ValueError("written_at or updated_at is no date") from None
    written = article.to_dict() | {"paragraphs": json.dumps(paragraphs, ensure_ascii=False)}
    if not _is_version(row["timestamp"], article):
        raise ValueError("timestamp is not that of its dates")
    # Times as others write them, text that is not the paragraphs', half characters.
    for name in ("written_at", "updated_at", "paragraphs", "text"):
        if written[name] != row[name]:
            raise ValueError(f"{name} is not as kbsworld writes it")


def _moment(text: str) -> str:
    """A time with its zone as the database has them.

    Raises:
        ValueError: it is none; the message is a phrase.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not is_time(moment):
        raise ValueError("fetched_at must be a time with its zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _is_named(row: Row) -> bool:
    """Whether a row has a canonical address, and the kind and language that go with it."""
    # Where the address does not tell the language, it is what the page says: two characters, or `und`.
    if row["kind"] not in _KINDS or not (1 <= len(row["lang"]) <= 3 and row["lang"].isprintable()):
        return False
    address = parse_address(row["url"])
    if address is None:
        return _URN.fullmatch(row["url"]) is not None
    is_its_kind = address.kind != "list" and (not address.is_article or row["kind"] == address.kind)
    return address.url == row["url"] and is_its_kind and row["lang"] == (address.lang or row["lang"])


def _is_version(timestamp: str, article: Article) -> bool:
    """Whether that is the timestamp of an article by its dates, or that of a capture where it has none."""
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
