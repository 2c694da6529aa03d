"""Text capture -> Article: pages of this site that survive as plain text, with the boilerplate left in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from extractors.address import parse_address
from extractors.article import Article, NotAnArticle
from extractors.dates import find_timestamps
from extractors.labels import CAPTIONS, CLOSE, EDITIONS, GO_TOP, VIDEO_CAPTION, Labels
from extractors.normalize import collapse, credit_of

# One word, a colon, a timestamp: "Write: 2023-09-12 10:59:55". The word is not looked at (SITE: Dates).
_DATE_LINE = re.compile(r"[^\s:]+\s*:\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\b")
_CAPTION_LINE = re.compile(rf"({'|'.join(CAPTIONS)})\s*:\s*\S")


def extract_text(text: str, url: str | None = None) -> Article:
    """The article of one whole page saved as plain text, one block a line.

    Args:
        text: the capture, as in `seeds/000_6ad28e2ce761a03c.txt`.
        url: its address, where it is known.

    Raises:
        NotAnArticle: the text is empty, not a page of this site, or has no words between its date and its boilerplate.
    """
    lines = [line for line in map(collapse, text.splitlines()) if line]
    if not lines:
        raise NotAnArticle("empty text")
    address = parse_address(url) if url else None
    if url and address is None:
        raise NotAnArticle("not an address of KBS World")
    labels = _edition(lines)
    parts = _cut(lines, labels)
    dates = find_timestamps(parts.dates)
    lang = (address and address.lang) or labels.lang
    return Article(
        url=address.url if address else _urn(text),
        # The page's file name tells news from features; without an address a time of day does (SITE: Dates).
        kind=address.kind if address and address.is_article else "news",
        lang=lang,
        title=parts.title,
        written_at=dates[0] if dates else None,
        updated_at=dates[1] if len(dates) > 1 else None,
        paragraphs=parts.paragraphs,
        image_credit=credit_of(parts.caption),
        has_video=(parts.caption or "").startswith(VIDEO_CAPTION) or bool(address and address.is_video),
        layout="text",
        source_url=url or None,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The lines of a capture, by what they are; `dates` is the whole date line, `caption` the whole caption."""

    title: str | None
    dates: str
    caption: str | None
    paragraphs: tuple[str, ...]


def _edition(lines: list[str]) -> Labels:
    """The edition whose skip links, recommended heading or cookie sentence stands in the capture."""
    for labels in EDITIONS:
        skip_links = " ".join(labels.skip_links)
        for line in lines:
            if line in {skip_links, labels.recommended} or line.startswith(labels.cookies):
                return labels
    raise NotAnArticle("not a page of KBS World")


def _cut(lines: list[str], labels: Labels) -> _Parts:
    """Title, date line, caption and body of a whole page; everything before and after them is boilerplate."""
    at = next((i for i, line in enumerate(lines) if _DATE_LINE.match(line)), None)
    if at is None:
        raise NotAnArticle("no date line in the text")
    above = [line for line in lines[:at] if line not in _menu(labels)]
    below = lines[at + 1 :]
    caption = below.pop(0) if below and _CAPTION_LINE.match(below[0]) else None
    paragraphs = below[: _end_of_body(below, labels)]
    if not paragraphs:
        raise NotAnArticle("no article in the text")
    return _Parts(above[-1] if above else None, lines[at], caption, tuple(paragraphs))


def _menu(labels: Labels) -> set[str]:
    """The lines that may stand above a title, with the skip links on one line or on two."""
    return {" ".join(labels.skip_links), *labels.skip_links, GO_TOP}


def _end_of_body(lines: list[str], labels: Labels) -> int:
    """Where the boilerplate after the body begins: at the last recommended heading, else at "Close" and the cookies.

    The last one, since a body may hold the same words; what stands between it and the end are titles of other pages.
    """
    if labels.recommended in lines:
        return len(lines) - 1 - lines[::-1].index(labels.recommended)
    end = len(lines)
    if end and lines[end - 1].startswith(labels.cookies):
        end -= 1
        if end and lines[end - 1] == CLOSE:
            end -= 1
    return end


def _urn(text: str) -> str:
    """A name for a capture without address: the same words have the same name, whatever the line ends."""
    words = " ".join(text.split()).encode("utf-8", "surrogatepass")
    return f"urn:sha256:{hashlib.sha256(words).hexdigest()}"
