"""Invented text captures of every shape of extractors/README.md, "Text captures", each with the values it must give."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from extractors.layout import LABELS, Labels

NEWS = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=91234"
FEATURE = "https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=412345"

# Beginnings and ends that a glued body may join, and full stops inside that end nothing.
PARAGRAPHS = (
    "La mairie de Daegu a inauguré mardi une bibliothèque de quartier.",
    "« Nous l’attendions depuis dix ans », confie une voisine.",
    "Le bâtiment, conçu par M.Seo et l’architecte A.B.Noh, compte trois étages !",
    "12 000 ouvrages y sont rangés, du manuel scolaire au roman policier.",
    "Œuvres rares et cartes anciennes occupent le dernier étage (voir chap.4 et art.12 du règlement).",
    "À terme, la ville espère 3.500 visiteurs par semaine, contre 1.200 jusqu’ici, à 18.30 h comme à midi…",
    '"Il fallait oser", résume l’adjointe, citée par www.Exemple.kr et par la version v2.0 du site.',
    "Ōsaka et İzmir ont prêté des estampes, d’après le Lt.Kim, le Ph.D.Ryu et Hanbit Co.,Ltd.Seoul, dit-on.",
    "« 24 heures » est le titre de la première exposition.",
    "Qui a payé ? La région, pour 69 %, et l’État.",
    '"Pourquoi pas nous ?"',
    "Štefan Novak, de passage à Daegu, a signé le livre d’or : « Bravo ! »",
    "L’entrée est gratuite sur KBS.1 comme sur place, no.12 de la rue, dit le gén.Ahn.",
)
TITLES = (
    "Une bibliothèque ouvre à Daegu",
    "« Lire » : l’appel d’une ville",
    "Daegu, ville du livre ?",
    "69 livres à lire",
)
CREDITS = ("YONHAP News", "KBS News", "KBS", "KBS WORLD Radio", "Mairie de Daegu", "Getty Images Bank")
SIGNS = ("©", "© ", "ⓒ", "ⓒ ", "©\ufe0f", "©\ufe0f ", "@")

Case = tuple[str, str | None, dict[str, Any]]


def cases(seed: int) -> Iterator[tuple[str, Case]]:
    """One capture of every shape, by its name."""
    for shape in (whole_page, page_after_prefix, glued, glued_by_address, feature, feature_by_address, lines, titled):
        yield shape.__name__, shape(random.Random(f"{shape.__name__} {seed}"))


def whole_page(chance: random.Random, labels: Labels | None = None) -> Case:
    """Shape 1, in an edition that is known or not, with an address or not."""
    labels = labels or chance.choice((*(of for of in LABELS if of.skip_links), Labels(lang="")))
    title, credit, body = chance.choice(TITLES), chance.choice((None, *CREDITS)), _body(chance)
    category = chance.choice((None, "Culture", "Économie", "Inter-coréen"))
    is_news, dates, expected = _dates(chance)
    links = " ".join(labels.skip_links)
    menu = chance.choice(([], ["Search", "English"])) if category is None or links else []
    above = [chance.choice((links, "\n".join(labels.skip_links))), *menu, "Go Top"] if links else ["Go Top"]
    noise = chance.choice(([], [title], ["Séoul au jour le jour"], ["KBS WORLD Radio"], [title, "#Une émission"]))
    caption = [f"{chance.choice(('Photo', 'Thumbnail'))} : {credit}"] if credit else []
    end = chance.choice(([], ["List"]))
    end += [labels.recommended or chance.choice(("Otras noticias", "Close")), "Close"]
    if labels.cookies:
        end += [f"{labels.cookies} … {labels.details}"]
    blocks = [*above, *filter(None, [category]), title, *dates, *noise, *caption, *body, *end]
    if noise and caption and chance.random() < 0.5:  # the caption first
        blocks = [*above, *filter(None, [category]), title, *dates, *caption, *noise, *body, *end]
    url = None if labels.lang else (NEWS if is_news else FEATURE)
    return (
        _joined(chance, blocks),
        url,
        expected
        | {"title": title, "category": category, "paragraphs": body, "image_credit": credit, "truncated": False}
        | {"lang": labels.lang or "fr", "kind": "news" if is_news else "feature"}
        | {"has_video": bool(caption) and caption[0].startswith("Thumbnail")},
    )


def page_after_prefix(chance: random.Random) -> Case:
    """Shape 5: the prefix counts for nothing."""
    text, url, expected = whole_page(chance, LABELS[0])
    return f" date 20{chance.randrange(10, 27)}-05{chance.choice(('', '-19'))} {text}", url, expected


def glued(chance: random.Random) -> Case:
    """Shape 2; the day of a prefix says nothing."""
    text, url, expected = glued_by_address(chance)
    prefix = f" date 2023-09{chance.choice(('', '-04'))} "
    return prefix + text, chance.choice((url, None)), expected


def glued_by_address(chance: random.Random) -> Case:
    """Shape 4: shape 2 without a prefix, with a caption or not."""
    body, credit = _body(chance, most=8), chance.choice((None, *CREDITS))
    caption = f"{chance.choice(('Photo', 'Thumbnail'))} : {credit}\n\n" if credit else ""
    expected = {"paragraphs": body, "image_credit": credit, "kind": "news", "title": None, "written_at": None}
    return caption + "".join(body), NEWS, expected | {"lang": "fr"}


def feature(chance: random.Random) -> Case:
    """Shape 3; the day of a prefix is the date."""
    text, url, expected = feature_by_address(chance)
    day = chance.choice(("", "-07"))
    return f" date 2021-04{day} {text}", url, expected | {"written_at": (day and "2021-04-07") or None}


def feature_by_address(chance: random.Random) -> Case:
    """Shape 4: shape 3 without a prefix."""
    body = _body(chance)
    blocks, credit = list(body), None
    for name in chance.sample(CREDITS, chance.randrange(3)):
        at = 0 if credit is None and chance.random() < 0.5 else len(blocks)
        credit = credit or name
        blocks.insert(at, chance.choice(SIGNS) + name)
    if credit is None and chance.random() < 0.5:
        credit = chance.choice(CREDITS)
        blocks.append(f"[Photo : {credit}]")
    expected = {"paragraphs": body, "image_credit": credit, "kind": "feature", "title": None, "written_at": None}
    return _joined(chance, blocks, 5), FEATURE, expected


def lines(chance: random.Random) -> Case:
    """Shape 4: a paragraph a line."""
    body, credit = _body(chance), chance.choice((None, *CREDITS))
    blocks = [f"Thumbnail : {credit}", *body] if credit else body
    expected = {"paragraphs": body, "image_credit": credit, "has_video": bool(credit), "kind": "news", "title": None}
    return _joined(chance, blocks, 1), NEWS, expected


def titled(chance: random.Random) -> Case:
    """Shape 6: a title, perhaps with its category on the line, and a caption in brackets after the body."""
    title, category, body = TITLES[0], chance.choice((None, "Culture")), _body(chance)
    is_glued = chance.random() < 0.3
    blocks = [f"{category} {title}" if category else title, *(["".join(body)] if is_glued else body)]
    expected = {"title": title, "category": category, "paragraphs": body, "image_credit": "YONHAP News"}
    return _joined(chance, [*blocks, "[Photo : YONHAP News]"]), NEWS, expected


def _body(chance: random.Random, most: int = 6) -> list[str]:
    return chance.sample(PARAGRAPHS, chance.randrange(2, most + 1))


def _joined(chance: random.Random, blocks: Sequence[str], most: int = 3) -> str:
    return "".join(block + "\n" * chance.randrange(1, most + 1) for block in blocks)


def _dates(chance: random.Random) -> tuple[bool, list[str], dict[str, Any]]:
    """Whether they are those of news, the date lines, and what they say."""
    write, update = "2013-07-11T14:12:02+09:00", "2013-07-11T16:11:51+09:00"
    first, second = f"{chance.choice(('Write', 'Written'))}: 2013-07-11 14:12:02", "Update: 2013-07-11 16:11:51"
    shapes: tuple[tuple[list[str], str, str | None], ...] = (
        ([first], write, None),
        ([f"{first} / {second}"], write, update),
        ([f"{first}{second}"], write, update),
        ([first, second], write, update),
        ([f"{first}Update: 0000-00-00 00:00:00"], write, None),
        (["2013-07-11"], "2013-07-11", None),
        (["#Séoul au jour le jour l 2013-07-11"], "2013-07-11", None),
        (["#Une émission", "l", "2013-07-11"], "2013-07-11", None),
    )
    dates, written_at, updated_at = chance.choice(shapes)
    return len(written_at) > len("2013-07-11"), dates, {"written_at": written_at, "updated_at": updated_at}
