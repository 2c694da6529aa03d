"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from sqlite_utils.db import Table

from extractors import Article
from extractors.address import parse_address
from extractors.dates import KST
from storage.archive import Capture
from storage.database import Store, StoreError, open_to_read
from storage.search import Hit, search
from storage.selection import EVERYTHING, Selection, select_rows
from storage.versions import (
    COLUMNS,
    Row,
    first_capture,
    is_undated,
    own_time,
    rank,
    replaced,
    same_capture,
    same_content,
    same_words,
    stands_for,
)

_VERSIONS = f"select {', '.join(COLUMNS)} from articles where url = ? order by timestamp desc"  # noqa: S608
_KNOWN = "select distinct url from articles where url in (select value from json_each(?))"
_JSON = json.JSONEncoder(ensure_ascii=False)
_FORGET_REFUSAL = "delete from refusals where url = ? and fetched_at = ?"
# In one statement: after each, SQLite writes what it has of the search index, which takes longer than all the rest.
_TOGETHER = 256
_VALUES = f"({', '.join('?' * len(COLUMNS))})"
# Not `insert or replace`: what that replaces, no trigger is told of.
_INSERT, _OR_UPDATE = (
    f"insert into articles ({', '.join(COLUMNS)}) values ",  # noqa: S608
    f" on conflict (url, timestamp) do update set {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])}",
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
        start = 0
        while left := len(new) - start:
            # Of few different lengths: each is a statement of its own, which is kept prepared.
            end = start + min(_TOGETHER, 1 << left.bit_length() - 1)
            self._insert(*(row for row, _ in new[start:end]))
            start = end
        return [Outcome.NEW] * len(new) + [self.add_row(row, captured_url) for row, captured_url in rest]

    def add_versions(self, versions: Sequence[tuple[Row, str | None]], *, together: bool = False) -> list[Outcome]:
        """Store versions of one article that were stored together elsewhere: as they are, where it is new here.

        Args:
            versions: rows of one url, each with the address that was captured. Where the article is known here, each is
                added as `add_row` does.
            together: what is known here of the article was stored together with them elsewhere.
        """
        rows = [row for row, _ in versions]
        known = self._versions(rows[0]["url"])
        keys = {row["timestamp"] for row in (*rows, *known)}
        if len(keys) < len(rows) + len(known) or (known and not together):
            return [self.add_row(row | own_time(row), captured_url) for row, captured_url in versions]
        for row, captured_url in versions:
            self._forget_refusal(row, captured_url)
            self._insert(row)
        return [Outcome.UPDATED if known else Outcome.NEW, *[Outcome.UPDATED] * (len(rows) - 1)]

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

    def __iter__(self) -> Iterator[Article]:
        """The newest version of each article, oldest first."""
        return self.articles()

    def articles(self, selection: Selection = EVERYTHING) -> Iterator[Article]:
        """Articles one by one, in the order of their versions' times.

        Args:
            selection: which; without it, the newest version of each.
        """
        return map(_to_article, select_rows(self.db, selection))

    def search(self, query: str, selection: Selection = EVERYTHING, limit: int = 20) -> list[Hit]:
        """The articles that fit a query best: `storage.search.search`.

        Raises:
            QueryError: the query cannot be understood; the message is a sentence.
        """
        return search(self.db, query, selection, limit)

    def get(self, url: str) -> Article | None:
        """The newest version of one article, or None where there is none.

        Args:
            url: any address of the article: a video view's, with other parameters, or on the site's other host.
        """
        address = parse_address(url)
        found = self.db.execute(f"{_VERSIONS} limit 1", [url if address is None else address.url]).fetchone()
        return found and _to_article(dict(zip(COLUMNS, found, strict=True)))

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

    def _insert(self, *rows: Row) -> None:
        """Put rows in, each in the place of one with the same key."""
        # Not through Table.insert: it looks at the table anew for each row, and takes three times as long as the rest.
        values = [row[name] for row in rows for name in COLUMNS]
        self.db.execute(f"{_INSERT}{', '.join([_VALUES] * len(rows))}{_OR_UPDATE}", values)

    def _add_dated(self, row: Row) -> Outcome:
        versions = self._versions(row["url"])
        stored = next((one for one in versions if one["timestamp"] == row["timestamp"] and not is_undated(one)), None)
        result = row if stored is None else replaced(stored, row)
        if stored is not None and result == stored and same_capture(stored, row):
            return Outcome.UNCHANGED
        others = [one for one in versions if one is not stored]
        # The same capture under another version: extraction has learnt to read its dates.
        again = [one for one in others if same_capture(one, row)]
        gone = [one for one in others if is_undated(one) and (stands_for(result, one) or stands_for(row, one))]
        self._delete([*again, *gone])
        if result != stored:
            self._insert(result)
        if again or (stored is not None and result != stored and same_capture(stored, row)):
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
        undated = [one for one in versions if is_undated(one)]
        for version in undated:
            if same_capture(version, row):
                return self._put(version, replaced(version, row | {"timestamp": version["timestamp"]}))
        if any(stands_for(version, row) for version in versions):
            return Outcome.UNCHANGED
        for version in undated:
            if rank(version) == rank(row) and same_words(version, row):
                return self._put(version, first_capture(version, row, versions))
        poorer = [one for one in undated if rank(one) > rank(row)]
        self._delete(poorer)
        for version in versions:
            if version["timestamp"] == row["timestamp"] and version not in poorer:
                # Two contents of one second: of those without dates the later one counts.
                return self._put(version, replaced(version, row) if is_undated(version) else version)
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
        if same_capture(stored, row):
            return Outcome.REEXTRACTED
        return Outcome.UNCHANGED if same_content(stored, row) else Outcome.EDITED

    def _delete(self, versions: Sequence[Row]) -> None:
        for version in versions:
            self.db.execute("delete from articles where url = :url and timestamp = :timestamp", version)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        # Not through Database.query, which looks at the columns first: most articles that are read are new.
        found = self.db.execute(_VERSIONS, [url]).fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]


class ReadOnlyStore(ArticleStore):
    """The articles of one database file, to be read. Use it as a context manager, or close it.

    The file is never made, upgraded or changed, and others may write to it meanwhile: each call sees what was stored
    when it began. What writes to an ArticleStore raises a StoreError here.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database.

        Raises:
            StoreError: there is no such file, it is none of kbsworld, or an older or newer version made it; the message
                is a sentence.
        """
        self.path = Path(path).expanduser()
        self._opened = ExitStack()
        self.db = self._opened.enter_context(open_to_read(path, self._refuse_upgrade))

    def close(self) -> None:
        """Close the database."""
        self._opened.close()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise StoreError(f"{self.path} is open for reading only; ArticleStore opens it for writing too.")

    # All that writes; what else an ArticleStore has goes through these.
    batch = add_row = add_rows = add_versions = refuse_row = _refuse

    def _refuse_upgrade(self, _: str) -> NoReturn:
        raise StoreError(f"{self.path} was made by an older version of kbsworld; ArticleStore upgrades it.")


def article_row(article: Article, capture: Capture) -> Row:
    """The row of `articles` for an article and the capture it is from; without `timestamp` where the page has none."""
    values = article.to_dict()
    return {
        **values,
        "paragraphs": _JSON.encode(values["paragraphs"]),
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
