"""The site's skeleton: everything on a page around its contents.

Menu words, banners and scripts are the replica's own; ids, class names and the nesting of page.html are the site's.
"""

from functools import cache
from html import escape
from pathlib import Path
from string import Template

from extractors.address import EDITIONS

from .french import WORDS

#: Section of the menu -> its entries.
MENU = {section: [f"{section} {entry}" for entry in entries] for section, entries in WORDS["menu"].items()}
#: The sentence of the cookie banner and its link; the French one is the seed's.
COOKIES = {"f": tuple(WORDS["cookies"])}
_PAGE = Template(Path(__file__).with_name("page.html").read_text("utf-8"))


def render(edition: str, *, title: str, meta: str, contents: str, aside: str = "") -> bytes:
    """A whole page of the site: `title` is plain text; og: tags, div.contents and the right column's lists are HTML."""
    own = {"title": escape(title), "meta": meta, "contents": contents, "aside": aside}
    return _PAGE.substitute(_surroundings(edition), **own).encode()


@cache
def _surroundings(edition: str) -> dict[str, str]:
    french = edition == "f"
    sentence, link = COOKIES.get(edition, ("This site uses cookies to work well. By going on you agree.", "Details >"))
    scripts = (
        f"function box{i}(e){{var t=document.getElementById('ele{i}');if(t){{t.className='on'+e;}}return false;}}"
        for i in range(210)
    )
    styles = (f".comp_{i} .list_{i} > li{{float:left;width:{i % 90 + 10}%;margin:0 {i}px}}" for i in range(280))
    languages = (f'<li><a href="./?lang={letter}&&">{code}</a></li>' for letter, code in EDITIONS.items())
    image = '<img src="./img/banner{0}.jpg" alt="Banner {0}" />'
    banners = (f'<li><a href="./event.htm?no={i}">{image.format(i)}</a></li>' for i in range(6))
    return {
        "edition": edition,
        "lang": EDITIONS[edition],
        "skip_menu": "Aller au menu" if french else "Go to menu",
        "skip_page": "Aller à la page" if french else "Go to page",
        "cookies": sentence,
        "cookies_link": escape(link),
        "script": "\n".join(scripts),
        "style": "\n".join(styles),
        "languages": "\n".join(languages),
        "menu": _menu(edition),
        "banners": "\n".join(banners),
        "sites": "\n".join(f'<option value="{i}">Site ami numéro {i}</option>' for i in range(40)),
    }


def _menu(edition: str) -> str:
    sections = []
    for number, (section, entries) in enumerate(MENU.items()):
        links = "\n".join(
            f'<li><a href="./contents_list.htm?lang={edition}&menu_cate=cate{number}_{i}"><span>{entry}</span></a></li>'
            for i, entry in enumerate(entries)
        )
        sections.append(f'<div class="depth1"><strong>{section}</strong>\n<ul class="depth2">\n{links}\n</ul></div>')
    return "\n".join(sections)
