"""Two versions compared word by word."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from storage.web.difference import Piece, compare_paragraphs, compare_words

WORDS = st.lists(st.sampled_from(["la", "Corée", "l’Assemblée", " ", ",", "12,5", "\n", "<b>"])).map("".join)


def _side(pieces: list[Piece], change: str) -> str:
    return "".join(piece.text for piece in pieces if piece.change in {"equal", change})


@given(old=WORDS, new=WORDS)
def test_both_texts_can_be_read_from_their_pieces(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert _side(pieces, "delete") == old
    assert _side(pieces, "insert") == new


@given(old=st.lists(WORDS, max_size=8), new=st.lists(WORDS, max_size=8))
def test_both_versions_can_be_read_from_their_paragraphs(old: list[str], new: list[str]) -> None:
    paragraphs = compare_paragraphs(old, new)
    rebuilt = [_side(pieces, "delete") for pieces in paragraphs if any(p.change != "insert" for p in pieces)]
    assert [text for text in rebuilt if text] == [text for text in old if text]
    rebuilt = [_side(pieces, "insert") for pieces in paragraphs if any(p.change != "delete" for p in pieces)]
    assert [text for text in rebuilt if text] == [text for text in new if text]


def test_a_word_with_its_elision_changes_as_a_whole() -> None:
    assert compare_words("vers l’Assemblée réunie", "vers l’Etat réuni") == [
        Piece("equal", "vers "),
        Piece("delete", "l’Assemblée"),
        Piece("insert", "l’Etat"),
        Piece("equal", " "),
        Piece("delete", "réunie"),
        Piece("insert", "réuni"),
    ]


def test_a_paragraph_that_was_moved_in_between_leaves_the_others_as_they_are() -> None:
    paragraphs = compare_paragraphs(["Un.", "Trois."], ["Un.", "Deux.", "Trois."])
    assert paragraphs == [[Piece("equal", "Un.")], [Piece("insert", "Deux.")], [Piece("equal", "Trois.")]]


def test_texts_of_a_million_characters_are_compared_within_seconds() -> None:
    old = "".join(f"{number} " for number in range(150_000))
    began = time.process_time()
    pieces = compare_words(old, old.upper() + "fin")
    assert [piece.change for piece in pieces] == ["delete", "insert"]
    assert time.process_time() - began < 5
