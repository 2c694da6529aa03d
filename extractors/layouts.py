"""What the site's templates look like: data, not code.

One entry per template, newest first. A changed site is a new entry beside the old one, with the date it was seen and
the evidence it rests on; nothing else in the project knows where on a page anything stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lxml.cssselect import CSSSelector


def css(selector: str) -> CSSSelector:
    """A compiled CSS selector: class names match among others and in any order."""
    return CSSSelector(selector, translator="html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of an article stand on one template. Selectors below `article` are looked up inside it.

    Attributes:
        name: what `Article.layout` says.
        pages: the file names the template has been seen under; it is tried first for these.
        seen: when.
        evidence: where the facts are from.
        article: the block that holds the article and nothing of other articles.
        title, category, dates, body: the parts; `dates` holds the first and second timestamp, written and updated.
        picture, credit: the lead picture, and its caption ("Photo : YONHAP News").
        player: what makes `has_video` true.
        cut: what stands inside the body and is not the article's words.
    """

    name: str
    pages: frozenset[str]
    seen: date
    evidence: str
    article: CSSSelector
    title: CSSSelector
    category: CSSSelector
    dates: CSSSelector
    body: CSSSelector
    picture: CSSSelector
    credit: CSSSelector
    player: CSSSelector
    cut: CSSSelector


# Scripts, players and pictures hold no words of the article; a caption stands in the box of its picture.
_CUT = "div.img_box, script, style, noscript, template, iframe, object, embed, video, audio, form, button, svg"

NEWS = Layout(
    name="news",
    pages=frozenset({"news_view.htm"}),
    seen=date(2023, 11, 7),
    evidence="saved article page of the English edition; section renamed comp_view_news in a source of 2026",
    article=css("section:has(div.title_area):has(div.body_txt)"),
    title=css("div.title_area h1"),
    category=css("div.title_area p.cate"),
    dates=css("div.title_area p.date"),
    body=css("div.body_txt"),
    picture=css("div.img_box img"),
    credit=css("div.img_box .cap"),
    player=css("iframe, video, embed, object"),
    cut=css(_CUT),
)

LAYOUTS: tuple[Layout, ...] = (NEWS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLayout:
    """Where the cards of a list page stand.

    Attributes:
        name, seen, evidence: as in Layout.
        card: one block for each article, in the order of the page.
        link: inside a card, the links to its article.
    """

    name: str
    seen: date
    evidence: str
    card: CSSSelector
    link: CSSSelector


NEWS_LIST = ListLayout(
    name="news_list",
    seen=date(2026, 9, 22),
    evidence="five independent scrapers, the newest of autumn 2026",
    card=css("section.comp_contents_1x > article"),
    link=css("div.list_link_area > a, h2 > a"),
)

#: Only the site's own skeleton: a page that has one of these but no article is a soft 404, not a foreign page.
SKELETON = css("#skipNav, #gnb_menu, section.sec_top, div.chrome_pick")
