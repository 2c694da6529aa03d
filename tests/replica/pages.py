"""The replica's pages: articles in both views, news lists, days, and the template without an article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from html import escape
from itertools import islice
from random import Random
from urllib.parse import quote

from extractors import Article
from extractors.address import SITE
from tests.replica.markup import render_body
from tests.replica.skeleton import RECOMMENDED, render
from tests.replica.world import CATEGORIES, PAGE_SIZE, Entry, World

_ASIDE_TITLES = ("Most Viewed News", "Headline News", "Most Viewed Content")


def news_page(world: World, entry: Entry, view: str = "news") -> bytes:
    """An article's page, `view` being `news` or `video`."""
    truth = entry.video_truth if view == "video" else entry.truth
    return entry_page(world, replace(entry, truth=truth))


def entry_page(world: World, entry: Entry) -> bytes:
    """The page of any article of the replica, in the template of its layout."""
    random = Random(entry.seq)
    others = list(islice((other for other in world.entries if other.seq != entry.seq), 18)) or [entry]
    body = render_body(entry.body, entry.style, random, pictures=entry.truth.image_url is not None)
    return article_page(world.edition, entry.truth, body, others, seq=entry.seq, category_id=entry.category_id)


#: Layout -> class of its section (SITE: comp_board_view for programme boards).
_SECTIONS = {"programme": "comp_board_view"}
#: Layout -> page that its category links to.
_LISTS = {
    "feature": "contents_list.htm",
    "programme": "program_playlist_list.htm",
    "infographic": "news_graphic_list.htm",
}


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
    random = Random(seq)
    contents = f"""<section class="{_SECTIONS.get(truth.layout, "comp_view_default")}" id="ele1">
<div class="title_area">
{_category(edition, truth, category_id)}
<h1>{entities(truth.title or "")}</h1>
<p class="date">{dates(truth)}</p>
</div>
{_functions("Share", "Print")}
<div class="body_txt fr-view">
{_player(seq) if truth.has_video else ""}{_picture(truth)}{body}
</div>
{_functions("Share", "Print", "List", style="func_menu bottom")}
{_share_box(truth.url)}
</section>
<h2 class="view_tit">{escape(RECOMMENDED.get(edition, "Editor's Pick"))}</h2>
<section class="comp_contents_3x">
{cards(edition, random.sample(list(others), min(3, len(others))))}
</section>"""
    meta = _meta(truth)
    return render(edition, title=truth.title or "", meta=meta, contents=contents, aside=side_lists(edition, others))


def list_page(world: World, entries: Sequence[Entry], *, category_id: str, page: int, total: int) -> bytes:
    """One page of the news list."""
    contents = f"""<h2 class="list_tit">{escape(CATEGORIES.get(category_id, "Actualités"))}</h2>
<section class="comp_contents_1x">
{cards(world.edition, entries, page=page)}
{pagination("news_list.htm", f"id={quote(category_id)}&lang={world.edition}", page, total)}
</section>"""
    return render(
        world.edition,
        title="Actualités",
        meta="",
        contents=contents,
        aside=side_lists(world.edition, world.entries[:15]),
    )


