"""The page of an article: what stands and stood in it, what changed, and what is beside it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from sqlite_utils import Database

from extractors.address import EDITIONS, site_url
from storage.difference import compare_paragraphs, compare_words
from storage.exports import FORBIDDEN, REPLACEMENT, Exported, sound
from storage.exports.citation import bibtex
from storage.exports.digest import web_address
from storage.query import QueryError, fold, fts_expression, words_of
from storage.schema import SQL
from storage.search import BEGIN, END, marked
from storage.versions import Row
from storage.web.language import PageError, seen_in_korea
from storage.web.lists import Asked, Context, article_path, asked_in, cards, ids_of, minutes, pieces, selection_of

_TIMELINE = SQL["history"].format(columns="id, timestamp, written_at, updated_at, replaced_at")
# A title and paragraphs in pieces, as `lists.pieces` and storage.difference make them.
_Shown = tuple[Sequence[tuple[str, str]], Sequence[Sequence[tuple[str, str]]]]

# Words of a title that are in more articles say little, and take long to rank; how many are looked for; and how long
# the words are that are.
_FREQUENT, _WORDS, _LENGTHS = 1_000, 12, range(4, 40)


def path_of(db: Database, key: int) -> str:
    """Where the article of a row of `catalogue` is, or of a silent edit; PageError where there is no such row."""
    for (url,) in db.execute("select url from history where id = ?", [key]):
        ids = [row["id"] for row in db.query(_TIMELINE, [url])]
        number = ids.index(key) + 1
        return article_path(url, {"version": str(number)} if number < len(ids) else None)
    raise PageError("not_stored", 404)


def article_page(db: Database, given: Asked) -> Context:
    """An article by its `edition` and `number`, or by its `url`, in the list of what is asked for.

    `version` and `against` are numbers of what stood in it, oldest first, as `kbsworld show` has them: which to show,
    and which to compare it with; none given: the last, and none.

    Raises:
        PageError: it is not stored, or has no such version.
    """
    edition, asked = given.get("edition", ""), asked_in(given)
    url = site_url("news", edition, number=given.get("number", "")) if edition in EDITIONS else given.get("url", "")
    timeline = list(db.query(_TIMELINE, [url]))
    if not timeline:
        raise PageError("not_stored", 404)
    number, other = (_number(given.get(name, ""), len(timeline)) for name in ("version", "against"))
    number = number or len(timeline)
    compared = sorted((number, other)) if other else []
    shown, *both = (_stood(db, url, timeline[at - 1]) for at in (number, *compared))
    row = shown.row
    title, paragraphs = _difference(*both) if both else _found(shown, asked.get("q", ""))
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
        "compared": compared,
        "is_same": all(change == "equal" for found in (title, *paragraphs) for change, _ in found),
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


def _difference(old: Exported, new: Exported) -> _Shown:
    title = compare_words(old.row["title"] or "", new.row["title"] or "")
    return title, compare_paragraphs(old.paragraphs, new.paragraphs)


def _found(shown: Exported, query: str) -> _Shown:
    """Title and paragraphs with what a query finds in them."""
    title, text = shown.row["title"] or "", "\n\n".join(shown.paragraphs)
    with suppress(QueryError):
        for _, *found in marked(fts_expression(query), [(0, title, text)]) if query else ():
            title, text = (each or "" for each in found)
    # A phrase can go on in the next paragraph.
    text = re.sub(f"{BEGIN}[^{END}]*{END}", lambda match: match[0].replace("\n\n", f"{END}\n\n{BEGIN}"), text)
    return pieces(title, None), [pieces(paragraph, None) for paragraph in text.split("\n\n") if paragraph]


def _beside(db: Database, url: str, asked: Asked) -> Context:
    """The articles before and after in the list, of the same day, and those that are similar."""
    key, title, day, moment = db.execute(SQL["newest"], [url]).fetchone()
    at = {"moment": moment, "id": key, "day": day}
    found = {name: [one for (one,) in db.execute(SQL[name], at)] for name in ("same_day", "newer", "older")}
    found["similar"] = _similar(db, key, title or "")
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
