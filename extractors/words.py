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
# Of which something is written down where they begin.
_MARKED = _BLOCKS | {"br", "img"}
# Elements without words of an article, on any page: code, players, controls, and those whose content HTML reads as raw
# text, so that an unclosed one swallows the rest of the page.
_WORDLESS = frozenset(
    """
    audio button embed iframe input noembed noframes noscript object plaintext script select style svg template
    textarea title video xmp
    """.split()
)

# Of these, what stands between paragraphs and not inside a sentence.
_MEDIA = frozenset({"audio", "embed", "iframe", "object", "video"})

#: The marks in a text that was written down; its own line ends and controls are spaces in it.
BREAK, BLOCK, CELL, ITEM, PICTURE = "\n", "\x1d", "\x1e", "\x1f", "\N{OBJECT REPLACEMENT CHARACTER}"
_OWN_MARKS = f"{BREAK}{BLOCK}{CELL}{ITEM}{PICTURE}\r\x1c"


def text_of(element: _Element | None) -> str | None:
    """The words of an element as one line, or None where there are none."""
    if element is None:
        return None
    if not len(element):
        return collapse(element.text or "") or None
    return collapse(write_down([element]).replace(PICTURE, " ")) or None


def meta_of(page: _Element, name: str) -> str | None:
    """What the `<meta property=…>` of that name says, as one line; None where there is none or it says nothing."""
    content = next((meta.get("content") for meta in page.iter("meta") if meta.get("property") == name), None)
    return collapse(content or "") or None


def write_down(elements: Iterable[_Element], cut: Collection[_Element] = (), end: _Element | None = None) -> str:
    """The words of elements as one text, with marks between its parts.

    BLOCK stands between blocks and for what is cut out between them, ITEM before the words of a list item, BREAK for
    each <br>, PICTURE for each picture, and CELL before each cell of a table row of several.

    Args:
        elements: in the order of the page; the text after one counts if another follows.
        cut: elements inside that hold no words.
        end: the element inside from which on nothing counts.
    """
    writer = _Writer(cut, end)
    before: _Element | None = None
    for root in elements:
        if before is not None:
            writer.add(before.tail)
        before = root
        if not writer.write(root):
            break
    return "".join(writer.written)


class _Writer:
    """Writes elements down, one after the other."""

    def __init__(self, cut: Collection[_Element], end: _Element | None) -> None:
        self.written: list[str] = []
        self._cut = cut
        self._end = end
        self._around_end = set() if end is None else set(end.iterancestors())
        self._items = 0
        self._rows = 0

    def write(self, root: _Element) -> bool:
        """Write down one element; False where the end was in it."""
        self._items = self._rows = 0
        cut, end = self._cut, self._end
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = str(element.tag)
            skipped = tag in _WORDLESS or element in cut
            if event == "end":
                if tag in _BLOCKS and not skipped:
                    self._step(element, tag, -1)
                if element is not root:
                    self.add(element.tail)
            elif element is end or (element in self._around_end if skipped else _swallowed_the_page(element)):
                return False
            elif skipped:
                walk.skip_subtree()
                self._part(tag)
            else:
                if tag in _MARKED:
                    self._start(element, tag)
                self.add(element.text)
        return True

    def add(self, text: str | None) -> None:
        """Write down text as it stands on the page."""
        if text:
            if not text.isprintable() or PICTURE in text:  # no other mark is
                for mark in _OWN_MARKS:  # many times as fast as `str.translate`, which looks at each character
                    if mark in text:
                        text = text.replace(mark, " ")
            self.written.append(text)

    def _part(self, skipped: str) -> None:
        """What is cut out between paragraphs parts them; a script does not."""
        if skipped == "img":
            self.written.append(PICTURE)
        elif not self._rows and (skipped in _BLOCKS or skipped in _MEDIA):
            self._mark_block()

    def _start(self, element: _Element, tag: str) -> None:
        if tag == "br":
            self.written.append(" " if self._rows or self._items else BREAK)
        elif tag == "img":
            self.written.append(PICTURE)
        else:
            self._step(element, tag, 1)

    def _step(self, block: _Element, tag: str, step: int) -> None:
        """Go into a block (1) or out of it (-1)."""
        in_row = self._rows > 0
        if tag == "li":
            self._items += step
        elif tag == "tr" and _is_data_row(block):
            self._rows += step
        if in_row and self._rows:
            self.written.append(CELL if step > 0 and tag in {"td", "th"} else " ")
        else:
            self._mark_block()

    def _mark_block(self) -> None:
        self.written.append(BLOCK + ITEM if self._items else BLOCK)


def _is_data_row(row: _Element) -> bool:
    """Whether a table row has several cells; a row of one cell lays out, and its blocks are paragraphs."""
    return sum(1 for _ in row.iterchildren("td", "th")) > 1


def _swallowed_the_page(element: _Element) -> bool:
    """Whether a quote or bracket that was not closed took in further tags, so that anything may follow."""
    for name, value in element.items():
        if "<" in name or ("<" in value and ("<div" in value or "</div" in value or value.endswith("="))):
            return True
    return False
