"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from extractors import Article
from extractors.address import parse_address
from extractors.dates import KST
from storage import versions as rules
from storage.archive import Capture
from storage.database import Store, StoreError, open_to_read
from storage.search import Hit, search
from storage.selection import NEWEST, Selection, select_rows
from storage.versions import COLUMNS, Row

# Rows of one statement: SQLite writes the search index after each one, so that one row each takes two thirds longer.
_TOGETHER = 256
_INSERT = f"insert into articles ({', '.join(COLUMNS)}) values "  # noqa: S608
_VALUES = f"({', '.join('?' * len(COLUMNS))})"
# Not INSERT OR REPLACE, which does not fire delete triggers.
_OR_UPDATE = (
    f" on conflict (url, timestamp) do update set {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])}"
)


class Outcome(StrEnum):
    """What adding an article did to the store."""

    NEW = "new"
    UPDATED = "updated"
    EDITED = "edited"
    REEXTRACTED = "re-extracted"
    UNCHANGED = "unchanged"


class ArticleStore(Store):
    """The articles of one database file, every version kept. Use it as a context manager, or close it.

    Times in the database are ISO 8601 text: the articles' own in KST, `fetched_at` in UTC.
    """

    def add(self, article: Article, capture: Capture) -> Outcome:
        """Store an article by the merge rules (`storage.versions`, DATA.md, "Which content a version has").

        Args:
            article: as extracted; one without dates takes the time of its first capture.
            capture: the page it was extracted from.
        """
        return self.add_row(article_row(article, capture))

    def add_row(self, row: Row) -> Outcome:
        """Store an article as `add` does, from its `article_row`, which may come from another process."""
        self._forget_refusal(row)
        return self._add_undated(row) if rules.is_undated(row) else self._add_dated(row)

    def add_rows(self, rows: Sequence[Row]) -> list[Outcome]:
        """Store articles as `add_row` does, but new ones together, which is faster; the outcomes are in no order."""
        sql = "select distinct url from articles where url in (select value from json_each(?))"
        known = {url for (url,) in self.db.execute(sql, [json.dumps([row["url"] for row in rows])])}
        new: list[Row] = []
        rest: list[Row] = []
        for row in rows:
            if rules.is_undated(row) or row["url"] in known:
                rest.append(row)
            else:
                self._forget_refusal(row)
                new.append(row)
            known.add(row["url"])
        for start in range(0, len(new), _TOGETHER):
            self._insert(*new[start : start + _TOGETHER])
        return [Outcome.NEW] * len(new) + [self.add_row(row) for row in rest]

    def add_version(self, row: Row, *, together: bool) -> Outcome:
        """Store a version as it was stored elsewhere; where the article is known here, as `add_row` does.

        Args:
            row: a row of `articles`.
            together: the versions that are known here come from the same place.
        """
        known = self._versions(row["url"])
        if row["timestamp"] in {one["timestamp"] for one in known} or (known and not together):
            return self.add_row(row)
        self._forget_refusal(row)
        self._insert(row)
        return Outcome.UPDATED if known else Outcome.NEW

    def refuse(self, capture: Capture, reason: str) -> None:
        """Remember a page that holds no article."""
        self.refuse_row(refusal_row(capture, reason))

    def refuse_row(self, row: Row) -> None:
        """Remember a page as `refuse` does, from its `refusal_row`."""
        self.db.execute(
            "insert or replace into refusals values (:url, :reason, :fetched_at, :archive_file, :archive_offset)", row
        )

    def __iter__(self) -> Iterator[Article]:
        """The newest version of each article, oldest first."""
        return self.articles()

    def articles(self, selection: Selection = NEWEST) -> Iterator[Article]:
        """The selected articles one by one, in the order of their versions' times."""
        return map(_to_article, select_rows(self.db, selection))

    def search(self, query: str, selection: Selection = NEWEST, limit: int = 20) -> list[Hit]:
        """The articles that match a query best, and what is raised: `storage.search.search`."""
        return search(self.db, query, selection, limit)

    def get(self, url: str) -> Article | None:
        """The newest version of one article, or None.

        Args:
            url: any address of the article: a video view's, with other parameters, or on the site's other host.
        """
        address = parse_address(url)
        found = self._versions(url if address is None else address.url)
        return _to_article(found[0]) if found else None

    def versions(self, url: str) -> list[Article]:
        """All versions of one article, by its canonical address, oldest first."""
        return [_to_article(row) for row in reversed(self._versions(url))]

    def __len__(self) -> int:
        """How many versions of articles are stored."""
        return int(self.db.table("articles").count)

    def _forget_refusal(self, row: Row) -> None:
        """The capture may have been refused before extraction improved."""
        url = row["source_url"] or _file_url(row)
        self.db.execute("delete from refusals where url = ? and fetched_at = ?", [url, row["fetched_at"]])

    def _insert(self, *rows: Row) -> None:
        """Insert rows; each replaces the one with the same key."""
        # Not through Table.insert, which examines the table for each row: that takes three times as long as the rest.
        values = [row[name] for row in rows for name in COLUMNS]
        self.db.execute(f"{_INSERT}{', '.join([_VALUES] * len(rows))}{_OR_UPDATE}", values)

    def _add_dated(self, row: Row) -> Outcome:
        versions = self._versions(row["url"])
        stored = next(
            (one for one in versions if one["timestamp"] == row["timestamp"] and not rules.is_undated(one)), None
        )
        result = row if stored is None else rules.replaced(stored, row)
        if stored is not None and result == stored and rules.same_capture(stored, row):
            return Outcome.UNCHANGED
        others = [one for one in versions if one is not stored]
        # The same capture as another version: extraction now reads its dates, or reads them otherwise.
        again = [one for one in others if rules.same_capture(one, row)]
        needless = [
            one
            for one in others
            if rules.is_undated(one) and (rules.supersedes(result, one) or rules.supersedes(row, one))
        ]
        self._delete([*again, *needless])
        if result != stored:
            self._insert(result)
        is_changed = stored is not None and result != stored
        if again or (stored is not None and is_changed and rules.same_capture(stored, row)):
            return Outcome.REEXTRACTED
        if needless or is_changed:
            return Outcome.EDITED
        if stored is not None:
            return Outcome.UNCHANGED
        return Outcome.UPDATED if versions else Outcome.NEW

    def _add_undated(self, row: Row) -> Outcome:
        """Store a version that gives no time of its own: the same words are the same version."""
        moment = datetime.fromisoformat(row["fetched_at"]).astimezone(KST)
        row = row | {"timestamp": moment.isoformat(timespec="seconds")}
        versions = self._versions(row["url"])
        undated = [one for one in versions if rules.is_undated(one)]
        for version in undated:
            if rules.same_capture(version, row):
                return self._put(version, rules.replaced(version, row | {"timestamp": version["timestamp"]}))
        if any(rules.supersedes(version, row) for version in versions):
            return Outcome.UNCHANGED
        for version in undated:
            if rules.rank(version) == rules.rank(row) and rules.same_words(version, row):
                return self._put(version, rules.first_capture(version, row, versions))
        poorer = [one for one in undated if rules.rank(one) > rules.rank(row)]
        self._delete(poorer)
        for version in versions:
            if version["timestamp"] == row["timestamp"] and version not in poorer:
                # Two contents within one second: of two without dates the later one counts.
                return self._put(version, rules.replaced(version, row) if rules.is_undated(version) else version)
        self._insert(row)
        if poorer:
            return Outcome.EDITED
        return Outcome.UPDATED if versions else Outcome.NEW

    def _put(self, stored: Row, row: Row) -> Outcome:
        """Replace a stored row, by itself perhaps."""
        if row == stored:
            return Outcome.UNCHANGED
        if row["timestamp"] != stored["timestamp"]:
            self._delete([stored])
        self._insert(row)
        if rules.same_capture(stored, row):
            return Outcome.REEXTRACTED
        return Outcome.UNCHANGED if rules.same_content(stored, row) else Outcome.EDITED

    def _delete(self, versions: Sequence[Row]) -> None:
        for version in versions:
            self.db.execute("delete from articles where url = :url and timestamp = :timestamp", version)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        # Not through Database.query, which examines the columns first: most articles are new.
        sql = f"select {', '.join(COLUMNS)} from articles where url = ? order by timestamp desc"  # noqa: S608
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.db.execute(sql, [url])]


