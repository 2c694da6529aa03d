"""The article's subtree -> its paragraphs: our code decides what trafilatura gets to see, trafilatura reads it."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor

from extractors.normalize import collapse

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Elements that begin and end a paragraph; all others are part of a sentence.
_BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav"),
        *("ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)

_BREAK = "\n"
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


def _options() -> Extractor:
    """Trafilatura told to keep all it is shown: its minimum sizes would send a short article to its fallbacks."""
    config = deepcopy(DEFAULT_CONFIG)
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "0"
    return Extractor(config=config, output_format="python", fast=True, recall=True, comments=False, tables=True)


_OPTIONS = _options()
_MAKER = lxml.html.HTMLParser()


def read_paragraphs(body: HtmlElement) -> tuple[str, ...]:
    """The paragraphs of an article, in reading order.

    `<br><br>` and block elements part paragraphs; where a body has only single `<br>`, they do. List items come as
    lines that begin with "- ", table rows as lines with " | " between the cells.

    Args:
        body: the element that holds the article's words and nothing else; it is changed.

    Returns:
        Paragraphs without empty ones; white space collapsed, NFC. Empty when the body has no words.
    """
    _join_rows(body)
    blocks = _blocks(body)
    if not blocks:
        return ()
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


def _blocks(body: HtmlElement) -> list[tuple[str, str]]:
    """The body as (tag, text) pairs, tag `p` or `li`, each text one line."""
    runs = _runs(body)
    # SITE: sentences end with one <br>, paragraphs with two; a body without any double one means its single ones.
    parted = any(_PARAGRAPH_BREAK.search(text.strip()) for _, text in runs)
    split = _PARAGRAPH_BREAK.split if parted else re.compile(_BREAK).split
    return [(tag, line) for tag, text in runs for line in map(collapse, split(text)) if line]


def _runs(body: HtmlElement) -> list[tuple[str, str]]:
    """The body as runs of text between block boundaries, with each <br> as a line feed and nothing else as one."""
    runs: list[tuple[str, str]] = []
    buffer: list[str] = []
    open_items = 0

    def flush() -> None:
        text = "".join(buffer)
        buffer.clear()
        if text.strip():
            runs.append(("li" if open_items else "p", text))

    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element.tag in _BLOCKS:
            flush()
        open_items += (element.tag == "li") * (1 if event == "start" else -1)
        if element.tag == "br" and event == "start":
            buffer.append(_BREAK)
        text = element.text if event == "start" else element.tail if element is not body else None
        if text:
            buffer.append(text.replace("\n", " ").replace("\r", " "))
    flush()
    return runs


def _join_rows(body: HtmlElement) -> None:
    """Turn each row of several cells into one line, in place. A row of one cell lays out: its blocks stay."""
    for row in list(body.iter("tr")):
        cells = [collapse(cell.text_content()) for cell in row.iterchildren("td", "th")]
        if len(cells) > 1:
            for child in list(row):
                row.remove(child)
            row.text = " | ".join(cells)
