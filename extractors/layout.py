"""What the site's pages look like and say: `layouts.toml` and the words of `site.toml`, read once."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

from lxml.cssselect import CSSSelector, SelectorError
from lxml.etree import XPathError, _Element

from extractors.address import FACTS, PAGES

#: From an element to those that match, itself among them, in the order of the page.
Selector: TypeAlias = Callable[[_Element], Iterable[_Element]]

#: `Article.layout` of an article whose template is not known, of the view behind a player, and of text captures.
GENERIC = "generic"
VIDEO = "video"
TEXT = "text"


class Layout(NamedTuple):
    """Where the parts of an article are on one template: README.md, "How an entry is written"."""

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


class Labels(NamedTuple):
    """The words of one edition; the comments of `site.toml` explain the fields."""

    lang: str
    skip_links: Sequence[str] = ()
    recommended: str | None = None
    cookies: str | None = None
    details: str | None = None
    script: str = ""
    common_words: str = ""

    def is_banner(self, line: str) -> bool:
        """Whether a line is the cookie sentence, perhaps behind the word that closes it, or the link after it."""
        sentence = line.removeprefix(WORDS.close).lstrip()
        return self.cookies is not None and (sentence.startswith(self.cookies) or line == self.details)


_MAX_LENGTH = 1_000_000  # characters of a file of one's own
# A selector that needs no XPath.
_SIMPLE = re.compile(r"[a-z0-9]*(?:\.[\w-]+)?")


def first(selector: Selector, *elements: _Element) -> _Element | None:
    """The first match of a selector in elements, in the order of the page."""
    return next((found for element in elements for found in selector(element)), None)


@lru_cache(maxsize=8)
def read_layouts(text: str) -> tuple[Layout, ...]:
    """The layouts of a file of one's own, with `[[articles]]` as in `layouts.toml`; a ValueError if it is none."""
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"it is longer than {_MAX_LENGTH:,} characters")
    try:
        return _layouts(tomllib.loads(text)["articles"] if text else ())
    except (AttributeError, KeyError, TypeError, RecursionError, SelectorError, XPathError) as error:
        raise ValueError(f"it needs [[articles]] with CSS selectors: {', '.join(Layout._fields)}") from error


def _layouts(entries: Iterable[Mapping[str, str]]) -> tuple[Layout, ...]:
    return tuple(Layout(*(css(entry[key].strip()) for key in Layout._fields)) for entry in entries)


@lru_cache(maxsize=5_000)
def css(selector: str) -> Selector:
    """A CSS selector as a function; an empty one matches nothing."""
    parts = [part.strip() for part in selector.split(",")]
    if not all(_SIMPLE.fullmatch(part) for part in parts):
        return CSSSelector(selector, translator="html")
    if not selector:
        return lambda _: ()
    # Only `tag`, `tag.class` and `.class`: element by element takes a third of the time.
    classes: dict[str, set[str]] = {}
    for tag, _, name in (part.partition(".") for part in parts):
        classes.setdefault(tag or "*", set()).add(name)
    anywhere = classes.get("*", set())
    wanted: dict[Any, set[str]] = {tag: names | anywhere for tag, names in classes.items()}

    def matches(element: _Element) -> Iterator[_Element]:
        for found in element.iter(*classes):
            names = wanted.get(found.tag, anywhere)
            if "" in names or ((own := found.get("class")) and not names.isdisjoint(own.split())):
                yield found

    return matches


_FILE: dict[str, Any] = tomllib.loads((files("extractors") / "layouts.toml").read_text("utf-8"))

#: Names of HTML elements by what they mean on any page.
ELEMENTS: Mapping[str, frozenset[str]] = {name: frozenset(tags.split()) for name, tags in _FILE["elements"].items()}
#: The selectors of the newest template that is known.
NEWEST: Mapping[str, str] = _FILE["articles"][0]
#: In the order in which they are tried.
LAYOUTS = _layouts(_FILE["articles"])
#: File name of a list -> its entries.
LISTS: Mapping[str, Selector] = {page: css(entry) for page, entry in _FILE["lists"].items()}
#: Every value of `Article.layout` that a template gives, news first.
LAYOUT_NAMES = tuple(page.layout for page in PAGES.values() if page.layout != GENERIC)

#: Any match shows that a page is of the site.
SITE_MARKS = css(_FILE["site"]["marks"])
#: Any match is the end of a whole page of the site.
PAGE_END = css(_FILE["site"]["page_end"])
TITLE_SUFFIX: str = _FILE["site"]["title_suffix"]
#: Between them is the article of a page.
ARTICLE_BEGIN, ARTICLE_STOP = (_FILE["site"][name].encode() for name in ("article_begin", "article_stop"))

#: The words of every edition, by their names there.
WORDS = SimpleNamespace(**FACTS["words"])
LABELS = tuple(Labels(**entry) for entry in FACTS["labels"])
