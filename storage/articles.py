"""The article store: one row per (url, timestamp) in SQLite, through sqlite-utils."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from extractors import Article
from extractors.address import parse_address
from storage.archive.capture import Capture
from storage.database import Store, StoreError, open_to_read
from storage.schema import index_folded
from storage.search import Hit, search
from storage.selection import NEWEST, Selection, select_rows
from storage.versions import COLUMNS, Row, believed, is_undated, merged, same_capture, same_content

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
        before = self._versions(row["url"])
        after = [one for one in before if believed(one) is one]
        # What older releases stored under a date that cannot be true is merged anew.
        for one in [*(believed(one) for one in before if one not in after), believed(row)]:
            after = merged(after, one)
        removed = [one for one in before if one not in after]
        added = [one for one in after if one not in before]
        replaced = {one["timestamp"] for one in added}
        for version in removed:
            if version["timestamp"] not in replaced:
                self.db.execute("delete from articles where url = :url and timestamp = :timestamp", version)
        self._insert(added)
        if any(same_capture(one, row) for one in removed):
            return Outcome.REEXTRACTED
        if len(removed) == len(added) and all(map(same_content, removed, added)):
            return Outcome.UNCHANGED  # the same again, or captured earlier
        if removed:
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
            row: a row of `articles`.
            together: the versions that are known here come from the same export file.
        """
        row = believed(row)
        known = self._versions(row["url"])
        if row["timestamp"] in {None, *(one["timestamp"] for one in known)} or (known and not together):
            return self.add_row(row)
        self._forget_refusal(row)
        self._insert([row])
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

    def _insert(self, rows: Sequence[Row]) -> None:
        """Insert rows in one statement; each replaces the one with the same key."""
        # SQLite writes the search index after each statement: one row each takes two thirds longer. Not through
        # Table.insert, which examines the table for each row: that takes three times as long as the rest.
        if rows:
            values = [row[name] for row in rows for name in COLUMNS]
            self.db.execute(f"{_INSERT}{', '.join([_VALUES] * len(rows))}{_OR_UPDATE}", values)
            index_folded(self.db, rows)
        for row in rows:
            if (row.get("seen_at") or "") > row["fetched_at"]:
                self.db.execute("insert or replace into seen values (:url, :timestamp, :seen_at)", row)

    def _versions(self, url: str) -> list[Row]:
        """The versions of an article, newest first."""
        # Not through Database.query, which examines the columns first: most articles are new.
        columns = (*COLUMNS, "seen_at")
        source = "articles left join seen using (url, timestamp) where url = ? order by timestamp desc"
        found = self.db.execute(f"select {', '.join(columns)} from {source}", [url])  # noqa: S608
        return [dict(zip(columns, row, strict=True)) for row in found]


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
