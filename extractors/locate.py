"""Tree -> the parts of its article: by the names of a layout, else by what stays when every class of a page is renamed.

What stays (README.md, "An article page"): the elements header, nav, aside and footer; that the article's headline is
the page's og:title, and its category a link to a list; that cards of other articles are several `article` elements
under an h2; that a date block is its timestamps and their labels; that menus are links, buttons or controls alone, and
the body is prose.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from lxml import etree
from lxml.etree import _Element

from extractors.address import absolute
from extractors.article import NotAnArticle, is_date_block
from extractors.body import MAX_CHARACTERS, collapse, is_credit, length_of, text_of
from extractors.layout import ELEMENTS, GENERIC, LABELS, LAYOUTS, TITLE_SUFFIX, WORDS, Layout, Selector, first

# Cards of other articles are `article` elements.
_SURROUNDINGS = ELEMENTS["surroundings"] | {"article"}
# Cards link to their articles, each from an `article` or, where that is renamed too, from its own headline.
_CARDS = etree.XPath("boolean(descendant-or-self::article[.//a][2] | descendant-or-self::h2[.//a or parent::a][2])")
_VIEWS = etree.XPath("boolean(descendant-or-self::a[contains(@href, '_view.')])")
_HEADLINES = ("h1", "h2", "h3")
_BLOCKS, _CONTROLS, _WRAPPERS = ELEMENTS["blocks"], ELEMENTS["controls"], ELEMENTS["wrappers"]
# A body is at least a short sentence; what is shorter is a button or a label. A line beside a body is shorter than a
# paragraph and ends no sentence, and the labels of a share box are fewer than a paragraph's words.
_SHORTEST_BODY = 12
_SHORT = 100
_LONGEST_CAPTION = _LONGEST_DATES = 100
# With the white space around it, no title, date or caption is longer: what is need not be read to know that it is none.
_LONGEST_LABEL = 5_000
# Between a date and the link to a programme: " l ", or what a redesign puts there.
_SEPARATORS = f"{WORDS.separator}|·•/-–—"
_CAPTION_STARTS, _SENTENCE_ENDS = (*WORDS.captions, *WORDS.credit_signs), tuple(WORDS.sentence_ends)
# How far around a title its date block and category are looked for, and around a picture its caption.
_LEVELS = 3
# How many wrappers a redesign puts around a body.
_MOST_WRAPPERS = 8
_MOST_PICTURES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of an article on its page.

    Attributes:
        name: `Article.layout`.
        dates: the text of the date block; empty where there is none.
        image, caption: the `src` of the lead picture, which lists show for the article too, and its words.
        blocks: where the article's words are, in order: bodies, more than one only where they were found by structure;
            after a body found by its name what follows it up to the menu below, where a stray end tag may have left
            some of its words. The last one is a body where `end` is None.
        cut: elements in the blocks that hold none of its words.
        end: the element in the last block from which on nothing is the article's; None where the page ends first.
    """

    name: str
    title: str | None
    category: str | None
    dates: str
    image: str | None
    caption: str | None
    has_player: bool
    blocks: list[_Element]
    cut: set[_Element]
    end: _Element | None


def locate(page: _Element, name: str, own: Sequence[Layout] = ()) -> Parts | None:
    """The parts of the article on a page, or None; `name`: the layout of its file name, `own`: layouts to try first."""
    found = (locate_by_name(page, layout, name) for layout in (*own, *LAYOUTS))
    return next(filter(None, found), None) or _locate_moved(page, LAYOUTS[0])


def locate_by_name(page: _Element, layout: Layout, name: str) -> Parts | None:
    """As `locate`; None where the head or the body of a layout is not on the page."""
    head, title = _head(page, layout)
    body = None if head is None else find_body(layout.body, head)
    return None if head is None or body is None else _parts(layout, name, head, title, [body])


def meta_of(page: _Element, name: str) -> str | None:
    """What the `<meta property=…>` of that name says, as one line; None where it is missing or empty."""
    content = next((meta.get("content") for meta in page.iter("meta") if meta.get("property") == name), None)
    return collapse(content or "") or None


def base_of(page: _Element, url: str) -> str:
    """What the links of the page at `url` are relative to: its `<base href=…>`, or itself."""
    base = next((href for base in page.iterfind("*/base") if (href := base.get("href"))), "")
    return absolute(url, base) or url


