"""A second opinion: trafilatura, which knows no layout, reads the page without what the site puts around articles.

It is asked only whether an article lacks prose of its page, or has prose from around it: a layout that loses a part of
an article is noticed although all its names are still there.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.etree import _Element

from extractors.article import Article
from extractors.body import text_of
from extractors.html import parse_html
from extractors.layout import ELEMENTS, LABELS, WORDS
from extractors.locate import is_cards, own_words

# Prose: a line of so many characters that ends a sentence, and is not cut as the summaries of cards are.
_SHORTEST = 60
_ENDS, _CUT = tuple(WORDS.sentence_ends), ("...", "…")
_COOKIES = tuple(labels.cookies for labels in LABELS if labels.cookies)
_WORD = re.compile(r"\w+")


def second_opinion(body: bytes, charset: str | None, article: Article) -> list[str]:
    """The lines of prose that an article lacks, and those that it has from around it; 20 are enough for a report.

    Args:
        body, charset: the page, as of `extract_html`.
        article: what was extracted from it.
    """
    from trafilatura import bare_extraction

    page = parse_html(body, charset)
    for element in [*_around(page, article)]:
        element.clear(keep_tail=True)
    pruned = etree.tostring(page, encoding="unicode", method="html")
    found = bare_extraction(pruned, include_comments=False, favor_recall=True, with_metadata=False)
    read = (getattr(found, "text", None) or "").splitlines()
    return [*_prose(read, article.text), *_prose(article.paragraphs, text_of(page) or "")][:20]


def _around(page: _Element, article: Article) -> Iterator[_Element]:
    """The site's surroundings, and the smallest blocks of cards, without those that hold most of the article."""
    for block in page.iter(*ELEMENTS["surroundings"], *ELEMENTS["wrappers"], "ul"):
        words = text_of(block) or ""
        if block.tag == "aside":  # one of prose may be the article's
            is_around = 2 * own_words(block) <= len(words)
        else:
            is_around = block.tag in ELEMENTS["surroundings"] or (is_cards(block) and not any(map(is_cards, block)))
        if is_around and 2 * sum(line in words for line in article.paragraphs) <= len(article.paragraphs):
            yield block


def _prose(lines: Iterable[str], text: str) -> Iterator[str]:
    """The lines of prose whose words are not in a text."""
    words = _words(text)
    for line in lines:
        is_prose = len(line) >= _SHORTEST and line.endswith(_ENDS) and not line.endswith(_CUT)
        if is_prose and not line.startswith(_COOKIES) and _words(line) not in words:
            yield line


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text))} "
