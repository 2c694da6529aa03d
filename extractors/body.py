"""Elements -> words: those of a small block as one line, and an article's as paragraphs, which trafilatura reads.

This module prepares the tree, and trafilatura's converters turn it into lines (README.md, "What trafilatura does").
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

from lxml import etree
from lxml.etree import _Element

from extractors.article import NotAnArticle
from extractors.layout import ELEMENTS, WORDS

# Characters without width that editors leave behind (soft hyphens among them), controls that are no white space (some
# drive terminals, or turn the direction of writing), and code points that are no characters: halves of a surrogate
# pair, which cannot be written as UTF-8, and what XML forbids. Written out, since Python's tables of Unicode grow with
# its versions; what an older one does not know (new emoji) and private use stay.
_INVISIBLE = re.compile(
    r"[\xad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_WORD = re.compile(r"\w+")
# No language has more marks on one letter (UAX #15, "Stream-Safe Text Format").
_MOST_MARKS = 30
# Each of these becomes two marks when it is normalised, although it is not counted as one.
_PAIRS = frozenset("\u0f73\u0f75\u0f81")

# What is before a name, perhaps in brackets: "Photo : YONHAP News", "[Photo : KBS News]", "© KBS", "Photo ⓒ KBS".
_CREDIT = re.compile(rf"[\[(]?(?:(?:{'|'.join(WORDS.captions)})\s*[:{WORDS.credit_signs}]|([{WORDS.credit_signs}]))")
_LONGEST_CREDIT = 120
# A line of more words that ends as a sentence is one, whatever it begins with.
_WORDS_OF_A_CREDIT = 4
# "Samsung Co., Ltd." ends no sentence.
_ABBREVIATED = re.compile(rf"\b(?:{'|'.join(WORDS.abbreviations.split())})\.\Z")
# What a line that ends a sentence ends with, and what may follow that. The quote of a title ends none.
_STOPS, CLOSING = tuple(WORDS.sentence_ends.replace("»", "")), "»”’\"') ]"

# Bounds on what a hostile page may cost; the longest features have some hundred paragraphs.
_MAX_PARAGRAPHS = 2_000
MAX_CHARACTERS = 1_000_000

_BLOCKS, _WORDLESS, _MEDIA = (ELEMENTS[name] for name in ("blocks", "wordless", "media"))
# Those that trafilatura reads as they are. It has no rule for <div> and its like, takes some <pre> for code, which it
# writes into the line, and marks the parts of a <dl> as list items.
_KEPT = frozenset("blockquote br h1 h2 h3 h4 h5 h6 hr img li p td th tr".split())
# Table rows of several cells with words, and list items; those inside another one are part of it. A table that puts a
# picture beside a text is there for its looks.
_CELLS = "*[self::td or self::th][descendant::text()][2]"
_ROWS = etree.XPath(f"descendant::tr[{_CELLS}][not(ancestor::tr[{_CELLS}])]")
#: How many characters are in an element, markup and comments apart; faster than `text_of`, and not quadratic.
length_of = etree.XPath("string-length()")
_ITEMS = etree.XPath("descendant::li[not(ancestor::li)]")


def collapse(text: str) -> str:
    """`text` as one line: white space (NBSP included) collapsed and trimmed, NFC, no zero-width characters."""
    line = " ".join(text.split())
    if not line.isprintable():  # most texts are, and need no search
        line = " ".join(_INVISIBLE.sub("", line).split())
    if line.isascii():
        return line
    # A longer row of marks has one at each of these distances.
    seen = line[::_MOST_MARKS]
    if any(map(unicodedata.combining, seen)) or not _PAIRS.isdisjoint(seen):
        line = _stack().sub(r"\1", line)
    return unicodedata.normalize("NFC", line)


@cache  # and made late, since finding all marks takes time
def _stack() -> re.Pattern[str]:
    """More marks on one letter than any writing has: normalising them takes quadratic time."""
    marks = "".join(mark for mark in map(chr, range(0x300, 0x20000)) if unicodedata.combining(mark) or mark in _PAIRS)
    return re.compile(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+")


def spaced_words(text: str) -> str:
    """The words of a text between spaces, so that one is in another only as whole words; empty without any."""
    words = " ".join(_WORD.findall(collapse(text)))
    return f" {words} " if words else ""


def credit_of(caption: str | None) -> str | None:
    """Who took the picture: what follows the colon of a caption ("Photo : YONHAP News"), or after its © or ⓒ."""
    if not caption:
        return None
    line = caption[1:-1] if caption[0] + caption[-1] in {"[]", "()"} else caption
    label, colon, name = line.partition(":")
    if found := _CREDIT.match(line):
        line = line[found.end() :]
    elif colon and len(label.split()) == 1:
        line = name
    # A sign may be followed by the variation selector of emoji.
    return line.lstrip(f"{WORDS.credit_signs}\ufe0f ").strip() or None


def is_credit(line: str) -> bool:
    """Whether a line says who took a picture: a label or a sign (©, ⓒ, @), perhaps a name, and no sentence."""
    found = _CREDIT.match(line)
    if len(line) > _LONGEST_CREDIT or not found:
        return False
    is_sentence = line.rstrip(CLOSING).endswith(_STOPS) and not (line.endswith("]") or _ABBREVIATED.search(line))
    return not is_sentence or (found[1] is not None and len(line.split()) <= _WORDS_OF_A_CREDIT)


def take_credits(paragraphs: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Paragraphs without the credit lines among them, and the first credit."""
    credit = next(filter(None, map(credit_of, filter(is_credit, paragraphs))), None)
    return tuple(line for line in paragraphs if not is_credit(line)), credit


