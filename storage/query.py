"""What a person types into a search box -> an expression of FTS5, or a sentence on what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product

#: A query of more words than this is a text.
MAX_WORDS = 50
MAX_LENGTH = 1000

_COLUMNS = {"title": "title", "titre": "title", "text": "text", "texte": "text"}
_COLUMN = rf"(?i:(?:{'|'.join(_COLUMNS)}):)?"
_ITEMS = re.compile(rf'\s*(?:(?P<phrase>{_COLUMN}"[^"]*"?\*?)|(?P<mark>{_COLUMN}\(|\))|(?P<word>[^\s()"]+))')
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_QUOTES = str.maketrans("«»“”„", '"""""')
# One letter for two, as French writes it, and not: cœur and coeur are one word.
_LIGATURE = re.compile("(œ|oe|æ|ae)", re.IGNORECASE)
_SPELLINGS = {"œ": ("oe", "œ"), "oe": ("oe", "œ"), "æ": ("ae", "æ"), "ae": ("ae", "æ")}
# A phrase with more of them is looked for with all of them, or none: each doubles what is looked for.
_MIXED = 3

# What is wrong with a query, and how to put it, in English and in French.
_FAULTS = {
    "long": (
        "This query has {length:,} characters; give {most:,} at most.",
        "Cette requête a {length} caractères ; n’en donnez pas plus de {most}.",
    ),
    "empty": (
        "There is no word in this query; give one, such as: coree.",
        "Il n’y a aucun mot dans cette requête ; donnez-en un, par exemple : coree.",
    ),
    "many": (
        "This query has {count} words; give {most} at most.",
        "Cette requête a {count} mots ; n’en donnez pas plus de {most}.",
    ),
    "closed": (
        "A bracket is closed that was never opened; write it as in: (nord OR sud) sommet.",
        "Une parenthèse est fermée sans avoir été ouverte ; écrivez comme dans : (nord OR sud) sommet.",
    ),
    "open": (
        "A bracket is not closed; write it as in: (nord OR sud) sommet.",
        "Une parenthèse n’est pas fermée ; écrivez comme dans : (nord OR sud) sommet.",
    ),
    "sides": (
        "OR and brackets need words on both sides; write it as in: (nord OR sud) sommet.",
        "Il manque des mots autour de OR ou entre parenthèses ; écrivez comme dans : (nord OR sud) sommet.",
    ),
    "before": (
        "{operator} stands before any word; write it as in: coree {operator} japon.",
        "{operator} vient avant tout mot ; écrivez comme dans : coree {operator} japon.",
    ),
    "after": (
        "A word is missing after {operator}; write it as in: coree {operator} japon.",
        "Il manque un mot après {operator} ; écrivez comme dans : coree {operator} japon.",
    ),
    "quote": (
        'A quote is not closed; write it as in: "conseil de sécurité".',
        "Un guillemet n’est pas fermé ; écrivez comme dans : « conseil de sécurité ».",
    ),
}


class QueryError(ValueError):
    """A query that cannot be understood; the message is a sentence that says how to put it.

    Attributes:
        words: that sentence by the code of its language, `en` (the message) and `fr`.
    """

    def __init__(self, fault: str, **values: object) -> None:
        """An error; `fault` is a key of the sentences, `values` what stands in their braces."""
        self.words = dict(zip(("en", "fr"), (told.format(**values) for told in _FAULTS[fault]), strict=True))
        super().__init__(self.words["en"])


def fts_expression(query: str) -> str:
    """The FTS5 expression of a query.

    Words must all be there, in any order and form (accents and capitals aside); `"two words"` or « two words » stand
    together; `word*` begins so; `OR`, `NOT` (and `AND`, which goes without saying) in capitals, and brackets, mean what
    they say; `title:word` looks in the title alone, and `title:"two words"` and `title:(one OR other)` do.

    Args:
        query: as typed.

    Raises:
        QueryError: it is empty, or its quotes, brackets or operators do not fit together.
    """
    if len(query) > MAX_LENGTH:
        raise QueryError("long", length=len(query), most=MAX_LENGTH)
    return _Parser(_plain(query)).expression()


