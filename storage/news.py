"""What was stored since a mark: new articles, new versions of known ones, silent edits. Each is told once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlite_utils import Database

from storage.database import Store
from storage.exports import Exported, sound
from storage.selection import Selection
from storage.versions import COLUMNS

# `before` is the version that a reader was told last.
_STORED = """
    select 0 as is_edit, catalogue.id, catalogue.url, catalogue.timestamp, (
      select max(timestamp) from catalogue as earlier
      where earlier.url = catalogue.url and earlier.timestamp < catalogue.timestamp and earlier.id <= :article
    ) as before, null as replaced_at
    from catalogue where catalogue.id > :article and {newest}
    union all
    select 1, silent_edits.id, url, timestamp, timestamp, replaced_at
    from silent_edits join catalogue using (url, timestamp) where silent_edits.id > :edit and {every}
    order by is_edit, id limit coalesce(:limit, -1)
"""
# What stood in a row of `articles` until a moment, or longer: the first edit since then, or else the row.
_STOOD = f"""
    select {", ".join(COLUMNS)}, replaced_at from silent_edits where url = :url and timestamp = :timestamp
      and replaced_at >= :moment
    union all select {", ".join(COLUMNS)}, null from articles where url = :url and timestamp = :timestamp
    order by replaced_at nulls last limit 1
"""  # noqa: S608
# In the order of text: after any moment.
_NOW = "~"


class Mark(NamedTuple):
    """How far a reader was told: the last article, by its id in `catalogue`, and the last silent edit, by its id."""

    article: int = 0
    edit: int = 0


class Stored(NamedTuple):
    """What is to be told: a row of `catalogue`, or a silent edit of one; `before` is the version that it replaced."""

    is_edit: int
    id: int
    url: str
    timestamp: str
    before: str | None
    replaced_at: str | None


def marks(db: Database) -> dict[str, Mark]:
    """All marks by name."""
    return {name: Mark(article, edit) for name, article, edit in db.execute("select name, article, edit from marks")}


def move_mark(store: Store, name: str, mark: Mark) -> None:
    """Set a mark, as part of the caller's batch; it begins where there was none."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    store.db.execute("insert or replace into marks values (?, ?, ?, ?)", [name, *mark, now])


def stored_since(db: Database, mark: Mark, selection: Selection) -> tuple[list[Stored], Mark]:
    """What is to be told: the newest versions of articles, in the selection's order; then all silent edits as seen.

    And the mark behind it, and behind what is not selected. A limit leaves out what was stored last.
    """
    newest, every = (replace(selection, limit=None, all_versions=is_any).condition for is_any in (False, True))
    sql = _STORED.format(newest=newest, every=every)
    found = [Stored(*row) for row in db.execute(sql, {**selection.values, **mark._asdict()})]
    articles = [one for one in found if not one.is_edit]
    articles.sort(key=lambda one: (one.timestamp, one.url), reverse=selection.order == "newest")
    reached = (db.execute(f"select max(id) from {table}").fetchone()[0] or 0 for table in ("catalogue", "silent_edits"))  # noqa: S608
    if len(found) == selection.limit:
        reached = (max([last, *(one.id for one in found if one.is_edit == kind)]) for kind, last in enumerate(mark))
    return articles + found[len(articles) :], Mark(*reached)


def news(db: Database, found: Sequence[Stored], tell: Callable[[str], None]) -> Iterator[Exported]:
    """What is found, with what changed; `tell` is called with a sentence for each damaged row."""
    for one in found:
        change = "edited" if one.is_edit else "updated" if one.before else "new"
        key, moment = {"url": one.url, "timestamp": one.timestamp}, one.replaced_at or ""
        stood = db.query(_STOOD, {**key, "timestamp": one.before, "moment": moment or _NOW})
        for article in sound(db.query(_STOOD, {**key, "moment": moment + _NOW}), tell):
            yield article._replace(change=change, before=next(sound(stood, tell), None))
