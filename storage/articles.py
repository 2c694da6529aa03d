"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlite_utils.db import Table

from extractors import Article
from extractors.dates import KST
from extractors.layouts import VIDEO
from storage.archive import Capture
from storage.database import Store

# What the site says, as against how and where it was read: only a difference in these makes an article an edited one.
_NOT_CONTENT = {"url", "timestamp", "text", "layout", "source_url"}
_CONTENT = tuple(field.name for field in fields(Article) if field.name not in _NOT_CONTENT)

_DATES = ("written_at", "updated_at")

Row = dict[str, Any]

#: The columns of `articles`, in order.
COLUMNS = (*(field.name for field in fields(Article)), "fetched_at", "archive_file", "archive_offset")
_INSERT = f"insert or replace into articles values ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608


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
        """Store an article under the rules of the house (README, "What is stored").

        Args:
            article: as extracted; one without a timestamp takes the time of its first capture.
            capture: the page it was extracted from.
        """
        return self.add_row(article_row(article, capture), capture.url)

    def add_row(self, row: Row, captured_url: str | None) -> Outcome:
        """Store an article as `add` does, from what `article_row` made of it, perhaps in another process."""
        self._forget_refusal(row, captured_url)
        return self._add_undated(row) if row["timestamp"] is None else self._add_dated(row)

    def add_versions(self, versions: Sequence[tuple[Row, str | None]]) -> list[Outcome]:
        """Store versions of one article that were stored together elsewhere: as they are, where it is new here.

        Args:
            versions: rows of one url, each with the address that was captured. Where the article is known here, each is
                added as `add_row` does.
        """
        rows = [row for row, _ in versions]
        keys = {row["timestamp"] for row in rows}
        if len(keys) < len(rows) or self._versions(rows[0]["url"]):
            return [self.add_row(row | _own_time(row), captured_url) for row, captured_url in versions]
        for row, captured_url in versions:
            self._forget_refusal(row, captured_url)
            self._insert(row)
        return [Outcome.NEW, *[Outcome.UPDATED] * (len(rows) - 1)]

    def refuse(self, capture: Capture, reason: str) -> None:
        """Remember a page that is no article, so that it is not silently dropped."""
        self.refuse_row(refusal_row(capture, reason))

    def refuse_row(self, row: Row) -> None:
        """Remember a page as `refuse` does, from what `refusal_row` made of it."""
        self.db.execute(
            "insert or replace into refusals values (:url, :reason, :fetched_at, :archive_file, :archive_offset)", row
        )

    def has_article_of(self, refusal: Row, url: str) -> bool:
        """Whether an article, of canonical address `url`, is stored from the capture of a refusal."""
        values = [url, refusal["url"], refusal["fetched_at"]]
        sql = "select 1 from articles where url = ? and source_url = ? and fetched_at = ?"
        return self.db.execute(sql, values).fetchone() is not None

    def newest(self, limit: int) -> list[Article]:
        """The newest version of each article, newest first."""
        rows = self.db.view("latest_articles").rows_where(order_by="timestamp desc, url", limit=limit)
        return [_to_article(row) for row in rows]

    def versions(self, url: str) -> list[Article]:
        """All versions of one article, oldest first."""
        return [_to_article(row) for row in self._articles.rows_where("url = ?", [url], order_by="timestamp")]

    def __len__(self) -> int:
        """How many versions of articles are stored."""
        return int(self._articles.count)

    @property
    def _articles(self) -> Table:
        return self.db.table("articles")

    def _row(self, url: str, timestamp: str) -> Row | None:
        found = self.db.query("select * from articles where url = ? and timestamp = ?", [url, timestamp])
        return next(iter(found), None)

    def _forget_refusal(self, row: Row, captured_url: str | None) -> None:
        """The capture may have been refused before extraction improved."""
        self.db.execute("delete from refusals where url = ? and fetched_at = ?", [captured_url, row["fetched_at"]])

    def _insert(self, row: Row) -> None:
        """Put a row in, in the place of one with the same key."""
        # Not through Table.insert: it looks at the table anew for each row, and takes three times as long as the rest.
        self.db.execute(_INSERT, row)

    def _add_dated(self, row: Row) -> Outcome:
        stored = self._row(row["url"], row["timestamp"])
        if stored is not None:
            return self._replace(stored, row)
        versions = self._versions(row["url"])
        self._insert(row)
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
        if _same_capture(stored, row):
            row = row | _place(stored, row)
        else:
            row = _as_one_article(stored, row)
            is_richer = _is_poorer(stored, row)
            is_earlier = row["fetched_at"] < stored["fetched_at"]
            if _same_content(stored, row) or _is_poorer(row, stored) or (is_earlier and not is_richer):
                return Outcome.UNCHANGED
            outcome = Outcome.EDITED
        if all(stored[column] == row[column] for column in row):
            return Outcome.UNCHANGED
        self._insert(row)
        return outcome

    def _add_undated(self, row: Row) -> Outcome:
        """Store a version that gives no time of its own: the same content is the same version."""
        dated = row | {"timestamp": _capture_time(row)}
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
            self._insert(row)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        return list(self.db.query("select * from articles where url = ? order by timestamp desc", [url]))


def article_row(article: Article, capture: Capture) -> Row:
    """The row of `articles` for an article and the capture it is from; without `timestamp` where the page has none."""
    values = article.to_dict()
    return {
        **values,
        "paragraphs": json.dumps(values["paragraphs"], ensure_ascii=False),
        "has_video": int(article.has_video),
        "truncated": int(article.truncated),
        **_provenance(capture),
    }


def refusal_row(capture: Capture, reason: str) -> Row:
    """The row of `refusals` for a capture that holds no article."""
    return {"url": capture.url, "reason": reason, **_provenance(capture)}


def _capture_time(row: Row) -> str:
    """The time of a capture as a version: KST, like every other."""
    return datetime.fromisoformat(row["fetched_at"]).astimezone(KST).isoformat(timespec="seconds")


def _provenance(capture: Capture) -> Row:
    """Which capture a row is from. Microseconds are always written, so that the texts sort as the times do."""
    return {
        "fetched_at": capture.fetched_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "archive_file": capture.location and capture.location.file,
        "archive_offset": capture.location and capture.location.offset,
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


def _place(stored: Row, row: Row) -> Row:
    """Where a capture is archived that was read in two places: the project's own archive counts more than others."""
    is_better = stored["archive_file"] is None or (_is_own(row) and not _is_own(stored))
    return {column: (row if is_better else stored)[column] for column in ("archive_file", "archive_offset")}


def _is_own(row: Row) -> bool:
    return row["archive_file"] is not None and "/" not in row["archive_file"]


def _own_time(row: Row) -> Row:
    """The timestamp that a page gave, and none where it is that of a capture."""
    return {"timestamp": None if _is_undated(row) else row["timestamp"]}


def _is_undated(row: Row) -> bool:
    return row["written_at"] is None and row["updated_at"] is None


def _is_poorer(row: Row, other: Row) -> bool:
    """Whether a row never takes the other's place: half an article a whole one's, a text capture an HTML page's."""
    return (row["truncated"] and not other["truncated"]) or (row["layout"] == "text" != other["layout"])
