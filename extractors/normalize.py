"""Plain text in one form, so that the same words are always the same characters."""

import re
import unicodedata
from functools import cache

from extractors.labels import COPYRIGHT, LONGEST_CREDIT

# Characters without width that editors leave behind, controls that are no white space (some drive terminals, or turn
# the direction of writing), and code points that are no characters: halves of a surrogate pair, which cannot be
# written as UTF-8, and what XML forbids.
_INVISIBLE = re.compile(
    r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\ud800-\udfff\ufffe\uffff]"
)
# No language has more marks on one letter (UAX #15, "Stream-Safe Text Format").
_MOST_MARKS = 30
# Each of these becomes two marks when it is normalised, although it is not counted as one.
_PAIRS = frozenset("\u0f73\u0f75\u0f81")


def collapse(text: str) -> str:
    """`text` as one line: white space (NBSP included) collapsed and trimmed, NFC, no zero-width characters."""
    line = " ".join(text.split())
    if not line.isprintable():  # most texts are, and need no search
        line = " ".join(_INVISIBLE.sub("", line).split())
    if line.isascii():
        return line
    # A longer row of marks has one at each of these distances.
    seen = line[::_MOST_MARKS]
    if any(map(unicodedata.combining, seen)) or not _PAIRS.isdisjoint(seen):
        line = _stack().sub(r"\1", line)
    return unicodedata.normalize("NFC", line)


@cache  # and made late, since finding all marks takes time
def _stack() -> re.Pattern[str]:
    """More marks on one letter than any writing has: normalising them takes quadratic time."""
    marks = "".join(mark for mark in map(chr, range(0x300, 0x20000)) if unicodedata.combining(mark) or mark in _PAIRS)
    return re.compile(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+")


def credit_of(caption: str | None) -> str | None:
    """Who took the picture: what follows the colon of a caption ("Photo : YONHAP News"), or after its ©."""
    if not caption:
        return None
    if caption.startswith(COPYRIGHT):
        return caption.lstrip(f"{COPYRIGHT} ") or None
    label, colon, credit = caption.partition(":")
    return (credit if colon and len(label.split()) == 1 else caption).strip() or None


def is_credit(line: str) -> bool:
    """Whether a line is a © and a name."""
    return line.startswith(COPYRIGHT) and len(line) <= LONGEST_CREDIT


def take_credits(paragraphs: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Paragraphs without the credit lines that features have among them, and the first credit."""
    kept: list[str] = []
    taken: list[str] = []
    for line in paragraphs:
        (taken if is_credit(line) else kept).append(line)
    return tuple(kept), credit_of(next(iter(taken), None))
