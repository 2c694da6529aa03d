"""A new template -> its entry for a layouts file: read off pages whose articles are known.

On each page the elements are found that have the known words; then the shortest selectors that name them on all pages.
The entry is checked with the real extraction, on pages that nothing was read off.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations, islice, product
from typing import NamedTuple, Self

from lxml.etree import _Element

from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import collapse, credit_of, length_of, text_of
from extractors.html import extract_html, parse_html
from extractors.layout import ELEMENTS, GENERIC, NEWEST, Selector, compile_selector, first
from extractors.locate import blocks_after, find_body, words_of_dates

#: How many pages that nothing was read off must be read exactly, before a layout is sure.
MIN_CHECKED = 5
#: What `Sample.difference` says where all is right, but no layout names it.
BY_STRUCTURE = "read by structure only"

# What of an article must be as it is known.
_FIELDS = "title category written_at updated_at paragraphs image_url image_credit has_video truncated".split()
# Larger pages are not learned from; those of the site have some 1,500 tags.
_MAX_TAGS = 20_000
# Selectors are made of so many pages, of an element and those around it; all other pages must agree with them.
_FROM, _LEVELS = 4, 4
# How many selectors are tried for a part, pairs of them for the dates, bodies for a head, and entries in all.
_MOST_SELECTORS, _MOST_PAIRED, _MOST_BODIES, _MOST_ENTRIES = 400, 12, 4, 12
_LONGEST_LABEL = 1_000
_BLOCKS, _WORDLESS = ELEMENTS["blocks"], ELEMENTS["wordless"]
# A class or an id that is written in a selector as it is.
_NAME = re.compile(r"-?[A-Za-z_][\w-]{0,60}", re.ASCII)
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
        gone: how many pages do not show what is known: their articles were changed since.
    """

    entry: dict[str, str] = field(default_factory=dict)
    read_off: int = 0
    checked: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    gone: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether every page is read exactly, and most of them could be judged."""
        return self.checked >= max(MIN_CHECKED, self.gone) and bool(self.entry) and not self.wrong


class _Page(NamedTuple):
    """A page, and the elements that have the words of its article: its parts by name, with the smallest head of all."""

    sample: Sample
    tree: _Element
    parts: dict[str, _Element]

    def with_part(self, name: str, element: _Element | None) -> Self:
        assert element is not None
        return self._replace(parts={**self.parts, name: element})


def learn(samples: Sequence[Sample]) -> Learned:
    """The layout of the template of some pages, read off half of them and checked on the others.

    A page on which it is wrong is then read too, and the next layout is checked on those that are left.
    """
    pages = list(filter(None, map(_find, samples)))
    learned = Learned(gone=len(samples) - len(pages))
    pages.sort(key=lambda page: -sum(bool(getattr(page.sample.known, name)) for name in _FIELDS))  # the richest first
    taken, rest = pages[::2], pages[1::2]
    while len(rest) >= MIN_CHECKED:
        entries = islice(_entries(taken), _MOST_ENTRIES)
        entry = min(entries, key=lambda one: len(_differences(taken, one)), default={})
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


def _differences(pages: Iterable[_Page], entry: Mapping[str, str]) -> dict[str, str]:
    """How pages are read differently with an entry, by address."""
    text = write_entry(entry) if entry else ""
    return {page.sample.url: reason for page in pages if (reason := page.sample.difference(text))}


def _find(sample: Sample) -> _Page | None:
    """A page with its parts; None where its article is not on it."""
    known = sample.known
    try:
        tree = parse_html(b"" if sample.body.count(b"<") > _MAX_TAGS else sample.body, sample.charset)
    except NotAnArticle:
        return None
    body, inside, lines = tree, [tree] if known.paragraphs else [], [*map(_words, known.paragraphs)]
    while holders := [one for one in inside if all(line in _words_of(one) for line in lines)]:
        body, inside = holders[0], list(holders[0])
    short = (one for one in tree.iter() if one.tag not in _WORDLESS and length_of(one) <= _LONGEST_LABEL)
    labels = {one: words for one in short if (words := text_of(one))}
    titles = [one for one, words in labels.items() if words == known.title]
    if body is tree or not titles:
        return None
    title = max(titles, key=lambda one: (_common(one, body), one.tag in ("h1", "h2", "h3")))
    written, updated = known.written_at, known.updated_at
    dates = {one: find_dates(words) for one, words in labels.items() if is_date_block(words)}
    parts = {
        "title": title,
        "category": _nearest(title, body, (one for one, words in labels.items() if words == known.category)),
        "dates": _nearest(title, body, (one for one in dates if dates[one] == (written, updated))),
        "written": _nearest(title, body, (one for one in dates if dates[one] == (written, None))),
        "updated": _nearest(title, body, (one for one in dates if dates[one] == (updated, None))),
    }
    if parts["category"] is None:  # the new template may have none
        sample = replace(sample, known=replace(known, category=None))
    if (written or updated) and parts["dates"] is None and None in (parts["written"], parts["updated"]):
        return None
    found = {name: one for name, one in parts.items() if one is not None}
    head = next(one for one in _up(title) if all(_holds(one, part) for part in found.values()))
    return _Page(sample, tree, {**found, "body": body, "head": head})


def _nearest(title: _Element, body: _Element, found: Iterable[_Element]) -> _Element | None:
    """The element nearest to a title; one that is further away than the body is of a card."""
    order = {one: at for at, one in enumerate(title.getroottree().iter())}
    near = [one for one in found if _common(one, title) >= _common(body, title)]
    return max(near, key=lambda one: (_common(one, title), -abs(order[one] - order[title])), default=None)


def _entries(pages: Sequence[_Page]) -> Iterator[dict[str, str]]:
    """Entries that may fit: those of the best selectors of a head in which there are selectors of all parts first."""
    for head in _fitting(pages, "head"):
        own = [page.with_part("head", first(compile_selector(head), page.tree)) for page in pages]
        entry = {"head": head} | {name: next(_fitting(own, name), "-") for name in ("title", "category", "dates")}
        bodies = _fitting(own, "body") if "-" not in entry.values() else ()
        found = {body: [find_body(compile_selector(body), page.parts["head"]) for page in own] for body in bodies}
        for body in sorted(found, key=lambda one: sum(map(length_of, found[one])))[:_MOST_BODIES]:
            around = [page.with_part("body", one) for page, one in zip(own, found[body], strict=True)]
            yield {**entry, "body": body, **_around(around)}


def _fitting(pages: Sequence[_Page], name: str) -> Iterator[str]:
    """The selectors of a part that find it on all pages, the best first; an empty one where no page has it."""
    tried = _selectors(pages, name)
    if name == "dates":  # each of the two may have an element of its own
        pairs = product(*(_selectors(pages, one)[:_MOST_PAIRED] for one in ("written", "updated")))
        tried += (", ".join(dict.fromkeys(pair)) for pair in pairs if all(pair))
    return (one for one in tried if all(_finds(compile_selector(one), page, name) for page in pages))


def _finds(match: Selector, page: _Page, name: str) -> bool:
    """Whether a selector finds a part of a page, as `locate` uses it."""
    known, head = page.sample.known, page.parts["head"]
    if name == "dates":
        words = words_of_dates(match, head)
        return (find_dates(words) if is_date_block(words) else (None, None)) == (known.written_at, known.updated_at)
    if name in ("title", "category"):
        return text_of(first(match, head)) == getattr(known, name)
    return _holds(first(match, page.tree) if name == "head" else find_body(match, head), page.parts[name])


def _around(pages: Sequence[_Page]) -> dict[str, str]:
    """The selectors of what is in the bodies and not of the article, and of what follows it.

    What is known of the last template is kept where it does no harm: editors wrote it, and it is in few articles.
    """
    found = {name: dict.fromkeys(NEWEST[name].split(", ")) for name in ("credit", "cut", "end")}
    for page in pages:
        body, credit = page.parts["body"], page.sample.known.image_credit
        for one in body.iterdescendants():
            if one.tag in _BLOCKS and _is_foreign(page, one) and not _is_foreign(page, one.getparent()):
                found["cut"] |= dict.fromkeys(_names(one) or _by_picture(one))
            if credit and length_of(one) <= _LONGEST_LABEL and credit_of(text_of(one)) == credit:
                found["credit"] |= dict.fromkeys(_names(one) or _by_picture(one))
        for one in islice(filter(_words_of, blocks_after(body)), 2):
            found["end"] |= dict.fromkeys(_names(one) or [_step(one)])
    kept = {name: ", ".join(one for one in labels if _spares(one, pages)) for name, labels in found.items()}
    return {"picture": NEWEST["picture"], "credit": kept["credit"], "player": NEWEST["player"], **kept}


def _spares(selector: str, pages: Sequence[_Page]) -> bool:
    """Whether a selector matches no words of an article in the bodies."""
    found = ((page, one) for page in pages for one in compile_selector(selector)(page.parts["body"]))
    return all(one is not page.parts["body"] and (_is_foreign(page, one) or not _words_of(one)) for page, one in found)


def _is_foreign(page: _Page, element: _Element | None) -> bool:
    """Whether an element has words, and none of the article's."""
    article = _words(" ".join(page.sample.known.paragraphs))
    texts = filter(None, map(_words, element.itertext())) if element is not None and _words_of(element) else [article]
    return not any(text in article for text in texts)


