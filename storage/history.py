"""One article: which one is meant, and all that stood in it, its silent edits too."""

from collections.abc import Sequence

from sqlite_utils import Database

from storage.selection import find_urls
from storage.versions import COLUMNS, Row

_COLUMNS = ", ".join(COLUMNS)
_HISTORY = f"""
    select * from (select id, {", ".join(f"articles.{name}" for name in COLUMNS)}, null as replaced_at
    from catalogue join articles using (url, timestamp) where url = :url
    union all select -id, {_COLUMNS}, replaced_at from silent_edits where url = :url)
    order by timestamp, replaced_at is null, replaced_at limit :most
"""  # noqa: S608
# More than this nobody reads: a page that changes each time it is fetched has thousands.
_MOST = 1000


def find_article(db: Database, given: str) -> tuple[str, int | None]:
    """The canonical address of a stored article, and the id of its version where one is named.

    Args:
        given: any address of it, its number (`Seq_Code`), or the id of a row of `catalogue`. A number that could be
            both is that of an article.

    Raises:
        ValueError: there is none, or several; the message is a sentence.
    """
    try:
        urls = find_urls(db, [given])
    except ValueError:
        is_id = given.isascii() and given.isdigit() and len(given) < len(str(2**63))
        found = db.execute("select url from catalogue where id = ?", [int(given)]).fetchone() if is_id else None
        if found is None:
            raise
        return found[0], int(given)
    if len(urls) > 1:
        raise ValueError(f"{given} is the number of {len(urls)} articles; give an address: {', '.join(urls)}.")
    return urls[0], None


def history(db: Database, url: str) -> list[Row]:
    """What stood in an article, oldest first: rows with the columns of HISTORY and `id`, which of edits is negative."""
    return list(db.query(_HISTORY, {"url": url, "most": _MOST}))


def version(rows: Sequence[Row], number: int) -> Row:
    """One row of a history by its number, from 1; ValueError, with a sentence, where there is none."""
    if not 1 <= number <= len(rows):
        has = f"the versions 1 to {len(rows)}" if len(rows) > 1 else "one version"
        raise ValueError(f"There is no version {number}; the article has {has} (kbsworld show lists them).")
    return rows[number - 1]
