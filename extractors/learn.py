"""A new template -> its entry for a layouts file: read off pages whose articles are known.

On each page the elements are found that have the known words; then the shortest selectors that name them on all pages.
The entry is checked with the real extraction, on pages that nothing was read off.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice
from typing import NamedTuple

from lxml.etree import _Element

from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import collapse, credit_of, length_of, text_of
from extractors.html import extract_html, parse_html
from extractors.layout import ELEMENTS, GENERIC, NEWEST, Layout, compile_selector, first
from extractors.locate import blocks_after, find_body, find_head, words_of_dates

#: How many pages that nothing was read off must be read exactly, before a layout is sure.
MIN_CHECKED = 5
#: What `Sample.difference` says where all is right, but no layout names it.
BY_STRUCTURE = "read by structure only"

# What of an article must be as it is known.
_FIELDS = "title category written_at updated_at paragraphs image_url image_credit has_video truncated".split()
# Larger pages are not learned from; those of the site have some 1,500 tags.
_MAX_TAGS = 20_000
# Selectors are made of so many pages; all others must agree with them.
_FROM = 4
# How far above the smallest element with the right words another one is tried, and how far above that its context is.
_LEVELS, _CONTEXT = 4, 5
# How many selectors are tried for a part, pairs of them for the dates, bodies for a head, and entries in all.
_MOST_SELECTORS, _MOST_PAIRED, _MOST_BODIES, _MOST_ENTRIES = 400, 12, 4, 40
_LONGEST_LABEL = 1_000
_BLOCKS, _WORDLESS = ELEMENTS["blocks"], ELEMENTS["wordless"]
# A class or an id that is written in a selector as it is; and tags that do not say what an element is.
_NAME = re.compile(r"-?[A-Za-z_][\w-]{0,60}", re.ASCII)
_VAGUE = frozenset("a b blockquote center dd div dl dt em i li p section small span strong td time tr ul ol".split())
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sample:
    """A page in the new template, and what is known of its article."""

    body: bytes
    url: str
    charset: str | None
    known: Article

    def difference(self, layouts: str) -> str:
        """What is read differently with the text of a layouts file; empty where all is right."""
        try:
            found = extract_html(self.body, self.url, self.charset, layouts)
        except NotAnArticle as refusal:
            return refusal.reason
        wrong = [name for name in _FIELDS if getattr(found, name) != getattr(self.known, name)]
        return ", ".join(wrong) or (BY_STRUCTURE if found.layout == GENERIC else "")


@dataclass(kw_only=True)
class Learned:
    """What was learned, and how well it was checked.

    Attributes:
        entry: the selectors, by the keys of an entry; empty where none were found.
        read_off, checked: how many pages it was read off, and on how many others it was checked.
        wrong: the pages of both on which it differs, and how, by address.
        gone: the pages that do not show what is known: their articles were changed since.
    """

    entry: dict[str, str] = field(default_factory=dict)
    read_off: int = 0
    checked: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def is_sure(self) -> bool:
        """Whether every page is read exactly, and most of them could be judged."""
        return self.checked >= max(MIN_CHECKED, len(self.gone)) and bool(self.entry) and not self.wrong


class _Page(NamedTuple):
    """A page as a tree, with the elements that have the words of its article."""

    sample: Sample
    words: str
    tree: _Element
    head: _Element
    title: _Element
    dates: list[_Element]
    category: _Element | None
    body: _Element


def learn(samples: Sequence[Sample]) -> Learned:
    """The layout of the template of some pages, read off half of them and checked on the others.

    A page on which it is wrong is then read too, and the next layout is checked on those that are left.
    """
    pages = list(filter(None, map(_find, samples)))
    if not pages:  # the new template may name no category
        samples = [replace(one, known=replace(one.known, category=None)) for one in samples]
        pages = list(filter(None, map(_find, samples)))
    learned = Learned(gone=[one.url for one in samples if one not in [page.sample for page in pages]])
    pages.sort(key=lambda page: -sum(bool(getattr(page.sample.known, name)) for name in _FIELDS))  # the richest first
    taken, rest = pages[::2], pages[1::2]
    while len(rest) >= MIN_CHECKED:
        entry = _best_entry(taken)
        wrong = _differences(pages, entry)
        learned = replace(learned, entry=entry, read_off=len(taken), checked=len(rest), wrong=wrong)
        failed = [page for page in rest if page.sample.url in wrong][:_FROM]
        if not failed or not entry:
            break
        taken, rest = [*failed, *taken], [page for page in rest if page not in failed]
    return learned


def write_entry(entry: Mapping[str, str], **about: str) -> str:
    """An entry of a layouts file; `about`: what comes before its selectors, `seen` being a date."""
    # JSON's strings are TOML's, where no control character is in them.
    quoted = {key: json.dumps(collapse(value), ensure_ascii=False) for key, value in {**about, **entry}.items()}
    lines = [f"{key} = {about[key] if key == 'seen' else value}" for key, value in quoted.items()]
    return "\n".join(["[[articles]]", *lines]) + "\n"


def _find(sample: Sample) -> _Page | None:
    """A page with its parts; None where one is not on it."""
    known = sample.known
    try:
        tree = parse_html(b"" if sample.body.count(b"<") > _MAX_TAGS else sample.body, sample.charset)
    except NotAnArticle:
        return None
    body, inside = tree, [tree]
    paragraphs = [_words(one) for one in known.paragraphs]
    while holders := [one for one in inside if all(words in _words_of(one) for words in paragraphs)]:
        body, inside = holders[0], list(holders[0])
    labels = {one: _text(one) for one in _elements(tree) if length_of(one) <= _LONGEST_LABEL}
    titles = [one for one, words in labels.items() if words == known.title]
    if body is tree or not (titles and paragraphs):
        return None
    title = max(titles, key=lambda one: (_common(one, body), one.tag in ("h1", "h2", "h3")))
    blocks = {one: find_dates(words) for one, words in labels.items() if is_date_block(words)}
    wanted = (known.written_at, known.updated_at)
    each = [(one, None) for one in wanted if one]
    dates = _nearest(title, blocks, [wanted] if each else []) or _nearest(title, blocks, each)
    near = {one: words for one, words in labels.items() if _common(one, title) >= _common(body, title)}  # not a card's
    category = _nearest(title, near, [known.category] if known.category else [])
    if bool(dates) != bool(each) or bool(category) != bool(known.category):
        return None
    parts = [title, *dates, *category]
    head = next(one for one in _up(title) if all(one in (part, *part.iterancestors()) for part in parts))
    words = _words(" ".join(known.paragraphs))
    return _Page(sample, words, tree, head, title, dates, next(iter(category), None), body)


def _nearest(title: _Element, values: Mapping[_Element, object], wanted: Sequence[object]) -> list[_Element]:
    """For each value that is wanted the element nearest to the title, the smallest one; empty where one is missing."""
    fitting = [[one for one, value in values.items() if value == each] for each in wanted]
    depths = {one: len(list(one.iterancestors())) for some in fitting for one in some}
    return [max(some, key=lambda one: (_common(one, title), depths[one])) for some in fitting] if all(fitting) else []


def _best_entry(pages: Sequence[_Page]) -> dict[str, str]:
    """The entry with which most pages are read exactly; empty where there is none."""
    best: tuple[int, dict[str, str]] = len(pages), {}
    for entry in islice(_entries(pages), _MOST_ENTRIES):
        best = min(best, (len(_differences(pages, entry)), entry), key=lambda one: one[0])
        if not best[0]:
            break
    return best[1]


def _differences(pages: Iterable[_Page], entry: Mapping[str, str]) -> dict[str, str]:
    """How pages are read differently with an entry, by address."""
    text = write_entry(entry) if entry else ""
    return {page.sample.url: reason for page in pages if (reason := page.sample.difference(text))}


def _entries(pages: Sequence[_Page]) -> Iterator[dict[str, str]]:
    """Entries that may fit: those of the smallest heads in which there are selectors of all parts come first."""
    titles = _selectors(pages, lambda page: _up(page.title))
    for head in _selectors(pages, lambda page: _up(page.head)):
        title = _fitting_title(pages, head, titles)
        if title is None:
            continue
        heads = [(page, _head(page, head, title)[0]) for page in pages]
        own = [page._replace(head=found) for page, found in heads if found is not None]
        dates, category = _fitting_dates(own), _fitting_category(own)
        if dates is not None and category is not None:
            for body, pages_of_body in islice(_fitting_bodies(own), _MOST_BODIES):
                entry = {"head": head, "title": title, "category": category, "dates": dates, "body": body}
                yield entry | _around(pages_of_body, body)


def _fitting_title(pages: Sequence[_Page], head: str, titles: Iterable[str]) -> str | None:
    return _first_of(titles, pages, lambda one, page: _head(page, head, one)[2] == page.sample.known.title)


def _first_of(selectors: Iterable[str], pages: Sequence[_Page], fits: Callable[[str, _Page], bool]) -> str | None:
    return next((one for one in selectors if all(fits(one, page) for page in pages)), None)


def _head(page: _Page, head: str, title: str) -> tuple[_Element | None, _Element | None, str | None]:
    return find_head(page.tree, _layout(head=head, title=title))


def _fitting_dates(pages: Sequence[_Page]) -> str | None:
    """The first selector that fits in all heads, or two of them, as where each date has an element of its own.

    Empty where no page has dates, None where none fits.
    """
    written, updated = _selectors(pages, lambda page: page.dates[:1]), _selectors(pages, lambda page: page.dates[1:])
    paired = (f"{one}, {other}" for one in written[:_MOST_PAIRED] for other in updated[:_MOST_PAIRED])

    def fits(selector: str, page: _Page) -> bool:
        return words_of_dates(_layout(dates=selector), page.head) == " ".join(map(_text, page.dates))

    return _first_of(chain(written, paired), pages, fits) if written else ""


def _fitting_category(pages: Sequence[_Page]) -> str | None:
    """As `_fitting_dates`."""

    def fits(selector: str, page: _Page) -> bool:
        return _text(first(compile_selector(selector), page.head)) == _text(page.category)

    selectors = _selectors(pages, lambda page: _up(page.category))
    return _first_of(selectors, pages, fits) if selectors else ""


def _fitting_bodies(pages: Sequence[_Page]) -> Iterator[tuple[str, list[_Page]]]:
    """Selectors of bodies that hold all words, and the pages with the bodies that they find."""
    for selector in _selectors(pages, lambda page: _up(page.body)):
        layout = _layout(body=selector)
        found = [(page.body, find_body(layout, page.head)) for page in pages]
        bodies = [body for inner, body in found if body is not None and inner in (body, *body.iterdescendants())]
        if len(bodies) == len(pages):
            yield selector, [page._replace(body=body) for page, body in zip(pages, bodies, strict=True)]


def _around(pages: Sequence[_Page], body: str) -> dict[str, str]:
    """The selectors of what is in the bodies and not of the article, and of what follows it.

    What is known of the last template is kept where it does no harm: editors wrote it, and it is in few articles.
    """
    found = {name: dict.fromkeys(part.strip() for part in NEWEST[name].split(",")) for name in ("credit", "cut", "end")}
    for page in pages:
        for box in _foreign_blocks(page, page.body):
            found["cut"] |= dict.fromkeys(_box_labels(box, body))
        following = (one for one in blocks_after(page.body) if one.tag not in _WORDLESS and _words_of(one))
        for one in islice(following, 2):
            found["end"] |= dict.fromkeys(_labels(one) or [_step(one, "nth-child")])
        credit = page.sample.known.image_credit
        for one in _elements(page.body) if credit else ():
            if length_of(one) <= _LONGEST_LABEL and credit_of(text_of(one)) == credit:
                found["credit"] |= dict.fromkeys(_names(one))
    kept = {name: ", ".join(one for one in labels if _spares(one, pages)) for name, labels in found.items()}
    return {"picture": NEWEST["picture"], "credit": kept["credit"], "player": NEWEST["player"], **kept}


def _spares(selector: str, pages: Sequence[_Page]) -> bool:
    """Whether a selector matches no words of an article in the bodies."""
    found = ((page, one) for page in pages for one in compile_selector(selector)(page.body))
    return all(one is not page.body and (_is_foreign(page, one) or not _words_of(one)) for page, one in found)


def _is_foreign(page: _Page, element: _Element) -> bool:
    """Whether an element has words, and none of the article's."""
    return bool(_words_of(element)) and not any(segment in page.words for segment in _segments(element))


