"""One article: which one is meant, and all that stood in it, its silent edits too."""

from collections.abc import Sequence

from sqlite_utils import Database

from storage.selection import find_urls
from storage.versions import COLUMNS, Row

_HISTORY = f"""
    select id, {", ".join(f"articles.{name}" for name in COLUMNS)}, null as replaced_at
    from catalogue join articles using (url, timestamp) where url = :url
    union all select -id, {", ".join(COLUMNS)}, replaced_at from silent_edits where url = :url
    order by timestamp, replaced_at nulls last
"""  # noqa: S608


def history(db: Database, given: str) -> tuple[list[Row], int]:
    """What stood in an article, oldest first, with the columns of HISTORY; and the number of what is meant, from 1.

    Args:
        given: any address of it or its number (`Seq_Code`), which mean the last; or the id of a row of `catalogue`.

    Raises:
        ValueError: there is none, or several; the message is a sentence.
    """
    key = ""
    try:
        urls = find_urls(db, [given])
    except ValueError:
        urls = db.execute("select url from catalogue where id = ?", [key := ascii(given)[1:-1]]).fetchone()
        if urls is None:
            raise
    if len(urls) > 1:
        raise ValueError(f"{given} is the number of {len(urls)} articles; give an address: {', '.join(urls)}.")
    rows = list(db.query(_HISTORY, {"url": urls[0]}))
    return rows, next((number for number, row in enumerate(rows, 1) if str(row["id"]) == key), len(rows))


def version(rows: Sequence[Row], number: str) -> Row:
    """One row of a history by its number; ValueError, with a sentence, where there is none."""
    numbers = [str(one) for one in range(1, len(rows) + 1)]
    if number not in numbers:
        has = f"the versions 1 to {len(rows)}" if len(rows) > 1 else "one version"
        raise ValueError(f"There is no version {number}; the article has {has} (kbsworld show lists them).")
    return rows[numbers.index(number)]