def _locate_moved(page: _Element, layout: Layout) -> Parts | None:
    """The parts of an article whose template moved: by name what still has its name, the rest by structure."""
    if length_of(page) > MAX_CHARACTERS:
        raise NotAnArticle("larger than a page of the site")
    head, title = _head(page, layout)
    if title is None:
        title = _find_title(page)
    start = title if head is None else head
    head = start.getparent() if head is None and start is not None else head
    if head is None or start is None:
        return None
    body = find_body(layout.body, head)
    bodies = _find_bodies(start) if body is None else [body]
    return _parts(layout, GENERIC, head, title, bodies) if bodies else None


def _parts(layout: Layout, name: str, head: _Element, title: _Element | None, bodies: list[_Element]) -> Parts:
    dates = words_of_dates(layout.dates, head)
    if not dates and title is not None and (dates := _find_dates(title)):
        name = GENERIC
    cut: set[_Element] = {box for body in bodies for box in layout.cut(body)}
    captions = find_captions(bodies, cut)
    boxed = [(box, caption) for box, caption in captions.items() if caption and box.tag in _WRAPPERS]
    if any(text_of(first(layout.credit, box)) != caption for box, caption in boxed):  # features have credits in a <p>
        name = GENERIC
    category = text_of(first(layout.category, head))
    if category is None and title is not None and (category := find_category(title)):
        name = GENERIC
    cut |= captions.keys()
    last = next(bodies[-1].iterchildren(reversed=True), None)
    if last is not None and _is_menu(last) and (text_of(last) or "").startswith("#"):  # links to keywords (#Séoul)
        cut.add(last)
    if first(layout.body, bodies[0]) is bodies[0]:
        blocks, end = _extent(layout, bodies[0], cut)
    else:
        blocks, end = bodies, next(chain.from_iterable(ends_of(_structural_ends, body) for body in bodies), None)
    own, tops = [*_between(head, bodies[0]), *bodies], {head, *bodies}
    picture = first(layout.picture, *own)
    page = head.getroottree().getroot()
    image = None if picture is None else picture.get("src")
    if picture is None and any(next(block.iter("img"), None) is not None for block in own):
        image = meta_of(page, "og:image")  # where all pictures are headings
    return Parts(
        name=name,
        title=(text_of(title) or _claimed_title(page)).removesuffix(TITLE_SUFFIX) or None,
        category=category,
        dates=dates,
        image=image,
        caption=text_of(first(layout.credit, *own)) if picture is None else _caption(picture, layout, cut, tops),
        has_player=first(layout.player, *own) is not None,
        blocks=blocks,
        cut=cut,
        end=end,
    )


def _head(page: _Element, layout: Layout) -> tuple[_Element | None, _Element | None]:
    """The first head that holds a title with words, else the first one; and the title in it."""
    untitled = None
    for head in layout.head(page):
        title = first(layout.title, head)
        if text_of(title):
            return head, title
        untitled = untitled or (head, title)
    return untitled or (None, None)


def find_body(match: Selector, head: _Element) -> _Element | None:
    """The first body in the head or after it, nearest level first; what other articles' cards hold is further away."""
    return next((body for block in chain([head], blocks_after(head)) for body in match(block)), None)


def words_of_dates(match: Selector, head: _Element) -> str:
    """The words of the date block in a head, and of those beside it: each of the two dates may have its own."""
    found = list(match(head))
    return " ".join(filter(None, (text_of(one) for one in found if one.getparent() is found[0].getparent())))


def _caption(picture: _Element, layout: Layout, cut: set[_Element], tops: set[_Element]) -> str | None:
    """The caption in the box of a picture, which is below `tops`, and of `cut` or without other words."""
    for box in takewhile(lambda box: box not in tops, picture.iterancestors()):
        if length_of(box) > _LONGEST_LABEL:
            break
        credit = text_of(first(layout.credit, box))
        words = text_of(box)
        if words and (words == credit or (box in cut and len(words) <= _LONGEST_CAPTION)):
            return credit or words
    return None


def _between(head: _Element, body: _Element) -> list[_Element]:
    """The blocks between a head and a body, on each level up to the one that holds both."""
    above = {head, *head.iterancestors()}
    levels = takewhile(lambda level: level not in above, (body, *body.iterancestors()))
    siblings = chain.from_iterable(level.itersiblings(preceding=True) for level in levels)
    return list(takewhile(lambda block: block not in above, siblings))[::-1]