def text_of(element: _Element | None) -> str | None:
    """The words of an element as one line, or None where it has no words."""
    if element is None:
        return None
    if not len(element):
        return collapse(element.text or "") or None
    words: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        if event == "end":
            if node.tag in _BLOCKS:
                words.append(" ")
            if node is not element:
                words.append(node.tail or "")
        elif node.tag in _WORDLESS:
            walk.skip_subtree()
        elif _swallowed_tags(node):
            break
        else:
            if node.tag in _BLOCKS or node.tag in {"br", "img"}:
                words.append(" ")
            words.append(node.text or "")
    return collapse("".join(words)) or None


def read_paragraphs(
    blocks: list[_Element], cut: set[_Element], end: _Element | None, has_lines: bool, quotes: tuple[str, str]
) -> tuple[str, ...]:
    """The paragraphs of an article, in reading order. The elements are taken off their page.

    Args:
        blocks, cut, end: as of `Parts`. The text after a block counts if another block follows.
        has_lines: whether one <br> after a line that ends no sentence ends the line, although two end a paragraph.
        quotes: what is written around a <q>.

    Raises:
        NotAnArticle: the body is longer than any article of the site.
    """
    article = _isolate(blocks, cut, end, quotes)
    for element in article.iter():  # so that a line end in the article is one that the converter wrote
        element.text, element.tail = _cleaned(element.text), _cleaned(element.tail)
    if length_of(article) > MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    _flatten_rows(article)
    _flatten_items(article)
    _part_paragraphs(article, has_lines)
    try:
        lines = [line for line in map(str.strip, _converter()(article).split("\n")) if line]
    except RecursionError:  # more elements in one another than any article has
        lines = []
    if len(lines) > _MAX_PARAGRAPHS:
        raise NotAnArticle("longer than an article of the site")
    return tuple(" ".join(line.split()) if "  " in line else line for line in lines)


@cache
def _converter() -> Callable[[_Element], str]:
    """Trafilatura's converters, imported for the first page: processes that extract nothing start sooner."""
    from trafilatura.htmlprocessing import convert_tags
    from trafilatura.settings import Extractor
    from trafilatura.xml import xmltotxt

    options = Extractor(links=False, formatting=False)
    # The signature names the class of trees that lxml.html makes; nothing of that is used.
    return lambda tree: xmltotxt(convert_tags(tree, options), include_formatting=False)  # type: ignore[arg-type]


def _isolate(blocks: list[_Element], cut: set[_Element], end: _Element | None, quotes: tuple[str, str]) -> _Element:
    """A tree of the article alone: of its blocks, <br> and <img>."""
    article = etree.Element("div")
    article.extend(blocks)
    if end is not None:
        holders = [end, *end.iterancestors()]
        _drop_from(next((box for box in reversed(holders) if box.tag in _WORDLESS or box in cut), end))
    elif len(article):
        article[-1].tail = None
    for element in cut:
        element.clear(keep_tail=True)
    for element in list(article.iterdescendants()):
        if element.tag in _WORDLESS:
            element.clear(keep_tail=True)
            element.tag = "p" if element.tag in _MEDIA else "span"
        elif element.tag == "q":  # browsers write its quotes
            element.tag, element.text = "span", quotes[0] + (element.text or "")
            element.tail = quotes[1] + (element.tail or "")
        elif element.tag not in _KEPT and "<" not in str(element.tag):
            element.tag = "p" if element.tag in _BLOCKS else "span"
    if (swallowing := next(filter(_swallowed_tags, article.iterdescendants()), None)) is not None:
        _drop_from(swallowing)
    etree.strip_tags(article, "span")
    return article