def pagination(name: str, query: str, page: int, total: int) -> str:
    """Links to the pages around this one, of those there are.

    Args:
        name: file name of the list.
        query: its parameters, without the page.
        page: this page; it may lie beyond the last.
        total: how many articles the list has.
    """
    last = max(1, -(-total // PAGE_SIZE))
    around = min(page, last)
    links = "".join(
        f'<a href="./{name}?page={n}&{query}">{n}</a>' for n in range(max(1, around - 5), min(last, around + 5) + 1)
    )
    return f'<div class="comp_pagination">{links}</div>'


def day_page(world: World, entries: Sequence[Entry], day: str) -> bytes:
    """The news of one day; a day without news has no article at all."""
    items = "\n".join(
        f'<article><h2><a href="./news_view.htm?lang={world.edition}&id={entry.category_id}&Seq_Code={entry.seq}">'
        f"{entities(entry.truth.title or '')}</a></h2>"
        f'<p class="cate">{entry.truth.category}</p><p class="date">{dates(entry.truth)}</p></article>'
        for entry in entries
    )
    contents = f'<h2 class="list_tit">{escape(day)}</h2>\n<section class="comp_text_1x">\n{items}\n</section>'
    return render(world.edition, title="Actualités du jour", meta="", contents=contents)


def missing_page(world: World) -> bytes:
    """The template without an article, as a site answers with status 200 for an id it does not have."""
    contents = """<section class="comp_view_default" id="ele1">
<div class="title_area"><p class="cate"></p><h1></h1><p class="date"></p></div>
<div class="body_txt fr-view"></div>
</section>"""
    return render(
        world.edition, title="", meta="", contents=contents, aside=side_lists(world.edition, world.entries[:15])
    )


def _category(edition: str, truth: Article, category_id: str) -> str:
    if truth.category is None:
        return ""
    page = _LISTS.get(truth.layout, "news_list.htm")
    link = f"./{page}?lang={edition}&{'menu_cate' if truth.layout == 'feature' else 'id'}={category_id}"
    return f'<p class="cate"><a href="{link}"><strong>{escape(truth.category)}</strong></a></p>'


def _meta(truth: Article) -> str:
    description = truth.text.replace("\n\n", " ")[:170] + " ..."
    image = truth.image_url or f"{SITE}/img/og_default.png"
    return f"""<meta property="og:title" content="{escape(truth.title or "")}" />
<meta property="og:description" content="{escape(description)}" />
<meta property="og:image" content="{escape(image)}" />
<meta property="og:url" content="{truth.url.replace("https:", "http:")}" />
<meta property="og:type" content="website" />"""


def stamp(moment: datetime | date) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


def dates(truth: Article) -> str:
    """The words of a date block: written, and updated where it was. Days stand without a label before them."""
    if truth.written_at is None:
        return ""
    label = "Write: " if isinstance(truth.written_at, datetime) else ""
    written = label + stamp(truth.written_at)
    updated = f'<span class="hidden"> / </span>Update: {stamp(truth.updated_at)}' if truth.updated_at else ""
    return written + updated


def _functions(*names: str, style: str = "func_menu") -> str:
    return f'<div class="{style}">' + "".join(f'<a href="#">{name}</a>' for name in names) + "</div>"


def _share_box(url: str) -> str:
    return f"""<div class="share_box"><strong>Share</strong><a href="#" class="close">Close</a>
<a href="#">facebook</a><a href="#">twitter</a><input type="text" value="{escape(url)}" /><button>Copy</button></div>"""


def _player(seq: int) -> str:
    return f'<div class="vod_box"><iframe src="./vod_player.htm?seq={seq}" title="player">Votre navigateur</iframe></div>\n'


def _picture(truth: Article) -> str:
    if truth.image_url is None and truth.image_credit is None:
        return ""
    label = "Thumbnail" if truth.has_video else "Photo"
    image = f'<img src="{escape(truth.image_url)}" alt="{escape(truth.title or "")}" />' if truth.image_url else ""
    credit = escape(truth.image_credit or "")
    if truth.layout == "feature":  # captions of features begin with a ©, on a line of their own
        return (
            f"<p>{image}</p>\n<p>©{credit}</p>\n"
            if truth.url[-1] in "02468"
            else f"""<div class="img_box top">{image}
<p class="cap no-print">©{credit}</p></div>\n"""
        )
    return f"""<div class="img_box top" id="ele1">{image}
<p class="cap no-print">{label} : {credit}</p></div>
"""


def entities(title: str) -> str:
    """A title with the entities that titles of the site carry."""
    return escape(title).replace("(", "&#40;").replace(")", "&#41;").replace("’", "&rsquo;")


def cards(edition: str, entries: Sequence[Entry], page: int = 0) -> str:
    at = f"&page={page}" if page else ""
    return "\n".join(
        f"""<article>
<div class="thumb"><img src="{entry.truth.image_url or "./img/none.png"}" alt="" /></div>
<div class="list_link_area"><a href="./news_view.htm?lang={edition}&id={entry.category_id}&Seq_Code={entry.seq}{at}">
<h2>{entities(entry.truth.title or "")}</h2>
<p class="sum">{escape(entry.summary)}</p></a></div>
<p class="cate">{escape(entry.truth.category or "")}</p>
<p class="date">{dates(entry.truth)}</p>
</article>"""
        for entry in entries
    )


def side_lists(edition: str, entries: Sequence[Entry]) -> str:
    """The three lists of the right column."""
    blocks = []
    for number, heading in enumerate(_ASIDE_TITLES):
        items = "\n".join(
            f'<dd><a href="./news_view.htm?lang={edition}&Seq_Code={entry.seq}">{entities(entry.truth.title or "")}</a></dd>'
            for entry in entries[number * 5 : number * 5 + 5]
        )
        blocks.append(f'<section class="comp_right_text_1x"><dl><dt>{heading}</dt>\n{items}\n</dl></section>')
    return "\n".join(blocks)
