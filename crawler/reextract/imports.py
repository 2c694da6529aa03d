"""Rows of Parquet files and of JSON Lines into the database, under the rules by which everything is stored."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path

from crawler.command import uninterrupted
from crawler.reextract.parquet_sink import UNFINISHED
from crawler.reextract.report import _MOST_ALIKE, Report
from crawler.reextract.work import captured_url
from crawler.terminal import WORK_FAILED
from extractors import Article
from extractors.address import parse_address
from extractors.dates import KST
from storage import ArticleStore, Outcome
from storage.archive.reader import is_time
from storage.exports import ExportError, json_lines
from storage.parquet import ParquetError, is_parquet, read_rows, require_pyarrow, table_of
from storage.versions import Row

# Rows of one transaction, and versions of one article that are taken to have been stored together.
_BATCH = 200
_VERSIONS = 1000

_KINDS = frozenset({"news", "feature", "programme", "other"})
_LAYOUT = re.compile(r"[a-z0-9_-]{1,40}")
_URN = re.compile(r"urn:sha256:[0-9a-f]{64}")

# The text of a page stands twice in its line, and JSON writes some of it longer.
_LINE = 4

#: Rows of one article, each with the address that was captured; and the number of the file where they begin.
_Versions = tuple[int, list[tuple[Row, str | None]]]


class Import:
    """One call of `scrapy import`."""

    def __init__(self, paths: Sequence[str], database: str, max_page: int) -> None:
        """The files, looked into before anything is stored.

        Args:
            paths: Parquet files and JSON Lines, or folders of them.
            database: KBS_DB.
            max_page: KBS_MAX_PAGE; a line may have some times as many bytes.

        Raises:
            OSError: one cannot be read, or holds something else; the message is a sentence.
            ImportError: pyarrow is missing, and there is a Parquet file.
        """
        self.counts: Counter[str] = Counter()
        self._database = database
        self._longest = _LINE * max_page
        self._tables: dict[str, list[Path]] = {"articles": [], "refusals": []}
        self._lined: set[Path] = set()
        # Where the articles are from that are new here, by the hashes of their urls: their other versions may follow.
        self._new: dict[int, int] = {}
        total = sum(self._look_into(file) for path in paths for file in _files(Path(path).expanduser()))
        self._report = _Report(0 if self._lined else total)

    def run(self) -> int:
        """Do it; the exit status.

        Raises:
            StoreError, sqlite3.Error: the database cannot be written; what was stored before stays.
        """
        with ArticleStore(self._database) as store:
            ending = "interrupted"
            try:
                self._store(store)
                ending = "finished"
            finally:
                self._report.close()
                print(self._report.summary(self.counts, ending), file=sys.stderr)
        return WORK_FAILED if self.counts["damaged"] else 0

    def _store(self, store: ArticleStore) -> None:
        # Articles first: a capture that was refused later is in both.
        for batch in _batches(self._versions()):
            with uninterrupted():  # what is counted is what is stored
                with store.batch():
                    outcomes = [outcome for versions in batch for outcome in self._add(store, *versions)]
                self.counts.update(outcomes)
                self._advance(sum(len(versions) for _, versions in batch))
        rows = (row for _, row in self._rows("refusals"))
        while refusals := list(islice(rows, _BATCH)):
            with uninterrupted():
                with store.batch():
                    for row in refusals:
                        store.refuse_row(row)
                self.counts["refused"] += len(refusals)
                self._advance(len(refusals))

    def _look_into(self, file: Path) -> int:
        """Find out what a file holds; how many rows, where it tells."""
        if json_lines.is_json_lines(file):
            self._tables["articles"].append(file)
            self._lined.add(file)
            return 0
        if not is_parquet(file):
            raise ParquetError(f"{file} is neither Parquet nor JSON Lines; import takes what scrapy export writes so.")
        require_pyarrow("scrapy import of Parquet files")
        table, rows = table_of(file)
        self._tables[table].append(file)
        return rows

    def _add(self, store: ArticleStore, file: int, versions: list[tuple[Row, str | None]]) -> list[Outcome]:
        """Store versions; those of an article that came new out of the same file are as they were together there."""
        key = hash(versions[0][0]["url"])
        together = self._new.pop(key, None) == file
        outcomes = store.add_versions(versions, together=together)
        if together or Outcome.NEW in outcomes:
            self._new[key] = file
        return outcomes

    def _advance(self, rows: int) -> None:
        self.counts["pages"] += rows
        self._report.advance(rows, self.counts["pages"])

    def _versions(self) -> Iterator[_Versions]:
        """The versions of each article together, where they stand together."""
        for _, rows in groupby(self._rows("articles"), key=lambda found: found[1]["url"]):
            while versions := list(islice(rows, _VERSIONS)):
                yield versions[0][0], [(row, captured_url(row)) for _, row in versions]

    def _rows(self, table: str) -> Iterator[tuple[int, Row]]:
        """The rows of all files of a table, each with its file's number; what is damaged is told, and counted."""
        for file_number, file in enumerate(self._tables[table]):
            try:
                for number, row in self._read(file, table):
                    try:
                        checked = _checked(row, table)
                    except ValueError as error:
                        self.counts["damaged"] += 1
                        self._report.row(str(file), self._place(file, number), str(error))
                        self._advance(1)
                    else:
                        yield file_number, checked
            except (ParquetError, ExportError) as error:
                self.counts["damaged"] += 1
                self._report.say(str(error))

    def _read(self, file: Path, table: str) -> Iterator[tuple[int, Row | str]]:
        """The rows of a file, or why there is none, each with its number."""
        if file in self._lined:
            return json_lines.read_rows(file, self._longest)
        return enumerate(read_rows(file, table), start=1)

    def _place(self, file: Path, number: int) -> str:
        return f"{'line' if file in self._lined else 'row'} {number}"


class _Report(Report):
    """What is counted are rows."""

    COMMAND, WHAT = "import", "rows"

    def row(self, file: str, place: str, what: str) -> None:
        """Tell of a row that is not taken; of many of a file for the same reason, the first ones."""
        self._alike[file, what] += 1
        if self._alike[file, what] <= _MOST_ALIKE:
            self.say(f"damaged: {file}, {place}: {what}")


def _files(path: Path) -> list[Path]:
    """The files at a path, by name.

    Raises:
        OSError: there is none; the message is a sentence.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    if (path / UNFINISHED).is_dir():
        raise ParquetError(f"{path} is not finished; the same call of scrapy reextract --to goes on with it.")
    files = sorted(file for pattern in ("*.parquet", "*.jsonl", "*.jsonl.gz") for file in path.glob(pattern))
    if not files:
        raise FileNotFoundError(
            f"There is no Parquet file in {path}, and no .jsonl; name the files, or a folder that holds them."
        )
    return files


def _batches(groups: Iterable[_Versions]) -> Iterator[list[_Versions]]:
    """Articles with their versions, as many as make one transaction."""
    batch, held = [], 0
    for group in groups:
        batch.append(group)
        held += len(group[1])
        if held >= _BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _checked(row: Row | str, table: str) -> Row:
    """A row as this project could have written it.

    Args:
        row: as it was read, or why it could not be.
        table: `articles` or `refusals`.

    Raises:
        ValueError: it is none; the message is a phrase.
    """
    if isinstance(row, str):
        raise ValueError(row)  # noqa: TRY004  (its content is wrong, not its type)
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
