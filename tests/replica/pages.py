"""The replica's pages: articles in all templates, lists, days, feeds, and the template without an article."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from email.utils import format_datetime
from html import escape
from random import Random
from urllib.parse import quote

from extractors import Article
from extractors.address import SITE
from extractors.dates import KST
from tests.replica.markup import render_body
from tests.replica.skeleton import render
from tests.replica.world import BOARD, CATEGORIES, PAGE_SIZE, Entry, World

FEED_SIZE = 20
_ASIDE_TITLES = ("Most Viewed News", "Headline News", "Most Viewed Content")
#: Layout -> page that its category links to; news_list.htm for all others.
_CATEGORY_PAGES = {
    "feature": "contents_list.htm",
    "programme": "program_playlist_list.htm",
    "infographic": "news_graphic_list.htm",
}


def news_page(world: World, entry: Entry, view: str = "news") -> bytes:
    """An article's page, `view` being `news` or `video`."""
    truth = entry.video_truth if view == "video" else entry.truth
    return entry_page(world, replace(entry, truth=truth))


def entry_page(world: World, entry: Entry) -> bytes:
    """The page of any article of the replica, in the template of its layout."""
    others = [other for other in world.entries[:19] if other.seq != entry.seq][:18] or [entry]
    body = render_body(entry.body, entry.style, Random(entry.seq), pictures=entry.truth.image_url is not None)
    return article_page(world.edition, entry.truth, body, others, seq=entry.seq, category_id=entry.category_id)


def article_page(
    edition: str, truth: Article, body: str, others: Sequence[Entry], *, seq: int, category_id: str
) -> bytes:
    """The page of one article with every noise block of the site around it.

    Args:
        edition: the letter of `lang=`.
        truth: the article; its `layout` chooses the template, its `has_video` the player.
        body: HTML of its words.
        others: articles for the cards and the aside.
        seq: its number; also the seed of what differs from page to page.
        category_id: the `id=` of its list.
    """
    section = "comp_board_view" if truth.layout == "programme" else "comp_view_default"
    recommended = "Contenus recommandés" if edition == "f" else "Editor's Pick"
    contents = f"""<section class="{section}" id="ele1">
<div class="title_area">
{_category(edition, truth, category_id)}
<h1>{entities(truth.title)}</h1>
<p class="date">{dates(truth)}</p>
</div>
{_functions("Share", "Print")}
<div class="body_txt fr-view">
{_player(seq) if truth.has_video else ""}{_picture(truth)}{body}
</div>
{_functions("Share", "Print", "List", style="func_menu bottom")}
<div class="share_box"><strong>Share</strong><a href="#" class="close">Close</a>
<a href="#">facebook</a><a href="#">twitter</a><input type="text" value="{escape(truth.url)}" /><button>Copy</button></div>
</section>
<h2 class="view_tit">{escape(recommended)}</h2>
<section class="comp_contents_3x">
{cards(edition, Random(seq).sample(list(others), min(3, len(others))))}
</section>"""
    description = truth.text.replace("\n\n", " ")[:170] + " ..."
    meta = f"""<meta property="og:title" content="{escape(truth.title or "")}" />
<meta property="og:description" content="{escape(description)}" />
<meta property="og:image" content="{escape(truth.image_url or f"{SITE}/img/og_default.png")}" />
<meta property="og:url" content="{truth.url.replace("https:", "http:")}" />
<meta property="og:type" content="website" />"""
    return render(edition, title=truth.title or "", meta=meta, contents=contents, aside=_aside(edition, others))


def missing_page(world: World) -> bytes:
    """The template without an article, as a site answers with status 200 for an unknown number."""
    contents = """<section class="comp_view_default" id="ele1">
<div class="title_area"><p class="cate"></p><h1></h1><p class="date"></p></div>
<div class="body_txt fr-view"></div>
</section>"""
    return render(world.edition, title="", meta="", contents=contents, aside=_aside(world.edition, world.entries[:15]))


