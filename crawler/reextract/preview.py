"""--dry-run: what a re-extraction would change, field by field, and nothing stored."""

from __future__ import annotations

import difflib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from crawler.reextract.pool import Work
from crawler.reextract.sinks import StoreSink
from crawler.terminal import clean
from storage import Outcome
from storage.archive import Location
from storage.database import open_to_read
from storage.reextraction import Reextraction
from storage.sources.base import Revisit
from storage.versions import COLUMNS, Row

# Where and when a page was read is no change of its article; the text is that of the paragraphs.
_NOT_SHOWN = {"text", "fetched_at", "archive_file", "archive_offset"}
_SHOWN = [column for column in COLUMNS if column not in _NOT_SHOWN]


class PreviewSink(StoreSink):
    """Does to copies of the rows in question what a re-extraction would do to the rows, and prints the difference."""

    def __init__(self, database: str | Path, work: Work) -> None:
        """The database, opened to be read; where there is none yet, all is new.

        Raises:
            StoreError: it is none of this project's, or cannot be read.
        """
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kbsworld-dry-run-"))
        super().__init__(Path(folder) / "copy.db", "", work)
        self._there: Database | None = None
        if Path(database).expanduser().exists():
            self._there = self._stack.enter_context(open_to_read(database))
        self._fields: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._stack.close()

    @property
    def db(self) -> Database:
        """The database itself."""
        return super().db if self._there is None else self._there

    def original(self, revisit: Revisit) -> Location | None:
        """Where the payload of a revisit stands, if that is known."""
        found = super().original(revisit)
        return Reextraction(self._there, "").original(revisit) if found is None and self._there is not None else found

    def finish(self) -> None:
        """Say in how many articles each field would change."""
        super().finish()
        if self._fields:
            told = ", ".join(f"{name} in {count}" for name, count in self._fields.most_common())
            print(f"Fields that would change, and in how many articles: {told}")

    def _add(self, rows: list[Row]) -> list[str]:
        return [self._add_one(row) for row in rows]

    def _add_one(self, row: Row) -> str:
        self._copy(row["url"])
        before = self._versions(row["url"])
        [outcome] = super()._add([row])
        if outcome != Outcome.UNCHANGED:
            self._tell(outcome, before, self._versions(row["url"]))
        return outcome

    def _refuse(self, row: Row, article_url: str) -> bool:
        self._copy(article_url)
        kept = super()._refuse(row, article_url)
        if kept:
            print(f"{clean(article_url)}: would be refused ({clean(row['reason'])}); its article stays")
        return kept

    def _copy(self, url: str) -> None:
        """Bring the versions of an article over, once."""
        if self._there is not None and not self._versions(url):
            rows = self._there.query("select * from articles where url = ?", [url])
            self._store.db.table("articles").insert_all(rows)

    def _versions(self, url: str) -> dict[str, Row]:
        rows = self._store.db.query("select * from articles where url = ?", [url])
        return {row["timestamp"]: row for row in rows}

    def _tell(self, outcome: str, before: dict[str, Row], after: dict[str, Row]) -> None:
        gone = [row for timestamp, row in before.items() if after.get(timestamp) != row]
        come = [row for timestamp, row in after.items() if before.get(timestamp) != row]
        for row in come:
            print(f"{clean(row['url'])} {row['timestamp']}: {outcome}: {clean(row['title'])}")
            # A version that takes the place of another, perhaps under another time.
            earlier = before.get(row["timestamp"]) or (gone[0] if gone else None)
            if earlier is not None:
                print(*_differences(earlier, row), sep="\n")
                self._fields.update(column for column in _SHOWN if earlier[column] != row[column])


def _differences(before: Row, after: Row) -> Iterator[str]:
    """The fields in which two versions differ, as lines."""
    for column in _SHOWN:
        if before[column] == after[column]:
            continue
        if column != "paragraphs":
            yield f"  {column}: {clean(before[column])} -> {clean(after[column])}"
            continue
        yield "  paragraphs:"
        old, new = json.loads(before[column]), json.loads(after[column])
        for tag, first, last, new_first, new_last in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
            if tag != "equal":
                yield from (f"    - {clean(paragraph)}" for paragraph in old[first:last])
                yield from (f"    + {clean(paragraph)}" for paragraph in new[new_first:new_last])