def _foreign_blocks(page: _Page, element: _Element) -> Iterator[_Element]:
    """The largest foreign blocks in an element."""
    for child in element:
        if child.tag in _BLOCKS and _is_foreign(page, child):
            yield child
        elif child.tag not in _WORDLESS:
            yield from _foreign_blocks(page, child)


def _box_labels(box: _Element, body: str) -> list[str]:
    """What names a box in a body, or what is all of it; else what it holds, or its place."""
    named = filter(_labels, (one for one in box.iter(*_BLOCKS) if _words_of(one) == _words_of(box)))
    place = f"{_tag(box)}:has(img)" if next(box.iter("img"), None) is not None else _step(box, "nth-child")
    return next(map(_labels, named), [f"{body} > {place}"])


def _selectors(pages: Sequence[_Page], elements: Callable[[_Page], Iterable[_Element]]) -> list[str]:
    """Selectors of elements of the first pages, the best first: by kind, and how far above the first element it is."""
    found: dict[str, tuple[int, int]] = {}
    for page in pages[:_FROM]:
        for level, element in enumerate(islice(elements(page), _LEVELS)):
            for kind, selector in _selectors_of(element):
                found[selector] = min(found.get(selector, (kind, level)), (kind, level))
    return sorted(found, key=lambda selector: (found[selector], len(selector)))[:_MOST_SELECTORS]


