"""The site's skeleton, block by block after SITE: all that stands around an article and is not the article.

Menu words, banners and scripts are the replica's own; ids, class names, and what is nested in what are the site's.
"""

from __future__ import annotations

from functools import cache
from html import escape

from extractors.address import EDITIONS

#: Section of the menu -> its entries: eight by ten, the eighty links of the saved page.
MENU = {
    section: [f"{section} {entry}" for entry in entries]
    for section, entries in {
        "Actualités": ["à la une", "du jour", "politiques", "économiques", "sociales", "culturelles", "du monde", "du Nord", "en images", "en chiffres"],
        "Vidéos": ["du jour", "récentes", "de la rédaction", "du Nord", "de concert", "de cuisine", "en direct", "courtes", "longues", "archivées"],
        "Programmes": ["du lundi", "du mardi", "du mercredi", "du jeudi", "du vendredi", "du samedi", "du dimanche", "à réécouter", "à venir", "arrêtés"],
        "Culture": ["et livres", "et cinéma", "et musique", "et théâtre", "et danse", "et mode", "et patrimoine", "et design", "et jeux", "et festivals"],
        "Voyage": ["à Séoul", "à Busan", "à Jeju", "à Gyeongju", "à Jeonju", "à Sokcho", "à Andong", "à Suwon", "à Yeosu", "à Incheon"],
        "Apprendre": ["le hangeul", "les verbes", "les nombres", "les saluts", "les couleurs", "les repas", "les trajets", "les fêtes", "l’écrit", "l’oral"],
        "Artistes": ["de A à C", "de D à F", "de G à I", "de J à L", "de M à O", "de P à R", "de S à T", "de U à W", "de X à Z", "du mois"],
        "A propos": ["de nous", "des ondes", "des applis", "des podcasts", "des concours", "des auditeurs", "du courrier", "des flux", "du site", "des droits"],
    }.items()
}  # fmt: skip

RECOMMENDED = {"f": "Contenus recommandés"}
_FRENCH_COOKIES = (
    "Notre site utilise des cookies et d'autres techniques pour offrir une meilleure qualité de services. "
    "En continuant à visiter le site, vous acceptez l'usage de ces techniques et notre politique."
)
#: The sentence of the cookie banner and its link; the French one is the seed's.
COOKIES = {"f": (_FRENCH_COOKIES, "Voir en détail >")}
_SKIP = {"f": ("Aller au menu", "Aller à la page")}
_SCRIPT = "\n".join(
    f"function box{i}(e){{var t=document.getElementById('ele{i}');if(t){{t.className='on'+e;}}return false;}}"
    for i in range(210)
)
_STYLE = "\n".join(f".comp_{i} .list_{i} > li{{float:left;width:{i % 90 + 10}%;margin:0 {i}px}}" for i in range(280))


def render(edition: str, *, title: str, meta: str, contents: str, aside: str = "") -> bytes:
    """A whole page of the site around `contents` (HTML of div.contents).

    Args:
        edition: the letter of `lang=`.
        title: plain text of <title>, before the station's name.
        meta: HTML of the og: tags.
        contents: HTML.
        aside: HTML of the three lists of the right column.
    """
    lang = EDITIONS[edition]
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8" />
<meta http-equiv="X-UA-Compatible" content="IE=edge" />
<meta name="viewport" content="width=device-width" />
<title>{escape(title)} l KBS WORLD</title>
<meta name="description" content="La radio et la télévision publiques coréennes en onze langues" />
<meta name="description" content="La radio et la télévision publiques coréennes en onze langues" />
{meta}
<link rel="stylesheet" href="./css/common.css" />
<style>
{_STYLE}
</style>
<script>
{_SCRIPT}
</script>
</head>
<body class="font_{edition}">
{_skip_links(edition)}
<div id="wrap">
{_header(edition)}
<div id="container">
<div class="contents">
{contents}
</div>
{_aside(aside)}
</div>
{_footer(edition)}
</div>
{_cookie_banner(edition)}
</body>
</html>
""".encode()


@cache
def _skip_links(edition: str) -> str:
    menu, page = _SKIP.get(edition, ("Go to menu", "Go to page"))
    return f"""<div class="skipNav" id="skipNav">
<a href="#gnb_menu">{menu}</a>
<a href="#container">{page}</a>
</div>"""


@cache
def _header(edition: str) -> str:
    languages = "\n".join(f'<li><a href="./?lang={letter}&&">{code}</a></li>' for letter, code in EDITIONS.items())
    return f"""<header>
<section class="sec_top">
<h1 class="logo"><a href="./?lang={edition}"><img src="./img/logo.png" alt="KBS WORLD" /></a>KBS WORLD</h1>
<form class="search" action="./search.htm"><input type="text" name="keyword" /><button>Search</button></form>
<ul class="language">
{languages}
</ul>
</section>
<section class="sec_menu">
<nav id="gnb_menu">
{_menu(edition)}
</nav>
<button type="button" class="btn_dark">Dark Mode</button>
<a href="#wrap" class="btn-go-top">Go Top</a>
</section>
</header>"""


def _menu(edition: str) -> str:
    sections = []
    for number, (section, entries) in enumerate(MENU.items()):
        links = "\n".join(
            f'<li><a href="./contents_list.htm?lang={edition}&menu_cate=cate{number}_{i}"><span>{entry}</span></a></li>'
            for i, entry in enumerate(entries)
        )
        sections.append(f'<div class="depth1"><strong>{section}</strong>\n<ul class="depth2">\n{links}\n</ul></div>')
    return "\n".join(sections)


def _aside(lists: str) -> str:
    banners = "\n".join(
        f'<li><a href="./event.htm?no={i}"><img src="./img/banner{i}.jpg" alt="Banner {i}" /></a></li>'
        for i in range(6)
    )
    return f"""<aside>
<section class="right_contents">
<div class="tv_box"><h2>KBS WORLD TV</h2><a href="./tv.htm">On Air</a><p>Le journal de 20 h, en coréen sous-titré</p></div>
<ul class="promotion">
{banners}
</ul>
<div class="connect"><h2>Connect</h2><a href="https://www.facebook.com/">facebook</a><a href="https://x.com/">twitter</a></div>
{lists}
<div class="banner_zone"><h2>Banner Zone</h2><a href="./podcast.htm">Podcasts</a></div>
</section>
</aside>"""


@cache
def _footer(edition: str) -> str:
    sites = "\n".join(f'<option value="{i}">Site ami numéro {i}</option>' for i in range(40))
    return f"""<footer>
<ul><li><a href="./about.htm?lang={edition}">A propos</a></li><li><a href="./privacy.htm?lang={edition}">Données</a></li></ul>
<select class="family_site">
{sites}
</select>
<p class="copyright">Copyright (c) KBS. All rights reserved.</p>
</footer>"""


@cache
def _cookie_banner(edition: str) -> str:
    sentence, link = COOKIES.get(edition, ("This site uses cookies to work well. By going on you agree.", "Details >"))
    return f"""<div class="chrome_pick">
<a href="#" class="close">Close</a>
<p>{sentence} <a href="./privacy.htm?lang={edition}">{escape(link)}</a></p>
</div>"""
