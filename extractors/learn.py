"""A new template -> its entry for a layouts file: read off pages whose articles are known.

On each page the elements are found that have the known words; then the shortest selectors that name them on all pages.
The entry is checked with the real extraction, on pages that nothing was read off.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice

from lxml.etree import _Element

from extractors.address import absolute
from extractors.article import Article, NotAnArticle, find_dates, is_date_block
from extractors.body import collapse, credit_of, length_of, text_of
from extractors.html import extract_html, parse_html
from extractors.layout import ELEMENTS, GENERIC, NEWEST, Layout, Selector, compile_selector, first
from extractors.locate import base_of, blocks_after, find_body, find_head, words_of_dates

#: How many pages that nothing was read off must be read exactly, before a layout is sure.
MIN_CHECKED = 5
#: The fields of an article that must be as they are known.
FIELDS = ("title", "category", "written_at", "updated_at", "paragraphs", "image_url", "image_credit", "has_video")

# Larger pages are not learned from; those of the site have some 1,500 tags.
_MAX_TAGS = 20_000
# Selectors are made of so many pages; all others must agree with them.
_FROM = 4
# How far above the smallest element with the right words another one is tried, and how far above that its context is.
_LEVELS, _CONTEXT = 4, 5
# How many selectors are tried for a part, pairs of them for the dates, and entries in all.
_MOST_SELECTORS, _MOST_PAIRED, _MOST_ENTRIES = 400, 12, 40
_LONGEST_LABEL = 1_000
_BLOCKS, _WORDLESS = ELEMENTS["blocks"], ELEMENTS["wordless"]
# A class or an id that is written in a selector as it is; and tags that do not say what an element is.
_NAME = re.compile(r"-?[A-Za-z_][\w-]{0,60}", re.ASCII)
_VAGUE = frozenset("a b blockquote center dd div dl dt em i li p section small span strong td time tr ul ol".split())
_WORD = re.compile(r"\w+")
_GONE = "its known words are not on the page"
#: Not named by the layouts: all is right, but found by structure.
BY_STRUCTURE = "read by structure only"


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
        wrong = [name for name in FIELDS if getattr(found, name) != getattr(self.known, name)]
        if wrong or found.truncated:
            return ", ".join(wrong) or "the end of the article"
        return BY_STRUCTURE if found.layout == GENERIC else ""


@dataclass(kw_only=True)
class Learned:
    """What was learned, and how well it was checked.

    Attributes:
        entry: the selectors, by the keys of an entry; empty where none were found.
        read_off: how many pages it was read off.
        checked: how many other pages it was checked on.
        wrong: those of them on which it differs, and how, by address.
    """

    entry: dict[str, str] = field(default_factory=dict)
    read_off: int = 0
    checked: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def is_sure(self) -> bool:
        """Whether every page that it was checked on is read exactly."""
        return bool(self.entry) and self.checked >= MIN_CHECKED and not self.wrong

    @property
    def exact(self) -> int:
        return self.checked - len(self.wrong)


def shows_known(sample: Sample) -> bool:
    """Whether all that is known of the article is on its page."""
    return _find(sample).is_whole


def write_entry(entry: dict[str, str], **about: str) -> str:
    """An entry of a layouts file; `about`: what comes before its selectors, `seen` being a date."""
    lines = [f"{key} = {value if key == 'seen' else _quoted(value)}" for key, value in (about | entry).items()]
    return "\n".join(["[[articles]]", *lines]) + "\n"


def learn(samples: Sequence[Sample]) -> Learned:
    """The layout of the template of some pages, read off half of them and checked on the others.

    A page on which it is wrong is then read too, and the next layout is checked on those that are left.
    """
    pages = [_find(one) for one in samples]
    if all(page.category is None for page in pages):  # the new template has none
        pages = [_find(replace(one, known=replace(one.known, category=None))) for one in samples]
    gone = {page.sample.url: _GONE for page in pages if not page.is_whole}
    usable = sorted((page for page in pages if page.is_whole), key=_richness, reverse=True)
    taken, rest = usable[::2], usable[1::2]
    learned = Learned(wrong=gone, checked=len(gone))
    while len(rest) >= MIN_CHECKED:
        entry = _best_entry(taken)
        wrong = _differences(rest, entry)
        learned = Learned(entry=entry, read_off=len(taken), checked=len(rest) + len(gone), wrong=wrong | gone)
        if not wrong or not entry:
            break
        failed = [page for page in rest if page.sample.url in wrong][:_FROM]
        taken, rest = [*failed, *taken], [page for page in rest if page not in failed]
    return learned


@dataclass(kw_only=True, eq=False)
class _Page:
    """A page as a tree, and the elements that have the words of its article, as far as they were found."""

    sample: Sample
    known: Article
    words: str = ""
    tree: _Element | None = None
    head: _Element | None = None
    title: _Element | None = None
    dates: list[_Element] = field(default_factory=list)
    category: _Element | None = None
    body: _Element | None = None
    is_whole: bool = False

    def is_foreign(self, element: _Element) -> bool:
        """Whether an element has words, and none of the article's."""
        segments = _segments(element)
        return bool(segments) and not any(segment in self.words for segment in segments)

    def foreign(self, element: _Element) -> Iterator[_Element]:
        """The largest blocks in an element that are foreign."""
        for child in element:
            if child.tag in _BLOCKS and self.is_foreign(child):
                yield child
            elif isinstance(child.tag, str) and child.tag not in _WORDLESS:
                yield from self.foreign(child)


