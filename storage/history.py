"""What stood in articles, their silent edits too: all that one had, and what a reader was not told yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from sqlite_utils import Database

from storage.database import WrongNameError
from storage.exports import Exported, sound
from storage.schema import SQL
from storage.selection import Selection, find_urls
from storage.versions import HISTORY, Row


class Mark(NamedTuple):
    """How far a reader was told: the last article, by its id in `catalogue`, and the last silent edit, by its id."""

    article: int = 0
    edit: int = 0


def history(db: Database, given: str, numbers: Sequence[str] = ()) -> tuple[list[Row], list[Row]]:
    """What stood in an article, oldest first; and of that the rows of these numbers, from 1, or else what is meant.

    `given` is any address of it or its number (`Seq_Code`), which mean the last; or the id of a row of `catalogue`.

    Raises:
        WrongNameError: there is none, or several, or no such row.
    """
    key = ""
    try:
        urls = find_urls(db, [given])
    except WrongNameError:
        urls = db.execute("select url from catalogue where id = ?", [key := ascii(given)[1:-1]]).fetchone()
        if urls is None:
            raise
    if len(urls) > 1:
        raise WrongNameError(f"{given} is the number of {len(urls)} articles; give an address: {', '.join(urls)}.")
    rows = list(db.query(SQL["history"].format(columns="*"), urls))
    numbered = {str(number): row for number, row in enumerate(rows, 1)}
    if wrong := [number for number in numbers if number not in numbered]:
        raise WrongNameError(f"There is no version {wrong[0]}; kbsworld show lists the article's, 1 to {len(rows)}.")
    return rows, [numbered[number] for number in numbers] or [row for row in rows if str(row["id"]) == key] or rows[-1:]


def stored_since(db: Database, mark: Mark, selection: Selection) -> tuple[list[Row], Mark]:
    """What is to be told: the newest versions of articles, in the selection's order; then all silent edits as seen.

    And the mark behind it, and behind what is not selected. A limit leaves out what was stored last.
    """
    newest, every = (replace(selection, limit=None, all_versions=is_any).condition for is_any in (False, True))
    sql = SQL["stored_since"].format(newest=newest, every=every)
    found = list(db.query(sql, {**selection.values, **mark._asdict()}))
    kinds = [[one for one in found if one["is_edit"] == kind] for kind in (0, 1)]
    reached = [db.execute(f"select max(id) from {name}").fetchone()[0] or 0 for name in ("catalogue", "silent_edits")]  # noqa: S608
    if len(found) == selection.limit:
        reached = [max([last, *(one["id"] for one in ones)]) for last, ones in zip(mark, kinds, strict=True)]
    kinds[0].sort(key=itemgetter("timestamp", "url"), reverse=selection.order == "newest")
    return kinds[0] + kinds[1], Mark(*reached)


def news(db: Database, found: Sequence[Row], tell: Callable[[str], None]) -> Iterator[Exported]:
    """What is found, with what changed; `tell` is called with a sentence for each damaged row."""
    sql = SQL["stood_at"].format(columns=", ".join(HISTORY))
    for one in found:
        url, moment, change = one["url"], one["replaced_at"], "updated" if one["before"] else "new"
        now = db.query(sql, [url, one["timestamp"], f"{moment}~"])
        before = next(sound(db.query(sql, [url, one["before"], moment or "~"]), tell), None)
        for article in sound(now, tell):
            yield article._replace(change="edited" if moment else change, before=before)