def _extent(layout: Layout, body: _Element, cut: set[_Element]) -> tuple[list[_Element], _Element | None]:
    """The blocks with the words of a body, and their end. What is inside the body like an end may be added to `cut`."""
    inside = [end for end in ends_of(layout.end, body) if end is not body]
    blocks = [body]
    for block in blocks_after(body):
        blocks.append(block)
        end = next(ends_of(layout.end, block), None)
        if end is not block and _is_menu(block):
            end = block
        if end is not None:
            cut.update(inside)  # no end, since the page goes on after the body
            return blocks, end
    return [body], inside[0] if inside else None


def _find_title(page: _Element) -> _Element | None:
    """The headline by structure: what the page claims as its title, else the first own h1."""
    claimed = _claimed_title(page).removesuffix(TITLE_SUFFIX)
    short = (one for one in page.iter(*_HEADLINES) if length_of(one) <= _LONGEST_LABEL)
    headlines = {one: words for one in short if (words := text_of(one))}
    named = (one for one, words in headlines.items() if words == claimed)
    own = (one for one in headlines if one.tag == "h1" and next(one.iterancestors(*_SURROUNDINGS), None) is None)
    return next(chain(named, own), None)


def _claimed_title(page: _Element) -> str:
    return meta_of(page, "og:title") or text_of(next(page.iter("title"), None)) or ""


def _find_dates(title: _Element) -> str:
    """The text of the date block beside the title, nearest first, but in no card of another article; or empty."""
    levels = islice(_levels(title), _LEVELS)
    blocks = (block for level in levels for back in (False, True) for block in level.itersiblings(preceding=back))
    own = (block for block in blocks if not _VIEWS(block))
    return next(filter(None, map(_dates, own)), "")


def _dates(block: _Element) -> str:
    """The words of a date block without its links, which lead to a programme; empty for any other block."""
    words = text_of(block) or "" if length_of(block) <= _LONGEST_LABEL else ""
    if not is_date_block(words) and len(words) <= _LONGEST_DATES:
        for link in filter(None, map(text_of, block.iter("a"))):
            words = words.replace(link, "", 1)
        words = words.strip(_SEPARATORS)
    return words if is_date_block(words) else ""


def find_category(title: _Element) -> str | None:
    """The link to a list of articles above the title or below it: the only one in its block."""
    above = (block for level in islice(_levels(title), _LEVELS) for block in level.itersiblings(preceding=True))
    for block in chain(above, title.itersiblings()):
        links = [link for link in block.iter("a") if "_list.htm" in (link.get("href") or "")]
        if len(links) == 1 and (words := text_of(links[0])) and words == text_of(block):
            return words
    return None


def find_captions(bodies: list[_Element], cut: set[_Element]) -> dict[_Element, str]:
    """The boxes of pictures outside of `cut`, and their words: around each picture, as much as holds only a caption."""
    boxes: dict[_Element, str] = {}  # a box may hold two pictures
    pictures = (picture for body in bodies for picture in body.iter("img"))
    for picture in islice((one for one in pictures if cut.isdisjoint(one.iterancestors())), _MOST_PICTURES):
        box, caption = picture, ""
        for parent in islice(takewhile(lambda parent: parent not in bodies, picture.iterancestors()), _LEVELS):
            words = text_of(parent) or "" if length_of(parent) <= _LONGEST_LABEL else None
            if words is None or (words and not _is_caption(words)):
                break
            box, caption = parent, words
        boxes[box] = caption
    return boxes


def _is_caption(words: str) -> bool:
    is_caption = is_credit(words) or (words.startswith(_CAPTION_STARTS) and not words.endswith(_SENTENCE_ENDS))
    return is_caption and len(words) <= _LONGEST_CAPTION


def blocks_after(element: _Element) -> Iterator[_Element]:
    """The blocks after an element on its page, nearest level first."""
    for level in (element, *element.iterancestors()):
        yield from level.itersiblings()


def _levels(element: _Element) -> Iterator[_Element]:
    """An element and its ancestors below <body>."""
    return takewhile(lambda level: level.tag != "body", (element, *element.iterancestors()))


def _until_cards(node: _Element) -> Iterator[_Element]:
    """The blocks after a node that may hold its body: up to the cards of other articles, without the surroundings."""
    for block in node.itersiblings():
        if block.tag == "footer" or _is_cards(block) or (block.tag == "h2" and _is_cards(block.getnext())):
            return
        if block.tag not in _SURROUNDINGS:
            yield block


