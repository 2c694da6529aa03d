"""A body that came as one line -> its paragraphs."""

import re

from extractors.layout import WORDS

# Where a paragraph may end: an end mark, perhaps a closing quote or bracket, then with no space between perhaps an
# opening one, and a letter or digit. A colon, a comma or a slash never ends one, which keeps addresses whole.
_TOUCHING = re.compile(r"(?<=[.!?…])(\s?[»”)\]]|\")?(?=((?:[«“„‘(\[¿¡\"]\s?)?)([^\W_]))")
# What separates the word that an end mark belongs to from the one before: "l’O" of "l’O.N.U." is an "O".
_WORD_BOUNDARY = re.compile(r"[\s«“„(\[»”)\]\"’'-]")
# How far before an end mark its word or address may begin.
_LOOK_BACK = 200
# A web address, host or mail address that goes on after an end mark: "www.KBS.co.kr", "kbs.co.kr/view.htm?Seq_Code=1".
_ADDRESS = re.compile(r"(?:https?://|www\.)\S*\Z|\S+@\S*\Z|\S\.[a-z]{2,}/\S*\Z", re.IGNORECASE)
# The same, where it goes on with a digit: "site.2ch.net".
_HOST = re.compile(r"[0-9][0-9a-z-]{0,60}\.[a-z]{2,}")
_ROMAN = re.compile(r"[IVXLC]+\b")

_ABBREVIATIONS = frozenset(WORDS.abbreviations.split())
_BEFORE_NUMBERS = frozenset(WORDS.before_numbers.split())


def split_glued(text: str) -> tuple[str, ...]:
    """The paragraphs of a body that came as one line; joined, they are `text` again but for white space.

    A new one begins where the end of a sentence touches a capital, a digit, or an opening quote before one: "…à la
    Russie.A ce propos, …". Abbreviations ("M.Kim", "art.12"), initials ("J.R.Moon", "U.S.A."), numbers, versions, hosts
    and addresses stay whole.
    """
    paragraphs = []
    start = counted = quotes = 0
    for boundary in _TOUCHING.finditer(text):
        closing, opening, character = boundary.groups(default="")
        end = boundary.end()
        if closing == '"':
            # A straight quote closes only what one has opened in this paragraph.
            quotes += text.count('"', counted, boundary.start())
            counted = boundary.start()
            if not quotes % 2:
                closing, opening, end = "", '"', boundary.start()
        before = text[max(start, boundary.start() - _LOOK_BACK) : boundary.start()]
        after = text[boundary.end() : boundary.end() + _LOOK_BACK]
        if _may_begin(character) and (closing or _ends_sentence(before, opening, after)):
            paragraphs.append(text[start:end].strip())
            start = counted = end
            quotes = 0
    paragraphs.append(text[start:].strip())
    return tuple(filter(None, paragraphs))


def _may_begin(character: str) -> bool:
    """Whether a sentence may begin with a digit or letter: with every letter that has no case, as in Korean."""
    return character.isdecimal() or not character.islower()


def _ends_sentence(before: str, opening: str, after: str) -> bool:
    """Whether the end mark at the end of `before` ends a sentence: no abbreviation, initial, number or address."""
    if _ADDRESS.search(before):
        return False
    if not before.endswith("."):
        return True
    word = _WORD_BOUNDARY.split(before)[-1].rstrip(".")
    # "l.M" has no French word before the stop, and "U.S" has a stop inside: initials, or a host name.
    is_initials = all(len(part) == 1 and part.isupper() for part in word.split("."))
    if is_initials or word in _ABBREVIATIONS:
        return False
    if opening:
        return True
    if word.lower() in _BEFORE_NUMBERS and (after[0].isdecimal() or _ROMAN.match(after)):
        return False
    if not after[0].isdecimal():
        return True
    # "3.500", "v2.0" and "KBS.1" go on; "… habitants.69 %" and "… (CSIS).69 %" do not.
    is_word = not word or (len(word) > 1 and word[-1].islower()) or not word[-1].isalnum()
    return is_word and not _HOST.match(after)
