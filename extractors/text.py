"""Text capture -> Article: pages of this site that survive as plain text, with the boilerplate left in.

README.md, "Text captures", has the shapes that were seen, by the numbers that are used here.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import dropwhile, islice, takewhile
from typing import NamedTuple

from extractors.address import parse_address
from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import CLOSING, MAX_CHARACTERS, collapse, is_credit, take_credits
from extractors.glued import split_glued
from extractors.layout import LABELS, TEXT, WORDS, Labels

# What web corpora put before a page: "date 2023-09 …".
_PREFIX = re.compile(r"date ([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)(?:\s+|\Z)")
# A credit of a known name, which a body may follow on the same line.
_KNOWN_CREDIT = re.compile(
    rf"(?:(?:{'|'.join(WORDS.captions)})\s*:|[{WORDS.credit_signs}]\ufe0f?)\s*(?:{'|'.join(WORDS.credits)})(?=\s)"
)
_CATEGORY_AND_TITLE = re.compile(rf"({'|'.join(WORDS.categories.split())}) (?=[^\W_a-zà-ÿ]|[«“\"])(.+)")
# As titles end, although sentences may.
_ASKED_OR_QUOTED = re.compile(r"[?？]\Z|[^\s.!?…] ?[»”]\Z")
# Where the line of dates is broken, if each of its elements has a line.
_WITHIN_DATES = re.compile(r"(?<=:)\n(?=\d{4}-\d\d-\d\d)|(?<=\d)\n(?=/\n)|(?<=\d\n/)\n")
# Features have some hundred paragraphs.
_MAX_LINES = 10_000
# Lines that are longer are neither a programme's name nor a category; or no title.
_LONGEST_NAME = 40
_LONGEST_TITLE = 150
# A day without time is a page's date line only below so few lines, where no label shows that it is a whole page.
_LINES_ABOVE_A_DAY = 3

# Fewer words or letters than this say nothing about their language; a share of common words, or of letters of a script,
# above the bound does.
_TO_KNOW_A_LANGUAGE = 10
_SHARE_OF_COMMON_WORDS = 0.15
_SHARE_OF_SCRIPT = 0.2
_SCRIPTS = {labels.lang: re.compile(f"[{labels.script}]") for labels in LABELS if labels.script}

# Links of the site's pages, which are neither title nor category.
_SKIP_LINKS = {" ".join(labels.skip_links) for labels in LABELS if labels.skip_links}
_LINKS = {WORDS.go_top, *WORDS.controls, *WORDS.menu, *_SKIP_LINKS, *(one for of in LABELS for one in of.skip_links)}
_NOISE = {*WORDS.controls, *WORDS.programmes}


@dataclass(frozen=True, slots=True)
class _Capture:
    """A text, as far as its shape is known.

    Attributes:
        lines: without prefix; of a body alone, without links above it and what follows it on a page.
        prefix: the month or day before them.
        labels: the words of its edition, where some are in it; of no language where it is of the site, and no more.
        date_at: the line that is its date line.
        is_body: whether it holds the body of an article, if it has no date line.
    """

    lines: Sequence[str]
    prefix: str | None
    labels: Labels | None
    date_at: int | None
    is_body: bool


class _Parts(NamedTuple):
    """What a shape gives: paragraphs with credits among them, and what else it has; `is_news` where no address says."""

    lines: Sequence[str]
    title: str | None = None
    category: str | None = None
    dates: tuple[datetime | date | None, datetime | date | None] | None = None
    truncated: bool = False
    is_news: bool = False


def _read(capture: _Capture) -> _Parts:
    """What a capture has, by its shape."""
    if capture.date_at is not None:  # 1, and 5 with a prefix
        return _read_page(capture, capture.date_at)
    if not capture.is_body:
        raise NotAnArticle("no date line in the text" if capture.labels else "not a page of KBS World")
    if not _has_title(capture):  # 2, 3 and 4
        return _read_body(capture.lines)
    title, category = _title_and_category(capture.lines[:1], is_known=True)  # 6
    return _read_body(_without_noise(capture.lines[1:], title))._replace(title=title, category=category)


def _read_page(capture: _Capture, at: int) -> _Parts:
    """Title and category above the date line; below it what is no body, the body, and the end of the page."""
    labels = capture.labels
    above, rest = capture.lines[:at], capture.lines[at:]
    dates = list(takewhile(_is_date_line, rest))  # written and updated may be on a line each
    # Below a body, skip links are the first line of another page.
    below = list(takewhile(lambda line: line not in _SKIP_LINKS, rest[len(dates) :]))
    end = _end_of_body(below, labels)
    if any(isinstance(find_dates(line)[0], datetime) for line in below[:end] if _is_date_line(line)):
        raise NotAnArticle("a list of articles")
    title, category = _title_and_category(above, is_known=bool(labels and labels.lang))
    written_at, updated_at = find_dates(" / ".join(dates))
    return _Parts(
        lines=_without_noise(below[:end], title),
        title=title,
        category=category,
        dates=(written_at, updated_at),
        truncated=labels is not None and end == len(below),  # nothing of what follows every body
        is_news=isinstance(written_at or updated_at, datetime),  # a feature gives a day (README.md, "Dates")
    )


def _has_title(capture: _Capture) -> bool:
    """Whether a body begins with a line that is no sentence, as no other line of it, and has its caption at its end.

    Without that caption the line is a heading: of the captures that were seen, no other had a title.
    """
    lines, words = capture.lines, _words(capture.lines)
    if len(words) < 2 or words[0] != lines[0] or len(lines[0]) > _LONGEST_TITLE:
        return False
    is_named = _CATEGORY_AND_TITLE.fullmatch(lines[0]) is not None
    has_caption = capture.prefix is None and lines[-1].startswith("[") and is_credit(lines[-1])
    is_title = not _is_sentence(words[0]) or (has_caption and _ASKED_OR_QUOTED.search(words[0]) is not None)
    # A body has no heading, or several.
    return (is_named or has_caption) and is_title and all(map(_is_sentence, words[1:]))


def _read_body(lines: Sequence[str]) -> _Parts:
    """A body alone: a paragraph a line, or all of them in one."""
    if len(_words(lines)) <= 1:
        parts = [part for line in lines for part in ([line] if is_credit(line) else split_glued(line))]
        return _Parts(parts, is_news=True)
    # Features have signs for captions (README.md, "Pages that differ").
    return _Parts(lines, is_news=is_credit(lines[0]) and lines[0].lstrip("[(")[0] not in WORDS.credit_signs)


def extract_text(text: str, url: str | None = None) -> Article:
    """The article of a page saved as plain text, as in `seeds/`, at `url` where that is known.

    Raises:
        NotAnArticle: the text is empty, not from this site, or has no words of an article, or `url` names none.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    lines = _WITHIN_DATES.sub(" ", "\n".join(filter(None, map(collapse, text.splitlines())))).splitlines()
    if not lines:
        raise NotAnArticle("empty text")
    if len(lines) > _MAX_LINES:
        raise NotAnArticle("longer than an article of the site")
    address = parse_address(url) if url else None
    if url and address is None:
        raise NotAnArticle("not an address of KBS World")
    if address is not None and address.refusal:
        raise NotAnArticle(address.refusal)
    capture = _open(lines, address.is_article if address else None)
    parts = _read(capture)
    paragraphs, credit = take_credits(tuple(parts.lines))
    if not paragraphs:
        raise NotAnArticle("no article in the text")
    kind = address.kind if address and address.is_article else "news" if parts.is_news else "feature"
    # Before news, the day of a prefix is often not that of the article; before a feature it is.
    of_prefix = find_dates(capture.prefix) if capture.prefix and kind != "news" else (None, None)
    written_at, updated_at = parts.dates or of_prefix
    words = " ".join(text.split()).encode("utf-8", "surrogatepass")  # whatever the line ends
    return Article(
        url=address.url if address else f"urn:sha256:{hashlib.sha256(words).hexdigest()}",
        kind=kind,
        lang=(address and address.lang) or (capture.labels and capture.labels.lang) or _language(paragraphs),
        title=parts.title,
        category=parts.category,
        written_at=written_at,
        updated_at=updated_at,
        paragraphs=paragraphs,
        image_credit=credit,
        # A word of its own in the video view.
        has_video=(address is not None and address.is_video)
        or any(is_credit(line) and line.startswith(WORDS.video_caption) for line in parts.lines),
        truncated=parts.truncated,
        layout=TEXT,
        source_url=url or None,
    )


