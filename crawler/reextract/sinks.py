"""Where the results of a re-extraction go."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from crawler.reextract.pool import Work
from crawler.reextract.work import Extracted, captured_url
from storage import ArticleStore
from storage.archive import Location
from storage.reextraction import Position, Reextraction
from storage.sources.base import Revisit
from storage.versions import Row

#: Counted so that the reasons of refusals can be told from what else is counted.
REASON = "refused: "

# So many parts are stored in one transaction, each with some hundred pages or fewer: the search index of each
# transaction is written, and later merged, by itself, and one of four parts takes two thirds of four of one.
_TOGETHER = 4
# So many are held at most; those without a page are no reason for a transaction.
_MOST_HELD = 100


class StoreSink:
    """The article database. Use it as a context manager.

    Attributes:
        counts: what became of the pages: outcomes, `refused`, `REASON` with each reason, `kept` (refused, and an
            article of the page is stored), `damaged`, `mended`, `others`, `pages`.
        work: what workers do with a part.
    """

    def __init__(self, database: str | Path, call: str, work: Work) -> None:
        """The database, opened.

        Args:
            database: its file.
            call: what is read, and how; the same call goes on where it was interrupted.
            work: what workers do with a part.

        Raises:
            StoreError: it cannot be opened.
        """
        self.counts: Counter[str] = Counter()
        self.work = work
        self._store = ArticleStore(database)
        self._state = Reextraction(self._store.db, call)
        # What parts held that are not stored yet, each with the position behind it; and the last one that is stored.
        self._held: list[tuple[Extracted, Position]] = []
        self._position = Position(source="", cursor="", counts={})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    @property
    def db(self) -> Database:
        """The database that sources are looked up in."""
        return self._store.db

    def position(self) -> Position | None:
        """Where the same re-extraction was interrupted, if it was; what was counted until then counts."""
        position = self._state.position()
        if position is not None:
            self.counts, self._position = Counter(position.counts), position
        return position

    def begin_anew(self) -> None:
        """Forget an interrupted re-extraction."""
        with self._store.batch():
            self._state.forget()
        self.counts.clear()

    def take(self, extracted: Extracted, position: tuple[str, str]) -> None:
        """Keep what a part held; it is stored with some others.

        Args:
            extracted: what it held.
            position: the source, and the cursor behind the part.
        """
        self._held.append((extracted, Position(source=position[0], cursor=position[1], counts={})))
        if sum(one.holds_pages for one, _ in self._held) >= _TOGETHER or len(self._held) >= _MOST_HELD:
            self.store()

    def store(self) -> None:
        """Store what parts held, in one transaction with how far that is."""
        # Whatever ends this, they are not stored twice: a signal may come when all is written.
        held, self._held = self._held, []
        if not held:
            return
        counts = Counter(self.counts)
        for extracted, _ in held:
            counts["pages"] += extracted.pages
            counts["others"] += extracted.others
            counts.update(wound.counts_as for wound in extracted.wounds)
        with self._store.batch():
            # As if one came after the other: a capture may be refused in one part, and be an article in another.
            rows: list[Row] = []
            for extracted, _ in held:
                rows += extracted.articles
                if extracted.refusals:
                    counts.update(self._add(rows))
                    rows = []
                for row, article_url in extracted.refusals:
                    counts.update(("refused", REASON + row["reason"]))
                    counts["kept"] += self._refuse(row, article_url)
                self._state.remember_payloads(extracted.payloads)
                self._state.defer(extracted.revisits)
            counts.update(self._add(rows))
            position = replace(held[-1][1], counts=counts)
            self._state.save(position)
        self.counts, self._position = counts, position

    def end_early(self) -> None:
        """Store what can be gone on from; what counts is what the database says."""
        self.store()
        with suppress(sqlite3.ProgrammingError):  # one that is through has closed it
            self.position()

    def original(self, revisit: Revisit) -> Location | None:
        """Where the payload of a revisit stands, if that is known."""
        self.store()
        return self._state.original(revisit)

    def deferred(self, limit: int) -> list[Revisit]:
        """Some of the revisits whose original was not read yet."""
        self.store()
        return self._state.deferred(limit)

    def done_with(self, revisits: Iterable[Revisit]) -> None:
        """Keep these no longer."""
        self.store()
        with self._store.batch():
            self._state.done_with(revisits)

    def finish(self) -> None:
        """All was read: there is nothing to go on with."""
        self.store()
        with self._store.batch():
            self._state.forget()

    def _add(self, rows: list[Row]) -> Sequence[str]:
        return self._store.add_rows([(row, captured_url(row)) for row in rows])

    def _refuse(self, row: Row, article_url: str) -> bool:
        """Store a refusal; whether an article of the same capture is stored and stays."""
        self._store.refuse_row(row)
        return self._store.has_article_of(row, article_url)
