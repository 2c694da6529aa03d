"""Rows of Parquet files into the database, under the rules by which everything is stored."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from crawler.failures import WORK_FAILED
from crawler.reextract.parquet_sink import UNFINISHED
from crawler.reextract.report import Report
from crawler.reextract.work import captured_url
from storage import ArticleStore
from storage.articles import Row
from storage.parquet import ParquetError, read_rows, require_pyarrow, table_of

# Rows of one transaction, and versions of one article that are taken to have been stored together.
_BATCH = 200
_VERSIONS = 1000

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
        """The rows of all files of a table; a file that is damaged is told, and counted."""
        for file in self._tables[table]:
            try:
                for number, row in enumerate(read_rows(file, table), start=1):
                    yield _checked(row, f"{file}, row {number}")
            except ParquetError as error:
                self.counts["damaged"] += 1
                self._report.say(str(error))


class _Report(Report):
    """What is counted are rows."""

    COMMAND, WHAT = "import", "rows"


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


def _checked(row: Row, where: str) -> Row:
    """A row whose texts are what the database relies on.

    Raises:
        ParquetError: they are not.
    """
    try:
        fetched_at = datetime.fromisoformat(row["fetched_at"])
    except ValueError:
        fetched_at = None
    if fetched_at is None or fetched_at.tzinfo is None:
        raise ParquetError(f"{where}: fetched_at must be a time with its zone; the rest of the file is not read.")
    if "paragraphs" in row and not _is_list_of_text(row["paragraphs"]):
        raise ParquetError(f"{where}: paragraphs must be a list of text as JSON; the rest of the file is not read.")
    return row | {"fetched_at": fetched_at.astimezone(UTC).isoformat(timespec="microseconds")}


def _is_list_of_text(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, list) and all(isinstance(one, str) for one in found)
