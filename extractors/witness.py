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

# Longer pages are not read twice; those of the site have some 60 KB.
_MAX_BYTES = 500_000
# Prose: a line of so many characters that ends a sentence, and is not cut as the summaries of cards are.
_SHORTEST = 60
_ENDS, _CUT = tuple(WORDS.sentence_ends), ("...", "…")
_COOKIES = tuple(labels.cookies for labels in LABELS if labels.cookies)
_WORD = re.compile(r"\w+")


def second_opinion(body: bytes, charset: str | None, article: Article) -> tuple[list[str], list[str]]:
    """The prose that an article lacks, and that it has although it is from around it, both line by line.

    Args:
        body, charset: the page, as of `extract_html`.
        article: what was extracted from it.
    """
    if len(body) > _MAX_BYTES:
        return [], []
    from trafilatura import bare_extraction

    page, ours = parse_html(body, charset), _words(article.text)
    for element in [*_around(page, article)]:
        element.clear(keep_tail=True)
    pruned = etree.tostring(page, encoding="unicode", method="html")
    found = bare_extraction(pruned, include_comments=False, favor_recall=True, with_metadata=False)
    lines = (getattr(found, "text", None) or "").splitlines()
    theirs = _words(text_of(page) or "")
    lacking = [line for line in _prose(lines) if _words(line) not in ours]
    foreign = [line for line in _prose(article.paragraphs) if _words(line) not in theirs]
    return lacking[:20], foreign[:20]  # enough for a report


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


def _prose(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if (
            len(line) >= _SHORTEST
            and line.endswith(_ENDS)
            and not line.endswith(_CUT)
            and not line.startswith(_COOKIES)
        ):
            yield line


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text))} "