@dataclass(frozen=True)
class ListPages:
    """A list: all its entries, and how its pages look.

    Attributes:
        file, query: the address of its pages, without `page=`.
        title: its heading.
        item: the HTML of one entry, in the number of its page.
        frame: the HTML around the items and the links to other pages.
        page_title: the title of the page; `title` if empty.
    """

    entries: Sequence[Entry]
    file: str
    query: str
    title: str
    item: Callable[[Entry, int], str]
    frame: str
    page_title: str = ""

    def draw(self, world: World, shown: Sequence[Entry], page: int, total: int) -> bytes:
        """The page with these entries, of a list of `total`; `page` may be beyond the last."""
        items = "\n".join(self.item(entry, page) for entry in shown)
        contents = f'<h2 class="list_tit">{escape(self.title)}</h2>\n' + self.frame.format(
            items=items, links=self._links(page, total)
        )
        aside = _aside(world.edition, world.entries[:15])
        return render(world.edition, title=self.page_title or self.title, meta="", contents=contents, aside=aside)

    def _links(self, page: int, total: int) -> str:
        """Links to the pages around this one."""
        last = max(1, -(-total // PAGE_SIZE))
        near = range(max(1, min(page, last) - 5), min(last, page + 5) + 1)
        links = "".join(f'<a href="./{self.file}?page={n}&{self.query}">{n}</a>' for n in near)
        return f'<div class="comp_pagination">{links}</div>'


def news_list(world: World, category_id: str) -> ListPages:
    """The news of a category; of all if it is empty."""
    return ListPages(
        entries=world.listing("news").by_category.get(category_id, []),
        file="news_list.htm",
        query=f"id={quote(category_id)}&lang={world.edition}",
        title=CATEGORIES.get(category_id, "Actualités"),
        item=lambda entry, page: cards(world.edition, [entry], page),
        frame='<section class="comp_contents_1x">\n{items}\n{links}\n</section>',
        page_title="Actualités",
    )


def list_page(world: World, entries: Sequence[Entry], *, category_id: str, page: int, total: int) -> bytes:
    """One page of the news list."""
    return news_list(world, category_id).draw(world, entries, page, total)


def search_list(world: World, keyword: str) -> ListPages:
    """The news that the site's search finds."""
    return ListPages(
        entries=world.listing("news").titled(keyword) if keyword else [],
        file="search.htm",
        query=f"lang={world.edition}&search_date=5&keyword={quote(keyword)}&kubun=n",
        title=keyword,
        item=lambda entry, _: cards(world.edition, [entry]),
        frame='<section class="section_wrap">\n{items}\n{links}\n</section>',
    )


# The site's markup of the following three is not known: they differ from the news list, and from one another, as much
# as lists of a site can.


def feature_list(world: World, menu: str) -> ListPages:
    """The features of a menu."""
    query = f"lang={world.edition}&menu_cate={quote(menu)}"
    return ListPages(
        entries=world.listing("features").by_category.get(menu, []) if menu else [],
        file="contents_list.htm",
        query=query,
        title=menu.capitalize(),
        item=lambda entry, _: (
            f"""<article>
<div class="thumb"><img src="{entry.truth.image_url}" alt="" /></div>
<h2><a href="./contents_view.htm?{query}&board_seq={entry.seq}">{entities(entry.truth.title)}</a></h2>
<p class="date">{dates(entry.truth)}</p>
</article>"""
        ),
        frame='<section class="comp_contents_3x">\n{items}\n</section>\n{links}',
    )


def video_list(world: World) -> ListPages:
    """The news that have a video view."""
    query = f"lang={world.edition}&menu_cate=videonews"

    def item(entry: Entry, _: int) -> str:
        link = f"./news_vod_view.htm?{query}&id={entry.category_id}&Seq_Code={entry.seq}"
        return f"""<li>
<a href="{link}"><img src="{entry.truth.image_url or "./img/none.png"}" alt="" /></a>
<a href="{link}">{entities(entry.truth.title)}</a>
<span class="date">{dates(entry.truth)}</span>
</li>"""

    frame = '<ul class="vod_list">\n{items}\n</ul>\n{links}'
    return ListPages(world.videos, "news_vod_list.htm", query, "Vidéos", item, frame)


def programme_list(world: World, procode: str) -> ListPages:
    """The pages of a programme's board."""
    query = f"lang={world.edition}&procode={quote(procode)}&bbs={BOARD}"
    return ListPages(
        entries=world.listing("programmes").by_category.get(procode, []) if procode else [],
        file="program_playlist_list.htm",
        query=query,
        title=procode,
        item=lambda entry, _: (
            f"""<tr>
<td>{entry.seq}</td>
<td><a href="./program_playlist_view.htm?{query}&no={entry.seq}">{entities(entry.truth.title)}</a></td>
<td>{dates(entry.truth)}</td>
</tr>"""
        ),
        frame='<table class="board_list">\n<tbody>\n{items}\n</tbody>\n</table>\n{links}',
    )


def day_page(world: World, entries: Sequence[Entry], day: str) -> bytes:
    """The news of one day."""
    items = "\n".join(
        f'<article><h2><a href="./news_view.htm?lang={world.edition}&id={entry.category_id}&Seq_Code={entry.seq}">'
        f"{entities(entry.truth.title)}</a></h2>"
        f'<p class="cate">{entry.truth.category}</p><p class="date">{dates(entry.truth)}</p></article>'
        for entry in entries
    )
    contents = f'<h2 class="list_tit">{escape(day)}</h2>\n<section class="comp_text_1x">\n{items}\n</section>'
    return render(world.edition, title="Actualités du jour", meta="", contents=contents)


def feed(world: World, entries: Sequence[Entry]) -> bytes:
    """An RSS 2.0 feed of the first of `entries`."""
    items = "\n".join(_feed_item(entry) for entry in entries[:FEED_SIZE])
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0">
<channel>
<title>KBS WORLD Radio</title>
<link>http://world.kbs.co.kr/?lang={world.edition}</link>
<description>KBS WORLD Radio</description>
{items}
</channel>
</rss>
""".encode()


def _feed_item(entry: Entry) -> str:
    moment = entry.truth.updated_at or entry.truth.written_at
    assert moment is not None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), KST)
    link = escape(entry.truth.url.replace("https:", "http:"))
    return f"""<item>
<title>{escape(entry.truth.title or "")}</title>
<link>{link}</link>
<description>{escape(entry.summary)}</description>
<pubDate>{format_datetime(moment)}</pubDate>
<guid>{link}</guid>
</item>"""


def cards(edition: str, entries: Sequence[Entry], page: int = 0) -> str:
    """Entries as the news list shows them; `page`: of the list, 0 elsewhere."""
    at = f"&page={page}" if page else ""
    return "\n".join(
        f"""<article>
<div class="thumb"><img src="{entry.truth.image_url or "./img/none.png"}" alt="" /></div>
<div class="list_link_area"><a href="./news_view.htm?lang={edition}&id={entry.category_id}&Seq_Code={entry.seq}{at}">
<h2>{entities(entry.truth.title)}</h2>
<p class="sum">{escape(entry.summary)}</p></a></div>
<p class="cate">{escape(entry.truth.category or "")}</p>
<p class="date">{dates(entry.truth)}</p>
</article>"""
        for entry in entries
    )


def dates(truth: Article) -> str:
    """A date block: written, and updated if it was. Days have no label before them."""
    if truth.written_at is None:
        return ""
    label = "Write: " if isinstance(truth.written_at, datetime) else ""
    written = label + _stamp(truth.written_at)
    updated = f'<span class="hidden"> / </span>Update: {_stamp(truth.updated_at)}' if truth.updated_at else ""
    return written + updated


def entities(title: str | None) -> str:
    """A title with the entities that the site's titles contain."""
    return escape(title or "").replace("(", "&#40;").replace(")", "&#41;").replace("’", "&rsquo;")


def _stamp(moment: date) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


def _category(edition: str, truth: Article, category_id: str) -> str:
    if truth.category is None:
        return ""
    page = _CATEGORY_PAGES.get(truth.layout, "news_list.htm")
    link = f"./{page}?lang={edition}&{'menu_cate' if truth.layout == 'feature' else 'id'}={category_id}"
    return f'<p class="cate"><a href="{link}"><strong>{escape(truth.category)}</strong></a></p>'


def _functions(*names: str, style: str = "func_menu") -> str:
    return f'<div class="{style}">' + "".join(f'<a href="#">{name}</a>' for name in names) + "</div>"


def _player(seq: int) -> str:
    return f'<div class="vod_box"><iframe src="./vod_player.htm?seq={seq}" title="player">Votre navigateur</iframe></div>\n'


def _picture(truth: Article) -> str:
    if truth.image_url is None and truth.image_credit is None:
        return ""
    image = f'<img src="{escape(truth.image_url)}" alt="{escape(truth.title or "")}" />' if truth.image_url else ""
    credit, ident = escape(truth.image_credit or ""), ""
    if truth.layout == "feature":  # captions of features begin with a ©; of every second one on a line of its own
        caption = f"©{credit}"
        if truth.url[-1] in "02468":
            return f"<p>{image}</p>\n<p>{caption}</p>\n"
    else:
        caption, ident = f"{'Thumbnail' if truth.has_video else 'Photo'} : {credit}", ' id="ele1"'
    return f'<div class="img_box top"{ident}>{image}\n<p class="cap no-print">{caption}</p></div>\n'


def _aside(edition: str, entries: Sequence[Entry]) -> str:
    """The three lists of the right column."""
    blocks = []
    for number, heading in enumerate(_ASIDE_TITLES):
        items = "\n".join(
            f'<dd><a href="./news_view.htm?lang={edition}&Seq_Code={entry.seq}">{entities(entry.truth.title)}</a></dd>'
            for entry in entries[number * 5 : number * 5 + 5]
        )
        blocks.append(f'<section class="comp_right_text_1x"><dl><dt>{heading}</dt>\n{items}\n</dl></section>')
    return "\n".join(blocks)
