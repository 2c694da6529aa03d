"""Text capture -> Article: pages of this site that survive as plain text, with the boilerplate left in.

The three shapes that are read are in README.md, "Text captures"; the last two begin with "date" and a month.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from extractors.address import parse_address
from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import MAX_CHARACTERS, collapse, credit_of, take_credits
from extractors.layout import LABELS, TEXT, WORDS, Labels

_CAPTION_LINE = re.compile(rf"({'|'.join(WORDS.captions)})\s*:\s*\S")
_BODY_ONLY = re.compile(r"date ([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)(?:\s+|\Z)")
_LONGEST_CAPTION = 60
# Fewer words than this say nothing about their language; a share of common words above the bound does.
_WORDS_TO_KNOW_A_LANGUAGE = 10
_SHARE_OF_COMMON_WORDS = 0.15

# A sentence that touches the next: an end mark, perhaps a closing quote or bracket, then a capital or an opening quote
# with no space between. A colon, a comma or a slash never ends one, which keeps addresses and decimals whole.
_TOUCHING = re.compile(r"(?<=[.!?…])((?:\s?[»”\")\]])?)(?=(?:[«“(]\s?)?[A-ZÀ-ÖØ-Þ])")
# What separates the word that an end mark belongs to from the one before: "l’O" of "l’O.N.U." is an "O".
_WORD_BOUNDARY = re.compile(r"[\s«“(»”’'-]")
# How far before a full stop its word or address may begin.
_LOOK_BACK = 200
# A web address or host name that goes on after a full stop: "www.KBS.co.kr", "world.kbs.co.kr/X.Html".
_ADDRESS = re.compile(r"(?:https?://|www\.)\S*\Z|\S+@\S*\Z", re.IGNORECASE)


def extract_text(text: str, url: str | None = None) -> Article:
    """The article of a page saved as plain text, as in `seeds/`, at `url` where that is known.

    Raises:
        NotAnArticle: the text is empty, not from this site, or has no words of an article.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    lines = [line for line in map(collapse, text.splitlines()) if line]
    if not lines:
        raise NotAnArticle("empty text")
    address = parse_address(url) if url else None
    if url and address is None:
        raise NotAnArticle("not an address of KBS World")
    if address is not None and address.refusal:
        raise NotAnArticle(address.refusal)
    prefix = _BODY_ONLY.match(lines[0])
    article = _read_body_only(lines, prefix) if prefix else _read_whole_page(lines)
    if address is None:  # named by a hash of its words, whatever its line ends
        words = " ".join(text.split()).encode("utf-8", "surrogatepass")
        return replace(article, url=f"urn:sha256:{hashlib.sha256(words).hexdigest()}")
    return replace(
        article,
        url=address.url,
        kind=address.kind if address.is_article else article.kind,
        lang=address.lang or article.lang,
        has_video=address.is_video or article.has_video,
        source_url=url,
    )


def looks_like_capture(start: str) -> bool:
    """Whether a text that begins so may be a page of the site, in a shape that was seen: by its first line."""
    first = next((line for line in map(collapse, start.splitlines()) if line), "")
    return bool(_BODY_ONLY.match(first)) or first == WORDS.go_top or any(first in labels.menu for labels in LABELS)


def _read_whole_page(lines: list[str]) -> Article:
    """Shape 1: skip links, title, date line, caption, body, recommended titles, cookie banner."""
    labels = _edition(lines)
    at = next((i for i, line in enumerate(lines) if is_date_block(line)), None)
    if at is None:
        raise NotAnArticle("no date line in the text")
    above = [line for line in lines[:at] if line not in {*labels.menu, WORDS.go_top}]
    date_lines = list(takewhile(is_date_block, lines[at:]))  # written and updated may be on a line each
    # Below a body, skip links are the first line of another page.
    below = list(takewhile(lambda line: line != labels.first_line, lines[at + len(date_lines) :]))
    written_at, updated_at = find_dates(" / ".join(date_lines))
    caption = below.pop(0) if below and _CAPTION_LINE.match(below[0]) else None
    end = _end_of_body(below, labels)
    return _article(
        below[:end],
        caption,
        # A news page gives a time, a feature a day (README.md, "Dates").
        kind="news" if isinstance(written_at, datetime) else "feature",
        lang=labels.lang,
        title=above[-1] if above else None,
        written_at=written_at,
        updated_at=updated_at,
        truncated=end == len(below),  # nothing of what follows every body
    )


