"""What a person types into a search box -> an expression of FTS5, or a sentence on what is wrong with it."""

from __future__ import annotations

import re

#: A query of more words than this is a text.
MAX_WORDS = 50
MAX_LENGTH = 1000

_ITEMS = re.compile(r'\s*(?:(?P<phrase>"[^"]*"?\*?)|(?P<mark>[()])|(?P<word>[^\s()"]+))')
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_COLUMNS = {"title": "title", "titre": "title", "text": "text", "texte": "text"}
_QUOTES = str.maketrans("«»“”„", '"""""')
# One letter for two, as French writes it, and not: cœur and coeur are one word.
_LIGATURES = {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"}


class QueryError(ValueError):
    """A query that cannot be understood; the message is a sentence that says how to put it."""


def fts_expression(query: str) -> str:
    """The FTS5 expression of a query.

    Words must all be there, in any order and form (accents and capitals aside); `"two words"` or « two words » stand
    together; `word*` begins so; `OR`, `NOT` (and `AND`, which goes without saying) in capitals, and brackets, mean what
    they say; `title:word` looks in the title alone.

    Args:
        query: as typed.

    Raises:
        QueryError: it is empty, or its quotes, brackets or operators do not fit together.
    """
    if len(query) > MAX_LENGTH:
        raise QueryError(f"This query has {len(query):,} characters; give {MAX_LENGTH:,} at most.")
    return _Parser(query).expression()


def words_of(text: str) -> list[str]:
    """What search takes for the words of a text: runs of letters and digits."""
    return re.findall(r"[^\W_]+", text)


class _Parser:
    """Reads a query from left to right."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._items = list(_items(query.translate(_QUOTES)))
        self._at = 0

    def expression(self) -> str:
        if not any(words_of(item) for item in self._items if item not in _OPERATORS):
            raise QueryError("There is no word in this query; give one, such as: coree.")
        if len(self._items) > MAX_WORDS:
            raise QueryError(f"This query has {len(self._items)} words; give {MAX_WORDS} at most.")
        expression = self._either()
        if self._at < len(self._items):
            raise QueryError("A bracket is closed that was never opened; write it as in: (nord OR sud) sommet.")
        return expression

    def _either(self) -> str:
        parts = [self._all()]
        while self._next() == "OR":
            self._at += 1
            parts.append(self._all())
        return " OR ".join(parts) if len(parts) > 1 else parts[0]

    def _all(self) -> str:
        parts: list[str] = []
        without: list[str] = []
        while (item := self._next()) not in {None, "OR", ")"}:
            if item in {"AND", "NOT"}:
                if not parts:
                    raise QueryError(f"{item} stands before any word; write it as in: coree {item} japon.")
                self._at += 1
                if self._next() in {None, "OR", "AND", "NOT", ")"}:
                    raise QueryError(f"A word is missing after {item}; write it as in: coree {item} japon.")
            found = self._one()
            if found:
                (without if item == "NOT" else parts).append(found)
        if not parts:
            raise QueryError("OR and brackets need words on both sides; write it as in: (nord OR sud) sommet.")
        wanted = " AND ".join(parts)
        return f"(({wanted}) NOT ({' OR '.join(without)}))" if without else f"({wanted})"

    def _one(self) -> str:
        item = self._items[self._at]
        self._at += 1
        if item != "(":
            return _term(item)
        inner = self._either()
        if self._next() != ")":
            raise QueryError("A bracket is not closed; write it as in: (nord OR sud) sommet.")
        self._at += 1
        return f"({inner})"

    def _next(self) -> str | None:
        return self._items[self._at] if self._at < len(self._items) else None


def _items(query: str) -> list[str]:
    items = []
    for found in _ITEMS.finditer(query.strip()):
        item = found[0].strip()
        if found["phrase"] and not re.fullmatch(r'"[^"]*"\*?', item):
            raise QueryError('A quote is not closed; write it as in: "conseil de sécurité".')
        items.append(item)
    return items


def _term(item: str) -> str:
    """A word or phrase in quotes, which FTS5 takes for words whatever stands in it; empty where none does."""
    name, colon, rest = item.partition(":")
    column = _COLUMNS.get(name.lower()) if colon and rest else None
    item = rest if column else item
    if not words_of(item):
        return ""
    prefix = "*" if item.endswith("*") else ""
    quoted = f'"{item.strip(chr(34) + "*").replace(chr(34), " ")}"{prefix}'
    spellings = dict.fromkeys([quoted, *_respelt(quoted)])
    either = f"({' OR '.join(spellings)})" if len(spellings) > 1 else quoted
    return f"{column} : {either}" if column else either


def _respelt(word: str) -> list[str]:
    """The word with its ligatures taken apart, and put together."""
    apart, together = word, word
    for one, two in _LIGATURES.items():
        apart, together = apart.replace(one, two), together.replace(two, one)
    return [apart, together]