#: Pages with an element of each.
_Pairs = Sequence[tuple[_Page, _Element]]


def _find(sample: Sample) -> _Page:
    known = sample.known
    page = _Page(sample=sample, known=known, words=_words(" ".join(known.paragraphs)))
    try:
        tree = parse_html(sample.body, sample.charset) if sample.body.count(b"<") <= _MAX_TAGS else None
    except NotAnArticle:
        tree = None
    if tree is None:
        return page
    page.tree, page.body = tree, _smallest(tree, [_words(one) for one in known.paragraphs])
    labels = {one: text_of(one) or "" for one in _elements(tree) if length_of(one) <= _LONGEST_LABEL}
    titles = [one for one, words in labels.items() if words == known.title]
    if page.body is None or not titles:
        return page
    body = page.body
    page.title = title = max(titles, key=lambda one: (_common(one, body), one.tag in ("h1", "h2", "h3")))
    page.category = _nearest(title, [one for one, words in labels.items() if words == known.category])
    blocks = {one: find_dates(words) for one, words in labels.items() if is_date_block(words)}
    both, single = (known.written_at, known.updated_at), [(one, None) for one in (known.written_at, known.updated_at)]
    for wanted in ([both], single) if any(both) else ():
        found = [_nearest(title, [one for one, dates in blocks.items() if dates == each]) for each in wanted]
        page.dates = page.dates or [one for one in found if one is not None and None not in found]
    parts = [one for one in (title, *page.dates, page.category) if one is not None]
    page.head = next(one for one in _up(title) if all(one in (part, *part.iterancestors()) for part in parts))
    page.is_whole = bool(page.dates) == any(both) and (page.category is not None) == (known.category is not None)
    return page


def _smallest(tree: _Element, paragraphs: Sequence[str]) -> _Element | None:
    """The smallest element that has all these words, in their order."""
    found, inside = None, [tree]
    while (holder := next((one for one in inside if _holds(_words_of(one), paragraphs)), None)) is not None:
        found, inside = holder, [child for child in holder if isinstance(child.tag, str)]
    return found


def _nearest(title: _Element, elements: Iterable[_Element]) -> _Element | None:
    """The element that is nearest to the title; of those in one another, the smallest."""
    return max(elements, key=lambda one: (_common(one, title), len(list(one.iterancestors()))), default=None)


def _best_entry(pages: Sequence[_Page]) -> dict[str, str]:
    """The entry with which most pages are read exactly; empty where there is none."""
    best: dict[str, str] = {}
    fewest = len(pages)
    for found in islice(_entries(pages), _MOST_ENTRIES):
        entry, wrong = found, _differences(pages, found)
        if {*wrong.values()} == {"image_url"}:
            entry = _with_picture(pages, entry)
            wrong = _differences(pages, entry)
        if len(wrong) < fewest:
            best, fewest = entry, len(wrong)
        if not wrong:
            break
    return best


def _differences(pages: Iterable[_Page], entry: dict[str, str]) -> dict[str, str]:
    """How pages are read differently with an entry, by address."""
    text = write_entry(entry) if entry else ""
    found = ((page.sample.url, replace(page.sample, known=page.known).difference(text)) for page in pages)
    return {url: reason for url, reason in found if reason}


