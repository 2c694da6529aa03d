"""Plain text in one form, so that the same words are always the same characters."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from extractors.labels import COPYRIGHT, LONGEST_CREDIT

if TYPE_CHECKING:
    from lxml.etree import _Element

# Characters without width that editors leave behind, controls that are no white space, and code points that
# are no characters: halves of a surrogate pair, which cannot be written as UTF-8, and what XML forbids.
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """`text` in NFC, without characters that are not there to be read; its white space stays."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def collapse(text: str) -> str:
    """`text` as one line: white space (NBSP included) collapsed and trimmed, NFC, no zero-width characters."""
    return " ".join(plain(text).split())


def text_of(element: _Element | None) -> str | None:
    """The words of an element as one line, or None where there are none."""
    return None if element is None else collapse("".join(element.itertext())) or None


def credit_of(caption: str | None) -> str | None:
    """Who took the picture: what stands after the colon of a caption ("Photo : YONHAP News"), or after its ©."""
    if not caption:
        return None
    if caption.startswith(COPYRIGHT):
        return caption.lstrip(f"{COPYRIGHT} ") or None
    label, colon, credit = caption.partition(":")
    return (credit if colon and len(label.split()) == 1 else caption).strip() or None


def take_credits(paragraphs: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Paragraphs without the credit lines between them, and the first credit.

    Features have captions among their paragraphs that are a © and a name (SITE: "Also seen", text captures of shape 3).
    """
    lines = [line for line in paragraphs if line.startswith(COPYRIGHT) and len(line) <= LONGEST_CREDIT]
    kept = tuple(line for line in paragraphs if line not in lines)
    return kept, credit_of(next(iter(lines), None))
