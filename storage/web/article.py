"""The page of an article: what stands and stood in it, what changed, and what is beside it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from sqlite_utils import Database

from storage.difference import compare_paragraphs, compare_words
from storage.exports import FORBIDDEN, REPLACEMENT, Exported, sound
from storage.exports.citation import bibtex
from storage.exports.digest import web_address
from storage.query import QueryError, fold, fts_expression, words_of
from storage.schema import SQL
from storage.search import BEGIN, END, marked
from storage.versions import Row
from storage.web.language import PageError
from storage.web.lists import Asked, Context, article_path, cards, ids_of, minutes, pieces, seen_in_korea, selection_of

_TIMELINE = SQL["history"].format(columns="id, timestamp, written_at, updated_at, replaced_at")
# Words of a title that are in more articles say little, and take long to rank; how many are looked for; and how long
# the words are that are.
_FREQUENT, _WORDS, _LENGTHS = 1_000, 12, range(4, 40)


def path_of(db: Database, key: int) -> str | None:
    """Where the article of a row of `catalogue` is, or of a silent edit; None where there is no such row."""
    for (url,) in db.execute("select url from history where id = ?", [key]):
        ids = [row["id"] for row in db.query(_TIMELINE, [url])]
        number = ids.index(key) + 1
        return article_path(url, {"version": str(number)} if number < len(ids) else None)
    return None


def article_page(db: Database, url: str, asked: Asked, version: str, against: str) -> Context:
    """An article in the list of what is asked for.

    `version` and `against` are numbers of what stood in it, oldest first, as `kbsworld show` has them: which to show,
    and which to compare it with; empty: the last, and none.

    Raises:
        PageError: it is not stored, or has no such version.
    """
    timeline = list(db.query(_TIMELINE, [url]))
    if not timeline:
        raise PageError("not_stored", 404)
    number, other = (_number(text, len(timeline)) for text in (version, against))
    number = number or len(timeline)
    shown = _stood(db, url, timeline[number - 1])
    row = shown.row
    title, paragraphs = _found(shown, asked.get("q", ""))
    return {
        "asked": asked,
        "article": row | {"link": web_address(url), "image_link": web_address(row["image_url"])},
        "title": title,
        "paragraphs": paragraphs,
        "minutes": minutes(len(row["text"]), row["lang"]),
        "number": number,
        "timeline": _timeline(timeline),
        "path": article_path(url),
        "citation": bibtex({key: FORBIDDEN.sub(REPLACEMENT, it) if type(it) is str else it for key, it in row.items()}),
        "difference": _difference(db, url, timeline, *sorted((number, other))) if other else None,
        **_beside(db, url, asked),
    }


def _number(text: str, most: int) -> int | None:
    """The number of a version; None where none is given."""
    if text and text not in map(str, range(1, most + 1)):
        raise PageError("no_version", 404, given=text[:40], most=most)
    return int(text) if text else None


def _stood(db: Database, url: str, entry: Row) -> Exported:
    damage: list[str] = []
    for shown in sound(db.query("select * from history where url = ? and id = ?", [url, entry["id"]]), damage.append):
        return shown
    raise ValueError(damage[0] if damage else f"{url} has changed meanwhile; load the page again.")


def _timeline(rows: Sequence[Row]) -> list[Context]:
    """How what stands in an article came about: when, and whether it was written, updated or edited then."""
    first = rows[0]
    # An article may have been fetched after an update only; one without any date has that of its capture.
    is_of = {first["updated_at"]: "updated", first["written_at"]: "written"}
    changes = [{"change": is_of.get(first["timestamp"], "captured"), "moment": first["timestamp"]}]
    for before, row in pairwise(rows):
        seen = seen_in_korea(before["replaced_at"]) if before["timestamp"] == row["timestamp"] else None
        changes.append({"change": "edited" if seen else "updated", "moment": seen or row["timestamp"]})
    return changes


def _difference(db: Database, url: str, timeline: Sequence[Row], old: int, new: int) -> Context:
    before, after = (_stood(db, url, timeline[number - 1]) for number in (old, new))
    title = compare_words(before.row["title"] or "", after.row["title"] or "")
    paragraphs = compare_paragraphs(before.paragraphs, after.paragraphs)
    is_same = all(piece.change == "equal" for found in (title, *paragraphs) for piece in found)
    return {"old": old, "new": new, "title": title, "paragraphs": paragraphs, "is_same": is_same}


def _found(shown: Exported, query: str) -> tuple[list[str], list[list[str]]]:
    """Title and paragraphs in pieces, of which every second one is a match of a query."""
    title, text = shown.row["title"] or "", "\n\n".join(shown.paragraphs)
    with suppress(QueryError):
        for _, *found in marked(fts_expression(query), [(0, title, text)]) if query else ():
            title, text = (each or "" for each in found)
    # A phrase can go on in the next paragraph.
    text = re.sub(f"{BEGIN}[^{END}]*{END}", lambda match: match[0].replace("\n\n", f"{END}\n\n{BEGIN}"), text)
    return pieces(title, None), [pieces(paragraph, None) for paragraph in text.split("\n\n")]


def _beside(db: Database, url: str, asked: Asked) -> Context:
    """The articles before and after in the list, of the same day, and those that are similar."""
    key, title, day, moment = db.execute(SQL["newest"], [url]).fetchone()
    at = {"moment": moment, "id": key}
    found = {
        "same_day": [one for (one,) in db.execute(SQL["same_day"], [day, f"{day}~", key])],
        "similar": _similar(db, key, title or ""),
        "newer": [one for (one,) in db.execute(SQL["newer"], at)],
        "older": [one for (one,) in db.execute(SQL["older"], at)],
    }
    if asked:
        listed: list[int] = []
        with suppress(ValueError):  # it cannot be understood
            listed = ids_of(db, selection_of(db, asked))
        place = listed.index(key) if key in listed else len(listed) + 1
        found |= {"newer": listed[max(place - 1, 0) : place], "older": listed[place + 1 : place + 2]}
    shown = {one["id"]: one for one in cards(db, [one for ids in found.values() for one in ids])}
    return {"day": day, **{name: [shown[one] for one in ids if one in shown] for name, ids in found.items()}}


def _similar(db: Database, key: int, title: str) -> list[int]:
    """The articles with the rarest words of a title, best matches first."""
    words = dict.fromkeys(f'"{fold(word)}"' for word in words_of(title) if len(word) in _LENGTHS)
    counts = {word: db.execute(SQL["matches"], [word, _FREQUENT]).fetchone()[0] for word in list(words)[:_WORDS]}
    rare = [word for word, count in counts.items() if 1 < count < _FREQUENT]
    return [one for (one,) in db.execute(SQL["similar"], [" OR ".join(rare), key])] if rare else []
