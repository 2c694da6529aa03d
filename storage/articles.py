"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn

from extractors import Article
from extractors.address import parse_address
from storage.archive.capture import Capture
from storage.database import Store, StoreError, open_to_read
from storage.schema import index_folded
from storage.search import Hit, search
from storage.selection import NEWEST, Selection, select_rows
from storage.versions import COLUMNS, HISTORY, Row, believed, extended, is_undated, same_capture, same_content

_INSERT = f"insert into articles ({', '.join(COLUMNS)}) values "  # noqa: S608
_KEEP = f"insert or ignore into silent_edits ({', '.join(HISTORY)}) values (:{', :'.join(HISTORY)})"  # noqa: S608
_HISTORY = f"select {', '.join(HISTORY)} from history where url = ?"  # noqa: S608
_DELETE = "delete from articles where url = :url and timestamp = :timestamp"
_DROP = "delete from silent_edits where url = :url and timestamp = :timestamp and replaced_at = :replaced_at"
_REFUSE = "insert or replace into refusals values (:url, :reason, :fetched_at, :archive_file, :archive_offset)"
_cells = itemgetter(*HISTORY)
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

        One without dates takes the time of its first capture. `capture` is the page it was extracted from.
        """
        return self.add_row(article_row(article, capture))

    def add_row(self, row: Row) -> Outcome:
        """Store an article as `add` does, from its `article_row`, which may come from another process."""
        self._forget_refusal(row)
        before, url = self._history(row["url"]), row["url"]
        seen = dict(self.db.execute("select timestamp, seen_at from seen where url = ?", [url]).fetchall())
        after, seen_now = extended(before, seen, row)
        # By their values, as a page that changes each time it is captured has hundreds of rows.
        old, new = ({_cells(one): one for one in rows} for rows in (before, after))
        (gone, past), (come, kept) = _without(old, new), _without(new, old)
        replaced = {one["timestamp"] for one in come}
        write = self.db.conn.executemany
        with self.db.atomic():
            write(_DELETE, [one for one in gone if one["timestamp"] not in replaced])
            self._insert(come)
            write(_DROP, past)
            write(_KEEP, kept)
            if seen != seen_now:
                self.db.execute("delete from seen where url = ?", [url])
                write("insert into seen values (?, ?, ?)", [(url, *one) for one in seen_now.items()])
        if any(same_capture(one, row) for one in [*gone, *past]):
            return Outcome.REEXTRACTED
        if len(gone) == len(come) and all(map(same_content, gone, come)) and len(kept) <= len(past):
            return Outcome.UNCHANGED  # the same again, or captured earlier
        if gone or kept:
            return Outcome.EDITED
        return Outcome.UPDATED if before else Outcome.NEW

    def add_rows(self, rows: Sequence[Row]) -> list[Outcome]:
        """Store some hundred articles as `add_row` does, but new ones together; the outcomes are in no order."""
        rows = [believed(row) for row in rows]
        sql = "select distinct url from articles where url in (select value from json_each(?))"
        known = {url for (url,) in self.db.execute(sql, [json.dumps([row["url"] for row in rows])])}
        new: list[Row] = []
        rest: list[Row] = []
        for row in rows:
            if is_undated(row) or row["url"] in known:
                rest.append(row)
            else:
                self._forget_refusal(row)
                new.append(row)
            known.add(row["url"])
        self._insert(new)
        return [Outcome.NEW] * len(new) + [self.add_row(row) for row in rest]

    def add_version(self, row: Row, *, together: bool) -> Outcome:
        """Store a version as it was stored elsewhere; where the article is known here, as `add_row` does.

        Args:
            row: a row of `articles`, perhaps with `replaced_at`: a silent edit.
            together: the versions that are known here come from the same export file.
        """
        row = believed(row)
        known = self._versions(row["url"])
        if row["timestamp"] in {None, *(one["timestamp"] for one in known)} or (known and not together):
            return self.add_row(row)
        self._forget_refusal(row)
        if row.get("replaced_at"):
            self.db.execute(_KEEP, row)
        else:
            self._insert([row])
        return Outcome.UPDATED if known else Outcome.NEW

    def refuse(self, capture: Capture, reason: str) -> None:
        """Remember a page that holds no article."""
        self.refuse_row(refusal_row(capture, reason))

    def refuse_row(self, row: Row) -> None:
        """Remember a page as `refuse` does, from its `refusal_row`."""
        self.db.execute(_REFUSE, row)

    def __iter__(self) -> Iterator[Article]:
        """The newest version of each article, oldest first."""
        return self.articles()

    def articles(self, selection: Selection = NEWEST) -> Iterator[Article]:
        """The selected articles one by one, in the order of the selection."""
        return map(_to_article, select_rows(self.db, selection))

    def search(self, query: str, selection: Selection = NEWEST, limit: int = 20) -> list[Hit]:
        """The articles that match a query best, and what is raised: `storage.search.search`."""
        return search(self.db, replace(selection, query=query, limit=limit, order="rank"))

    def get(self, url: str) -> Article | None:
        """The newest version of one article, or None.

        `url` is any address of it: a video view's, with other parameters, or on the site's other host.
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

    def _insert(self, rows: Sequence[Row]) -> None:
        """Insert rows in one statement; each replaces the one with the same key."""
        # SQLite writes the search index after each statement: one row each takes two thirds longer. Not through
        # Table.insert, which examines the table for each row: that takes three times as long as the rest.
        if rows:
            values = [row[name] for row in rows for name in COLUMNS]
            self.db.execute(f"{_INSERT}{', '.join([_VALUES] * len(rows))}{_OR_UPDATE}", values)
            index_folded(self.db, rows)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        rows = [row for row in self._history(url) if row.pop("replaced_at") is None]
        return sorted(rows, key=itemgetter("timestamp"), reverse=True)

    def _history(self, url: str) -> list[Row]:
        """The versions and silent edits of an article."""
        # Not through Database.query, which examines the columns first: most articles are new.
        return [dict(zip(HISTORY, row, strict=True)) for row in self.db.execute(_HISTORY, [url])]


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


def _without(history: Mapping[Any, Row], other: Mapping[Any, Row]) -> tuple[list[Row], list[Row]]:
    """What another history of an article does not have: rows of `articles`, and of `silent_edits`."""
    rows = [row for values, row in history.items() if values not in other]
    return [row for row in rows if row["replaced_at"] is None], [row for row in rows if row["replaced_at"] is not None]


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