def looks_like_capture(start: str) -> bool:
    """Whether a text that begins so may be a page of the site, in a shape that was seen: by its first line."""
    lines = list(islice(filter(None, map(collapse, start.splitlines())), 2))
    first, both = lines[0] if lines else "", " ".join(lines)
    return bool(_PREFIX.match(first)) or not {first, both}.isdisjoint({WORDS.go_top, *_SKIP_LINKS})


def _open(lines: Sequence[str], is_article: bool | None) -> _Capture:
    """The capture that these lines are: its prefix cut, its edition and its date line found.

    `is_article`: whether its address is that of an article; None without one.
    """
    prefix = _PREFIX.match(lines[0])
    first = lines[0][prefix.end() if prefix else 0 :]
    credit = None if is_credit(first) else _KNOWN_CREDIT.match(first)
    parts = (credit.group(), first[credit.end() :].strip()) if credit else (first,)
    lines = [part for line in (*parts, *lines[1:]) for part in _without_last_credit(line) if part]
    labels = _edition(lines)
    is_site = labels is not None or prefix is not None or is_article is True
    date_at = _date_line(lines, is_page=labels is not None) if is_site else None
    if date_at is None:
        if lines and any(lines[0].startswith(f"{links} ") for links in _SKIP_LINKS):
            raise NotAnArticle("a page whose lines were joined")
        lines = list(dropwhile((_LINKS | _NOISE).__contains__, lines))
        lines = lines[: _end_of_body(lines, labels)]
    # A page that is named by its address alone must have prose, and no markup.
    has_ends = any(end in line for line in lines for end in WORDS.sentence_ends)
    is_prose = is_article is True and has_ends and not lines[0].startswith("<")
    # A prefix may be before any page: at an address that says nothing, most lines of an article are sentences.
    is_told = prefix is not None and (is_article is not False or 2 * sum(map(_is_sentence, lines)) > len(lines))
    return _Capture(lines, prefix.group(1) if prefix else None, labels, date_at, is_prose or is_told)


