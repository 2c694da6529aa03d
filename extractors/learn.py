"""A new template -> its entry for a layouts file: the shortest selectors of what has the known words on all pages.

The entry is checked with the real extraction, on pages that nothing was read off.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice, product
from typing import NamedTuple

from lxml.etree import _Element

from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import collapse, length_of, spaced_words, text_of
from extractors.html import extract_html, parse_html
from extractors.layout import ELEMENTS, GENERIC, NEWEST, Selector, css, first
from extractors.locate import blocks_after, find_body, find_captions, words_of_dates

#: How many pages that nothing was read off must be read exactly, before a layout is sure.
MIN_CHECKED = 5

# What of an article must be as it is known.
_FIELDS = "title category written_at updated_at paragraphs image_url image_credit has_video truncated".split()
# Selectors are made of so many pages, and of what is so far around an element; all other pages must agree with them.
_FROM, _LEVELS = 4, 4
# How many selectors are tried for a part, pairs of them for the dates, bodies for a head, and entries in all.
_MOST_SELECTORS, _MOST_PAIRED, _MOST_BODIES, _MOST_ENTRIES = 400, 12, 4, 12
# The site's pages have 60 KB and 500 elements; on much larger ones hundreds of selectors take minutes.
_MOST_BYTES, _MOST_ELEMENTS = 1_000_000, 3_000
_NAME = re.compile(r"-?[A-Za-z_][\w-]{0,60}", re.ASCII)  # that a selector has as it is


@dataclass(frozen=True)
class Sample:
    """A page in the new template, and what is known of its article."""

    body: bytes
    url: str
    charset: str | None
    known: Article

    def difference(self, layouts: str) -> str:
        """What is read differently with the text of a layouts file; empty where all is right, and read by a layout."""
        try:
            found = extract_html(self.body, self.url, self.charset, layouts)
        except NotAnArticle as refusal:
            return refusal.reason
        wrong = [name for name in _FIELDS if getattr(found, name) != getattr(self.known, name)]
        return ", ".join(wrong + ["layout"] * (found.layout == GENERIC))


class Learned(NamedTuple):
    """What was learned, and how well it was checked."""

    entry: dict[str, str]  # empty where none was found
    read_off: int  # how many pages
    checked: int  # how many others
    wrong: dict[str, str]  # how pages of both are read differently, by address
    gone: int  # how many pages do not show what is known any more

    @property
    def is_sure(self) -> bool:
        """Whether every page is read exactly, and most of them could be judged."""
        return self.checked >= max(MIN_CHECKED, self.gone) and bool(self.entry) and not self.wrong


class _Page(NamedTuple):
    """A page with the elements that may be a part of its article, by the part's name."""

    sample: Sample
    tree: _Element
    parts: dict[str, list[_Element]]


def learn(samples: Sequence[Sample]) -> Learned:
    """The layout of the template of some pages, read off half of them and checked on the others."""
    found = [(one, _find(one)) for one in samples]
    pages = [page for _, page in found if page]
    pages.sort(key=lambda page: -sum(bool(getattr(page.sample.known, name)) for name in _FIELDS))  # the richest first
    taken, rest = pages[::2], pages[1::2]
    entries = islice(_entries(taken), _MOST_ENTRIES) if len(rest) >= MIN_CHECKED else ()
    entry = min(entries, key=lambda one: len(_differences(taken, write_entry(one))), default={})
    text = write_entry(entry) if entry else ""
    wrong = _differences(pages, text)
    # What was changed since was still written when it was: where that is read otherwise, dates were taken for others.
    gone = [one for one, page in found if not page]
    wrong |= {one.url: why for one in gone if "written_at" in (why := one.difference(text)) and "layout" not in why}
    return Learned(entry, len(taken), len(rest), wrong, len(gone))


