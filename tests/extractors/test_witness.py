"""The second opinion: silent on every page of the replica, and not where a part of an article is lost."""

from dataclasses import replace
from html import escape
from itertools import islice

import pytest

from extractors import extract_html
from extractors.witness import second_opinion
from tests.extractors.test_layouts import entries
from tests.replica import World, pages
from tests.replica.many import many_pages
from tests.replica.moved import move_paragraph
from tests.replica.redesigned import Redesign


@pytest.mark.parametrize("edition", "fe")
def test_it_agrees_on_articles_of_every_layout(edition: str) -> None:
    world = World(articles=10, edition=edition)
    for entry in entries(world):
        page = pages.entry_page(world, entry)
        assert second_opinion(page, None, extract_html(page, entry.truth.url).paragraphs) == []


def test_it_agrees_on_two_hundred_pages() -> None:
    for url, page in islice(many_pages(200), 100):
        assert second_opinion(page, None, extract_html(page, url).paragraphs) == []


def test_it_agrees_after_a_redesign() -> None:
    world, redesign = World(articles=10), Redesign(4)
    for entry in world.entries:
        assert second_opinion(redesign(pages.entry_page(world, entry)), None, entry.truth.paragraphs) == []


@pytest.mark.parametrize("before", ['<div class="title_area', '<div class="share_box', "<h2 class"])
def test_a_paragraph_outside_of_the_body_is_noticed(before: str) -> None:
    world = World(articles=15)
    noticed = 0
    for entry in world.entries:
        page = move_paragraph(pages.entry_page(world, entry), before)
        article = extract_html(page, entry.truth.url)
        if article.paragraphs != entry.truth.paragraphs:
            [line] = second_opinion(page, None, article.paragraphs)
            assert line in entry.truth.text
            noticed += 1
    assert noticed > 5


def test_prose_from_around_an_article_is_noticed() -> None:
    world = World(articles=5)
    page = pages.entry_page(world, world.entries[0])
    line = "Une phrase du pied de page, qui n’est pas de l’article, mais que l’on y lit."
    page = page.replace(b'<p class="copyright">', f'<p>{escape(line)}</p><p class="copyright">'.encode())
    article = replace(world.entries[0].truth, paragraphs=(*world.entries[0].truth.paragraphs, line))
    assert second_opinion(page, None, article.paragraphs) == [line]