def _with_picture(pages: Sequence[_Page], entry: dict[str, str]) -> dict[str, str]:
    """An entry with another selector for the picture, since there are others before it."""

    def pictures(page: _Page) -> Iterator[_Element]:
        tree, known = page.tree, page.known.image_url
        images = () if tree is None else tree.iter("img")
        return (one for one in images if absolute(base_of(one, page.sample.url), one.get("src") or "") == known)

    tried = ({**entry, "picture": one} for one in _selectors(pages, pictures)[:_MOST_ENTRIES])
    return next((one for one in tried if not _differences(pages, one)), entry)


def _entries(pages: Sequence[_Page]) -> Iterator[dict[str, str]]:
    """Entries that may fit: those of the smallest heads in which there are selectors of all parts come first."""
    for head in _selectors(pages, lambda page: _up(page.head)):
        title = next(_fitting_titles(pages, head), None)
        if title is None:
            continue
        layout = _layout(head=head, title=title)
        found = ((page, find_head(page.tree, layout)[0]) for page in pages if page.tree is not None)
        heads = [(page, element) for page, element in found if element is not None]
        dates, category = _fitting_dates(heads), _fitting_category(heads)
        if dates is None or category is None:
            continue
        for body in islice(_fitting_bodies(heads), 4):
            entry = {"head": head, "title": title, "category": category, "dates": dates, "body": body}
            yield entry | _around(heads, body)


def _fitting_titles(pages: Sequence[_Page], head: str) -> Iterator[str]:
    for title in _selectors(pages, lambda page: _up(page.title)):
        layout = _layout(head=head, title=title)
        if all(page.tree is not None and find_head(page.tree, layout)[2] == page.known.title for page in pages):
            yield title


def _fitting_category(heads: _Pairs) -> str | None:
    """The shortest selector of the category in these heads; empty where no page has one, None where none fits all."""
    selectors = _selectors([page for page, _ in heads], lambda page: _up(page.category))
    for selector in selectors:
        category = _compiled(selector)
        if all(text_of(first(category, head)) == page.known.category for page, head in heads):
            return selector
    return None if selectors else ""


def _fitting_dates(heads: _Pairs) -> str | None:
    """As `_fitting_category`; of two where each date has an element of its own."""
    pages = [page for page, _ in heads]
    written = _selectors(pages, lambda page: page.dates[:1])
    updated = _selectors(pages, lambda page: page.dates[1:])
    paired = (f"{one}, {other}" for one in written[:_MOST_PAIRED] for other in updated[:_MOST_PAIRED] if one != other)
    for selector in chain(written, paired):
        layout = _layout(dates=selector)
        if all(words_of_dates(layout, head) == " ".join(map(_text, page.dates)) for page, head in heads):
            return selector
    return None if written else ""


def _fitting_bodies(heads: _Pairs) -> Iterator[str]:
    for selector in _selectors([page for page, _ in heads], lambda page: _up(page.body)):
        layout = _layout(body=selector)
        bodies = [(page, find_body(layout, head)) for page, head in heads]
        if all(body is not None and page.body in (body, *body.iterdescendants()) for page, body in bodies):
            yield selector


def _around(heads: _Pairs, body: str) -> dict[str, str]:
    """The selectors of what is in the body and not of the article, and of what follows it.

    What is known of the last template is kept where it does no harm: editors wrote it, and it is in few articles.
    """
    layout = _layout(body=body)
    bodies = [(page, inside) for page, head in heads if (inside := find_body(layout, head)) is not None]
    labels = {
        name: dict.fromkeys(part.strip() for part in NEWEST[name].split(",")) for name in ("credit", "cut", "end")
    }
    for page, inside in bodies:
        for box in page.foreign(inside):
            labels["cut"] |= dict.fromkeys(_box_labels(box, body))
        following = (one for one in blocks_after(inside) if one.tag not in _WORDLESS and _words_of(one))
        for one in islice(following, 2):
            labels["end"] |= dict.fromkeys(_labels(one) or [_step(one, "nth-child")])
        for one in _elements(inside) if page.known.image_credit else ():
            if length_of(one) <= _LONGEST_LABEL and credit_of(text_of(one)) == page.known.image_credit:
                labels["credit"] |= dict.fromkeys(_names(one))
    kept = {name: ", ".join(one for one in found if _spares(one, bodies)) for name, found in labels.items()}
    return {"picture": NEWEST["picture"], "credit": kept["credit"], "player": NEWEST["player"], **kept}


