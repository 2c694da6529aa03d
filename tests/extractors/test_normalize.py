"""Marks on a letter: as many as writing has, whatever the page has."""

from __future__ import annotations

import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.normalize import collapse

# Of no class themselves, and two marks each when they are normalised.
PAIRS = "\u0f73\u0f75\u0f81"
PARTS = st.sampled_from(["a", "é", " ", "\u0301" * 29, "\u0327", "\u0f73", "\u0f71\u0f80" * 20, "\u0f81" * 31])


def is_mark(character: str) -> bool:
    return unicodedata.combining(character) > 0 or character in PAIRS


def highest(text: str) -> int:
    """How many marks stand on one another."""
    return max((len(list(run)) for is_one, run in groupby(text, is_mark) if is_one), default=0)


def test_there_are_no_other_such_pairs() -> None:
    alone = [char for char in map(chr, range(0x110000)) if not unicodedata.combining(char)]
    assert "".join(char for char in alone if unicodedata.combining(unicodedata.normalize("NFD", char)[0])) == PAIRS


@pytest.mark.parametrize("marks", ["\u0301", "\u0327\u0301", *PAIRS, "\u0300" * 29 + "\u0f73", "\U0001e8d0"])
def test_a_stack_becomes_as_high_as_writing_has(marks: str) -> None:
    text = collapse("\u0f40" + marks * (60_000 // len(marks)) + "a")  # which would take seconds to normalise
    assert highest(unicodedata.normalize("NFD", text)) <= 60
    assert (text[0], text[-1]) == ("\u0f40", "a")


@given(st.lists(PARTS).map("".join))
def test_what_writing_has_stays(text: str) -> None:
    expected = " ".join(unicodedata.normalize("NFC", text).split())
    if highest(text) <= 30:
        assert collapse(text) == expected
    else:
        assert highest(collapse(text)) <= 60
