"""Tree -> the parts of its article: by the names of a layout, else by structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from extractors import generic
from extractors.body import text_of
from extractors.layout import GENERIC, LAYOUTS, NAMES, TITLE_SUFFIX, Layout, Selector, first
from extractors.normalize import collapse

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of an article on its page: the words of the small ones, the elements of the others.

    Attributes:
        name: `Article.layout`.
        layout: the template whose names the parts have, or come closest to.
        title, category: as of Article.
        dates: the text of the date block; empty where there is none.
        head: the block of the title.
        own: the blocks from the head, which is left out, to the body.
        bodies: the blocks of the words; more than one only where they were found by structure.
        captions: boxes of pictures that were found by structure, and the words in them.
        blocks: where the article's words are, in order: the bodies; after a body found by its name what follows it up
            to the menu below, where a stray end tag may have left some of its words.
        cut: elements in the blocks that hold none of its words.
        end: the element in the last block from which on nothing is the article's; None where the page ends first.
    """

    name: str
    layout: Layout
    title: str | None
    category: str | None
    dates: str
    head: _Element
    own: list[_Element]
    bodies: list[_Element]
    captions: dict[_Element, str]
    blocks: list[_Element]
    cut: set[_Element]
    end: _Element | None

    def first(self, selector: Selector) -> _Element | None:
        """The first match in the article's own part of the page, from its head to the end of its body."""
        return next((found for block in self.own if (found := first(selector, block)) is not None), None)


class _Head(NamedTuple):
    """The block of a title, the title in it, and its words."""

    block: _Element
    title: _Element | None
    words: str | None


def locate(page: _Element, file_name: str) -> Parts | None:
    """The parts of the article on a page, or None where there is no article.

    Args:
        page: the whole page.
        file_name: of its address.
    """
    name = NAMES.get(file_name, GENERIC)
    for layout in LAYOUTS:
        head = _head(page, layout)
        body = None if head is None else _body(layout, head.block)
        if head is not None and body is not None:
            return _parts(page, layout, name, head, [body], named=True)
    return _locate_moved(page, LAYOUTS[0])


def meta_of(page: _Element, name: str) -> str | None:
    """What the `<meta property=…>` of that name says, as one line; None where it is missing or empty."""
    content = next((meta.get("content") for meta in page.iter("meta") if meta.get("property") == name), None)
    return collapse(content or "") or None


def _locate_moved(page: _Element, layout: Layout) -> Parts | None:
    """The parts of an article whose template moved: what still has its name by that, the rest by structure."""
    head = _head(page, layout)
    start = None if head is None else head.block
    if head is None or head.title is None:
        found = generic.find_title(page, meta_of(page, "og:title"))
        title, words = found or (None, None)
        block = start if start is not None else None if title is None else title.getparent()
        if block is None:
            return None
        head, start = _Head(block, title, words), start if start is not None else title
    body = _body(layout, head.block)
    bodies = [body] if body is not None else [] if start is None else generic.find_bodies(start)
    return _parts(page, layout, GENERIC, head, bodies, named=body is not None) if bodies else None


def _parts(page: _Element, layout: Layout, name: str, head: _Head, bodies: list[_Element], *, named: bool) -> Parts:
    """The parts around a head and its bodies; `named`: whether the body was found by its name."""
    dates = text_of(first(layout.dates, head.block)) or ""
    if not dates and head.title is not None and (dates := generic.find_dates(head.title)):
        name = GENERIC
    cut: set[_Element] = {box for body in bodies for box in layout.cut(body)}
    captions: dict[_Element, str] = {}
    for body in bodies:
        unboxed = (picture for picture in body.iter("img") if cut.isdisjoint(picture.iterancestors()))
        captions |= generic.find_captions(unboxed, body)
    if any(captions.values()):
        name = GENERIC
    category = text_of(first(layout.category, head.block))
    if category is None and name == GENERIC and head.title is not None:
        category = generic.find_category(head.title)
    cut |= captions.keys()
    blocks, end = _extent(layout, bodies[0], cut) if named else (bodies, generic.find_end(bodies))
    return Parts(
        name=name,
        layout=layout,
        title=_title(page, head.words),
        category=category,
        dates=dates,
        head=head.block,
        own=[*_between(head.block, bodies[0]), *bodies],
        bodies=bodies,
        captions=captions,
        blocks=blocks,
        cut=cut,
        end=end,
    )


def _head(page: _Element, layout: Layout) -> _Head | None:
    """The first head that holds a title, else the first."""
    untitled = None
    for block in layout.head(page):
        title = first(layout.title, block)
        if words := text_of(title):
            return _Head(block, title, words)
        untitled = untitled or _Head(block, title, None)
    return untitled


def _body(layout: Layout, head: _Element) -> _Element | None:
    """The first body in the head or after it, nearest level first; what other articles' cards hold is further away."""
    for level in (head, *head.iterancestors()):
        blocks = (level, *level.itersiblings()) if level is head else level.itersiblings()
        for block in blocks:
            if (body := first(layout.body, block)) is not None:
                return body
    return None


def _between(head: _Element, body: _Element) -> list[_Element]:
    """The blocks between the one with the head and the one with the body."""
    above = {head, *head.iterancestors()}
    while (parent := body.getparent()) is not None and parent not in above:
        body = parent
    between = []
    for block in body.itersiblings(preceding=True):
        if block in above:
            break
        between.append(block)
    return between[::-1]


def _extent(layout: Layout, body: _Element, cut: set[_Element]) -> tuple[list[_Element], _Element | None]:
    """The blocks with the words of a body, and their end. What is inside the body like an end may be added to `cut`."""
    inside = [end for end in layout.end(body) if end is not body]
    blocks = [body]
    for level in (body, *body.iterancestors()):
        for block in level.itersiblings():
            blocks.append(block)
            if (end := first(layout.end, block)) is not None:
                cut.update(inside)  # no end, since the page goes on after the body
                return blocks, end
    return [body], inside[0] if inside else None


def _title(page: _Element, own: str | None) -> str | None:
    """The article's own headline, else og:title, else <title>; without the site's name."""
    found = own or meta_of(page, "og:title") or text_of(next(page.iter("title"), None))
    return found.removesuffix(TITLE_SUFFIX) or None if found else None
