"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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

_OF_PLAIN_VIEW = ("image_url", "image_credit", "layout")
_WORDS = tuple(name for name in _CONTENT if name not in {"written_at", "updated_at", "has_video", *_OF_PLAIN_VIEW})
_PLACE = ("archive_file", "archive_offset")

Row = dict[str, Any]

#: The columns of `articles`, in order.
COLUMNS = (*(field.name for field in fields(Article)), "fetched_at", "archive_file", "archive_offset")
_VERSIONS = f"select {', '.join(COLUMNS)} from articles where url = ? order by timestamp desc"  # noqa: S608
_KNOWN = "select distinct url from articles where url in (select value from json_each(?))"
_FORGET_REFUSAL = "delete from refusals where url = ? and fetched_at = ?"
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

    def add_rows(self, rows: Sequence[tuple[Row, str | None]]) -> list[Outcome]:
        """Store articles as `add_row` does, those that nothing is known of in one go.

        Args:
            rows: each with the address that was captured.

        Returns:
            What that did, in no particular order.
        """
        known = self._known({row["url"] for row, _ in rows})
        new: list[tuple[Row, str | None]] = []
        rest: list[tuple[Row, str | None]] = []
        for row, captured_url in rows:
            is_new = row["timestamp"] is not None and row["url"] not in known
            known.add(row["url"])
            (new if is_new else rest).append((row, captured_url))
        self.db.conn.executemany(_FORGET_REFUSAL, [(captured_url, row["fetched_at"]) for row, captured_url in new])
        self.db.conn.executemany(_INSERT, [row for row, _ in new])
        return [Outcome.NEW] * len(new) + [self.add_row(row, captured_url) for row, captured_url in rest]

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

    def _forget_refusal(self, row: Row, captured_url: str | None) -> None:
        """The capture may have been refused before extraction improved."""
        self.db.execute(_FORGET_REFUSAL, [captured_url, row["fetched_at"]])

    def _known(self, urls: Iterable[str]) -> set[str]:
        """Those of which there is a version."""
        found = self.db.execute(_KNOWN, [json.dumps(list(urls))])
        return {url for (url,) in found}

    def _insert(self, row: Row) -> None:
        """Put a row in, in the place of one with the same key."""
        # Not through Table.insert: it looks at the table anew for each row, and takes three times as long as the rest.
        self.db.execute(_INSERT, row)

    def _add_dated(self, row: Row) -> Outcome:
        versions = self._versions(row["url"])
        stored = next((one for one in versions if one["timestamp"] == row["timestamp"] and not _is_undated(one)), None)
        result = row if stored is None else _replaced(stored, row)
        if stored is not None and result == stored and _same_capture(stored, row):
            return Outcome.UNCHANGED
        others = [one for one in versions if one is not stored]
        # The same capture under another version: extraction has learnt to read its dates.
        again = [one for one in others if _same_capture(one, row)]
        gone = [one for one in others if _is_undated(one) and (_stands_for(result, one) or _stands_for(row, one))]
        self._delete([*again, *gone])
        if result != stored:
            self._insert(result)
        if again or (stored is not None and result != stored and _same_capture(stored, row)):
            return Outcome.REEXTRACTED
        if gone or (stored is not None and result != stored):
            return Outcome.EDITED
        if stored is not None:
            return Outcome.UNCHANGED
        return Outcome.UPDATED if versions else Outcome.NEW

    def _add_undated(self, row: Row) -> Outcome:
        """Store a version that gives no time of its own: the same words are the same version."""
        row = row | {"timestamp": _capture_time(row)}
        versions = self._versions(row["url"])
        undated = [one for one in versions if _is_undated(one)]
        for version in undated:
            if _same_capture(version, row):
                return self._put(version, _replaced(version, row | {"timestamp": version["timestamp"]}))
        if any(_stands_for(version, row) for version in versions):
            return Outcome.UNCHANGED
        for version in undated:
            if _rank(version) == _rank(row) and _same_words(version, row):
                return self._put(version, _first_capture(version, row, versions))
        poorer = [one for one in undated if _rank(one) > _rank(row)]
        self._delete(poorer)
        for version in versions:
            if version["timestamp"] == row["timestamp"] and version not in poorer:
                # Two contents of one second: of those without dates the later one counts.
                return self._put(version, _replaced(version, row) if _is_undated(version) else version)
        self._insert(row)
        if poorer:
            return Outcome.EDITED
        return Outcome.UPDATED if versions else Outcome.NEW

    def _put(self, stored: Row, row: Row) -> Outcome:
        """Let a row take the place of a stored one, which may be its own."""
        if row == stored:
            return Outcome.UNCHANGED
        if row["timestamp"] != stored["timestamp"]:
            self._delete([stored])
        self._insert(row)
        if _same_capture(stored, row):
            return Outcome.REEXTRACTED
        return Outcome.UNCHANGED if _same_content(stored, row) else Outcome.EDITED

    def _delete(self, versions: Sequence[Row]) -> None:
        for version in versions:
            self.db.execute("delete from articles where url = :url and timestamp = :timestamp", version)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        # Not through Database.query, which looks at the columns first: most articles that are read are new.
        found = self.db.execute(_VERSIONS, [url]).fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]


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


