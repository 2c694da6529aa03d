"""Plain text in one form, so that the same words are always the same characters."""

from __future__ import annotations

import re
import unicodedata

# Characters without width that editors leave behind, controls that are no white space, and halves of a surrogate
# pair, which are no characters and cannot be written as UTF-8.
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")


def collapse(text: str) -> str:
    """`text` as one line: white space (NBSP included) collapsed and trimmed, NFC, no zero-width characters."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split())


def credit_of(caption: str | None) -> str | None:
    """Who took the picture: what stands after the colon of a caption ("Photo : YONHAP News"), or all of it."""
    if not caption:
        return None
    label, colon, credit = caption.partition(":")
    return (credit if colon and len(label.split()) == 1 else caption).strip() or None