def _selectors(pages: Sequence[_Page], name: str) -> list[str]:
    """Selectors of a part on the first pages and of what is around it, the best first; an empty one without any."""
    found: dict[str, int] = {}
    for page in pages[:_FROM]:
        for level, element in enumerate(islice(_up(page.parts.get(name)), _LEVELS)):
            for rank, selector in _selectors_of(element):
                found[selector] = min(found.get(selector, 99), rank + 2 * level)
    return sorted(found, key=lambda selector: (found[selector], len(selector)))[:_MOST_SELECTORS] or [""]


def _selectors_of(element: _Element) -> Iterator[tuple[int, str]]:
    """Selectors of an element with their ranks: a class or id; two, or the tag; in another element; by its place."""
    names, tag, outside = _names(element), str(element.tag), [*_up(element.getparent())]
    yield from ((0, name) for name in names)
    yield from ((1, f"{one}{other.removeprefix(tag)}") for one, other in combinations(names, 2))
    yield 1, tag
    for name in [*names, tag]:
        yield from ((2, f"{outer} {name}") for above in outside[:_LEVELS] for outer in _names(above))
        yield from ((2, f"{above.tag} > {name}") for above in outside[:1])
    path = _step(element)
    for above in outside:
        yield 3, path
        yield from ((3, f"{outer} > {path}") for outer in (["body"] if above.tag == "body" else _names(above)))
        path = f"{_step(above)} > {path}"


