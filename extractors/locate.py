"""Tree -> the parts of its article: by the names of a layout, else by structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors import generic
from extractors.layout import GENERIC_END, LAYOUTS, Layout, Selector
from extractors.words import meta_of, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The elements of an article on its page.

    Attributes:
        layout: the template whose names they have, or come closest to.
        head: the block of the title.
        title: its headline, where there is one.
        bodies: the blocks of the words, with what stands in them and is none; one, but where they were found by
            structure.
        dates: the text of the date block; empty where there is none.
        moved: whether any part was found by structure and not by its name.
        body_moved: whether the body was.
        cut: what stands in the bodies and holds none of their words.
        captions: boxes of pictures that no name tells from the body, the first one first; they are in `cut` too.
    """

    layout: Layout
    head: _Element
    title: _Element | None
    bodies: list[_Element]
    dates: str
    moved: bool
    body_moved: bool
    cut: set[_Element]
    captions: list[_Element]

    def first(self, selector: Selector) -> _Element | None:
        """The first match in the article's own part of the page, from its head to the end of its body."""
        return next((found for block in self._blocks() if (found := first(selector, block)) is not None), None)

    def extent(self) -> Extent:
        """Where on the page the article's words are."""
        if self.body_moved:
            ends: list[_Element] = [end for body in self.bodies for end in GENERIC_END(body)]
            return Extent(self.bodies, self.cut, ends[0] if ends else None)
        [body] = self.bodies
        inside: list[_Element] = [end for end in self.layout.end(body) if end is not body]
        blocks = [body]
        for level in (body, *body.iterancestors()):
            for block in level.itersiblings():
                blocks.append(block)
                if (end := first(self.layout.end, block)) is not None:
                    # What stands inside the body although the page goes on after it is no end: it is cut out.
                    return Extent(blocks, {*self.cut, *inside}, end)
        return Extent([body], self.cut, inside[0] if inside else None)

    def _blocks(self) -> Iterator[_Element]:
        """The blocks from the one with the head, which is left out, to the body."""
        above = {self.head, *self.head.iterancestors()}
        last = self.bodies[0]
        while (parent := last.getparent()) is not None and parent not in above:
            last = parent
        between = []
        for block in last.itersiblings(preceding=True):
            if block in above:
                break
            between.append(block)
        yield from reversed(between)
        yield from self.bodies


@dataclass(frozen=True, slots=True)
class Extent:
    """Where on the page an article's words are.

    Attributes:
        blocks: what holds them, in order; after the body what follows it up to the menu below, where a stray end tag
            may have left some of its words.
        cut: elements inside that hold none.
        end: the element from which on nothing is the article's; None where the page ends first.
    """

    blocks: list[_Element]
    cut: set[_Element]
    end: _Element | None


def locate(page: _Element, file_name: str) -> Parts | None:
    """The parts of the article on a page, or None where there is no article.

    Args:
        page: the whole page.
        file_name: of its address; layouts seen under it are tried first.
    """
    order = sorted(LAYOUTS, key=lambda layout: file_name not in layout.pages)
    for layout in order:
        head = _head(page, layout)
        body = None if head is None else _body(layout, head)
        if head is not None and body is not None:
            return _parts(layout, head, first(layout.title, head), [body])
    return _locate_moved(page, order[0])


def first(selector: Selector, element: _Element) -> _Element | None:
    """The first match of a selector in an element, in the order of the page."""
    return next(iter(selector(element)), None)


def _locate_moved(page: _Element, layout: Layout) -> Parts | None:
    """The parts of an article whose template moved: what still has its name by that, the rest by structure."""
    head = _head(page, layout)
    title = None if head is None else first(layout.title, head)
    if title is None:
        title = generic.find_title(page, meta_of(page, "og:title"))
    start = title if head is None else head
    head = title.getparent() if head is None and title is not None else head
    if start is None or head is None:
        return None
    named = _body(layout, head)
    bodies = generic.find_bodies(start) if named is None else [named]
    return _parts(layout, head, title, bodies, moved=True, body_moved=named is None) if bodies else None


def _parts(
    layout: Layout,
    head: _Element,
    title: _Element | None,
    bodies: list[_Element],
    *,
    moved: bool = False,
    body_moved: bool = False,
) -> Parts:
    dates = text_of(first(layout.dates, head)) or ""
    if not dates and title is not None and (dates := generic.find_dates(title)):
        moved = True
    boxes: set[_Element] = {box for body in bodies for box in layout.cut(body)}
    captions = [box for body in bodies for box in generic.find_captions(_unboxed(body, boxes), body)]
    if any(text_of(box) for box in captions):
        moved = True
    return Parts(
        layout=layout,
        head=head,
        title=title,
        bodies=bodies,
        dates=dates,
        moved=moved,
        body_moved=body_moved,
        cut={*boxes, *captions},
        captions=captions,
    )


def _unboxed(body: _Element, boxes: set[_Element]) -> Iterator[_Element]:
    """The pictures of a body that stand in no box the layout names."""
    return (picture for picture in body.iter("img") if boxes.isdisjoint(picture.iterancestors()))


def _head(page: _Element, layout: Layout) -> _Element | None:
    """The first head that holds a title, else the first."""
    titled = (head for head in layout.head(page) if text_of(first(layout.title, head)))
    found = next(titled, None)
    return first(layout.head, page) if found is None else found


def _body(layout: Layout, head: _Element) -> _Element | None:
    """The first body in the head or after it, nearest level first; what other articles' cards hold is further away."""
    for level in (head, *head.iterancestors()):
        blocks = (level, *level.itersiblings()) if level is head else level.itersiblings()
        for block in blocks:
            if (body := first(layout.body, block)) is not None:
                return body
    return None
