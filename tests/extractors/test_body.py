"""Marks on a letter: as many as writing has, whatever the page has."""

import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.body import collapse

PARTS = st.sampled_from(["a", "é", " ", "\u0301" * 29, "\u0327", "\u0f73", "\u0f71\u0f80" * 20, "\u0f81" * 31])


def highest(text: str) -> int:
    """How many marks are on one another, as characters of their own."""
    runs = groupby(unicodedata.normalize("NFD", text), lambda char: unicodedata.combining(char) > 0)
    return max((len(list(run)) for is_mark, run in runs if is_mark), default=0)


@pytest.mark.parametrize("marks", ["\u0327\u0301", "\u0f73", "\u0300" * 29 + "\u0f73", "\U0001e8d0"])
def test_a_stack_becomes_as_high_as_writing_has(marks: str) -> None:
    text = collapse("\u0f40" + marks * (60_000 // len(marks)) + "a")  # which would take seconds to normalise
    assert highest(text) <= 60
    assert (text[0], text[-1]) == ("\u0f40", "a")


@given(st.lists(PARTS).map("".join))
def test_what_writing_has_stays(text: str) -> None:
    if highest(text) <= 30:
        assert collapse(text) == " ".join(unicodedata.normalize("NFC", text).split())
    assert highest(collapse(text)) <= 61  # thirty marks that are two each, and the letter's own
