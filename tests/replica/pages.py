"""The replica's pages: articles in all templates, lists, days, feeds, and the template without an article."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from email.utils import format_datetime
from html import escape
from pathlib import Path
from random import Random
from string import Template
from urllib.parse import quote

from extractors import Article
from extractors.address import SITE
from extractors.article import KST

from .markup import render_body
from .skeleton import render
from .world import CATEGORIES, PAGE_SIZE, Entry, World

_DATA = tomllib.loads(Path(__file__).with_name("pieces.toml").read_text("utf-8"))
_PIECES = {name: Template(text) for name, text in _DATA["pieces"].items()}
#: File of a list -> the parameter whose value selects its entries.
PARAMETERS = {file: one["parameter"] for file, one in _DATA["lists"].items()}
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
    # A picture in the body is the lead picture where there is no other.
    has_lead = entry.truth.image_url is not None and not _has_heading_alone(entry.truth)
    body = render_body(entry.body, entry.style, Random(entry.seq), pictures=has_lead)
    return article_page(world.edition, entry, body, others)


def article_page(edition: str, entry: Entry, body: str, others: Sequence[Entry]) -> bytes:
    """The page of one article with every noise block of the site around it; `body`: HTML, `others`: for the lists."""
    truth = entry.truth
    cards = Random(entry.seq).sample(list(others), min(3, len(others)))
    is_feature = truth.layout == "feature"
    contents = _piece(
        "article",
        edition,
        entry,
        programme=_piece("programme_link", edition, entry) if is_feature else "",
        no_print=" no-print" if is_feature else "",
        sample=_DATA["pieces"]["sample"] if is_feature else "",
        menu=_DATA["pieces"]["feature_menu" if is_feature else "menu"],
        keywords='<div class="keyword_box no-print"></div>' if is_feature else "",
        section="comp_board_view" if truth.layout == "programme" else "comp_view_default",
        category=_category(edition, entry),
        player=_piece("player", edition, entry) if truth.has_video else "",
        picture=_picture(truth),
        body=body,
        recommended="Contenus recommandés" if edition == "f" else escape("Editor's Pick"),
        cards=_pieces("feature_card" if is_feature else "card", edition, cards),
    )
    meta = _piece("meta", edition, entry, og_image=escape(truth.image_url or f"{SITE}/img/og_default.png"))
    return render(edition, title=truth.title or "", meta=meta, contents=contents, aside=_aside(edition, others))


def missing_page(world: World) -> bytes:
    """The template without an article, as a site answers with status 200 for an unknown number."""
    return _page(world, "", _piece("missing", world.edition))


def list_entries(world: World, file: str, value: str) -> Sequence[Entry]:
    """All entries of a list, such as `news_list.htm`, for the value of its parameter."""
    if file == "news_vod_list.htm":
        return world.videos
    if file == "search.htm":
        return world.titled(value) if value else []
    of = {"news_list.htm": "news", "contents_list.htm": "features", "program_playlist_list.htm": "programmes"}[file]
    return world.listing(of).by_category.get(value, []) if value or of == "news" else []


def draw_list(world: World, file: str, value: str, entries: Sequence[Entry], page: int, total: int) -> bytes:
    """The page of a list of `total` entries that shows `entries`; `page` may be beyond the last."""
    own = _DATA["lists"][file]
    query = Template(own["query"]).substitute(edition=world.edition, value=quote(value))
    at = f"&page={page}" if file == "news_list.htm" else ""
    last = max(1, -(-total // PAGE_SIZE))
    near = range(max(1, min(page, last) - 5), min(last, page + 5) + 1)
    links = "".join(f'<a href="./{file}?page={n}&{query}">{n}</a>' for n in near)
    frame = Template(own["frame"]).substitute(
        items=_pieces(own["item"], world.edition, entries, query=query, at=at),
        links=f'<div class="comp_pagination">{links}</div>',
    )
    heading = {
        "news_list.htm": CATEGORIES.get(value, "Actualités"),
        "contents_list.htm": value.capitalize(),
        "news_vod_list.htm": "Vidéos",
    }.get(file, value)
    title = "Actualités" if file == "news_list.htm" else heading
    return _page(world, title, f'<h2 class="list_tit">{escape(heading)}</h2>\n{frame}')


def list_page(world: World, entries: Sequence[Entry], *, category_id: str, page: int, total: int) -> bytes:
    """One page of the news list."""
    return draw_list(world, "news_list.htm", category_id, entries, page, total)


def day_page(world: World, entries: Sequence[Entry], day: str) -> bytes:
    """The news of one day."""
    items = _pieces("day", world.edition, entries)
    contents = f'<h2 class="list_tit">{escape(day)}</h2>\n<section class="comp_text_1x">\n{items}\n</section>'
    return render(world.edition, title="Actualités du jour", meta="", contents=contents)


def feed(world: World, entries: Sequence[Entry]) -> bytes:
    """An RSS 2.0 feed of the first twenty of `entries`."""
    items = (_piece("feed_item", world.edition, one, published=_published(one.truth)) for one in entries[:20])
    return _piece("feed", world.edition, items="\n".join(items)).encode()


def dates(truth: Article) -> str:
    """A date block: written, and updated if it was. Days have no label before them."""
    if truth.written_at is None:
        return ""
    label = "Write: " if isinstance(truth.written_at, datetime) else ""
    updated = f'<span class="hidden"> / </span>Update: {_stamp(truth.updated_at)}' if truth.updated_at else ""
    return label + _stamp(truth.written_at) + updated


def _stamp(moment: date) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


def _published(truth: Article) -> str:
    moment = truth.updated_at or truth.written_at
    assert moment is not None
    return format_datetime(moment if isinstance(moment, datetime) else datetime.combine(moment, time(), KST))


def _page(world: World, title: str, contents: str) -> bytes:
    aside = _aside(world.edition, world.entries[:15])
    return render(world.edition, title=title, meta="", contents=contents, aside=aside)


def _pieces(name: str, edition: str, entries: Sequence[Entry], at: str = "", **more: str) -> str:
    return "\n".join(_piece(name, edition, entry, at=at, **more) for entry in entries)


def _piece(name: str, edition: str, entry: Entry | None = None, **more: str) -> str:
    """One of pieces.toml, filled with what is known of an entry, and `more`."""
    known: dict[str, object] = {"edition": edition}
    if entry is not None:
        truth = entry.truth
        title = escape(truth.title or "")
        known |= {
            "seq": entry.seq,
            "category_id": entry.category_id,
            "plain_title": title,
            # With the entities that titles of the site contain.
            "title": title.replace("(", "&#40;").replace(")", "&#41;").replace("’", "&rsquo;"),
            "category": escape(truth.category or ""),
            "date": dates(truth),
            "summary": escape(entry.summary),
            "image": truth.image_url or "./img/none.png",
            "url": escape(truth.url),
            "http_url": truth.url.replace("https:", "http:"),
            "escaped_url": escape(truth.url.replace("https:", "http:")),
        }
    return _PIECES[name].substitute(known | more)


def _category(edition: str, entry: Entry) -> str:
    layout = entry.truth.layout
    if entry.truth.category is None:
        return ""
    file = _CATEGORY_PAGES.get(layout, "news_list.htm")
    return _piece("category", edition, entry, file=file, parameter="menu_cate" if layout == "feature" else "id")


def _has_heading_alone(truth: Article) -> bool:
    """Whether the only picture of a feature is a heading; its lead picture is og:image then."""
    return truth.layout == "feature" and truth.url[-1] in "26"


def _picture(truth: Article) -> str:
    if truth.image_url is None and truth.image_credit is None:
        return ""
    image = f'<img src="{escape(truth.image_url)}" alt="{escape(truth.title or "")}" />' if truth.image_url else ""
    credit, ident = escape(truth.image_credit or ""), ""
    if truth.layout == "feature":  # captions begin with a sign; some on a line of their own, some without a box
        number = int(truth.url[-1])
        caption = f"{'©' if number == 0 else 'ⓒ '}{credit}"
        box = '<div class="img_box top no-print"><div class="photo">{}</div></div>\n'.format
        heading = box('<img src="https://worldimg.kbs.co.kr/src/images/ttl_biography.gif" alt="" />')
        pictures = (f"<p>{image}</p>\n", box(image), heading, heading + box(image))
        if number < 8:
            return f"{pictures[number % 4]}<p>{caption}</p>\n"
    else:
        caption, ident = f"{'Thumbnail' if truth.has_video else 'Photo'} : {credit}", ' id="ele1"'
    return f'<div class="img_box top"{ident}>{image}\n<p class="cap no-print">{caption}</p></div>\n'


def _aside(edition: str, entries: Sequence[Entry]) -> str:
    blocks = []
    for number, heading in enumerate(_ASIDE_TITLES):
        items = _pieces("aside", edition, entries[number * 5 : number * 5 + 5])
        blocks.append(f'<section class="comp_right_text_1x"><dl><dt>{heading}</dt>\n{items}\n</dl></section>')
    return "\n".join(blocks)
