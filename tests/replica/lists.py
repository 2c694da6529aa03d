"""The replica's lists besides the news list: features, videos, programmes, search.

Nothing is known of the markup of the first three (SITE), so they are as unlike the news list, and one another, as lists
of a site can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from tests.replica.pages import cards, dates, entities, pagination, side_lists
from tests.replica.skeleton import render
from tests.replica.world import BOARD, Entry, World


def feature_list(world: World, entries: Sequence[Entry], *, menu: str, page: int, total: int) -> bytes:
    """One page of the features of a menu."""
    query = f"lang={world.edition}&menu_cate={quote(menu)}"
    items = "\n".join(
        f"""<article>
<div class="thumb"><img src="{entry.truth.image_url}" alt="" /></div>
<h2><a href="./contents_view.htm?{query}&board_seq={entry.seq}">{entities(entry.truth.title or "")}</a></h2>
<p class="date">{dates(entry.truth)}</p>
</article>"""
        for entry in entries
    )
    links = pagination("contents_list.htm", query, page, total)
    return _page(world, menu.capitalize(), f'<section class="comp_contents_3x">\n{items}\n</section>\n{links}')


def video_list(world: World, entries: Sequence[Entry], *, page: int, total: int) -> bytes:
    """One page of the news that have a video view."""
    query = f"lang={world.edition}&menu_cate=videonews"
    items = []
    for entry in entries:
        link = f"./news_vod_view.htm?{query}&id={entry.category_id}&Seq_Code={entry.seq}"
        items.append(f"""<li>
<a href="{link}"><img src="{entry.truth.image_url or "./img/none.png"}" alt="" /></a>
<a href="{link}">{entities(entry.truth.title or "")}</a>
<span class="date">{dates(entry.truth)}</span>
</li>""")
    links = pagination("news_vod_list.htm", query, page, total)
    lines = "\n".join(items)
    return _page(world, "Vidéos", f'<ul class="vod_list">\n{lines}\n</ul>\n{links}')


def programme_list(world: World, entries: Sequence[Entry], *, procode: str, page: int, total: int) -> bytes:
    """One page of a programme's board."""
    query = f"lang={world.edition}&procode={quote(procode)}&bbs={BOARD}"
    rows = "\n".join(
        f"""<tr>
<td>{entry.seq}</td>
<td><a href="./program_playlist_view.htm?{query}&no={entry.seq}">{entities(entry.truth.title or "")}</a></td>
<td>{dates(entry.truth)}</td>
</tr>"""
        for entry in entries
    )
    links = pagination("program_playlist_list.htm", query, page, total)
    return _page(world, procode, f'<table class="board_list">\n<tbody>\n{rows}\n</tbody>\n</table>\n{links}')


def search_list(world: World, entries: Sequence[Entry], *, keyword: str, page: int, total: int) -> bytes:
    """One page of the news found: the cards of the news list in another section."""
    query = f"lang={world.edition}&search_date=5&keyword={quote(keyword)}&kubun=n"
    links = pagination("search.htm", query, page, total)
    found = cards(world.edition, entries)
    return _page(world, keyword, f'<section class="section_wrap">\n{found}\n{links}\n</section>')


def _page(world: World, title: str, contents: str) -> bytes:
    heading = f'<h2 class="list_tit">{escape(title)}</h2>\n'
    aside = side_lists(world.edition, world.entries[:15])
    return render(world.edition, title=title, meta="", contents=heading + contents, aside=aside)
