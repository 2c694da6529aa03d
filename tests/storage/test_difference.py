"""Two versions compared word by word."""

import time

from hypothesis import given
from hypothesis import strategies as st

from storage.difference import Piece, compare_paragraphs, compare_words

WORDS = st.lists(st.sampled_from(["la", "Corée", "l’Assemblée", " ", ",", "12,5", "\n", "<b>"])).map("".join)


def side(pieces: list[Piece], change: str) -> str:
    """The text of one version."""
    return "".join(piece.text for piece in pieces if piece.change in {"equal", change})


@given(old=WORDS, new=WORDS)
def test_both_texts_are_in_the_pieces(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert [side(pieces, "delete"), side(pieces, "insert")] == [old, new]


@given(old=st.lists(WORDS.filter(bool), max_size=8), new=st.lists(WORDS.filter(bool), max_size=8))
def test_both_versions_are_in_the_paragraphs(old: list[str], new: list[str]) -> None:
    paragraphs = compare_paragraphs(old, new)
    for change, version in (("delete", old), ("insert", new)):
        assert [text for pieces in paragraphs if (text := side(pieces, change))] == version


def test_a_word_with_its_elision_changes_as_a_whole() -> None:
    pieces = compare_words("vers l’Assemblée réunie", "vers l’Etat réunie")
    assert pieces == [("equal", "vers "), ("delete", "l’Assemblée"), ("insert", "l’Etat"), ("equal", " réunie")]


def test_a_million_characters_are_compared_within_seconds() -> None:
    old = "".join(f"{number} " for number in range(150_000))
    began = time.process_time()
    pieces = compare_words(old, old.upper() + "fin")
    assert [piece.change for piece in pieces] == ["delete", "insert"]
    assert time.process_time() - began < 5
