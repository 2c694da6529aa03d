"""What the site's templates look like: data, not code.

One entry per template, newest first. A changed site is a new entry beside the old one, with the date it was seen and
the evidence it rests on; nothing else in the project knows where on a page anything stands. Selectors name single
classes, so that added classes, another order of them, renamed sections and extra wrappers do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree
from lxml.cssselect import CSSSelector

if TYPE_CHECKING:
    from lxml.etree import _Element

#: From an element to those that match, itself among them, in the order of the page.
Selector: TypeAlias = "Callable[[_Element], Iterable[_Element]]"


def css(selector: str) -> CSSSelector:
    """A compiled CSS selector: class names match among others and in any order."""
    return CSSSelector(selector, translator="html")


def simple(selector: str) -> Selector:
    """The elements that one of several simple selectors matches, as by `css`, one by one and in a third of the time.

    Args:
        selector: `tag`, `tag.class` and `.class`, parted by commas; a tag has classes or none.
    """
    classes: dict[str, set[str] | None] = {}
    for part in selector.replace(" ", "").split(","):
        tag, _, name = part.partition(".")
        classes[tag or "*"] = {*(classes.get(tag or "*") or ()), name} if name else None
    anywhere = classes.pop("*", None) or set()
    # A class that any element may have: all of them are looked at.
    names = ("*",) if anywhere else tuple(classes)
    wanted = {tag: of_tag and of_tag | anywhere for tag, of_tag in classes.items()}

    def matches(element: _Element) -> Iterator[_Element]:
        for found in element.iter(*names):
            of_tag = wanted.get(str(found.tag), anywhere)
            if of_tag is None or ((own := found.get("class")) and not of_tag.isdisjoint(own.split())):
                yield found

    return matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of an article stand on one template.

    Attributes:
        name: what `Article.layout` says.
        pages: the file names the template has been seen under; it is tried first for these.
        seen: when.
        evidence: where the facts are from.
        head: the block of title, category and dates; the first one that holds a title counts.
        title, category, dates: inside the head; `dates` holds the first and second timestamp, written and updated.
        body: the block of the article's words; the first one after the head counts.
        picture, credit: between head and end of body: the lead picture, and its caption ("Photo : YONHAP News").
        player: in the same place, what makes `has_video` true.
        cut: what stands inside the body and holds none of its words, besides scripts, players and controls.
        end: what stands after the body. Where broken markup brings it inside, the body ends there.
        wordless: whether a picture alone is an article.
    """

    name: str
    pages: frozenset[str]
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
    wordless: bool = False


NEWS = Layout(
    name="news",
    pages=frozenset({"news_view.htm"}),
    seen=date(2023, 11, 7),
    evidence="saved article page of the English edition; its section renamed comp_view_news in a source of 2026; "
    "captions of the site's rich-text editor (Froala) in fr-inner",
    head=simple("div.title_area"),
    title=simple("h1"),
    category=simple(".cate"),
    dates=simple(".date"),
    body=simple("div.body_txt"),
    picture=simple("img"),
    credit=css("div.img_box .cap, figcaption, .fr-inner"),
    player=simple("iframe, video, embed, object"),
    cut=simple("div.img_box, figcaption, .fr-inner"),
    end=simple("div.func_menu, div.share_box, h2.view_tit, section.comp_contents_3x, aside, footer, div.chrome_pick"),
)

VIDEO = replace(
    NEWS,
    name="video",
    pages=frozenset({"news_vod_view.htm"}),
    seen=date(2023, 9, 12),
    evidence="the saved seed page, text only; its structure is taken to be the news view's (same site, same fields)",
)

FEATURE = replace(
    NEWS,
    name="feature",
    pages=frozenset({"contents_view.htm"}),
    seen=date(2026, 9, 11),
    evidence="a scraper of 2026: the same head and body, the date a day; text captures: captions after a ©",
)

PROGRAMME = replace(
    NEWS,
    name="programme",
    pages=frozenset({"program_playlist_view.htm"}),
    seen=date(2026, 9, 11),
    evidence="a scraper: section.comp_board_view div.title_area h1, the text in div.body_txt.fr-view p",
)

INFOGRAPHIC = replace(
    NEWS,
    name="infographic",
    pages=frozenset({"news_graphic_view.htm"}),
    seen=date(2023, 11, 7),
    evidence="a guess: only its list (news_graphic_list.htm) was seen; a picture that may stand without words",
    wordless=True,
)

LAYOUTS: tuple[Layout, ...] = (FEATURE, PROGRAMME, NEWS, INFOGRAPHIC, VIDEO)

#: The name for an article whose parts were found without their names. `extractors/generic.py` says how.
GENERIC = "generic"

#: What stays when classes are renamed: the elements of the page that hold no article. Cards are `article` elements.
SURROUNDINGS = frozenset({"header", "nav", "aside", "footer", "article"})
#: Inside a body that was found by structure, as `Layout.end`: the surroundings, and the heading over the cards.
GENERIC_END = etree.XPath(
    "descendant::*[self::aside or self::footer or self::nav"
    " or self::article[following-sibling::article] or self::h2[following-sibling::*[1][count(.//article) > 1]]]"
)

#: Any one of these tells a page of the site from a foreign one, when no layout fits.
SITE_MARKS = css(
    "#skipNav, #gnb_menu, section.sec_top, div.chrome_pick, meta[property='og:url'][content*='.kbs.co.kr/']"
)
#: What stands last on a page of the site (saved page): where it is there, nothing of the contents is missing.
PAGE_END = css("footer, div.chrome_pick")
#: How a title ends on every page of the site (saved page: a lower-case L for a separator).
TITLE_SUFFIX = " l KBS WORLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLayout:
    """Where the cards of a list page stand.

    Attributes:
        name, pages, seen, evidence: as in Layout.
        entry: one block for each article, in the order of the page.
        link: inside an entry, the links to its article.
        dates: inside an entry, its date block.
    """

    name: str
    pages: frozenset[str]
    seen: date
    evidence: str
    entry: CSSSelector
    link: CSSSelector
    dates: CSSSelector


NEWS_LIST = ListLayout(
    name="news_list",
    pages=frozenset({"news_list.htm"}),
    seen=date(2026, 9, 22),
    evidence="five independent scrapers, the newest of autumn 2026",
    entry=css("section.comp_contents_1x > article"),
    link=css("div.list_link_area > a, h2 > a"),
    dates=css(".date"),
)

DAY = replace(
    NEWS_LIST,
    name="day",
    pages=frozenset({"news_today.htm"}),
    evidence="two independent scrapers",
    entry=css("section.comp_text_1x > article"),
)

SEARCH = replace(
    NEWS_LIST,
    name="search",
    pages=frozenset({"search.htm"}),
    evidence="one scraper",
    entry=css("section.section_wrap article"),
)

#: Of the other lists (features, videos, playlists) only the addresses are known: their cards are found by structure.
LISTS: tuple[ListLayout, ...] = (NEWS_LIST, DAY, SEARCH)
