"""Parses of a page only what its article needs, where its menu was seen before: the same tree, but for what is left out.

A parser reads from left to right: after the same bytes from the same state it is in the same state, and what it makes
of the following ones depends on nothing but the elements that are open. So of a menu that was seen before only the
start tags of the elements that it leaves open are read, and of what follows the article nothing. Whatever is unusual,
and whatever `locate` would look for in the parts that are left out, is left to the parse of the whole page.
"""

import re
from html import escape

from lxml.etree import _Element

from extractors.layout import GENERIC, LAYOUTS, Layout
from extractors.locate import Parts

#: Start tags by the menu that leaves their elements open.
Menus = dict[bytes, bytes]

_BODY = re.compile(rb"<body[^<>]*>")
_ELSEWHERE = re.compile(rb"<(?:[bB][aA][sS][eE]|[mM][eE][tT][aA]|[tT][iI][tT][lL][eE])[\s/>]")
_METAS = frozenset({"og:url", "og:title", "og:image"})
_MOST_MENUS = 64
_menus: Menus = {}


def cut(page: bytes) -> tuple[bytes, bytes, bytes] | None:
    """What is before the menu of a page, the menu, and the article to the mark that follows it; None: not to be cut."""
    for layout in LAYOUTS:
        body = _BODY.search(page)
        head = page.find(layout.begin)
        last = page.find(layout.last, head)
        if body is None or not body.end() <= head < last:
            continue
        start, end = page.rfind(b"<", 0, head), page.find(b">", last)
        if start >= body.end() and end > 0 and _ELSEWHERE.search(page, end) is None:
            return page[: body.end()], page[body.end() : start], page[start : end + 1]
    return None


def shortened(pieces: tuple[bytes, bytes, bytes]) -> bytes | None:
    """The page of these pieces without its menu, if that is known."""
    before, menu, article = pieces
    tags = _menus.get(menu)
    return None if tags is None else before + tags + article


def learn(menu: bytes, head: _Element) -> None:
    """Remember the elements that a menu leaves open before a head."""
    if _ELSEWHERE.search(menu) is None and len(_menus) < _MOST_MENUS:
        _menus[menu] = b"".join(map(_start_tag, _open(head)))


def forget(menu: bytes) -> None:
    _menus.pop(menu, None)


def _open(head: _Element) -> list[_Element]:
    return [one for one in reversed([*head.iterancestors()]) if one.tag not in ("html", "body")]


def _start_tag(element: _Element) -> bytes:
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.items())
    return f"<{element.tag}{attributes}>".encode()


def is_certain(page: _Element, menu: bytes, parts: Parts | None, head: _Element | None) -> bool:
    """Whether the parts of an article in a shortened page are those in the whole one."""
    if parts is None or head is None or parts.name == GENERIC or not (parts.title and parts.dates and parts.category):
        return False
    end, body = parts.end, parts.blocks[0]
    if end is None or end is not parts.blocks[-1] or end.tag == "aside" or len(parts.blocks) < 2:
        return False
    *_, last = page.iter()
    if body in (last, *last.iterancestors()) or b"".join(map(_start_tag, _open(head))) != _menus.get(menu):
        return False
    inside = {meta.get("property") for meta in page.iterfind("head/meta")}
    return inside >= _METAS and page.find("head/title") is not None