def _read_body_only(lines: list[str], prefix: re.Match[str]) -> Article:
    """Shapes 2 and 3: "date", a month, perhaps a caption; then news glued into one line, or a feature's paragraphs."""
    caption, first = _split_caption(lines[0][prefix.end() :])
    body = [line for line in (first, *lines[1:]) if line and not _is_caption(line)]
    glued = len(body) == 1
    written_at, _ = find_dates(prefix.group(1))  # None where it is a month only
    paragraphs = split_glued(body[0]) if glued else body
    kind = "news" if caption or glued else "feature"
    return _article(paragraphs, caption, kind=kind, lang="", title=None, written_at=written_at)


def _article(lines: Iterable[str], caption: str | None, lang: str, **facts: Any) -> Article:
    """An article of these lines, without those that are no paragraph; its address is not known."""
    paragraphs, credit = take_credits(tuple(line for line in lines if not _is_caption(line)))
    if not paragraphs:
        raise NotAnArticle("no article in the text")
    return Article(
        url="",
        lang=lang or _language(paragraphs),
        paragraphs=paragraphs,
        image_credit=credit_of(caption) or credit,
        has_video=(caption or "").startswith(WORDS.video_caption),  # a word of its own in the video view
        layout=TEXT,
        **facts,
    )


def _is_caption(line: str) -> bool:
    """Whether a line is a caption: a label, a colon and a name, and not a sentence that begins with the same word."""
    return bool(_CAPTION_LINE.match(line)) and len(line) <= _LONGEST_CAPTION and line[-1] not in WORDS.sentence_ends


def _split_caption(line: str) -> tuple[str | None, str]:
    """The caption that a line is or begins with, and the rest: a glued body may follow one whose name is known."""
    if _is_caption(line):
        return line, ""
    known = re.match(rf"(?:{'|'.join(WORDS.captions)})\s*:\s*(?:{'|'.join(WORDS.credits)})(?=\s)", line)
    return (known.group(), line[known.end() :].strip()) if known else (None, line)


def _edition(lines: list[str]) -> Labels:
    """The edition whose skip links, recommended heading or cookie sentence is in the capture."""
    for labels in LABELS:
        for line in lines:
            if line in {labels.first_line, labels.recommended} or (labels.cookies and line.startswith(labels.cookies)):
                return labels
    if WORDS.go_top in lines:
        return Labels(lang="")  # of this site, and of any edition
    raise NotAnArticle("not a page of KBS World")


def _end_of_body(lines: list[str], labels: Labels) -> int:
    """Where the boilerplate after the body begins: at the last recommended heading, else at "Close" and the cookies."""
    # The last one, since a body may hold the same words.
    if labels.recommended in lines:
        return len(lines) - 1 - lines[::-1].index(labels.recommended)
    end = len(lines)
    while end and (lines[end - 1] == labels.details or (labels.cookies and lines[end - 1].startswith(labels.cookies))):
        end -= 1
    return end - 1 if 0 < end < len(lines) and lines[end - 1] == WORDS.close else end


def _language(paragraphs: tuple[str, ...]) -> str:
    """The language by its most common words; `und` (ISO 639-2, undetermined) where they are too few."""
    words = re.findall(r"\w+", " ".join(paragraphs).lower())
    if len(words) < _WORDS_TO_KNOW_A_LANGUAGE:
        return "und"
    shares = {labels.lang: sum(map(words.count, labels.common_words.split())) / len(words) for labels in LABELS}
    best = max(shares, key=lambda lang: shares[lang])
    return best if shares[best] >= _SHARE_OF_COMMON_WORDS else "und"


def split_glued(text: str) -> tuple[str, ...]:
    """The paragraphs of a body that came as one line; joined, they are `text` again but for white space.

    A new one begins where a sentence end touches a capital: "…à la Russie.A ce propos, …". Abbreviations ("M.Kim"),
    initials ("J.R.Moon", "U.S.A."), decimals, web and mail addresses stay whole.
    """
    paragraphs = []
    start = 0
    for boundary in _TOUCHING.finditer(text):
        if _ends_sentence(text[max(start, boundary.start() - _LOOK_BACK) : boundary.start()], boundary.group(1)):
            paragraphs.append(text[start : boundary.end()].strip())
            start = boundary.end()
    paragraphs.append(text[start:].strip())
    return tuple(filter(None, paragraphs))


def _ends_sentence(before: str, closing: str) -> bool:
    """Whether the full stop at the end of `before` ends a sentence, not an abbreviation, initial or address."""
    if closing or not before.endswith("."):
        return True
    word = _WORD_BOUNDARY.split(before)[-1].rstrip(".")
    # "l.M" has no French word before the stop, and "U.S" has a stop inside: initials, or a host name.
    is_initials = all(len(part) == 1 and part.isupper() for part in word.split("."))
    return not (is_initials or word in WORDS.abbreviations.split() or _ADDRESS.search(before))
