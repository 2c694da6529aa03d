"""What people type into a search box."""

import re
import sqlite3
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.query import MAX_LENGTH, MAX_WORDS, QueryError, fts_expression, words_of
from storage.schema import TOKENIZE

# What has a meaning in a query or in FTS5, and what could break it.
PIECES = st.sampled_from(
    [*'"()*:^+-{}«»“” \0\x02\u200b\ud800', *"OR AND NOT NEAR( title: titre:( text: coree cœur été".split()]
)
TYPED = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join), st.lists(PIECES).map(" ".join))


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    db.execute(f"create virtual table texts using fts5(title, text, tokenize='{TOKENIZE}')")
    db.execute(
        "insert into texts values ('La Corée et le Japon', 'Le cœur des États-Unis bat : « rien n’est décidé ».')"
    )
    yield db
    db.close()


def finds(index: sqlite3.Connection, query: str) -> bool:
    return bool(index.execute("select 1 from texts where texts match ?", [fts_expression(query)]).fetchall())


@given(query=TYPED)
@example(query='TITLE:":"')
def test_any_input_gives_an_expression_or_a_sentence(index: sqlite3.Connection, query: str) -> None:
    try:
        expression, sentence = fts_expression(query), ""
    except QueryError as error:
        expression, sentence = "", str(error)
    if expression:
        index.execute("select 1 from texts where texts match ?", [expression]).fetchall()
    assert bool(expression) != sentence.endswith(".")


@pytest.mark.parametrize(
    "query",
    [
        "(" * 24 + "coree" + ")" * 24,
        "oeoeoeoeoe" * 90,
        '"' + "oe " * 300 + '"',
        " OR ".join(["c*"] * (MAX_WORDS // 2)),
    ],
)
def test_the_largest_queries_are_fast(index: sqlite3.Connection, query: str) -> None:
    begin = time.perf_counter()
    finds(index, query)
    assert time.perf_counter() - begin < 0.5


@given(words=st.lists(st.sampled_from(["OR", "AND", "NOT", "(", ")", "*", "title:", "NEAR", "-", "^"]), min_size=1))
def test_quoted_words_are_literal(words: list[str]) -> None:
    phrase = " ".join([*words, "coree"])
    expression = fts_expression(f'"{phrase}"')
    assert re.fullmatch('"[^"]*"', expression)
    assert words_of(expression) == words_of(phrase)


FINDS = (
    "coree | COREE | Core\u0301e | Co\u00adrée | etats-unis | « Etats-Unis » | états unis | coeur | cœur | CŒUR | Coeur"
    " | n'est | n’est | \"rien n'est decide\" | dec* | coe* | japon OR chine | japon AND NOT chine"
    ' | (chine OR japon) coeur | titre:japon | title:"coree et le japon" | title:(chine OR japon) | texte:coeur'
    " | titre:(titre:japon) | && coree !!"
)
FINDS_NOT = (
    'core | coree chine | coree NOT japon | "japon coree" | texte:japon | title:"coeur" | title:(coeur OR unis) | NEAR'
)


@pytest.mark.parametrize("query", FINDS.split(" | "))
def test_a_query_finds_the_text_it_means(index: sqlite3.Connection, query: str) -> None:
    assert finds(index, query)


@pytest.mark.parametrize("query", FINDS_NOT.split(" | "))
def test_a_query_does_not_find_anything_else(index: sqlite3.Connection, query: str) -> None:
    assert not finds(index, query)


@pytest.mark.parametrize("words", ["coexistence du coeur", "coexistence du cœur", "Cœxistence du coeur"])
def test_each_ligature_of_a_phrase_has_two_spellings(words: str) -> None:
    assert '"coexistence du cœur"' in fts_expression(f'"{words}"').lower()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("AND", "There is no word in this query"),
        ("« »", "There is no word in this query"),
        ('"coree', "A quote is not closed"),
        ("(coree", "A bracket is not closed, or was not opened"),
        ("coree)", "A bracket is not closed, or was not opened"),
        ("coree OR", "OR, NOT and brackets need words on both sides"),
        ("NOT coree", "OR, NOT and brackets need words on both sides"),
        ("(coree NOT)", "OR, NOT and brackets need words on both sides"),
        ("a " * (MAX_WORDS + 1), f"This query is too long; the maximum is {MAX_WORDS} words"),
        ("a" * (MAX_LENGTH + 1), f"This query is too long; .* and {MAX_LENGTH:,} characters"),
    ],
)
def test_an_invalid_query_is_refused_in_two_languages(query: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence) as caught:
        fts_expression(query)
    assert caught.value.words["en"] == str(caught.value) != caught.value.words["fr"]