def _step(element: _Element) -> str:
    return f"{element.tag}:nth-of-type({1 + len(list(element.itersiblings(element.tag, preceding=True)))})"


def _names(element: _Element) -> list[str]:
    """`tag.class` for the classes of an element, else `tag#id`."""
    classes = [f".{name}" for name in (element.get("class") or "").split()[:8] if _NAME.fullmatch(name)]
    ids = [f"#{name}" for name in [element.get("id") or ""] if _NAME.fullmatch(name)]
    return [f"{element.tag}{name}" for name in classes or ids]


def _by_picture(element: _Element) -> list[str]:
    """What names an element by the first picture in it."""
    picture = next(element.iter("img"), element)
    path = [str(one.tag) for one in _up(picture) if one is not element and _holds(element, one)]
    return [f"{element.tag}:has(> {' > '.join(reversed(path))})"] if path else []


def _up(element: _Element | None) -> Iterator[_Element]:
    """An element and its ancestors up to <body>."""
    while element is not None and element.tag != "html":
        yield element
        element = element.getparent()


def _holds(outer: _Element | None, inner: _Element) -> bool:
    return outer in _up(inner)


def _common(one: _Element, other: _Element) -> int:
    """How deep on the page the smallest element is that holds both."""
    return len({*_up(one)} & {*_up(other)})


@lru_cache(maxsize=100_000)
def _words(text: str) -> str:
    """The words of a text between spaces, so that one is in another only as whole words; empty without any."""
    words = " ".join(_WORD.findall(collapse(text)))
    return f" {words} " if words else ""


@lru_cache(maxsize=100_000)  # no tree is changed here
def _words_of(element: _Element) -> str:
    return _words(text_of(element) or "")
