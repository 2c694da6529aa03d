"""The differences between two versions of an article, word by word."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from rapidfuzz.distance import Indel

# A word with its elision or hyphens ("l\u2019Assemblée", "Etats-Unis"), white space, or a mark.
_WORD = re.compile(r"\w+(?:['\u2019\-]\w+)*|\s+|[^\w\s]")
# Longer texts are not compared word by word: words times words, which takes a tenth of a second and 20 MB.
_MAX_PAIRS = 100_000_000


class Piece(NamedTuple):
    """A stretch of text that is in both versions (`equal`), only in the older (`delete`) or the newer (`insert`)."""

    change: Literal["equal", "delete", "insert"]
    text: str


def compare_paragraphs(old: Sequence[str], new: Sequence[str]) -> list[list[Piece]]:
    """Two versions as one sequence of paragraphs, each in pieces; an unchanged paragraph is one piece.

    Paragraphs are matched first, and words only within those that differ, so that time stays bounded.
    """
    paragraphs: list[list[Piece]] = []
    for removed, added, equal in _runs(old, new):
        paragraphs += [compare_words(*pair) for pair in zip_longest(removed, added, fillvalue="")]
        paragraphs += [[Piece("equal", paragraph)] for paragraph in equal]
    return paragraphs


def compare_words(old: str, new: str) -> list[Piece]:
    """Two texts as one, in pieces."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) * len(after) > _MAX_PAIRS:
        return [Piece("delete", old), Piece("insert", new)]
    pieces: list[Piece] = []
    for removed, added, equal in _runs(before, after):
        pieces += [Piece("delete", "".join(removed)), Piece("insert", "".join(added)), Piece("equal", "".join(equal))]
    return [piece for piece in pieces if piece.text]


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str], Sequence[str]]]:
    """For each run that both have: what was removed before it, what was added before it, and the run."""
    at, to = 0, 0
    for block in Indel.opcodes(old, new).as_matching_blocks():
        end = block.a + block.size
        yield old[at : block.a], new[to : block.b], old[block.a : end]
        at, to = end, block.b + block.size