def _drop_from(element: _Element) -> None:
    """Remove an element, and everything after it, from its tree."""
    for level in (element, *element.iterancestors()):
        parent = level.getparent()
        if parent is not None:
            del parent[parent.index(level) + (level is not element) :]
            level.tail = None


def _swallowed_tags(element: _Element) -> bool:
    """Whether a tag or a quote that was not closed took in further tags, so that anything may follow."""
    if "<" in str(element.tag):
        return True
    for name, value in element.items():
        if "<" in name or ("<" in value and ("<div" in value or "</div" in value or value.endswith("="))):
            return True
    return False


def _cleaned(text: str | None) -> str | None:
    """A text as one line, written so that the converter gives it back as it is."""
    text = collapse(text or "")
    if "&" in text or "\u2424" in text:
        # It decodes entities once more, after it has removed the symbol for a new line, its own mark.
        text = text.replace("&", "&amp;").replace("\u2424", "&#9252;")
    if not text.isprintable():  # and what this Python does not know, a new emoji, it drops, unless it is an entity
        text = "".join(char if char.isprintable() else f"&#{ord(char)};" for char in text)
    # It begins no new line after a bar; what has no width it removes.
    return f"{text}\u200b" if text.endswith("|") else text or None


def _flatten_rows(article: _Element) -> None:
    """Write each table row of several cells as one line: the converter would put bars around it."""
    for row in _ROWS(article):
        for cell in row.iter("td", "th"):
            cell.text = f"\n{cell.text or ''}"
        cells = " ".join(row.itertext()).split("\n")
        row.clear(keep_tail=True)
        row.text = " | ".join(filter(None, map(str.strip, cells)))
    for element in article.iter("tr", "td", "th"):  # of one cell with words
        element.tag = "p"


def _flatten_items(article: _Element) -> None:
    """Make each paragraph of a list an item of its own: the converter writes all blocks of an item into one line."""
    for item in _ITEMS(article):
        _replace_by_spaces(item, item.iter("br", "img"))
        paragraphs = [text for text in item.itertext() if text.strip()]
        item.clear(keep_tail=True)
        item.tag = "ul"
        for paragraph in paragraphs:
            etree.SubElement(item, "li").text = paragraph


def _part_paragraphs(article: _Element, has_lines: bool) -> None:
    """Keep the <br> that separate paragraphs; the others, and pictures, become spaces.

    On the site one <br> ends a sentence, or in features a line, and two end a paragraph; in a body without any double
    one, single ones separate paragraphs (README.md, "An article page"). A credit is a paragraph of its own.
    """
    single: list[_Element] = []
    has_double = False
    for block in dict.fromkeys(next(br.iterancestors()) for br in article.iter("br")):
        # The words of the last line, None where the block begins anew, and what ends it.
        before, breaks = block.text, []
        for child in block:
            if child.tag == "br":
                breaks.append(child)
            elif child.tag != "img":
                has_double |= before is not None and len(breaks) > 1
                before, breaks = None, []
            if child.tag != "img" and not child.tail:
                continue
            after = child.tail or ""
            if before is not None:
                has_double |= len(breaks) > 1
                ends_line = has_lines and not before.rstrip(CLOSING).endswith(_STOPS)
                if len(breaks) == 1 and not (ends_line or is_credit(before.strip()) or is_credit(after)):
                    single += breaks
            before, breaks = after if breaks else f"{before or ''} {after}", []
    _replace_by_spaces(article, [*article.iter("img"), *(single if has_double else ())])


def _replace_by_spaces(article: _Element, elements: Iterable[_Element]) -> None:
    """Put a space for elements that hold nothing, where words follow: the converter begins no line after a space."""
    for element in list(elements):
        element.tag = "span"
        if element.tail:
            element.tail = f" {element.tail}"
    etree.strip_tags(article, "span")
