"""What was stored since a mark: new articles, new versions of known ones, silent edits. Each is told once.

A mark is a place in the order of storing, and has a name; the database keeps it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlite_utils import Database

from storage.database import Store
from storage.selection import ORDERS, Selection
from storage.versions import COLUMNS, HISTORY, Row

_COLUMNS = ", ".join(f"articles.{name}" for name in COLUMNS)
# `before` is the version that a reader was told last.
_STORED = f"""
    select {_COLUMNS}, (
      select max(timestamp) from catalogue as earlier
      where earlier.url = catalogue.url and earlier.timestamp < catalogue.timestamp and earlier.id <= :after
    ) as before
    from catalogue join articles using (url, timestamp)
    where catalogue.id > :after and catalogue.id <= :last and {{condition}} order by {{order}}
"""  # noqa: S608
_EDITS = f"""
    select {", ".join(f"silent_edits.{name}" for name in HISTORY)}
    from silent_edits join catalogue using (url, timestamp)
    where silent_edits.id > :after and silent_edits.id <= :last and {{condition}} order by silent_edits.id
"""  # noqa: S608
_VERSION = f"select {_COLUMNS} from articles where url = ? and timestamp = ?"  # noqa: S608
_NEXT_EDIT = f"""
    select {", ".join(COLUMNS)} from silent_edits where url = ? and timestamp = ? and replaced_at > ?
    order by replaced_at limit 1
"""  # noqa: S608


class Mark(NamedTuple):
    """The last article that was told, by its id in `catalogue`, and the last silent edit, by its id."""

    article: int = 0
    edit: int = 0


class News(NamedTuple):
    """A row of `articles` that is `new`, `updated` or `edited`, and the row that it was before; None if it is new."""

    change: str
    row: Row
    before: Row | None


def marks(db: Database) -> dict[str, Mark]:
    """All marks by name."""
    return {name: Mark(article, edit) for name, article, edit in db.execute("select name, article, edit from marks")}


def move_mark(store: Store, name: str, mark: Mark) -> None:
    """Set a mark, as part of the caller's batch; it begins where there was none."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    store.db.execute("insert or replace into marks values (?, ?, ?, ?)", [name, *mark, now])


def next_mark(db: Database, mark: Mark, selection: Selection) -> Mark:
    """How far is told after `mark`: all that is stored, or as much as the selection's limit allows, in that order."""
    last = Mark(*(db.execute(f"select max(id) from {of}").fetchone()[0] or 0 for of in ("catalogue", "silent_edits")))  # noqa: S608
    if selection.limit is None:
        return last
    left, reached = selection.limit, []
    for of, after, end in zip(
        ("catalogue", "silent_edits join catalogue using (url, timestamp)"), mark, last, strict=True
    ):
        key = f"{of.partition(' ')[0]}.id"
        sql = f"select {key} from {of} where {key} > :after and {_condition(selection, of)} order by {key} limit :left"  # noqa: S608
        ids = (
            [found for (found,) in db.execute(sql, {**selection.values, "after": after, "left": left})] if left else []
        )
        reached.append(end if len(ids) < left else max([after, *ids]))
        left -= len(ids)
    return Mark(*reached)


def news(db: Database, mark: Mark, until: Mark, selection: Selection) -> Iterator[News]:
    """What was stored after a mark and up to another, of a selection without its limit.

    Articles come first, in the selection's order, each in its newest version; then all silent edits as they were seen.
    """
    values = {**selection.values, "after": mark.article, "last": until.article}
    order = ORDERS[selection.order].format("catalogue")
    for row in db.query(_STORED.format(condition=_condition(selection, "catalogue"), order=order), values):
        before = row.pop("before")
        known = next(db.query(_VERSION, [row["url"], before]), None) if before else None
        yield News("updated" if known else "new", row, known)
    values = {**selection.values, "after": mark.edit, "last": until.edit}
    for edit in db.query(_EDITS.format(condition=_condition(selection, "silent_edits")), values):
        key = [edit["url"], edit["timestamp"]]
        after = next(db.query(_NEXT_EDIT, [*key, edit["replaced_at"]]), None) or next(db.query(_VERSION, key))
        yield News("edited", after, edit)


def _condition(selection: Selection, table: str) -> str:
    return replace(selection, limit=None, all_versions=table != "catalogue").condition
