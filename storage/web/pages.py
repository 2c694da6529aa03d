"""The contexts of the pages for reading."""

import json
import re
from dataclasses import asdict
from io import BytesIO
from typing import Any

from sqlite_utils import Database

from storage.difference import compare_paragraphs, compare_words
from storage.exports import atom, sound
from storage.exports.digest import web_address
from storage.query import QueryError
from storage.search import BEGIN, END, search
from storage.selection import NEWEST, Selection, find_category, select_rows
from storage.statistics import summarize

Context = dict[str, Any]

_MAX_RESULTS = 50
# Characters of a title and of a snippet among the results: a title, and a single word, can be as long as a page.
_MAX_SHOWN = 500

_LATEST = """
    select id, title, category, written_at, timestamp, lang from catalogue
    where latest order by timestamp desc, url limit 12
"""
_VERSION = "select * from history where id = ?"
_EDITS = "select -id as id, timestamp, replaced_at from silent_edits where url = ? order by replaced_at desc limit 1000"
_VERSIONS = "select id, timestamp, latest, title from catalogue where url = ? order by timestamp desc limit 1000"


def front_page(db: Database) -> Context:
    """Counts, and the newest articles."""
    return {"counts": summarize(db, NEWEST), "newest": list(db.query(_LATEST))}


def results(db: Database, query: str) -> Context:
    """The results of a search; none if the query cannot be understood."""
    try:
        found = search(db, Selection(query=query, order="rank", limit=_MAX_RESULTS))
    except QueryError:
        found = []
    hits = [asdict(hit) | {"title": _marked(hit.title), "snippet": _marked(hit.snippet)} for hit in found]
    return {"q": query, "hits": hits, "is_cut": len(hits) == _MAX_RESULTS}


def feed(db: Database, query: str, category: str | None, address: str) -> bytes:
    """The newest articles as an Atom feed; ValueError, with a sentence, for a wrong query or an unknown category."""
    categories = () if category is None else (find_category(db, category),)
    selection = Selection(query=query, categories=categories, order="newest", limit=_MAX_RESULTS)
    out = BytesIO()
    atom.write(sound(select_rows(db, selection), lambda _: None), out, selection, address)
    return out.getvalue()


def article(db: Database, key: str, against: str | None) -> Context:
    """A version of an article by its id in `catalogue`, its other versions, and its difference from one of them."""
    shown = _version(db, key)
    if shown is None:
        return {}
    versions = list(db.query(_VERSIONS, [shown["url"]]))
    other = _version(db, against) if against else None
    return {
        "article": shown,
        "versions": versions,
        "edits": list(db.query(_EDITS, [shown["url"]])),
        "newest_id": next((version["id"] for version in versions if version["latest"]), None),
        "difference": _difference(shown, other) if other and other["url"] == shown["url"] else None,
    }


def _version(db: Database, key: str) -> Context | None:
    """A version by its id in `catalogue`; a silent edit by its own with a minus."""
    for found in db.query(_VERSION, [key]):
        links = {"link": web_address(found["url"]), "image_link": web_address(found["image_url"])}
        return {**found, **links, "paragraphs": json.loads(found["paragraphs"])}
    return None


def _difference(shown: Context, other: Context) -> Context:
    # What stood in a row before a silent edit is older than what is there now.
    old, new = sorted((shown, other), key=lambda one: (str(one["timestamp"]), one["replaced_at"] or "~"))
    title = compare_words(old["title"] or "", new["title"] or "")
    paragraphs = compare_paragraphs(old["paragraphs"], new["paragraphs"])
    is_same = all(piece.change == "equal" for pieces in (title, *paragraphs) for piece in pieces)
    return {"old": old, "new": new, "title": title, "paragraphs": paragraphs, "is_same": is_same}


def _marked(text: str | None) -> list[str]:
    """The beginning of a text of search results in pieces, of which every second one is a match."""
    return re.split(f"[{BEGIN}{END}]", text[:_MAX_SHOWN]) if text else []
