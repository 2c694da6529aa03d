"""A page of which only a part is parsed has the same article as the whole page, which is read where its menu is new."""

import re
from itertools import count
from random import Random

import pytest

from extractors import NotAnArticle, extract_html, quick
from extractors.html import parse_html
from extractors.layout import ARTICLE_STOP
from tests.replica import World, pages
from tests.replica.world import Entry

WORLD = World(articles=20, seed=7)
ENTRIES = [*WORLD.entries, *WORLD.features, *WORLD.programmes, *WORLD.infographics]
NEWS = WORLD.entries[0]
PAGE = pages.entry_page(WORLD, NEWS)
HEADER, SECTION, AFTER = b"<header", b'<section class="comp_view_default"', b"<aside"
NUMBERS = count(1)


def answer(page: bytes, entry: Entry) -> object:
    try:
        return extract_html(page, entry.truth.url)
    except NotAnArticle as refusal:
        return refusal.reason


def both(page: bytes, entry: Entry) -> tuple[object, object]:
    """What is read when the menu is known, and when it is new for white space before it."""
    for _ in range(2):
        answer(page, entry)
    end_of_tag = page.find(b">", page.find(b"<body")) + 1
    new = page[:end_of_tag] + b" " * next(NUMBERS) + page[end_of_tag:]
    return answer(page, entry), answer(new, entry)


@pytest.mark.parametrize("entry", [WORLD.entries[0], WORLD.features[0], WORLD.infographics[0]])
def test_a_page_is_read_in_part_once_its_menu_is_known(entry: Entry) -> None:
    page = pages.entry_page(WORLD, entry)
    assert both(page, entry)[0] == answer(page, entry)
    found = quick.read(page, "news", parse_html)
    assert found is not None
    assert sum(1 for _ in found[0].iter()) < sum(1 for _ in parse_html(page).iter()) / 3


@pytest.mark.parametrize("at", [b"</head", HEADER, b"<nav", SECTION, AFTER, b"</body"])
@pytest.mark.parametrize(
    "markup",
    [
        *(
            b"<p>",
            b"<b>",
            b"<table><tr><td>",
            b"<ul><li>",
            b"<form>",
            b"<a href=x>",
            b"<select>",
            b"<div class='x\"y'>",
        ),
        *(b"</div>", b"</section>", b"</body>", b"</html>", b"<!--", b"<script>", b"<textarea>", b"<svg><title>No"),
        *(b"<div class='title_area'><h1>No</h1></div>", b"<div class='body_txt'>No.</div>", b"<h1>No</h1>"),
        *(b"<base href='/no/'>", b"<meta property='og:image' content='/no.jpg'>", b"<html lang=ko>", b"<title>No"),
        *(b"<a href='news_list.htm'>No</a>", b"<p class=date>2001-01-01 00:00:00</p>", ARTICLE_STOP),
    ],
)
def test_markup_around_an_article_changes_nothing_by_being_left_out(markup: bytes, at: bytes) -> None:
    in_part, whole = both(PAGE.replace(at, markup + at, 1), NEWS)
    assert in_part == whole


def test_an_article_that_begins_before_the_menu_is_read_from_the_whole_page() -> None:
    around = b'<div id="container"><section class="comp_view_default"><div class="title_area">'
    begin = around + b'<h1>&#40;<p class="date">2026-11-08</div>'
    goes_on = around + b'<div class="body_txt fr-view">Words</div><div><a></div><a>' + ARTICLE_STOP
    in_part, whole = both(begin + b"<body><div><img src=no.png></div>" + goes_on, WORLD.features[0])
    assert in_part == whole


@pytest.mark.parametrize(
    "parts",
    [
        *([b'<p class="cate">'], [b"<h1>"], [b'<p class="date">'], [b'<div class="func_menu bottom']),
        # The head goes on, to the categories of the cards.
        [*re.findall(rb'<p class="cate">.*</p>', PAGE)[:1], b"</div>\n", b"</section>"],
    ],
)
def test_what_an_article_lacks_is_looked_for_in_the_whole_page(parts: list[bytes]) -> None:
    at = PAGE.find(b'<div class="title_area"')
    article = PAGE[at:]
    for part in parts:
        assert part in article
        article = article.replace(part, b"", 1)
    for head in (PAGE[:at], PAGE[:at].replace(b"og:", b"no:")):
        in_part, whole = both(head + article, NEWS)
        assert in_part == whole


def test_damaged_pages_have_the_same_articles() -> None:
    random = Random(1)
    for number in range(200):
        entry = random.choice(ENTRIES)
        page = pages.entry_page(WORLD, entry)
        for _ in range(random.choice((1, 2, 5))):
            start = random.randrange(len(page))
            stop = min(len(page), start + random.choice((1, 10, 100, 1_000)))
            page = random.choice((page[:start] + page[stop:], page[:stop] + page[start:]))
        in_part, whole = both(page, entry)
        assert in_part == whole, number


def test_menus_of_hostile_pages_take_little_memory() -> None:
    for number in range(1_000):
        quick.read(b"<body>%d%b" % (number, PAGE[PAGE.find(SECTION) :]) + b" " * 99_000, "news", parse_html)
    assert quick._sightings.cache_info().currsize == 64
    big = PAGE.replace(HEADER, b" " * 100_000 + HEADER)
    assert [quick.read(big, "news", parse_html) for _ in range(3)] == [None] * 3
