"""A search query as a person types it -> an expression of FTS5, or a sentence that says what is wrong with it."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import islice, product

#: A longer query is a text, and not a query (query.toml says so).
MAX_WORDS = 50
MAX_LENGTH = 1000

_COLUMNS = {"title": "title", "titre": "title", "text": "text", "texte": "text"}
_COLUMN = rf"(?i:(?:{'|'.join(_COLUMNS)}):)?"
# A hyphen before what is to be left out, as other search engines have it; in `semi-conducteurs` it is none.
_MINUS = r'(?P<minus>(?<![^\s(])-(?=[\w"(]))'
_ITEMS = re.compile(rf'\s*(?:{_MINUS}|(?P<phrase>{_COLUMN}"[^"]*"?\*?)|(?P<mark>{_COLUMN}\(|\))|(?P<word>[^\s()"]+))')
_OPERATORS = frozenset({"OR", "NOT"})
_QUOTES = str.maketrans("«»“”„", '"""""')
# French writes cœur and coeur: they are one word.
_LIGATURE = re.compile("(œ|oe|æ|ae)", re.IGNORECASE)
_SPELLINGS = {"œ": ("œ", "oe"), "oe": ("oe", "œ"), "æ": ("æ", "ae"), "ae": ("ae", "æ")}
# Each ligature doubles the spellings of a phrase. With more than six, those before the last six are as typed.
_MAX_SPELLINGS = 64

# Letters with a stroke, which are no forms of others to Unicode.
_STROKED = "đĐðÐħĦıłŁøØŧŦ"
_WITHOUT_STROKES = str.maketrans(_STROKED, "dDdDhHilLoOtT")

_FAULTS: Mapping[str, Mapping[str, str]] = tomllib.loads(files("storage").joinpath("query.toml").read_text("utf-8"))


class QueryError(ValueError):
    """A query that cannot be understood. The message is a sentence that says how to write it.

    Attributes:
        words: that sentence (query.toml) by the code of its language, `en` (the message) and `fr`.
    """

    def __init__(self, fault: str) -> None:
        self.words = _FAULTS[fault]
        super().__init__(self.words["en"])


def fts_expression(query: str) -> str:
    """The FTS5 expression of a query.

    All words must be in the article, in any order and form (accents and capitals make no difference); `"two words"` or
    « two words » are a phrase; `word*` is the beginning of a word; `OR`, `NOT` (or `-word`) and `AND` (the default) in
    capitals and brackets combine them; `title:word`, `title:"two words"` and `title:(one OR other)` search in titles.

    Raises:
        QueryError: it is empty or too long, or its quotes, brackets or operators do not match.
    """
    items = [item for item in _items(_plain(query)) if item != "AND"]
    if len(query) > MAX_LENGTH or len(items) > MAX_WORDS:
        raise QueryError("long")
    if not any(words_of(item) for item in items if item not in _OPERATORS):
        raise QueryError("empty")
    # To FTS5, too, NOT binds more closely than AND, and that more than OR.
    tokens, depth = ["("], 1
    for item in [*items, ")"]:
        if depth == 0:
            raise QueryError("brackets")
        is_begun = not tokens[-1].endswith(("(", *_OPERATORS))
        if item == ")" or item in _OPERATORS:
            if not is_begun:
                raise QueryError("sides")
            depth -= item == ")"
            tokens.append(item)
        elif operand := _operand(item):
            depth += operand.endswith("(")
            tokens += ["AND", operand] if is_begun else [operand]
        elif tokens[-1] == "NOT":
            tokens.pop()  # there is nothing to leave out
    if depth:
        raise QueryError("brackets")
    return " ".join(tokens[1:-1])


def as_written(query: str) -> re.Pattern[str]:
    """What matches a word that is written exactly as one of a query, with its accents and capitals."""
    words = re.findall(r"([^\W_]+)([^\w\s]?\*)?", unicodedata.normalize("NFC", query))
    return re.compile("|".join(word + (r"[^\W_]*" if is_prefix else "") for word, is_prefix in words))


def split(queries: str) -> list[str]:
    """Queries that are separated by commas; in quotes a comma is none."""
    return re.findall(r'(?:[^,"]|"[^"]*"?)+', queries.translate(_QUOTES))


def words_of(text: str) -> list[str]:
    """What search takes for the words of a text: runs of letters and digits."""
    return re.findall(r"[^\W_]+", text)


def unaccented(text: str) -> str:
    """A text without its accents, in lower case: as search compares."""
    decomposed = unicodedata.normalize("NFD", text)
    letters = "".join(character.lower() for character in decomposed if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", letters)  # syllables of Hangul are decomposed, too


def fold(text: str) -> str:
    """A text as it is indexed: ligatures, full-width forms, ㎞, ² and ø as the letters that they mean."""
    plain = text.replace("…", "...")  # which is in many texts, and in no word
    is_stroked = any(char in text for char in _STROKED)  # a fifth of the time of translating
    folded = unicodedata.normalize("NFKC", plain.translate(_WITHOUT_STROKES) if is_stroked else plain)
    return text if folded == plain or words_of(folded) == words_of(text) else folded


def _plain(query: str) -> str:
    """A query as texts are indexed: folded, no invisible characters; and with one kind of quotes.

    FTS5 would end at a NUL, and SQLite does not take half a character from the command line.
    """
    kinds = ((char, unicodedata.category(char)) for char in fold(query.translate(_QUOTES)))
    return "".join(" " if kind in {"Cc", "Cs"} else char for char, kind in kinds if kind != "Cf")


def _items(query: str) -> Iterator[str]:
    for found in _ITEMS.finditer(query):
        item = "NOT" if found["minus"] else found[0].strip()
        if found["phrase"] and not item.rstrip("*").endswith('"', item.index('"') + 1):
            raise QueryError("quote")
        yield item


def _operand(item: str) -> str:
    """A word or phrase in quotes, which FTS5 takes for words whatever is in it; or a bracket that opens.

    Empty where it has no words.
    """
    name, _, rest = item.partition(":")
    column = _COLUMNS.get(name.lower()) if rest == "(" or words_of(rest) else None
    operand = rest if column else item
    if operand != "(":
        if not words_of(operand):
            return ""
        prefix = "*" if operand.endswith("*") else ""
        parts = _LIGATURE.split(operand.replace('"', " ").strip("* "))
        choices = product(*(_SPELLINGS.get(part.lower(), (part,)) for part in parts))
        spellings = [f'"{"".join(chosen)}"{prefix}' for chosen in islice(choices, _MAX_SPELLINGS)]
        operand = f"({' OR '.join(spellings)})" if spellings[1:] else spellings[0]
    return f"{column} : {operand}" if column else operand