def write_entry(entry: Mapping[str, str], **about: str) -> str:
    """An entry of a layouts file; `about`: what comes before its selectors, `seen` being a date."""
    # JSON's strings are TOML's, where no control character is in them.
    quoted = {key: json.dumps(collapse(value), ensure_ascii=False) for key, value in {**about, **entry}.items()}
    lines = [f"{key} = {about[key] if key == 'seen' else value}" for key, value in quoted.items()]
    return "\n".join(["[[articles]]", *lines]) + "\n"


def _differences(pages: Iterable[_Page], text: str) -> dict[str, str]:
    """How pages are read differently with the text of a layouts file, by address."""
    return {page.sample.url: reason for page in pages if (reason := page.sample.difference(text))}


def _find(sample: Sample) -> _Page | None:
    """A page with its parts; None where its article is not on it."""
    known = sample.known
    try:
        tree = parse_html(sample.body, sample.charset)
    except NotAnArticle:
        return None
    if len(sample.body) > _MOST_BYTES or len(list(tree.iter())) > _MOST_ELEMENTS:
        return None
    for odd in (one for one in tree.iter() if not _NAME.fullmatch(str(one.tag))):
        odd.tag = "span"  # no selector that is made of `o:p`, which Word leaves behind, is one
    body, inside, lines = tree, [tree] if known.paragraphs else [], [*map(spaced_words, known.paragraphs)]
    while holders := [one for one in inside if all(line in _words_of(one) for line in lines)]:
        body, inside = holders[0], list(holders[0])
    short = (one for one in tree.iter() if one.tag not in ELEMENTS["wordless"] and length_of(one) <= 1_000)
    labels = {one: words for one in short if (words := text_of(one))}
    parts, near, least = {"body": [body]}, {*_up(body)}, 0
    for name in ("title", "category", "dates", "written", "updated"):
        depths = {one: len(near.intersection(_up(one))) for one, words in labels.items() if _says(name, words, known)}
        # What is further from the title than the body is another article's, or the menu's.
        parts[name] = [one for one in depths if depths[one] == max(depths.values()) >= least][:20]
        near = {above for title in parts["title"] for above in _up(title)}
        least = len(near.intersection(_up(body)))
    if not parts["category"]:  # the new template may have none
        sample = replace(sample, known=replace(known, category=None))
    parts["head"] = [above for title in parts["title"] for above in islice(title.iterancestors(), 1)]
    has_dates = parts["dates"] or (parts["written"] and parts["updated"]) or not known.written_at
    return _Page(sample, tree, parts) if body is not tree and parts["title"] and has_dates else None


def _says(name: str, words: str | None, known: Article) -> bool:
    """Whether words are what is known of a part; `written` and `updated`: of dates in elements of their own."""
    if name in ("title", "category"):
        return bool(words == getattr(known, name))
    updated = (known.updated_at, None)
    wanted = {"dates": (known.written_at, known.updated_at), "written": (known.written_at, None)}.get(name, updated)
    return is_date_block(words) and find_dates(words) == wanted if words else not any(wanted)


def _entries(pages: Sequence[_Page]) -> Iterator[dict[str, str]]:
    """Entries that may fit: those of the best selectors of a head in which there are selectors of all parts first."""
    for head in _fitting(pages, [page.tree for page in pages], "head"):
        heads = [one for page in pages for one in islice(css(head)(page.tree), 1)]
        entry = {"head": head} | {n: next(_fitting(pages, heads, n), "-") for n in ("title", "category", "dates")}
        tried = _fitting(pages, heads, "body") if "-" not in entry.values() else ()
        found = {body: [one for top in heads if (one := find_body(css(body), top)) is not None] for body in tried}
        for body in sorted(found, key=lambda one: sum(map(length_of, found[one])))[:_MOST_BODIES]:
            yield {**entry, "body": body, **_around(found[body])}