def _is_cards(block: _Element | None) -> bool:
    return block is not None and bool(_CARDS(block))


def _structural_ends(body: _Element) -> Iterator[_Element]:
    """As `Layout.end`: the surroundings, and the cards of other articles with their heading."""
    for end in body.iter("article", "aside", "footer", "h2", "nav"):
        if end.tag == "h2":
            is_end = _is_cards(end.getnext())
        else:
            has_link = next(end.iter("a"), None) is not None
            is_end = end.tag != "article" or (has_link and next(end.itersiblings("article"), None) is not None)
        if is_end and end is not body:
            yield end


def _find_bodies(start: _Element) -> list[_Element]:
    """The blocks with the article's words: of the nearest level after `start` with a paragraph, else of the longest.

    Without any, the block of a picture: what an infographic may be.
    """
    found: list[_Element] = []
    pictures: list[_Element] = []
    longest = _SHORTEST_BODY - 1
    for level in takewhile(lambda level: next(level.iter("footer"), None) is None, _levels(start)):
        pictures = pictures or [one for one in _until_cards(level) if next(one.iter("img"), None) is not None][:1]
        prose = {block: _own_words(block) for block in _prose(_until_cards(level))}
        body = max(prose, key=lambda block: prose[block], default=start)
        # One line beside a title is no body.
        is_body = _is_paragraph(body) or (body.tag in _WRAPPERS and level.tag not in _HEADLINES)
        if prose.get(body, 0) > longest and is_body:
            longest = prose[body]
            # Without labels beside it; where paragraphs have no block of their own, all of them.
            found = [one for one in prose if one is body or body.tag not in _WRAPPERS or _is_paragraph(one)]
        # What is beside the right column or the cards is around the article, and no further level is its own.
        is_last = any(one.tag in ("aside", "footer") or _is_cards(one) for one in level.itersiblings())
        if longest >= _SHORT or is_last:
            break
    return found or pictures


def _is_paragraph(block: _Element) -> bool:
    return _own_words(block) >= _SHORT or (text_of(block) or "").endswith(_SENTENCE_ENDS)


def _prose(blocks: Iterable[_Element], depth: int = 0) -> Iterator[_Element]:
    """Blocks of prose, and instead of a wrapper those in it."""
    for block in filter(_is_prose, blocks):
        if depth < _MOST_WRAPPERS and (wrapped := _wrapped(block)):
            yield from _prose(wrapped, depth + 1)
        else:
            yield block


def _wrapped(block: _Element) -> list[_Element]:
    """The blocks of prose in a wrapper, which holds one block alone, or menus around its blocks; empty for a body."""
    worded = [child for child in block if text_of(child)]
    prose = [child for child in worded if _is_prose(child)]
    bare = not (block.text or "").strip() and not any((child.tail or "").strip() for child in block)
    if not bare or not prose or not all(child.tag in _WRAPPERS for child in prose):
        return []
    # Menus between paragraphs are links of the body.
    at = worded.index(prose[0])
    around = worded[:at] + worded[at + len(prose) :]
    menus = prose == worded[at : at + len(prose)] and any(_is_menu(child, 2) for child in around)
    return prose if menus or len(worded) == 1 else []


def _is_prose(block: _Element) -> bool:
    words = text_of(block) or ""
    is_banner = any(labels.is_banner(words) for labels in LABELS)
    is_other = is_banner or _dates(block) or _is_caption(words) or _is_menu(block)
    return not is_other and _own_words(block) >= _SHORTEST_BODY


def _is_menu(block: _Element, least: int = 1) -> bool:
    """Whether a block has links, at least so many, or controls alone (share, print, list), and their labels."""
    if block.tag not in _BLOCKS:
        return False
    has_controls = next(block.iter(*_CONTROLS), None) is not None
    if not has_controls and len(list(islice(block.iter("a"), least))) < least:
        return False
    return _own_words(block) < (_SHORT if has_controls else _SHORTEST_BODY)


def _own_words(block: _Element) -> int:
    """How many characters of a block are in no link."""
    return len(text_of(block) or "") - sum(len(text_of(link) or "") for link in block.iter("a"))


def ends_of(selector: Selector, block: _Element) -> Iterator[_Element]:
    """The ends in a block; an aside of prose, which the right column is not, is part of an article."""
    for end in selector(block):
        if end.tag != "aside" or 2 * _own_words(end) <= len(text_of(end) or ""):
            yield end
