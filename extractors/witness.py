"""A second opinion: trafilatura, which knows no layout, reads the page without what the site puts around articles."""

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from extractors.body import spaced_words, text_of
from extractors.html import parse_html
from extractors.layout import NEWEST, WORDS, css
from extractors.locate import ends_of

_AROUND = css(f"header, nav, {NEWEST['end']}")
_ENDS, _SHORTEST = tuple(WORDS.sentence_ends), 60


def second_opinion(body: bytes, charset: str | None, paragraphs: Sequence[str]) -> list[str]:
    """The lines of prose that the paragraphs of a page lack, or have from around it; 20 are enough for a report."""
    from trafilatura import bare_extraction

    page = parse_html(body, charset)
    for element in [*ends_of(_AROUND, page)]:
        element.clear(keep_tail=True)
    pruned = etree.tostring(page, encoding="unicode", method="html")
    found = bare_extraction(pruned, include_comments=False, favor_recall=True, with_metadata=False)
    read = (getattr(found, "text", None) or "").splitlines()
    return [*_prose(read, " ".join(paragraphs)), *_prose(paragraphs, text_of(page) or "")][:20]


def _prose(lines: Iterable[str], text: str) -> Iterator[str]:
    """The lines of prose whose words are not in a text: those that are long, and no summary of a card, which is cut."""
    words = spaced_words(text)
    for line in lines:
        is_prose = len(line) >= _SHORTEST and line.endswith(_ENDS) and not line.endswith(("...", "…"))
        if is_prose and spaced_words(line) not in words:
            yield line
