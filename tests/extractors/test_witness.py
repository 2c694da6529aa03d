"""The second opinion: silent on every page of the replica, and not where a part of an article is lost."""

from dataclasses import replace
from html import escape
from itertools import islice

import pytest

from extractors import extract_html
from extractors.witness import second_opinion
from tests.extractors.test_layouts import entries
from tests.replica import World, hostile, pages
from tests.replica.many import many_pages
from tests.replica.moved import move_paragraph
from tests.replica.redesigned import Redesign

AGREES: tuple[list[str], list[str]] = ([], [])


@pytest.mark.parametrize("edition", "fe")
def test_it_agrees_on_articles_of_every_layout(edition: str) -> None:
    world = World(articles=15, edition=edition)
    for entry in entries(world):
        page = pages.entry_page(world, entry)
        assert second_opinion(page, None, extract_html(page, entry.truth.url)) == AGREES


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_on_a_thousand_pages(seed: int) -> None:
    for url, page in islice(many_pages(1_000 * (seed + 1)), 1_000 * seed, None):
        assert second_opinion(page, None, extract_html(page, url)) == AGREES


@pytest.mark.parametrize("seed", [1, 4, 20])
def test_it_agrees_after_a_redesign(seed: int) -> None:
    world, redesign = World(articles=12), Redesign(seed)
    for entry in world.entries:
        page = redesign(pages.entry_page(world, entry))
        assert second_opinion(page, None, entry.truth) == AGREES


@pytest.mark.parametrize(
    "before", ['<div class="title_area', '<div class="body_txt', '<div class="share_box', "<h2 class"]
)
def test_a_paragraph_outside_of_the_body_is_noticed(before: str) -> None:
    world = World(articles=30)
    noticed = 0
    for entry in world.entries:
        page = move_paragraph(pages.entry_page(world, entry), before)
        article = extract_html(page, entry.truth.url)
        if article.paragraphs != entry.truth.paragraphs:
            [line], foreign = second_opinion(page, None, article)
            assert line in entry.truth.text
            assert foreign == []
            noticed += 1
    assert noticed > 5


def test_prose_from_around_an_article_is_noticed() -> None:
    world = World(articles=5)
    page = pages.entry_page(world, world.entries[0])
    line = "Une phrase du pied de page, qui n’est pas de l’article, mais que l’on y lit."
    page = page.replace(b'<p class="copyright">', f'<p>{escape(line)}</p><p class="copyright">'.encode())
    article = replace(world.entries[0].truth, paragraphs=(*world.entries[0].truth.paragraphs, line))
    assert second_opinion(page, None, article) == ([], [line])


def test_a_long_page_is_not_read_twice() -> None:
    article = replace(
        hostile.ENTRY.truth, paragraphs=("Une phrase qui n’est nulle part sur la page, longue et finie.",)
    )
    assert second_opinion(hostile.inside(b"mot " * 100_000), None, article) != AGREES
    assert second_opinion(hostile.inside(b"mot " * 125_000), None, article) == AGREES
