"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database
from sqlite_utils.db import Table

from extractors import Article
from extractors.dates import KST
from extractors.layouts import VIDEO
from storage.archive import Capture
from storage.schema import migrations

# What the site says, as against how and where it was read: only a difference in these makes an article an edited one.
_NOT_CONTENT = {"url", "timestamp", "text", "layout", "source_url"}
_CONTENT = tuple(field.name for field in fields(Article) if field.name not in _NOT_CONTENT)

_DATES = ("written_at", "updated_at")

# Long enough for another crawl's batch to end; a batch takes milliseconds.
_BUSY_SECONDS = 30.0

Row = dict[str, Any]


class StoreError(Exception):
    """The database cannot be used; the message is a sentence that names the file and the way out."""


class Outcome(StrEnum):
    """What adding an article did to the store."""

    NEW = "new"
    UPDATED = "updated"
    EDITED = "edited"
    REEXTRACTED = "re-extracted"
    UNCHANGED = "unchanged"


class ArticleStore:
    """The articles of one database file, every version kept. Use it as a context manager, or close it.

    Times in the database are ISO 8601 text: the articles' own in KST, `fetched_at` in UTC.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database, make it where it is missing, upgrade it where it is older.

        Raises:
            StoreError: it cannot be opened, is no database of kbsworld, or was written by a newer version.
        """
        if not str(path).strip() or str(path) == ":memory:":
            raise StoreError("The article database has no name; give KBS_DB a file name, such as data/kbs.db.")
        self.path = Path(path).expanduser()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Database(sqlite3.connect(self.path, timeout=_BUSY_SECONDS), execute_plugins=False)
            self._file = (self.path.stat().st_dev, self.path.stat().st_ino)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(f"{self.path} cannot be opened as the article database ({reason}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction around everything that is added within: all of it is stored, or nothing.

        Raises:
            StoreError: the database file was taken away.
        """
        self._check_file()
        # Immediate: a transaction that starts by reading could not become a writing one while another crawl writes.
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def add(self, article: Article, capture: Capture) -> Outcome:
        """Store an article under the rules of the house (README, "What is stored").

        Args:
            article: as extracted; one without a timestamp takes the time of its first capture.
            capture: the page it was extracted from.
        """
        row = _to_row(article, capture)
        # This capture may have been refused before extraction improved.
        self._db.table("refusals").delete_where("url = ? and fetched_at = ?", [capture.url, row["fetched_at"]])
        return self._add_undated(row, capture) if article.timestamp is None else self._add_dated(row)

    def refuse(self, capture: Capture, reason: str) -> None:
        """Remember a page that is no article, so that it is not silently dropped."""
        self._db.table("refusals").insert({"url": capture.url, "reason": reason, **_provenance(capture)}, replace=True)

    def newest(self, limit: int) -> list[Article]:
        """The newest version of each article, newest first."""
        rows = self._db.view("latest_articles").rows_where(order_by="timestamp desc, url", limit=limit)
        return [_to_article(row) for row in rows]

    def versions(self, url: str) -> list[Article]:
        """All versions of one article, oldest first."""
        return [_to_article(row) for row in self._articles.rows_where("url = ?", [url], order_by="timestamp")]

    def __len__(self) -> int:
        """How many versions of articles are stored."""
        return int(self._articles.count)

    @property
    def _articles(self) -> Table:
        return self._db.table("articles")

    def _prepare(self) -> None:
        """Check that the file is ours and not newer than this code, then bring it up to date."""
        applied = {migration.name for migration in migrations.applied(self._db)}
        if not applied and self._db.table_names():
            raise StoreError(f"{self.path} is a database of something else; name another file.")
        if applied - _all_migrations():
            raise StoreError(f"{self.path} was written by a newer version of kbsworld; upgrade kbsworld to use it.")
        self._db.enable_wal()
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma foreign_keys = on")
        if migrations.pending(self._db):
            with self.batch():
                migrations.apply(self._db)

    def _row(self, url: str, timestamp: str) -> Row | None:
        return next(iter(self._articles.rows_where("url = ? and timestamp = ?", [url, timestamp])), None)

    def _add_dated(self, row: Row) -> Outcome:
        stored = self._row(row["url"], row["timestamp"])
        if stored is not None:
            return self._replace(stored, row)
        versions = self._versions(row["url"])
        self._articles.insert(row)
        for version in versions:
            # The same capture under another version: extraction has learnt to read its dates. And a version without
            # dates whose words this one has: it was this one.
            if _same_capture(version, row) or (_is_undated(version) and _same_content(version, row, besides=_DATES)):
                self._articles.delete((version["url"], version["timestamp"]))
                return Outcome.REEXTRACTED if _same_capture(version, row) else Outcome.EDITED
        return Outcome.UPDATED if versions else Outcome.NEW

    def _replace(self, stored: Row, row: Row) -> Outcome:
        """Let the same version, read again or captured again, replace the stored one where it may."""
        outcome = Outcome.REEXTRACTED
        if not _same_capture(stored, row):
            row = _as_one_article(stored, row)
            is_richer = _is_poorer(stored, row)
            is_earlier = row["fetched_at"] < stored["fetched_at"]
            if _same_content(stored, row) or _is_poorer(row, stored) or (is_earlier and not is_richer):
                return Outcome.UNCHANGED
            outcome = Outcome.EDITED
        if all(stored[column] == row[column] for column in row):
            return Outcome.UNCHANGED
        self._articles.insert(row, replace=True)
        return outcome

    def _add_undated(self, row: Row, capture: Capture) -> Outcome:
        """Store a version that gives no time of its own: the same content is the same version."""
        dated = row | {"timestamp": _capture_time(capture)}
        versions = self._versions(row["url"])
        for version in versions:
            if _same_capture(version, row) and _is_undated(version):
                return self._replace(version, row | {"timestamp": version["timestamp"]})
            if _same_content(version, _as_one_article(version, row), besides=_DATES):
                if _is_undated(version):
                    self._move_to_first_capture(version, dated)
                return Outcome.UNCHANGED
        if versions and _is_poorer(row, versions[0]):
            return Outcome.UNCHANGED
        if versions and _is_undated(versions[0]) and _is_poorer(versions[0], row):
            return self._replace(versions[0], row | {"timestamp": versions[0]["timestamp"]})
        return self._add_dated(dated)

    def _move_to_first_capture(self, version: Row, row: Row) -> None:
        """Give an undated version the time of an earlier capture of it, which an older archive brought in later."""
        if row["fetched_at"] < version["fetched_at"] and self._row(row["url"], row["timestamp"]) is None:
            self._articles.delete((version["url"], version["timestamp"]))
            self._articles.insert(row)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        return list(self._articles.rows_where("url = ?", [url], order_by="timestamp desc"))

    def _check_file(self) -> None:
        """Raise where the file was taken away: SQLite would go on writing into one that no longer has a name."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._file:
            raise StoreError(f"{self.path} was taken away while it was in use; put it back, or run again.")


def _all_migrations() -> set[str]:
    """The names of the migrations this code knows."""
    return {migration.name for migration in migrations.pending(Database(memory=True))}


def _capture_time(capture: Capture) -> str:
    """The time of a capture as a version: KST, like every other."""
    return capture.fetched_at.astimezone(KST).isoformat(timespec="seconds")


def _provenance(capture: Capture) -> Row:
    """Which capture a row is from. Microseconds are always written, so that the texts sort as the times do."""
    return {
        "fetched_at": capture.fetched_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "archive_file": capture.location and capture.location.file,
        "archive_offset": capture.location and capture.location.offset,
    }


def _to_row(article: Article, capture: Capture) -> Row:
    values = article.to_dict()
    return {
        **values,
        "paragraphs": json.dumps(values["paragraphs"], ensure_ascii=False),
        "has_video": int(article.has_video),
        "truncated": int(article.truncated),
        **_provenance(capture),
    }


def _to_article(row: Row) -> Article:
    return Article.from_dict(
        row
        | {
            "paragraphs": json.loads(row["paragraphs"]),
            "has_video": bool(row["has_video"]),
            "truncated": bool(row["truncated"]),
        }
    )


def _same_content(stored: Row, row: Row, besides: tuple[str, ...] = ()) -> bool:
    return all(stored[column] == row[column] for column in _CONTENT if column not in besides)


def _as_one_article(stored: Row, row: Row) -> Row:
    """A row as what it adds to a stored one of the same version.

    The plain and the video view are one article: that it has a video is true from either, and the picture and its
    credit are the plain view's, whose caption differs (SITE: "Video view").
    """
    seen = {"has_video": max(stored["has_video"], row["has_video"])}
    if row["layout"] == VIDEO.name != stored["layout"]:
        seen |= {column: stored[column] or row[column] for column in ("image_url", "image_credit", "layout")}
    return row | seen


def _same_capture(stored: Row, row: Row) -> bool:
    return bool(stored["fetched_at"] == row["fetched_at"] and stored["source_url"] == row["source_url"])


def _is_undated(row: Row) -> bool:
    return row["written_at"] is None and row["updated_at"] is None


def _is_poorer(row: Row, other: Row) -> bool:
    """Whether a row never takes the other's place: half an article a whole one's, a text capture an HTML page's."""
    return (row["truncated"] and not other["truncated"]) or (row["layout"] == "text" != other["layout"])
