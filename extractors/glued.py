"""Splitting a glued body: a text capture whose paragraph breaks are gone and whose sentences touch."""

from __future__ import annotations

import re

from extractors.labels import ABBREVIATIONS

# A sentence that touches the next: an end mark, perhaps a closing quote or bracket, then a capital or an opening quote
# with no space between. A colon, a comma or a slash never ends one, which keeps addresses and decimals whole.
_SEAM = re.compile(r"(?<=[.!?…])((?:\s?[»”\")\]])?)(?=(?:[«“(]\s?)?[A-ZÀ-ÖØ-Þ])")
# The word that an end mark belongs to, up to what parts it from the word before: "l’O" of "l’O.N.U." is an "O".
_LAST_WORD = re.compile(r"[^\s«“(»”’'-]*\Z")
# How far before a full stop its word or address may begin.
_LOOK_BACK = 200
# A web address or host name that goes on after a full stop: "www.KBS.co.kr", "world.kbs.co.kr/X.Html".
_ADDRESS = re.compile(r"(?:https?://|www\.)\S*\Z|\S+@\S*\Z", re.IGNORECASE)


def split_glued(text: str) -> tuple[str, ...]:
    """The paragraphs of a body that came as one line.

    A new one begins where a sentence end touches a capital: "…à la Russie.A ce propos, …". Abbreviations ("M.Kim"),
    initials ("J.R.Moon", "U.S.A."), decimals, web and mail addresses stay whole.

    Args:
        text: one line, white space collapsed.

    Returns:
        The paragraphs in order; joined without anything between, they are `text` again but for white space.
    """
    paragraphs = []
    start = 0
    for seam in _SEAM.finditer(text):
        if _ends_sentence(text[max(start, seam.start() - _LOOK_BACK) : seam.start()], seam.group(1)):
            paragraphs.append(text[start : seam.end()].strip())
            start = seam.end()
    paragraphs.append(text[start:].strip())
    return tuple(filter(None, paragraphs))


def _ends_sentence(before: str, closing: str) -> bool:
    """Whether the full stop at the end of `before` ends a sentence, not an abbreviation, initial or address."""
    if closing or not before.endswith("."):
        return True
    found = _LAST_WORD.search(before)
    word = found.group().rstrip(".") if found else ""
    # "l.M" has no French word before the stop, and "U.S" has a stop inside: initials, or a host name.
    is_initial = len(word) == 1 and word.isupper()
    return not (is_initial or word in ABBREVIATIONS or _is_acronym(word) or _ADDRESS.search(before))


def _is_acronym(word: str) -> bool:
    parts = word.split(".")
    return len(parts) > 1 and all(len(part) == 1 and part.isupper() for part in parts)
