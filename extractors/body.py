"""The article's subtree -> its paragraphs: our code decides what trafilatura gets to see, trafilatura reads it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree
from trafilatura import html2txt

from extractors.article import NotAnArticle
from extractors.normalize import plain

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

# Elements that begin and end a paragraph; all others are part of a sentence.
_BLOCKS = frozenset(
    """
    address article aside blockquote caption center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6
    header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
    """.split()
)
# Elements without words of an article, on any page: code, players, form controls, and those whose content HTML reads
# as raw text, so that an unclosed one swallows the rest of the page.
_WORDLESS = frozenset(
    """
    audio button embed form iframe input noembed noframes noscript object plaintext script select style svg template
    textarea title video xmp
    """.split()
)

# Bounds on what a hostile page may cost; the longest features have some hundred paragraphs.
_MAX_PARAGRAPHS = 2_000
_MAX_CHARACTERS = 1_000_000

# A walk writes the body down as one text with these marks in it; its own line ends and controls become spaces.
_BREAK, _BLOCK, _CELL, _ITEM = "\n", "\x1d", "\x1e", "\x1f"
_TO_SPACES = str.maketrans(dict.fromkeys("\n\r\x1c\x1d\x1e\x1f", " "))
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")

# Between paragraphs in what trafilatura reads: it keeps the words and folds all white space.
_SEPARATOR = "\N{SYMBOL FOR RECORD SEPARATOR}"
_MAKER = lxml.html.HTMLParser()


def read_paragraphs(body: _Element, cut: Collection[_Element] = (), end: _Element | None = None) -> tuple[str, ...]:
    """The paragraphs of an article, in reading order.

    `<br><br>` and block elements part paragraphs; where a body has only single `<br>`, they do. List items come as
    lines that begin with "- ", table rows as lines with " | " between the cells.

    The text is read by trafilatura's `html2txt`, its reader without heuristics: those are for finding an article on a
    page, and here they could only lose some of it (its main extractor drops a paragraph that repeats the one before).

    Args:
        body: the element that holds the article's words.
        cut: elements below it that hold none of them.
        end: the element below it from which on nothing is the article's.

    Returns:
        Paragraphs without empty ones; white space collapsed, NFC. Empty when the body has no words.

    Raises:
        NotAnArticle: the body is longer than any article of the site.
    """
    lines = _lines(plain(_write_down(body, cut, end)))
    if len(lines) > _MAX_PARAGRAPHS or sum(map(len, lines)) > _MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    read = html2txt(_page(lines), clean=False)
    return tuple(filter(None, map(str.strip, read.split(_SEPARATOR))))


def _page(lines: list[str]) -> HtmlElement:
    """A bare page of the paragraphs and nothing else."""
    page = _MAKER.makeelement("html")
    body = etree.SubElement(page, "body")
    for line in lines:
        etree.SubElement(body, "p").text = _SEPARATOR + line.replace(_SEPARATOR, "")
    return page


def _lines(text: str) -> list[str]:
    """The paragraphs of a body that was written down, in order."""
    runs = [run for run in text.split(_BLOCK) if run.strip(" \n\x1e\x1f")]
    # SITE: sentences end with one <br>, paragraphs with two; a body without any double one means its single ones.
    parted = any(_PARAGRAPH_BREAK.search(run.strip()) for run in runs if _BREAK in run)
    lines = []
    for run in runs:
        if run.startswith(_ITEM):
            lines.append(f"- {_line(run)}")
        elif _BREAK in run:
            lines += map(_line, _PARAGRAPH_BREAK.split(run) if parted else run.split(_BREAK))
        else:
            lines.append(_line(run))
    return [line for line in lines if line]


def _line(run: str) -> str:
    if _CELL in run:
        return " | ".join(filter(None, (" ".join(cell.split()) for cell in run.split(_CELL))))
    return " ".join(run.split())


def _write_down(body: _Element, cut: Collection[_Element], end: _Element | None) -> str:
    """The body as one text, with marks between its parts.

    _BLOCK stands between blocks, _ITEM before the words of a list item, _BREAK for each <br>, and _CELL before each
    cell of a table row of several.
    """
    written: list[str] = []
    items = rows = 0
    around_end = set() if end is None else set(end.iterancestors())
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        started = event == "start"
        skipped = tag in _WORDLESS or element in cut
        if started and (element is end or (skipped and element in around_end) or _swallowed_the_page(element)):
            break
        if skipped:
            if started:
                walk.skip_subtree()
        elif tag == "br":
            if started:
                written.append(" " if rows or items else _BREAK)
        elif tag in _BLOCKS:
            step = 1 if started else -1
            in_row = rows > 0
            items += step * (tag == "li")
            rows += step * _is_data_row(element)
            if in_row and rows:
                written.append(_CELL if started and tag in {"td", "th"} else " ")
            else:
                written.append(_BLOCK + _ITEM if items else _BLOCK)
        text = element.text if started else element.tail if element is not body else None
        if text and not (started and skipped):
            written.append(text.translate(_TO_SPACES))
    return "".join(written)


def _is_data_row(element: _Element) -> bool:
    """Whether this is a table row of several cells; a row of one cell lays out, and its blocks are paragraphs."""
    return element.tag == "tr" and sum(1 for _ in element.iterchildren("td", "th")) > 1


def _swallowed_the_page(element: _Element) -> bool:
    """Whether a quote or bracket that was not closed took in further tags, so that anything may follow."""
    return any("<" in name or "</" in value or "<div" in value for name, value in element.attrib.items())