class ReadOnlyStore(ArticleStore):
    """The articles of one database file, for reading. Use it as a context manager, or close it.

    The file is never created, upgraded or changed, and others may write to it meanwhile: each call sees what was stored
    when it began. The methods of ArticleStore that write raise a StoreError here.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database.

        Raises:
            StoreError: there is no such file, it is not of kbsworld, or an older or newer version made it.
        """
        self.path = Path(path).expanduser()
        self.db = open_to_read(path)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise StoreError(f"{self.path} is open for reading only; ArticleStore opens it for writing too.")

    # All writing methods of ArticleStore use one of these.
    batch = add = add_row = add_rows = add_version = refuse_row = _refuse


def article_row(article: Article, capture: Capture) -> Row:
    """The row of `articles` for an article and its capture; `timestamp` is None where the page gives no time."""
    return {
        **article.to_dict(),
        "has_video": int(article.has_video),
        "truncated": int(article.truncated),
        "paragraphs": json.dumps(article.paragraphs, ensure_ascii=False),
        **_provenance(capture),
    }


def refusal_row(capture: Capture, reason: str) -> Row:
    """The row of `refusals` for a capture that holds no article; one without address has that of its file."""
    where = _provenance(capture)
    return {"url": capture.url or _file_url(where), "reason": reason, **where}


def _file_url(row: Row) -> str:
    return f"file:{row['archive_file']}"


def _provenance(capture: Capture) -> Row:
    """Which capture a row is from. Microseconds are always written, so that the texts sort as the times do."""
    return {
        "fetched_at": capture.fetched_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "archive_file": capture.location and capture.location.file,
        "archive_offset": capture.location and capture.location.offset,
    }


def _to_article(row: Row) -> Article:
    flags = {name: bool(row[name]) for name in ("has_video", "truncated")}
    return Article.from_dict({**row, **flags, "paragraphs": json.loads(row["paragraphs"])})
