"""What the site's pages look like: `layouts.toml`, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from lxml.cssselect import CSSSelector

if TYPE_CHECKING:
    from lxml.etree import _Element

#: From an element to those that match, itself among them, in the order of the page.
Selector: TypeAlias = "Callable[[_Element], Iterable[_Element]]"

#: `Article.layout` of an article whose template is not known: `extractors/generic.py` finds its parts.
GENERIC = "generic"
#: `Article.layout` of the view of an article behind a player.
VIDEO = "video"
#: `Article.layout` of text captures.
TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of an article are on one template.

    Attributes:
        name: of the template.
        seen: when.
        evidence: where the facts are from.
        head: the block of title, category and dates; the first one that holds a title counts.
        title, category, dates: inside the head; `dates` holds the first and second timestamp, written and updated.
        body: the block of the article's words; the first one after the head counts.
        picture, credit: between head and end of body: the lead picture, and its caption ("Photo : YONHAP News").
        player: in the same place, what makes `has_video` true.
        cut: what is inside the body and holds none of its words, besides scripts, players and controls.
        end: what is after the body. Where broken markup brings it inside, the body ends there.
    """

    name: str
    seen: date
    evidence: str
    head: Selector
    title: Selector
    category: Selector
    dates: Selector
    body: Selector
    picture: Selector
    credit: Selector
    player: Selector
    cut: Selector
    end: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLayout:
    """Where the entries of a list page are.

    Attributes:
        name, seen, evidence: as in Layout.
        page: its file name.
        entry: one block for each article, in the order of the page.
        link: inside an entry, the links to its article.
        dates: inside an entry, its date block.
    """

    name: str
    page: str
    seen: date
    evidence: str
    entry: Selector
    link: Selector
    dates: Selector


# A selector that needs no XPath.
_SIMPLE = re.compile(r"[a-z0-9]*(?:\.[\w-]+)?")


def first(selector: Selector, element: _Element) -> _Element | None:
    """The first match of a selector in an element, in the order of the page."""
    return next(iter(selector(element)), None)


def _read(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the file with its selectors compiled: everything in it that is not a fact about it."""
    facts = {"name", "page", "seen", "evidence"}
    return {name: value if name in facts else _css(value) for name, value in entry.items()}


def _css(selector: str) -> Selector:
    """A compiled CSS selector: class names match among others and in any order."""
    parts = [part.strip() for part in selector.split(",")]
    if all(_SIMPLE.fullmatch(part) for part in parts):
        return _simple(parts)
    return CSSSelector(selector, translator="html")


def _simple(parts: Iterable[str]) -> Selector:
    """The elements that one of `tag`, `tag.class` and `.class` matches: element by element, in a third of the time."""
    classes: dict[str, set[str]] = {}
    for tag, _, name in (part.partition(".") for part in parts):
        classes.setdefault(tag or "*", set()).add(name)
    anywhere = classes.get("*", set())
    wanted = {tag: names | anywhere for tag, names in classes.items()}

    def matches(element: _Element) -> Iterator[_Element]:
        for found in element.iter(*classes):
            names = wanted.get(str(found.tag), anywhere)
            if "" in names or ((own := found.get("class")) and not names.isdisjoint(own.split())):
                yield found

    return matches


_FILE: dict[str, Any] = tomllib.loads((files("extractors") / "layouts.toml").read_text("utf-8"))

#: In the order in which they are tried.
LAYOUTS = tuple(Layout(**_read(entry)) for entry in _FILE["articles"])
LISTS = tuple(ListLayout(**_read(entry)) for entry in _FILE["lists"])
#: File name of a page -> `Article.layout`.
NAMES: Mapping[str, str] = _FILE["names"]
#: Every value of `Article.layout` that a template gives, news first.
LAYOUT_NAMES: tuple[str, ...] = tuple(NAMES.values())

#: Any match shows that a page is of the site.
SITE_MARKS = _css(_FILE["site"]["marks"])
#: Any match is the end of a whole page of the site.
PAGE_END = _css(_FILE["site"]["page_end"])
TITLE_SUFFIX: str = _FILE["site"]["title_suffix"]
#: File names of pages on which a picture alone is an article.
WORDLESS = frozenset(_FILE["site"]["wordless"])
