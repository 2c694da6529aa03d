"""Finding an article whose template moved: by what stays when every class and id of a page is renamed.

What stays (README.md, "An article page"): the elements header, nav, aside and footer; that the article's headline is
the page's og:title; that cards of other articles are several `article` elements under an h2; that a date block is its
timestamps and their labels; that menus are links, the share box has controls, and the body is prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from extractors.body import text_of
from extractors.dates import is_date_block
from extractors.labels import CAPTIONS, CLOSE, COPYRIGHT, LABELS, SENTENCE_ENDS

if TYPE_CHECKING:
    from lxml.etree import _Element

#: The elements of a page that hold no article, whatever their classes. Cards are `article` elements.
SURROUNDINGS = frozenset({"header", "nav", "aside", "footer", "article"})
# Inside a body that was found by structure, as `Layout.end`: the surroundings, and the heading over the cards.
_END = etree.XPath(
    "descendant::*[self::aside or self::footer or self::nav"
    " or self::article[following-sibling::article] or self::h2[following-sibling::*[1][count(.//article) > 1]]][1]"
)
_HEADLINES = ("h1", "h2", "h3")
_CONTROLS = ("input", "select", "textarea")
# A body is at least a short sentence; what is shorter is a button or a label.
_SHORTEST_BODY = 12
_LONGEST_CAPTION = 100
# How far around a title its date block and category are looked for, and around a picture its caption.
_LEVELS = 3
_MOST_PICTURES = 200


def find_title(page: _Element, claimed: str | None) -> tuple[_Element, str] | None:
    """The article's headline and its words: the one that says what the page claims as its title, else an h1.

    Args:
        page: the whole page; an h1 counts outside the menus.
        claimed: its og:title.
    """
    headlines = [(headline, words) for headline in page.iter(*_HEADLINES) if (words := text_of(headline))]
    same = [found for found in headlines if found[1] == claimed]
    own = (found for found in headlines if found[0].tag == "h1" and not _is_surrounded(found[0]))
    return same[0] if same else next(own, None)


def find_bodies(start: _Element) -> list[_Element]:
    """The blocks of prose that follow the title, on the nearest level where there are any, in order."""
    for node in _levels(start):
        if found := list(_prose_blocks(_until_cards(node))):
            return found
    return []


def find_end(bodies: Iterable[_Element]) -> _Element | None:
    """The first element inside the bodies from which on nothing is the article's."""
    return next((end for body in bodies for end in _END(body)), None)


def find_dates(title: _Element) -> str:
    """The text of the date block beside the title; empty where there is none."""
    blocks = (text_of(block) or "" for block in _beside(title))
    return next(filter(is_date_block, blocks), "")


def find_category(title: _Element) -> str | None:
    """The link to a list of news above the title."""
    for level in islice(_levels(title), _LEVELS):
        for block in level.itersiblings(preceding=True):
            for link in block.iter("a"):
                if "_list.htm" in (link.get("href") or ""):
                    return text_of(link)
    return None


def find_captions(pictures: Iterable[_Element], body: _Element) -> dict[_Element, str]:
    """The boxes of pictures in a body, and their words: around each picture, as much as holds only a caption."""
    boxes: dict[_Element, str] = {}  # a box may hold two pictures
    for picture in islice(pictures, _MOST_PICTURES):
        box, caption = picture, ""
        for parent in islice(picture.iterancestors(), _LEVELS):
            words = "" if parent is body else text_of(parent) or ""
            if parent is body or not _is_caption(words):
                break
            box, caption = parent, words
        boxes[box] = caption
    return boxes


def _is_caption(words: str) -> bool:
    begins = words.startswith((*CAPTIONS, COPYRIGHT))
    return not words or (begins and len(words) <= _LONGEST_CAPTION and not words.endswith(SENTENCE_ENDS))


def _is_surrounded(element: _Element) -> bool:
    return any(ancestor.tag in SURROUNDINGS for ancestor in element.iterancestors())


def _levels(element: _Element) -> Iterator[_Element]:
    """An element and its ancestors below <body>."""
    for level in (element, *element.iterancestors()):
        if level.tag == "body":
            return
        yield level


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
        words = text_of(block) or ""
        if block.tag in _CONTROLS or is_date_block(words) or _is_cookie_banner(words):
            continue
        if next(block.iter(*_CONTROLS), None) is not None:
            yield from _prose_blocks(block)
        elif len(words) - sum(len(text_of(link) or "") for link in block.iter("a")) >= _SHORTEST_BODY:
            yield block


def _is_cookie_banner(words: str) -> bool:
    words = words.removeprefix(CLOSE).lstrip()
    return any(labels.cookies and words.startswith(labels.cookies) for labels in LABELS)
