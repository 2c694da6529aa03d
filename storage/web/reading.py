"""What the pages made for reading show: each function takes a connection and gives the context of a page."""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from sqlite_utils import Database

from storage.query import QueryError
from storage.search import BEGIN, END, Hit, search
from storage.versions import COLUMNS
from storage.web.difference import Piece, compare_paragraphs, compare_words

Context = dict[str, Any]

#: Results of a search on one page, and articles on the front page.
MAX_RESULTS = 50
NEWEST = 12
# Characters of a title and of a snippet among the results.
_MAX_SHOWN = 500

_COUNTS = """
    select (select count(*) from catalogue where latest) as articles, (select count(*) from catalogue) as versions,
      (select count(distinct day) from catalogue where latest) as days,
      (select min(day) from catalogue) as first, (select max(day) from catalogue) as last,
      (select max(started_at) from runs) as last_pull
"""
_NEWEST = """
    select id, title, category, written_at, timestamp, lang from catalogue
    where latest order by timestamp desc, url limit ?
"""
_ARTICLE = f"""
    select catalogue.id, catalogue.latest, {", ".join(f"articles.{name}" for name in COLUMNS)}
    from catalogue join articles using (url, timestamp) where catalogue.id = ?
"""  # noqa: S608
_VERSIONS = "select id, timestamp, latest, title from catalogue where url = ? order by timestamp desc limit 1000"


def front_page(connection: sqlite3.Connection) -> Context:
    """How much there is, and the newest."""
    db = _database(connection)
    [counts] = db.query(_COUNTS)
    return {"counts": counts, "newest": list(db.query(_NEWEST, [NEWEST]))}


def results(connection: sqlite3.Connection, query: str) -> Context:
    """What a search finds; nothing where the query cannot be understood."""
    try:
        hits = search(_database(connection), query, limit=MAX_RESULTS)
    except QueryError:
        hits = []
    return {"q": query, "hits": [_marked(hit) for hit in hits], "is_cut": len(hits) == MAX_RESULTS}


def article(connection: sqlite3.Connection, key: str, against: str | None) -> Context:
    """A version of an article, its other versions, and what it differs in from one of them.

    Args:
        connection: of the database.
        key: its id in `catalogue`.
        against: the id of the version it is compared with, if any.
    """
    db = _database(connection)
    shown = _version(db, key)
    if shown is None:
        return {}
    versions = list(db.query(_VERSIONS, [shown["url"]]))
    other = _version(db, against) if against else None
    return {
        "article": shown,
        "versions": versions,
        "newest_id": next((version["id"] for version in versions if version["latest"]), None),
        "difference": _difference(shown, other) if other and other["url"] == shown["url"] else None,
    }


def _version(db: Database, key: str | None) -> Context | None:
    found = next(db.query(_ARTICLE, [key]), None)
    if found is None:
        return None
    return {
        **found,
        "paragraphs": json.loads(found["paragraphs"]),
        "link": _web_address(found["url"]),
        "image_link": _web_address(found["image_url"]),
    }


def _difference(shown: Context, other: Context) -> Context:
    """What is new in the later of two versions of an article."""
    old, new = sorted((shown, other), key=lambda version: str(version["timestamp"]))
    title = compare_words(old["title"] or "", new["title"] or "")
    paragraphs = compare_paragraphs(old["paragraphs"], new["paragraphs"])
    is_same = all(piece.change == "equal" for pieces in (title, *paragraphs) for piece in pieces)
    return {"old": old, "new": new, "title": title, "paragraphs": paragraphs, "is_same": is_same}


def _web_address(url: str | None) -> str | None:
    """An address that a link may lead to: pages can give whatever they like for one."""
    try:
        return url if url and urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _marked(hit: Hit) -> Context:
    """A hit for a page: title and snippet in pieces, of which those that were found are marked."""
    return {
        "id": hit.id,
        "category": hit.category,
        "written_at": hit.written_at or hit.timestamp,
        "lang": hit.lang,
        "title": _shortened(_pieces(hit.title or "")),
        "snippet": _shortened(_pieces(hit.snippet)),
    }


def _pieces(text: str) -> list[Piece]:
    pieces = []
    for part in text.split(BEGIN):
        found, end, rest = part.partition(END)
        if end:
            pieces.append(Piece("insert", found))
        pieces.append(Piece("equal", rest if end else found))
    return [piece for piece in pieces if piece.text]


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """The beginning: a title, and a single word, can be as long as a page."""
    kept: list[Piece] = []
    room = _MAX_SHOWN
    for piece in pieces:
        if len(piece.text) > room:
            return [*kept, Piece(piece.change, f"{piece.text[:room]}…")]
        kept.append(piece)
        room -= len(piece.text)
    return kept


def _database(connection: sqlite3.Connection) -> Database:
    return Database(connection, execute_plugins=False)