def _without_last_credit(line: str) -> tuple[str, ...]:
    """A line, and the caption in brackets that is at its end."""
    before, bracket, last = line.rpartition("[")
    return (before.rstrip(), bracket + last) if last.endswith("]") and is_credit(bracket + last) else (line,)


def _edition(lines: Sequence[str]) -> Labels | None:
    """The edition whose skip links, recommended heading or cookie sentence is in the capture."""
    found = {*lines, " ".join(lines[:2])}  # the links are on one line or on two
    for labels in LABELS:
        is_marked = not found.isdisjoint({" ".join(labels.skip_links), labels.recommended})
        if is_marked or any(map(labels.is_banner, lines)):
            return labels
    return Labels(lang="") if WORDS.go_top in found else None  # of this site, and of any edition


def _is_date_line(line: str) -> bool:
    """Whether a line is dates alone; in features a programme may be before them."""
    return is_date_block(line.rpartition(WORDS.separator)[2])


def _date_line(lines: Sequence[str], is_page: bool) -> int | None:
    """Which line has the dates of the page: a body alone may have a day on a line as well."""
    for at, line in enumerate(lines):
        if _is_date_line(line):
            is_below_title = at <= _LINES_ABOVE_A_DAY and not any(map(_is_sentence, lines[:at]))
            if is_page or is_below_title or any(isinstance(day, datetime) for day in find_dates(line)):
                return at
    return None