def words_of(text: str) -> list[str]:
    """What search takes for the words of a text: runs of letters and digits."""
    return re.findall(r"[^\W_]+", text)


def _plain(query: str) -> str:
    """A query as texts are stored: accents on their letters, nothing invisible; and with one kind of quotes.

    FTS5 would end at a NUL, and no database takes half a character that a shell handed over.
    """
    kinds = ((char, unicodedata.category(char)) for char in unicodedata.normalize("NFC", query.translate(_QUOTES)))
    return "".join(" " if kind in {"Cc", "Cs"} else char for char, kind in kinds if kind != "Cf")


class _Parser:
    """Reads a query from left to right."""

    def __init__(self, query: str) -> None:
        self._items = list(_items(query))
        self._at = 0

    def expression(self) -> str:
        if not any(words_of(item) for item in self._items if item not in _OPERATORS):
            raise QueryError("empty")
        if len(self._items) > MAX_WORDS:
            raise QueryError("many", count=len(self._items), most=MAX_WORDS)
        expression = self._either()
        if self._at < len(self._items):
            raise QueryError("closed")
        return expression

    def _either(self) -> str:
        parts = [self._all()]
        while self._next() == "OR":
            self._at += 1
            parts.append(self._all())
        return _joined(" OR ", parts)

    def _all(self) -> str:
        parts: list[str] = []
        without: list[str] = []
        while self._next() not in {None, "OR", ")"}:
            operator = self._operator(is_first=not parts)
            found = self._one()
            if found:
                (without if operator == "NOT" else parts).append(found)
        if not parts:
            raise QueryError("sides")
        wanted = _joined(" AND ", parts)
        return f"({wanted} NOT {_joined(' OR ', without)})" if without else wanted

    def _operator(self, *, is_first: bool) -> str:
        """AND or NOT, where one stands here; AND NOT is NOT."""
        operator = ""
        while (item := self._next()) in {"AND", "NOT"} and operator != "NOT" and item != operator:
            assert item is not None
            operator = item
            self._at += 1
        if operator and is_first:
            raise QueryError("before", operator=operator)
        if operator and self._next() in {None, ")", *_OPERATORS}:
            raise QueryError("after", operator=operator)
        return operator

    def _one(self) -> str:
        item = self._items[self._at]
        self._at += 1
        if not item.endswith("("):
            return _term(item)
        inner = self._either()
        if self._next() != ")":
            raise QueryError("open")
        self._at += 1
        return _in_column(_COLUMNS.get(item[:-2].lower()), inner)

    def _next(self) -> str | None:
        return self._items[self._at] if self._at < len(self._items) else None


def _items(query: str) -> Iterator[str]:
    for found in _ITEMS.finditer(query):
        item = found[0].strip()
        if found["phrase"] and not item.rstrip("*").endswith('"', item.index('"') + 1):
            raise QueryError("quote")
        yield item


def _joined(operator: str, parts: list[str]) -> str:
    return f"({operator.join(parts)})" if len(parts) > 1 else parts[0]


def _in_column(column: str | None, expression: str) -> str:
    return f"{column} : {expression}" if column else expression


def _term(item: str) -> str:
    """A word or phrase in quotes, which FTS5 takes for words whatever stands in it; empty where none does."""
    name, _, rest = item.partition(":")
    column = _COLUMNS.get(name.lower()) if words_of(rest) else None
    item = rest if column else item
    if not words_of(item):
        return ""
    prefix = "*" if item.endswith("*") else ""
    return _in_column(column, _joined(" OR ", [f'"{text}"{prefix}' for text in _spellings(item.strip('"*'))]))


def _spellings(text: str) -> list[str]:
    """A text with its ligatures taken apart, and put together."""
    parts = _LIGATURE.split(text)
    choices = [_SPELLINGS.get(part.lower(), (part,)) for part in parts]
    if len(parts) // 2 > _MIXED:
        return ["".join(choice[0] for choice in choices), "".join(choice[-1] for choice in choices)]
    return ["".join(chosen) for chosen in product(*choices)]
