"""What can be counted of the articles: each statistic once (statistics.toml), for tables, charts and the web pages."""

import json
import re
import sqlite3
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Literal

from sqlite_utils import Database

from extractors.layout import GENERIC, LAYOUT_NAMES, TEXT
from storage.query import QueryError, fts_expression, split, unaccented
from storage.schema import SQL
from storage.selection import Selection
from storage.versions import Row

#: The language of titles and sentences, not of the articles.
Language = Literal["en", "fr"]
#: The same words in each language.
Words = Mapping[str, str]

#: The name in results of the less frequent values together.
OTHERS: Words = {"en": "others", "fr": "autres"}
_PERIOD = "substr(catalogue.month, 1, iif(:by = 'year', 4, 7))"
_NONE: Words = {"en": "(none)", "fr": "(sans)"}
# A word of Latin letters, Hangul or Han: the index has it as `unaccented` gives it.
_FOLDED_ALIKE = re.compile('"[0-9A-Za-zÀ-ÖØ-öø-ſ가-힣一-鿿]+"')
#: How many words are counted side by side at most.
MAX_WORDS_ASKED = 9
#: How many characters a label in a chart or a table has at most; pages can make theirs as long as they like.
MAX_LABEL = 30
#: The names of the layouts, news first.
KNOWN_LAYOUTS = (*LAYOUT_NAMES, TEXT, GENERIC)


def _of_years(words: Words) -> Words:
    return {"en": words["en"].replace("month", "year"), "fr": words["fr"].replace("mois", "année")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A question to the database, and how its answer is shown; the comments of statistics.toml explain the fields."""

    name: str
    title: Words
    description: Words
    columns: Mapping[str, Words]
    chart: Mapping[str, Any]
    sql: str
    across: str = ""
    beside: Sequence[str] = ("articles",)
    coverage: bool = False
    words: Mapping[str, Words] = field(default_factory=dict)
    period: Literal["month", "year"] = "month"

    def by_year(self) -> "Statistic":
        """The same for years, if it counts by `{period}`: its words and its chart say so."""
        if "{period}" not in self.sql:
            return self
        columns = {name: _of_years(words) for name, words in self.columns.items()}
        title, description = _of_years(self.title), _of_years(self.description)
        return replace(self, period="year", title=title, description=description, columns=columns)

    @property
    def asks_for_word(self) -> bool:
        """Whether it is about a word of the caller."""
        return ":word" in self.sql

    def query(self, condition: str, language: Language) -> str:
        """The query in one line, with words for what has no name; it may call the functions that `register` adds.

        `condition` on rows of `catalogue` is the code's own SQL, with parameters for values.
        """
        words = {name: each[language] for name, each in {"others": OTHERS, "none": _NONE, **self.words}.items()}
        facts = {"period": _PERIOD, "layouts": KNOWN_LAYOUTS}
        return " ".join(self.sql.format(selected=condition, **facts, **words).split())


#: All there are, by name, in the order in which they are shown.
STATISTICS: Mapping[str, Statistic] = {
    name: Statistic(name=name, **entry)
    for name, entry in tomllib.loads(files("storage").joinpath("statistics.toml").read_text("utf-8")).items()
}


def run(db: Database, which: Statistic, selection: Selection, language: Language = "en", word: str = "") -> list[Row]:
    """The rows of one of STATISTICS, in its order, for the articles of a selection.

    Args:
        language: of the words for what has no name.
        word: search queries (`storage.query`), separated by commas, for the statistic that asks for them; one that is
            invalid matches nothing.
    """
    register(db.conn)
    asked = {"word": word, "by": which.period, "category": next(iter(selection.categories), None)}
    return list(db.query(which.query(selection.condition, language), selection.values | asked))


def summarize(db: Database, selection: Selection) -> Row:
    """Count what a selection holds.

    Returns:
        articles, versions: articles selected, and all versions of articles that match the rest of the selection.
        editions: how many articles of each language, as `fr 800, en 12`; None where there is none.
        silent_edits: of those versions.
        first, last: the first and the last day with an article, in KST; None where there is no article.
        days: with an article.
        refused: pages without article, of the whole database.
        pulled_at: when the last crawl ended, or began where it has no end; ISO 8601, UTC; None: there was none.
    """
    versions = replace(selection, all_versions=True).condition
    sql = SQL["summary"].format(versions=versions, selected=selection.condition)
    [counted] = db.query(sql, selection.values)
    return counted


def register(connection: sqlite3.Connection) -> None:
    """Give a connection what queries use: functions, and `articles_words`, the places of words in the index."""
    connection.create_function("kbs_words", 1, words_asked, deterministic=True)
    connection.create_function("kbs_tokens", 1, tokens, deterministic=True)
    connection.create_function("kbs_label", 1, label, deterministic=True)
    # Datasette's own knows neither `OR` nor `title:`, and does not catch errors.
    connection.create_function("escape_fts", 1, match_expression, deterministic=True)
    # A table of this connection alone; one of the database would be counted and listed in the reading room.
    [is_read_only] = connection.execute("pragma query_only").fetchone()
    connection.execute("pragma query_only = off")
    words = "fts5vocab('main', 'articles_fts', 'instance')"
    connection.execute(f"create virtual table if not exists temp.articles_words using {words}")
    connection.execute(f"pragma query_only = {is_read_only}")


def match_expression(query: object) -> str:
    """What `articles_fts match` takes for a query as typed; one that cannot be understood matches nothing."""
    try:
        return fts_expression(query if isinstance(query, str) else "")
    except QueryError:
        return '""'  # neither null nor an empty text is an expression


def words_asked(words: object) -> str:
    """JSON of the queries in a text, separated by commas: of each its `word` for reading and its `expression` for FTS5.

    `terms` are the words of the index that count where it is a word, or any of several, else null.
    """
    queries = [query for query in split(words) if query.strip()] if isinstance(words, str) else []
    asked = [(label(query), match_expression(query)) for query in queries[:MAX_WORDS_ASKED]]
    return json.dumps([{"word": word, "expression": it, "terms": _terms(it)} for word, it in asked])


def _terms(expression: str) -> list[str] | None:
    words = re.sub("[()]", "", expression).split(" OR ")
    # Of other alphabets the index folds letters by rules of its own.
    return [unaccented(word[1:-1]) for word in words] if all(map(_FOLDED_ALIKE.fullmatch, words)) else None


def tokens(sizes: object) -> int:
    """How many words an article has, from the sizes of its columns in the index: integers of seven bits a byte."""
    total = value = 0
    for byte in sizes if isinstance(sizes, bytes) else b"":
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            total, value = total + value, 0
    return total


def label(value: object) -> str | None:
    """A value as a short line without control and format characters; None where nothing is left."""
    if not isinstance(value, str):
        return None
    kept = (" " if unicodedata.category(char)[0] in "CZ" else char for char in value[:200])
    line = " ".join("".join(kept).split())
    return (line if len(line) <= MAX_LABEL else f"{line[: MAX_LABEL - 1]}…") or None