def _spares(selector: str, bodies: _Pairs) -> bool:
    """Whether a selector matches no words of an article in these bodies."""
    compiled = _compiled(selector)
    found = ((page, inside, one) for page, inside in bodies for one in compiled(inside))
    return all(one is not inside and (page.is_foreign(one) or not _words_of(one)) for page, inside, one in found)


def _box_labels(box: _Element, body: str) -> list[str]:
    """What names a box in a body: itself or what is all of it; else what it holds, or its place."""
    named = (one for one in box.iter(*_BLOCKS) if _words_of(one) == _words_of(box) and _labels(one))
    if (inner := next(named, None)) is not None:
        return _labels(inner)
    has_picture = next(box.iter("img"), None) is not None
    return [f"{body} > {_tag(box)}:has(img)" if has_picture else f"{body} > {_step(box, 'nth-child')}"]


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
    names, tag = _names(element), _tag(element)
    above = list(islice(_up(element.getparent()), _CONTEXT))
    yield from ((0, name) for name in names)
    yield from ((1, f"{one}{other.removeprefix(tag)}") for one in names for other in names if one != other)
    yield 1, tag
    for name in [*names, tag]:
        yield from ((2, f"{outer} {name}") for parent in above for outer in _names(parent))
        yield from ((2, f"{_tag(parent)} > {name}") for parent in above[:1])
    for way in ("nth-of-type", "nth-child"):
        path = _step(element, way)
        yield 4, path
        for parent in _up(element.getparent()):
            yield from ((3, f"{outer} > {path}") for outer in (["body"] if parent.tag == "body" else _names(parent)))
            path = f"{_step(parent, way)} > {path}"


def _step(element: _Element, way: str) -> str:
    before = [one for one in element.itersiblings(preceding=True) if isinstance(one.tag, str)]
    number = sum(one.tag == element.tag or way == "nth-child" for one in before) + 1
    return f"{_tag(element)}:{way}({number})"


def _names(element: _Element) -> list[str]:
    """`tag.class` for the classes of an element, else `tag#id`."""
    classes = (element.get("class") or "").split()[:8]
    names = [f".{name}" for name in classes if _NAME.fullmatch(name)]
    ident = element.get("id") or ""
    return [_tag(element) + name for name in names or [f"#{ident}"] if names or _NAME.fullmatch(ident)]


def _labels(element: _Element) -> list[str]:
    """What names an element wherever it is: its classes, its id, or its tag where that says what it is."""
    return _names(element) or ([] if element.tag in _VAGUE else [_tag(element)])


def _tag(element: _Element) -> str:
    return str(element.tag)


def _layout(**selectors: str) -> Layout:
    return Layout(**{name: _compiled(selectors.get(name, "")) for name in Layout._fields})


@cache
def _compiled(selector: str) -> Selector:
    return compile_selector(selector)


def _elements(top: _Element) -> Iterator[_Element]:
    return (one for one in top.iter() if isinstance(one.tag, str) and one.tag not in _WORDLESS)


def _up(element: _Element | None) -> Iterator[_Element]:
    """An element and its ancestors up to <body>."""
    while element is not None and element.tag != "html":
        yield element
        element = element.getparent()


def _common(one: _Element, other: _Element) -> int:
    """How deep on the page the smallest element is that holds both."""
    above = {*_up(one)}
    return sum(level in above for level in _up(other))


def _richness(page: _Page) -> int:
    return sum(bool(getattr(page.known, name)) for name in FIELDS)


def _quoted(text: str) -> str:
    return '"' + collapse(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(element: _Element) -> str:
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
    texts = (
        (one.text if one.tag not in _WORDLESS else "", one.tail if one is not element else "") for one in element.iter()
    )
    return [words for text in chain.from_iterable(texts) if text and (words := _words(text))]


def _holds(words: str, paragraphs: Iterable[str]) -> bool:
    """Whether the words of paragraphs are in others, in their order."""
    at = 0
    for paragraph in paragraphs:
        at = words.find(paragraph, at)
        if at < 0:
            return False
        at += len(paragraph) - 1  # the space is the next one's too
    return True
