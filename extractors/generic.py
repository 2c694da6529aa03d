"""Finding an article whose template moved: by what stays when every class and id of a page is renamed.

What stays (SITE.md, "An article page, top to bottom"): the elements header, nav, aside and footer; that the article's
h1 is the page's og:title; that cards of other articles are `article` elements under an h2; that a date block is its
timestamps and little else; that the share box and the menus are links and controls, and the body is prose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from extractors.dates import find_timestamps
from extractors.labels import CAPTIONS, CLOSE, COPYRIGHT, EDITIONS
from extractors.layouts import SURROUNDINGS
from extractors.words import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

# A body is at least a sentence; what is shorter is a button or a label.
_SHORTEST_BODY = 25
# A date block is its timestamps (19 characters each) with a label before each of them.
_LONGEST_DATE_BLOCK = 120
_LONGEST_CAPTION = 100
_SENTENCE_ENDS = (".", "!", "?", "…", "»")


def find_title(page: _Element, claimed: str | None) -> _Element | None:
    """The article's own h1: the one that says what the page claims as its title, else the first outside the header.

    Args:
        page: the whole page.
        claimed: its og:title.
    """
    own = [h1 for h1 in page.iter("h1") if (text_of(h1) or "") and not _is_surrounded(h1)]
    same = [h1 for h1 in own if (text_of(h1) or "") == claimed]
    return next(iter(same or own), None)


def find_body(start: _Element) -> _Element | None:
    """The block with most prose among those that follow the title, on the nearest level where there is one."""
    node: _Element | None = start
    while node is not None and node.tag != "body":
        candidates = [block for block in _until_cards(node) if _prose(block) >= _SHORTEST_BODY]
        if candidates:
            return max(candidates, key=_prose)
        node = node.getparent()
    return None


def find_dates(title: _Element) -> str:
    """The text of the date block: the block right after the title that is timestamps and hardly more; else empty."""
    for block in title.itersiblings():
        text = text_of(block) or ""
        if find_timestamps(text) and len(text) <= _LONGEST_DATE_BLOCK:
            return text
    return ""


def find_category(title: _Element) -> str | None:
    """The link to a list of news that stands right before the title."""
    for block in title.itersiblings(preceding=True):
        for link in block.iter("a"):
            if "_list.htm" in (link.get("href") or ""):
                return (text_of(link) or "") or None
    return None


def find_captions(body: _Element) -> list[_Element]:
    """The boxes of the pictures in a body: around each picture, as much as holds no words but a caption."""
    boxes: dict[_Element, None] = {}  # a box may hold two pictures
    for picture in body.iter("img"):
        box = picture
        while (parent := box.getparent()) is not None and parent is not body and _is_caption(parent):
            box = parent
        boxes[box] = None
    return list(boxes)


def _is_caption(box: _Element) -> bool:
    text = text_of(box) or ""
    begins = text.startswith((*CAPTIONS, COPYRIGHT))
    return not text or (begins and len(text) <= _LONGEST_CAPTION and not text.endswith(_SENTENCE_ENDS))


def _is_surrounded(element: _Element) -> bool:
    return any(ancestor.tag in SURROUNDINGS for ancestor in element.iterancestors())


def _until_cards(node: _Element) -> Iterator[_Element]:
    """The blocks after a node that may be its body: up to the cards of other articles, without the surroundings."""
    for block in node.itersiblings():
        if block.tag == "h2" or next(block.iter("article"), None) is not None:
            return
        if block.tag not in SURROUNDINGS and not _is_date_block(block) and not _is_cookie_banner(block):
            yield block


def _is_date_block(block: _Element) -> bool:
    text = text_of(block) or ""
    return len(text) <= _LONGEST_DATE_BLOCK and bool(find_timestamps(text))


def _is_cookie_banner(block: _Element) -> bool:
    text = (text_of(block) or "").removeprefix(CLOSE).lstrip()
    return any(labels.cookies and text.startswith(labels.cookies) for labels in EDITIONS)


def _prose(block: _Element) -> int:
    """How many characters of a block are words and no link."""
    links = sum(len(text_of(link) or "") for link in block.iter("a"))
    return len(text_of(block) or "") - links
