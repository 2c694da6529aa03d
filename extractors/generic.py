"""Finding an article whose template moved: by what stays when every class and id of a page is renamed.

What stays (SITE.md, "An article page, top to bottom"): the elements header, nav, aside and footer; that the article's
headline is the page's og:title; that cards of other articles are several `article` elements under an h2; that a date
block is its timestamps and their labels; that menus are links, the share box has controls, and the body is prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from extractors.dates import is_date_block
from extractors.labels import CAPTIONS, CLOSE, COPYRIGHT, EDITIONS, SENTENCE_ENDS
from extractors.layout import SURROUNDINGS
from extractors.words import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADLINES = ("h1", "h2", "h3")
_CONTROLS = ("input", "select", "textarea")
# A body is at least a short sentence; what is shorter is a button or a label.
_SHORTEST_BODY = 12
_LONGEST_CAPTION = 100
# How far around a title its date block and category are looked for, and around a picture its caption.
_LEVELS = 3
_MOST_PICTURES = 200


def find_title(page: _Element, claimed: str | None) -> _Element | None:
    """The article's headline: the one that says what the page claims as its title, else the first h1 of no menu.

    Args:
        page: the whole page.
        claimed: its og:title.
    """
    headlines = [headline for headline in page.iter(*_HEADLINES) if text_of(headline)]
    same = [headline for headline in headlines if text_of(headline) == claimed]
    own = [headline for headline in headlines if headline.tag == "h1" and not _is_surrounded(headline)]
    return next(iter(same or own), None)


def find_bodies(start: _Element) -> list[_Element]:
    """The blocks of prose that follow the title, on the nearest level where there are any, in order."""
    node: _Element | None = start
    while node is not None and node.tag != "body":
        if found := list(_prose_blocks(_until_cards(node))):
            return found
        node = node.getparent()
    return []


def find_dates(title: _Element) -> str:
    """The text of the date block beside the title; empty where there is none."""
    blocks = (text_of(block) or "" for block in _beside(title))
    return next((text for text in blocks if is_date_block(text)), "")


def find_category(title: _Element) -> str | None:
    """The link to a list of news that stands above the title."""
    for level in islice(_levels(title), _LEVELS):
        for block in level.itersiblings(preceding=True):
            for link in block.iter("a"):
                if "_list.htm" in (link.get("href") or ""):
                    return text_of(link)
    return None


def find_captions(pictures: Iterable[_Element], body: _Element) -> list[_Element]:
    """The boxes of pictures in a body: around each picture, as much as holds no words but a caption."""
    boxes: dict[_Element, None] = {}  # a box may hold two pictures
    for picture in islice(pictures, _MOST_PICTURES):
        box = picture
        for parent in islice(picture.iterancestors(), _LEVELS):
            if parent is body or not _is_caption(parent):
                break
            box = parent
        boxes[box] = None
    return list(boxes)


def _is_caption(box: _Element) -> bool:
    text = text_of(box) or ""
    begins = text.startswith((*CAPTIONS, COPYRIGHT))
    return not text or (begins and len(text) <= _LONGEST_CAPTION and not text.endswith(SENTENCE_ENDS))


def _is_surrounded(element: _Element) -> bool:
    return any(ancestor.tag in SURROUNDINGS for ancestor in element.iterancestors())


def _levels(element: _Element) -> Iterator[_Element]:
    """An element and what it stands in, below <body>."""
    while element.tag != "body":
        yield element
        parent = element.getparent()
        if parent is None:
            return
        element = parent


def _beside(title: _Element) -> Iterator[_Element]:
    """The blocks around a title, nearest first."""
    for level in islice(_levels(title), _LEVELS):
        yield from level.itersiblings()
        yield from level.itersiblings(preceding=True)


def _until_cards(node: _Element) -> Iterator[_Element]:
    """The blocks after a node that may hold its body: up to the cards of other articles, without the surroundings."""
    for block in node.itersiblings():
        following = block.getnext()
        if _is_cards(block) or (block.tag == "h2" and following is not None and _is_cards(following)):
            return
        if block.tag not in SURROUNDINGS:
            yield block


def _is_cards(block: _Element) -> bool:
    return len(list(islice(block.iter("article"), 2))) > 1


def _prose_blocks(blocks: Iterable[_Element]) -> Iterator[_Element]:
    """Blocks of prose, inside a wrapper too where that holds a share box besides."""
    for block in blocks:
        if block.tag in _CONTROLS or is_date_block(text_of(block) or "") or _is_cookie_banner(block):
            continue
        if next(block.iter(*_CONTROLS), None) is not None:
            yield from _prose_blocks(block)
        elif _prose(block) >= _SHORTEST_BODY:
            yield block


def _is_cookie_banner(block: _Element) -> bool:
    text = (text_of(block) or "").removeprefix(CLOSE).lstrip()
    return any(labels.cookies and text.startswith(labels.cookies) for labels in EDITIONS)


def _prose(block: _Element) -> int:
    """How many characters of a block are words and no link."""
    links = sum(len(text_of(link) or "") for link in block.iter("a"))
    return len(text_of(block) or "") - links
