"""A body that came as one line -> its paragraphs."""

import re
from itertools import islice

from extractors.layout import WORDS

# Where a paragraph may end: an end mark, perhaps a closing quote or bracket, then with no space between perhaps a dash
# or an opening one, and a letter or digit. A colon, a comma or a slash never ends one, which keeps addresses whole.
_TOUCHING = re.compile(r"(?<=[.!?…])(\s?[»”)\]]|[\"“’])?(?=((?:[-–—]\s)?(?:[«“„‘(\[¿¡\"]\s?)?)([^\W_]))")
# An article has some hundred of them; more are left as they are, since looking at each takes time.
_MOST_TOUCHING = 20_000
# How far before such a quote the one that it closes may be.
_LONGEST_QUOTE = 2_000
# What separates the word that an end mark belongs to from the one before: "l’O" of "l’O.N.U." is an "O".
_WORD_BOUNDARY = re.compile(r"[\s«“„(\[»”)\]\"’',;:/-]")
# How far before an end mark its word or address may begin.
_LOOK_BACK = 200
# What only an address has, which goes on after an end mark: "www.KBS.co.kr", "a@B.kr", "kbs.kr/view.htm?Seq_Code=1".
_PATH = re.compile(r"\.[a-z]{2,}/")
# A host that goes on with a digit: "site.2ch.net".
_HOST = re.compile(r"[0-9][0-9a-z-]{0,60}\.[a-z]{2,}")
# No decimals: "F-35.10 000 soldats".
_THOUSANDS = re.compile(r"[0-9]{1,3} [0-9]{3}\b")
_ROMAN = re.compile(r"[IVXLC]+\b(?!['’])")  # "art.L’artiste" has none

_ABBREVIATIONS = frozenset(WORDS.abbreviations.split())
_BEFORE_NUMBERS = frozenset(WORDS.before_numbers.split())
# What is no name after an initial: "… du groupe A.Le match …".
_OPENER = re.compile(rf"(?:{'|'.join(WORDS.openers.split())})(?:[\s,]|(?<=['’]))")


def split_glued(text: str) -> tuple[str, ...]:
    """The paragraphs of a body that came as one line; joined, they are `text` again but for white space.

    A new one begins where the end of a sentence touches a capital, a digit, or an opening quote before one: "…à la
    Russie.A ce propos, …". Abbreviations ("M.Kim", "art.12"), initials ("J.R.Moon", "U.S.A."), numbers, versions, hosts
    and addresses stay whole.
    """
    paragraphs = []
    start = 0
    for boundary in islice(_TOUCHING.finditer(text), _MOST_TOUCHING):
        at, end = boundary.span()
        closing, opening, character = boundary.groups(default="")
        quote = closing or opening.strip()
        is_closing = quote in {'"', "“"} and _is_open(quote, text[max(start, at - _LONGEST_QUOTE) : at])
        if is_closing and not closing:  # a space is after it
            continue
        if closing in {'"', "“"} and not is_closing:
            closing, opening, end = "", closing, at
        before, after = text[max(start, at - _LOOK_BACK) : at], text[end : end + _LOOK_BACK]
        # A sentence begins with a French quote, a digit, a capital, or a letter without case (Korean).
        may_begin = "«" in opening or character.isdecimal() or not character.islower()
        if may_begin and (closing or _ends_sentence(before, opening, after)):
            paragraphs.append(text[start:end].strip())
            start = end
    paragraphs.append(text[start:].strip())
    return tuple(filter(None, paragraphs))


def _is_open(quote: str, before: str) -> bool:
    """Whether a quote that can open and close, straight or “ (in German), closes one that is open."""
    return before.count(quote) % 2 == 1 if quote == '"' else before.rfind("„") > before.rfind(quote)


def _ends_sentence(before: str, opening: str, after: str) -> bool:
    """Whether the end mark at the end of `before` ends a sentence: no abbreviation, initial, number or address."""
    address = before.rsplit(None, 1)[-1].lower()
    if "@" in address[1:] or "www." in address or ("/" in address and ("://" in address or _PATH.search(address))):
        return False
    if not before.endswith("."):
        return True
    word = _WORD_BOUNDARY.split(before)[-1].rstrip(".")
    # "M", "U.S"
    is_initials = len(word) % 2 and word[::2].isalpha() and word[::2].isupper() and not word[1::2].strip(".")
    last = word.rpartition(".")[2]  # of "S.E.Mgr", "12.sept"
    if f"{word}." == before and (is_initials or word.isdecimal()):  # an item of a list: "1.Le riz"
        return False
    if not _ABBREVIATIONS.isdisjoint({word, last}):
        return False
    if opening and "(" not in opening:
        return True
    if is_initials:
        return (_OPENER.match(after) or _THOUSANDS.match(after)) is not None
    if opening:
        return True
    if last.lower() in _BEFORE_NUMBERS and (after[0].isdecimal() or _ROMAN.match(after)):
        return False
    if not after[0].isdecimal() or _THOUSANDS.match(after):
        return True
    # "3.500", "v2.0" and "KBS.1" go on; "… habitants.69 %" and "… (CSIS).69 %" do not.
    is_word = not word or not word[-1].isalnum() or (len(word) > 1 and word[-1].isalpha() and not word[-1].isupper())
    return is_word and not _HOST.match(after)