def _selectors_of(element: _Element) -> Iterator[tuple[int, str]]:
    """Selectors of an element, by kind: a class or id; two, or the tag; within another element; by its place."""
    names, tag, parent = _names(element), _tag(element), element.getparent()
    yield from ((0, name) for name in names)
    yield from ((1, f"{one}{other.removeprefix(tag)}") for one in names for other in names if one != other)
    yield 1, tag
    for name in [*names, tag]:
        yield from ((2, f"{outer} {name}") for above in islice(_up(parent), _CONTEXT) for outer in _names(above))
        yield from ((2, f"{_tag(above)} > {name}") for above in islice(_up(parent), 1))
    for way in ("nth-of-type", "nth-child"):
        path = _step(element, way)
        yield 4, path
        for above in _up(parent):
            yield from ((3, f"{outer} > {path}") for outer in (["body"] if above.tag == "body" else _names(above)))
            path = f"{_step(above, way)} > {path}"


def _step(element: _Element, way: str) -> str:
    before = element.itersiblings(preceding=True)
    return f"{_tag(element)}:{way}({1 + sum(one.tag == element.tag or way == 'nth-child' for one in before)})"


def _names(element: _Element) -> list[str]:
    """`tag.class` for the classes of an element, else `tag#id`."""
    classes = [f".{name}" for name in (element.get("class") or "").split()[:8] if _NAME.fullmatch(name)]
    ids = [f"#{name}" for name in [element.get("id") or ""] if _NAME.fullmatch(name)]
    return [f"{_tag(element)}{name}" for name in classes or ids]


