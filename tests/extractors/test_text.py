"""Whole pages saved as plain text."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle, extract_text

PAGE = """Aller au menu Aller à la page
Go Top

Un titre

Write: 2024-03-02 08:00:01 / Update: 2024-03-02 09:10:11

Photo : YONHAP News

Premier paragraphe.

Deuxième paragraphe.

Contenus recommandés

Le titre d’un autre article

Close

Notre site utilise des cookies et d'autres techniques. Voir en détail >
"""


def test_a_page_in_the_plain_view() -> None:
    article = extract_text(PAGE)
    assert article.title == "Un titre"
    assert article.paragraphs == ("Premier paragraphe.", "Deuxième paragraphe.")
    assert article.to_dict()["written_at"] == "2024-03-02T08:00:01+09:00"
    assert article.timestamp == article.to_dict()["updated_at"] == "2024-03-02T09:10:11+09:00"
    assert article.image_credit == "YONHAP News"
    assert not article.has_video


def test_a_capture_without_address_has_a_name_of_its_own_whatever_its_line_ends() -> None:
    article = extract_text(PAGE)
    assert article.url.startswith("urn:sha256:")
    assert extract_text(PAGE.replace("\n", "\r\n")).url == article.url
    assert extract_text(PAGE.replace("Premier", "Second")).url != article.url


def test_the_recommended_heading_inside_a_body_does_not_end_it() -> None:
    article = extract_text(PAGE.replace("Deuxième paragraphe.", "Contenus recommandés\n\nDeuxième paragraphe."))
    assert article.paragraphs == ("Premier paragraphe.", "Contenus recommandés", "Deuxième paragraphe.")


def test_a_page_without_cards_ends_at_the_cookie_banner() -> None:
    article = extract_text(PAGE.replace("Contenus recommandés\n\nLe titre d’un autre article\n", ""))
    assert article.paragraphs == ("Premier paragraphe.", "Deuxième paragraphe.")


def test_skip_links_on_two_lines_are_no_title() -> None:
    article = extract_text(PAGE.replace("menu Aller", "menu\nAller").replace("Un titre\n", ""))
    assert article.title is None


def test_a_day_without_a_time_stays_a_day() -> None:
    article = extract_text(PAGE.replace(" 08:00:01 / Update: 2024-03-02 09:10:11", ""))
    assert article.written_at == date(2024, 3, 2)
    assert article.timestamp == "2024-03-02"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        (" \n\n", "empty text"),
        ("Un texte quelconque.\n\nUn autre.", "not a page of KBS World"),
        ("Aller au menu Aller à la page\n\nUn titre\n\nUn texte.", "no date line in the text"),
        ("Aller au menu Aller à la page\n\nUn titre\n\nWrite: 2024-03-02 08:00:01\n\nClose", None),
        ("Titre\n\nWrite: 2024-03-02 08:00:01\n\nContenus recommandés", "no article in the text"),
    ],
)
def test_what_is_no_article_is_refused_with_the_reason(text: str, reason: str | None) -> None:
    if reason is None:
        assert extract_text(text).paragraphs == ("Close",)
        return
    with pytest.raises(NotAnArticle) as refusal:
        extract_text(text)
    assert refusal.value.reason == reason


def test_an_address_of_another_site_is_refused() -> None:
    with pytest.raises(NotAnArticle) as refusal:
        extract_text(PAGE, "https://example.org/")
    assert refusal.value.reason == "not an address of KBS World"


@given(st.text())
def test_arbitrary_text_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(NotAnArticle):
        extract_text(text)


@given(st.text(min_size=1))
def test_an_article_of_any_words_can_be_written_as_utf_8(words: str) -> None:
    try:
        article = extract_text(PAGE.replace("Premier paragraphe.", words))
    except NotAnArticle:
        return
    assert str(article.to_dict()).encode()
