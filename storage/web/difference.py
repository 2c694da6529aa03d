"""What two versions of an article differ in, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Indel

# A word with its elision or hyphens ("l\u2019Assemblée", "Etats-Unis"), white space, or a mark.
_WORD = re.compile(r"\w+(?:['\u2019\-]\w+)*|\s+|[^\w\s]")
# Words times words above which two texts are not compared word by word: a tenth of a second, and 20 MB.
_MAX_PAIRS = 100_000_000

Change = Literal["equal", "delete", "insert"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both versions have (`equal`), the older one (`delete`) or the newer one (`insert`)."""

    change: Change
    text: str


def compare_paragraphs(old: Sequence[str], new: Sequence[str]) -> list[list[Piece]]:
    """Two versions' paragraphs as one sequence of paragraphs, each in pieces; unchanged paragraphs are one piece.

    Paragraphs are matched first, and words only within those that differ, so that time stays bounded.
    """
    result: list[list[Piece]] = []
    for opcode in _opcodes(old, new):
        if opcode[0] == "equal":
            result += [[Piece("equal", paragraph)] for paragraph in old[opcode[1] : opcode[2]]]
            continue
        before, after = old[opcode[1] : opcode[2]], new[opcode[3] : opcode[4]]
        changed = min(len(before), len(after))
        result += [compare_words(*pair) for pair in zip(before[:changed], after[:changed], strict=True)]
        result += [[Piece("delete", paragraph)] for paragraph in before[changed:]]
        result += [[Piece("insert", paragraph)] for paragraph in after[changed:]]
    return result


def compare_words(old: str, new: str) -> list[Piece]:
    """Two texts as one, in pieces."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) * len(after) > _MAX_PAIRS:
        return [Piece("delete", old), Piece("insert", new)]
    pieces = []
    for change, start, end, begin, until in _opcodes(before, after):
        if change == "equal":
            pieces.append(Piece("equal", "".join(before[start:end])))
            continue
        if start < end:
            pieces.append(Piece("delete", "".join(before[start:end])))
        if begin < until:
            pieces.append(Piece("insert", "".join(after[begin:until])))
    return pieces


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Runs that are equal, and what stands between them: both sides of that as one."""
    at, to = 0, 0
    for code in Indel.opcodes(old, new):
        if code.tag != "equal":
            continue
        if (at, to) != (code.src_start, code.dest_start):
            yield "replace", at, code.src_start, to, code.dest_start
        yield "equal", code.src_start, code.src_end, code.dest_start, code.dest_end
        at, to = code.src_end, code.dest_end
    if (at, to) != (len(old), len(new)):
        yield "replace", at, len(old), to, len(new)
