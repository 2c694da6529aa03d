"""Tree -> the parts of its article: by the names of a layout, else by structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors import generic
from extractors.layouts import GENERIC_END, LAYOUTS, Layout
from extractors.words import meta_of, text_of

if TYPE_CHECKING:
    from lxml.cssselect import CSSSelector
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The elements of an article on its page.

    Attributes:
        layout: the template whose names they have, or come closest to.
        head: the block of the title.
        title: its h1, where there is one.
        body: the block of the words, with what stands in it and is none.
        dates: the text of the date block; empty where there is none.
        moved: whether any part was found by structure and not by its name.
        body_moved: whether the body was.
    """

    layout: Layout
    head: _Element
    title: _Element | None
    body: _Element
    dates: str
    moved: bool
    body_moved: bool

    @property
    def cut(self) -> set[_Element]:
        """What stands inside the body and holds no words of the article."""
        return set() if self.body_moved else set(self.layout.cut(self.body))

    @property
    def end_inside(self) -> _Element | None:
        """Where the article ends inside the body: only where broken markup brought in what stands after it."""
        found: list[_Element] = (GENERIC_END if self.body_moved else self.layout.end)(self.body)
        return next((element for element in found if element is not self.body), None)

    @property
    def extent(self) -> tuple[list[_Element], _Element | None]:
        """The blocks that hold the words, and the element from which on nothing is the article's.

        That is the body alone; and where a stray end tag closed it early, what follows it up to the menu below.
        """
        inside = self.end_inside
        blocks = [self.body]
        if inside is None and not self.body_moved:
            for level in (self.body, *self.body.iterancestors()):
                for block in level.itersiblings():
                    blocks.append(block)
                    if (end := first(self.layout.end, block)) is not None:
                        return blocks, end
        return [self.body], inside

    def first(self, selector: CSSSelector) -> _Element | None:
        """The first match in the article's own part of the page, from its head to the end of its body."""
        return next((found for block in self._blocks() if (found := first(selector, block)) is not None), None)

    def _blocks(self) -> Iterator[_Element]:
        """The blocks from the one with the head, which is left out, to the body."""
        above = {self.head, *self.head.iterancestors()}
        last = self.body
        while (parent := last.getparent()) is not None and parent not in above:
            last = parent
        between = []
        for block in last.itersiblings(preceding=True):
            if block in above:
                break
            between.append(block)
        yield from reversed(between)
        yield self.body


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
            return _parts(layout, head, first(layout.title, head), body)
    return _locate_moved(page, order[0])


def first(selector: CSSSelector, element: _Element) -> _Element | None:
    """The first match of a selector in an element, in the order of the page."""
    found: list[_Element] = selector(element)
    return found[0] if found else None


def _locate_moved(page: _Element, layout: Layout) -> Parts | None:
    """The parts of an article whose template moved: what still has its name by that, the rest by structure."""
    head = _head(page, layout)
    title = generic.find_title(page, meta_of(page, "og:title")) if head is None else first(layout.title, head)
    start = head if title is None else title
    head = title.getparent() if head is None and title is not None else head
    if start is None or head is None:
        return None
    named = _body(layout, head)
    body = generic.find_body(start) if named is None else named
    return None if body is None else _parts(layout, head, title, body, moved=True, body_moved=named is None)


def _parts(
    layout: Layout,
    head: _Element,
    title: _Element | None,
    body: _Element,
    *,
    moved: bool = False,
    body_moved: bool = False,
) -> Parts:
    dates = text_of(first(layout.dates, head)) or ""
    if not dates and title is not None and (dates := generic.find_dates(title)):
        moved = True
    return Parts(layout=layout, head=head, title=title, body=body, dates=dates, moved=moved, body_moved=body_moved)


def _head(page: _Element, layout: Layout) -> _Element | None:
    """The first head that holds a title, else the first."""
    heads: list[_Element] = layout.head(page)
    titled = (head for head in heads if text_of(first(layout.title, head)))
    return next(titled, heads[0] if heads else None)


def _body(layout: Layout, head: _Element) -> _Element | None:
    """The first body in the head or after it, nearest level first; what other articles' cards hold is further away."""
    for level in (head, *head.iterancestors()):
        blocks = (level, *level.itersiblings()) if level is head else level.itersiblings()
        for block in blocks:
            if (body := first(layout.body, block)) is not None:
                return body
    return None
