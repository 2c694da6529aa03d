"""Parses of a page only what its article needs, where its menu was seen before. Nothing of the answer changes.

A parser reads from left to right: what it makes of the bytes after a menu depends on the elements that the menu leaves
open and on nothing else of it, and on nothing that follows. So their start tags stand for the menu, and what comes
after the article is left out. Where more than that could decide something, the whole page is parsed.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import escape
from itertools import count, takewhile

from lxml.etree import _Element

from extractors.layout import ARTICLE_BEGIN, ARTICLE_STOP, GENERIC, LAYOUTS
from extractors.locate import Parts, find_category, locate_by_name

#: UTF-8 -> tree.
Parse = Callable[[bytes], _Element]

_LAYOUT = LAYOUTS[0]
_BODY = re.compile(rb"<body[^<>]*>")
# What counts for a page from wherever it stands (base, body, html, meta, title; in a third of the time that a list of
# these names takes), and what ends a page.
_FOR_ALL = re.compile(rb"<[bhmt](?:ase|ody|tml|eta|itle)", re.IGNORECASE)
_ENDS = re.compile(rb"</(?:body|html)", re.IGNORECASE)
# The site's have some 10 KB, and there are a few dozen of them.
_LONGEST_MENU = 100_000
_MOST_MENUS = 64


def read(page: bytes, name: str, parse: Parse) -> tuple[_Element, Parts] | None:
    """A tree with all that decides about the article of a page, and its parts; None: the whole page must be parsed.

    The page is in UTF-8; `name` is as of `locate`.
    """
    body = _BODY.search(page)
    start = page.find(ARTICLE_BEGIN, body.end()) if body else -1
    stop = page.find(ARTICLE_STOP, start)
    if body is None or not 0 <= start - body.end() <= _LONGEST_MENU or stop < 0 or _FOR_ALL.search(page, stop):
        return None
    menu = page[body.end() : start]
    # One that is on no other page is not worth a parse.
    opened = _opened(menu, parse) if next(_sightings(menu)) else None
    if opened is None:
        return None
    tree = parse(page[: body.end()] + opened + page[start:stop])
    parts = locate_by_name(tree, _LAYOUT, name)
    return (tree, parts) if parts and _is_certain(tree, parts, opened) else None


@lru_cache(_MOST_MENUS)
def _sightings(_menu: bytes) -> Iterator[int]:
    return count()


@lru_cache(_MOST_MENUS)
def _opened(menu: bytes, parse: Parse) -> bytes | None:
    """The start tags of the elements that a menu leaves open; None for one that must be on the page."""
    if _FOR_ALL.search(menu) or _ENDS.search(menu):
        return None
    tree = parse(b"<html><body>" + menu + ARTICLE_BEGIN + b">")
    *_, last = tree.iter()
    is_above = [*_LAYOUT.head(tree)] == [last] and find_category(last) is None
    return _around(last) if is_above else None


def _around(head: _Element) -> bytes:
    """The start tags of the elements around a head, below <body>."""
    tags = ""
    for one in takewhile(lambda above: above.tag != "body", head.iterancestors()):
        attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in one.items())
        tags = f"<{one.tag!s}{attributes}>{tags}"
    return tags.encode()


def _is_certain(tree: _Element, parts: Parts, opened: bytes) -> bool:
    """Whether the whole page has the same parts: each was found by its name, in elements that end in this part."""
    heads, end = list(_LAYOUT.head(tree)), parts.end
    # Behind a head before the menu an article may begin that goes on in the menu.
    if len(heads) != 1 or end is None or len(parts.blocks) < 2 or end is not parts.blocks[-1]:
        return False
    last = tree
    while len(last):
        last = last[-1]
    is_named = parts.name != GENERIC and parts.title and parts.dates
    return bool(is_named) and {heads[0], end}.isdisjoint((last, *last.iterancestors())) and _around(heads[0]) == opened