def _fitting(pages: Sequence[_Page], tops: Sequence[_Element], name: str) -> Iterator[str]:
    """The selectors that find a part in the tops of all pages, the best first; an empty one where no page has it."""

    def finds(match: Selector, page: _Page, top: _Element) -> bool:
        found = find_body(match, top) if name == "body" else first(match, top)
        if name in ("head", "body"):
            return any(found is above for one in page.parts[name] for above in _up(one))
        return _says(name, words_of_dates(match, top) if name == "dates" else text_of(found), page.sample.known)

    tried = _selectors(pages, name)
    if name == "dates":  # each of the two may have an element of its own
        pairs = product(*(_selectors(pages, one)[:_MOST_PAIRED] for one in ("written", "updated")))
        tried += (", ".join(dict.fromkeys(pair)) for pair in pairs if all(pair))
    return (one for one in tried if all(map(partial(finds, css(one)), pages, tops)))


def _around(bodies: Iterable[_Element]) -> dict[str, str]:
    """The selectors of what is in the bodies and not of the article, and of what follows it.

    What is known of the last template is kept: editors wrote it, and it is in few articles. What has no name is left
    out: by its place or picture it would be found in other bodies, too, and be taken out of them.
    """
    boxes: dict[str, None] = {}
    ends: dict[str, None] = {}
    for body in bodies:
        for box, caption in find_captions([body], set()).items():
            boxes |= dict.fromkeys((_names(box) or _by_picture(box)) if caption else ())
        for one in islice(filter(_words_of, blocks_after(body)), 2):
            ends |= dict.fromkeys(_names(one))
    named = [one for one in boxes if ":" not in one]
    found = {"picture": (), "credit": boxes, "player": (), "cut": named, "end": ends}
    return {name: ", ".join(dict.fromkeys([NEWEST[name], *some])) for name, some in found.items()}


def _selectors(pages: Sequence[_Page], name: str) -> list[str]:
    """Selectors of a part on the first pages and of what is around it, the best first; an empty one without any."""
    found: dict[str, int] = {}
    for page in pages[:_FROM]:
        for part in page.parts[name]:
            for level, element in enumerate(islice(_up(part), _LEVELS)):
                for rank, selector in _selectors_of(element):
                    found[selector] = min(found.get(selector, 99), rank + 2 * level)
    return sorted(found, key=lambda selector: (found[selector], len(selector)))[:_MOST_SELECTORS] or [""]


def _selectors_of(element: _Element) -> Iterator[tuple[int, str]]:
    """Selectors of an element with their ranks: a class or id; the tag; in another element; by its place."""
    names, tag, outside = _names(element), str(element.tag), [*_up(element.getparent())]
    yield from ((0, name) for name in names)
    yield 1, tag
    for name in [*names, tag]:
        yield from ((2, f"{outer} {name}") for above in outside[:_LEVELS] for outer in _names(above))
    path = _step(element)
    for above in outside:
        yield 3, path
        yield from ((3, f"{outer} > {path}") for outer in (["body"] if above.tag == "body" else _names(above)))
        path = f"{_step(above)} > {path}"


def _step(element: _Element) -> str:
    return f"{element.tag!s}:nth-of-type({1 + len(list(element.itersiblings(str(element.tag), preceding=True)))})"


def _names(element: _Element) -> list[str]:
    """`tag.class` for the classes of an element, and `tag#id`."""
    names = [*(f".{name}" for name in (element.get("class") or "").split()[:8]), f"#{element.get('id', '')}"]
    return [f"{element.tag!s}{name}" for name in names if _NAME.fullmatch(name[1:])]


def _by_picture(element: _Element) -> list[str]:
    """What names an element by the first picture in it."""
    picture = next(element.iter("img"), element)
    path = [str(one.tag) for one in _up(picture) if one is not element and element in _up(one)]
    return [f"{element.tag!s}:has(> {' > '.join(reversed(path))})"] if path else []


def _up(element: _Element | None) -> Iterator[_Element]:
    """An element and its ancestors up to <body>."""
    while element is not None and element.tag != "html":
        yield element
        element = element.getparent()


@lru_cache(maxsize=100_000)  # no tree is changed here
def _words_of(element: _Element) -> str:
    return spaced_words(text_of(element) or "")