def _labels(element: _Element) -> list[str]:
    """What names an element wherever it is: its classes, its id, or its tag where that says what it is."""
    return _names(element) or ([] if element.tag in _VAGUE else [_tag(element)])


def _tag(element: _Element) -> str:
    return str(element.tag)


def _layout(**selectors: str) -> Layout:
    return Layout(**{name: compile_selector(selectors.get(name, "")) for name in Layout._fields})


def _elements(top: _Element) -> Iterator[_Element]:
    return (one for one in top.iter() if one.tag not in _WORDLESS)


def _up(element: _Element | None) -> Iterator[_Element]:
    """An element and its ancestors up to <body>."""
    while element is not None and element.tag != "html":
        yield element
        element = element.getparent()


def _common(one: _Element, other: _Element) -> int:
    """How deep on the page the smallest element is that holds both."""
    return len({*_up(one)} & {*_up(other)})


def _text(element: _Element | None) -> str:
    return text_of(element) or ""


def _words(text: str) -> str:
    """The words of a text between spaces, so that one is in another only as whole words; empty without any."""
    words = " ".join(_WORD.findall(collapse(text)))
    return f" {words} " if words else ""


@cache  # no tree is changed here
def _words_of(element: _Element) -> str:
    return _words(_text(element))


@cache
def _segments(element: _Element) -> list[str]:
    """The words of an element, text by text."""
    pairs = ((one.tag not in _WORDLESS and one.text, one is not element and one.tail) for one in element.iter())
    return [words for text in chain.from_iterable(pairs) if text and (words := _words(text))]