def _same_content(stored: Row, row: Row) -> bool:
    return _view(stored) == _view(row) and all(stored[column] == row[column] for column in _CONTENT)


def _same_words(stored: Row, row: Row) -> bool:
    """Whether two captures, one of which may be the video view, say the same."""
    return all(stored[column] == row[column] for column in _WORDS)


def _replaced(stored: Row, row: Row) -> Row:
    """What a stored version is once the same version was read again or captured again; the same dict: as it was."""
    if _same_capture(stored, row):
        return _both_views(row | _place(stored, row), stored)
    is_newer = _precedence(row) > _precedence(stored)
    result = _both_views(row, stored) if is_newer else _both_views(stored, row)
    return stored if _same_content(stored, result) else result


def _first_capture(stored: Row, row: Row, versions: Sequence[Row]) -> Row:
    """What an undated version is once its words were captured again, perhaps earlier, in an older archive."""
    is_taken = any(one is not stored and one["timestamp"] == row["timestamp"] for one in versions)
    if row["fetched_at"] < stored["fetched_at"] and not is_taken:
        return _both_views(row, stored)
    return _both_views(stored, row)


def _both_views(row: Row, other: Row) -> Row:
    """A row with what another capture of the same version adds to it.

    The plain and the video view are one article: that it has a video is true from either, and the picture and its
    credit are the plain view's, whose caption differs (SITE: "Video view").
    """
    seen = {"has_video": max(row["has_video"], other["has_video"])}
    if _rank(row) == _rank(other) and row["layout"] == VIDEO.name:
        seen |= {column: other[column] if _view(other) == "plain" else row[column] for column in _OF_PLAIN_VIEW}
    return row | seen


def _precedence(row: Row) -> tuple[int, str, str]:
    """Of two captures of one version the greater counts: never one that shows less, else the later."""
    return -_rank(row), row["fetched_at"], row["source_url"] or ""


def _rank(row: Row) -> int:
    """How much a page shows, 0 being most: HTML page, text capture, the beginning of an HTML page, of a text."""
    return int(2 * row["truncated"] + (row["layout"] == "text"))


def _view(row: Row) -> str:
    return row["layout"] if row["layout"] in {"text", VIDEO.name} else "plain"


def _stands_for(version: Row, row: Row) -> bool:
    """Whether a version makes one without dates needless: that one shows less, or has its words."""
    if _rank(version) != _rank(row):
        return _rank(version) < _rank(row)
    return not _is_undated(version) and _same_words(version, row)


def _same_capture(stored: Row, row: Row) -> bool:
    """Whether both were read from one capture: it is one in two archives too, unless one holds less, or its text."""
    if stored["fetched_at"] != row["fetched_at"] or stored["source_url"] != row["source_url"]:
        return False
    return _rank(stored) == _rank(row) or all(stored[column] == row[column] for column in _PLACE)


def _place(stored: Row, row: Row) -> Row:
    """Where a capture is archived that was read in two places: the project's own archive counts more than others."""
    is_better = stored["archive_file"] is None or (_is_own(row) and not _is_own(stored))
    return {column: (row if is_better else stored)[column] for column in _PLACE}


def _is_own(row: Row) -> bool:
    return row["archive_file"] is not None and "/" not in row["archive_file"]


def _own_time(row: Row) -> Row:
    """The timestamp that a page gave, and none where it is that of a capture."""
    return {"timestamp": None if _is_undated(row) else row["timestamp"]}


def _is_undated(row: Row) -> bool:
    return row["written_at"] is None and row["updated_at"] is None
