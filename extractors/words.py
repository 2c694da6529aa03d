"""The words of an element, written down in one walk: what parts them, and what holds none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from lxml import etree

from extractors.normalize import collapse

if TYPE_CHECKING:
    from lxml.etree import _Element

# Elements that begin and end a paragraph; all others are part of a sentence.
_BLOCKS = frozenset(
    """
    address article aside blockquote caption center dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
    """.split()
)
# Elements without words of an article, on any page: code, players, controls, and those whose content HTML reads as raw
# text, so that an unclosed one swallows the rest of the page.
_WORDLESS = frozenset(
    """
    audio button embed iframe input noembed noframes noscript object plaintext script select style svg template
    textarea title video xmp
    """.split()
)

#: The marks in a text that was written down; its own line ends and controls are spaces in it.
BREAK, BLOCK, CELL, ITEM = "\n", "\x1d", "\x1e", "\x1f"
_TO_SPACES = str.maketrans(dict.fromkeys("\n\r\x1c\x1d\x1e\x1f", " "))


def text_of(element: _Element | None) -> str | None:
    """The words of an element as one line, or None where there are none."""
    if element is None:
        return None
    if not len(element):
        return collapse(element.text or "") or None
    return collapse(write_down([element])) or None


def meta_of(page: _Element, name: str) -> str | None:
    """What the `<meta property=…>` of that name says, as one line; None where there is none or it says nothing."""
    content = next((meta.get("content") for meta in page.iter("meta") if meta.get("property") == name), None)
    return collapse(content or "") or None


def write_down(elements: Iterable[_Element], cut: Collection[_Element] = (), end: _Element | None = None) -> str:
    """The words of elements as one text, with marks between its parts.

    BLOCK stands between blocks, ITEM before the words of a list item, BREAK for each <br>, and CELL before each cell of
    a table row of several.

    Args:
        elements: in the order of the page; the text after one counts if another follows.
        cut: elements inside that hold no words.
        end: the element inside from which on nothing counts.
    """
    written: list[str] = []
    around_end = set() if end is None else set(end.iterancestors())
    before: _Element | None = None
    for root in elements:
        if before is not None and before.tail:
            written.append(before.tail.translate(_TO_SPACES))
        before = root
        if _write_one(root, written, cut, end, around_end):
            break
    return "".join(written)


def _write_one(
    root: _Element, written: list[str], cut: Collection[_Element], end: _Element | None, around_end: set[_Element]
) -> bool:
    """Write down one element; whether the end was in it."""
    items = rows = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        started = event == "start"
        skipped = tag in _WORDLESS or element in cut
        if started and (element is end or (skipped and element in around_end) or _swallowed_the_page(element)):
            return True
        if skipped:
            if started:
                walk.skip_subtree()
        elif tag == "br":
            if started:
                written.append(" " if rows or items else BREAK)
        elif tag in _BLOCKS:
            step = 1 if started else -1
            in_row = rows > 0
            items += step * (tag == "li")
            rows += step * _is_data_row(element)
            if in_row and rows:
                written.append(CELL if started and tag in {"td", "th"} else " ")
            else:
                written.append(BLOCK + ITEM if items else BLOCK)
        text = element.text if started else element.tail if element is not root else None
        if text and not (started and skipped):
            written.append(text.translate(_TO_SPACES))
    return False


def _is_data_row(element: _Element) -> bool:
    """Whether this is a table row of several cells; a row of one cell lays out, and its blocks are paragraphs."""
    return element.tag == "tr" and sum(1 for _ in element.iterchildren("td", "th")) > 1


def _swallowed_the_page(element: _Element) -> bool:
    """Whether a quote or bracket that was not closed took in further tags, so that anything may follow."""
    return any("<" in name or "</" in value or "<div" in value for name, value in element.attrib.items())
