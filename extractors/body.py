"""The article's subtree -> its paragraphs: our code decides what trafilatura gets to see, trafilatura reads it."""

from __future__ import annotations

import re
from collections.abc import Collection
from copy import deepcopy
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor

from extractors.article import NotAnArticle
from extractors.normalize import collapse

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

# Bounds on what a hostile page may cost; the longest features have some hundred paragraphs.
_MAX_PARAGRAPHS = 2_000
_MAX_CHARACTERS = 1_000_000

_BREAK = "\n"
_CELL = "\x1e"
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


def _options() -> Extractor:
    """Trafilatura told to keep all it is shown: its minimum sizes would send a short article to its fallbacks."""
    config = deepcopy(DEFAULT_CONFIG)
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "0"
    return Extractor(config=config, output_format="python", fast=True, recall=True, comments=False, tables=True)


_OPTIONS = _options()
_MAKER = lxml.html.HTMLParser()


def read_paragraphs(body: _Element, cut: Collection[_Element] = (), end: _Element | None = None) -> tuple[str, ...]:
    """The paragraphs of an article, in reading order.

    `<br><br>` and block elements part paragraphs; where a body has only single `<br>`, they do. List items come as
    lines that begin with "- ", table rows as lines with " | " between the cells.

    Args:
        body: the element that holds the article's words.
        cut: elements below it that hold none of them.
        end: the element below it from which on nothing is the article's.

    Returns:
        Paragraphs without empty ones; white space collapsed, NFC. Empty when the body has no words.

    Raises:
        NotAnArticle: the body is longer than any article of the site.
    """
    blocks = _blocks(_Walk(body, cut, end).runs)
    if not blocks:
        return ()
    if len(blocks) > _MAX_PARAGRAPHS or sum(len(text) for _, text in blocks) > _MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    document = bare_extraction(_page(blocks), options=_OPTIONS)
    text = getattr(document, "text", None) or ""
    read = tuple(filter(None, map(collapse, text.split("\n"))))
    shown = tuple(f"- {text}" if tag == "li" else text for tag, text in blocks)
    # trafilatura leaves out a long paragraph that repeats the one before it; nothing of a body may be lost.
    return read if _words(read) == _words(shown) else shown


def _words(paragraphs: tuple[str, ...]) -> str:
    return "".join("".join(paragraphs).split())


def _page(blocks: list[tuple[str, str]]) -> HtmlElement:
    """A bare page that holds the blocks and not one class name for trafilatura's heuristics to act on."""
    page = _MAKER.makeelement("html")
    article = etree.SubElement(etree.SubElement(page, "body"), "article")
    for tag, text in blocks:
        parent = article
        if tag == "li":
            last = article[-1] if len(article) else None
            parent = last if last is not None and last.tag == "ul" else etree.SubElement(article, "ul")
        etree.SubElement(parent, tag).text = text
    return page


def _blocks(runs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The body as (tag, text) pairs, tag `p` or `li`, each text one line."""
    # SITE: sentences end with one <br>, paragraphs with two; a body without any double one means its single ones.
    parted = any(_PARAGRAPH_BREAK.search(text.strip()) for _, text in runs)
    split = _PARAGRAPH_BREAK.split if parted else re.compile(_BREAK).split
    return [(tag, line) for tag, text in runs for line in map(collapse, split(text) if tag == "p" else [text]) if line]


class _Walk:
    """One walk over a body that notes its runs of text: (tag, text) between block boundaries, tag `p` or `li`.

    Each <br> is a line feed in the text and nothing else is; a table row of several cells is one run.
    """

    def __init__(self, body: _Element, cut: Collection[_Element], end: _Element | None) -> None:
        self.runs: list[tuple[str, str]] = []
        self._buffer: list[str] = []
        self._items = 0
        self._rows = 0
        walk = etree.iterwalk(body, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                if element is end or _swallowed_the_page(element):
                    break
                if element in cut:
                    walk.skip_subtree()
                else:
                    self._start(element)
            else:
                if element not in cut:
                    self._end(element)
                if element is not body:
                    self._add(element.tail)
        self._flush()

    def _start(self, element: _Element) -> None:
        tag = element.tag
        if tag == "br":
            self._buffer.append(" " if self._rows else _BREAK)
        elif tag in _BLOCKS:
            if not self._rows:
                self._flush()
            self._buffer.append(_CELL if tag in {"td", "th"} and self._rows else " ")
            self._items += tag == "li"
            self._rows += _is_data_row(element)
        self._add(element.text)

    def _end(self, element: _Element) -> None:
        tag = element.tag
        if tag in _BLOCKS:
            if not self._rows or (self._rows == 1 and _is_data_row(element)):
                self._flush()
            self._buffer.append(" ")
            self._items -= tag == "li"
            self._rows -= _is_data_row(element)

    def _add(self, text: str | None) -> None:
        if text:
            self._buffer.append(text.replace("\n", " ").replace("\r", " "))

    def _flush(self) -> None:
        text = "".join(self._buffer)
        self._buffer.clear()
        if _CELL in text:
            text = " | ".join(filter(None, map(collapse, text.split(_CELL))))
        if text.strip():
            self.runs.append(("li" if self._items else "p", text))


def _is_data_row(element: _Element) -> bool:
    """Whether this is a table row of several cells; a row of one cell lays out, and its blocks are paragraphs."""
    return element.tag == "tr" and sum(1 for _ in element.iterchildren("td", "th")) > 1


def _swallowed_the_page(element: _Element) -> bool:
    """Whether an attribute without its closing quote took in the end of the body, so that anything may follow."""
    return any("</div" in value for value in element.attrib.values())