def _title_and_category(above: Sequence[str], is_known: bool) -> tuple[str | None, str | None]:
    """The last line above the date line, and the one above that, if they are no links.

    `is_known`: whether the words of the edition are; otherwise the first line may be its skip links.
    """
    lines = list(above)
    if lines[-1:] == [WORDS.separator.strip()]:  # a programme and its separator, on a line each
        del lines[-2:]
    title = lines.pop() if lines and not _is_links(lines[-1]) else None
    while lines and title and _are_same(lines[-1], title):
        lines.pop()
    category = lines[-1] if lines and (is_known or len(lines) > 1) else None
    if title is None or not _is_name(category or "") or _is_links(category or ""):
        category = None
    both = _CATEGORY_AND_TITLE.fullmatch(title) if title and category is None else None
    return (both.group(2), both.group(1)) if both else (title, category)


def _end_of_body(lines: Sequence[str], labels: Labels | None) -> int:
    """Where the boilerplate after the body begins: at the last recommended heading, else at the last "Close"."""
    # The last one, since a body may hold the same words.
    recommended = labels.recommended if labels else None
    mark = recommended if recommended in lines else WORDS.close
    if mark in lines:
        end = len(lines) - 1 - lines[::-1].index(mark)
    else:
        end = len(lines) - sum(1 for _ in takewhile(lambda line: labels and labels.is_banner(line), reversed(lines)))
    is_cut = end < len(lines)
    end = _above_controls(lines, end)
    # The heading of an edition whose words are not known is a name below the last sentence.
    if is_cut and recommended is None and end and _is_name(lines[end - 1]):
        above = _above_controls(lines, end - 1)
        end = above if above and _is_sentence(lines[above - 1]) else end
    return end


def _above_controls(lines: Sequence[str], end: int) -> int:
    """Where controls that follow a body begin; behind its last sentence other words may be among them."""
    last = next((at for at in range(end, 0, -1) if _is_sentence(lines[at - 1])), end)
    end = next((at for at in range(last, end) if lines[at] in WORDS.controls), end)
    while end and lines[end - 1] in WORDS.controls:
        end -= 1
    return end


def _without_noise(lines: Sequence[str], title: str | None) -> list[str]:
    """The lines of a body without what may be between date line and first paragraph: the title, a programme's name."""
    # Above the first sentence other words may be among the controls.
    first = next((at for at, line in enumerate(lines) if _is_sentence(line)), 0)
    begin = max((at for at in range(first) if lines[at] in WORDS.controls), default=0)
    lines = [*filter(is_credit, lines[:begin]), *lines[begin:]]

    def is_noise(line: str) -> bool:
        is_programme = line.startswith("#") and _is_name(line)
        return is_credit(line) or line in _NOISE or is_programme or (title is not None and _are_same(line, title))

    above = list(takewhile(is_noise, lines))
    return [*filter(is_credit, above), *lines[len(above) :]]


def _words(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not is_credit(line)]


def _is_links(line: str) -> bool:
    """Whether a line is a link of the page's menu, or several."""
    return line in _LINKS or set(line.split()) <= _LINKS


def _is_sentence(line: str) -> bool:
    """Whether a line ends as a sentence, or leads to the next line."""
    return line.rstrip(CLOSING)[-1:] in (*WORDS.sentence_ends, ":") or line.endswith("»")


def _is_name(line: str) -> bool:
    return len(line) <= _LONGEST_NAME and not _is_sentence(line)


def _are_same(line: str, title: str) -> bool:
    """Whether two lines are the same but for signs and case."""
    return [*filter(str.isalnum, line.casefold())] == [*filter(str.isalnum, title.casefold())]


def _language(paragraphs: Sequence[str]) -> str:
    """The language by its script or most common words; `und` (ISO 639-2, undetermined) where they are too few."""
    text = " ".join(paragraphs).lower()
    letters = sum(map(str.isalpha, text))
    for lang, script in _SCRIPTS.items():
        if letters >= _TO_KNOW_A_LANGUAGE and len(script.findall(text)) >= letters * _SHARE_OF_SCRIPT:
            return lang
    words = Counter(re.findall(r"\w+", text))
    shares = {labels.lang: sum(words[word] for word in labels.common_words.split()) for labels in LABELS}
    best = max(shares, key=lambda lang: shares[lang])
    is_known = words.total() >= _TO_KNOW_A_LANGUAGE and shares[best] >= words.total() * _SHARE_OF_COMMON_WORDS
    return best if is_known else "und"
