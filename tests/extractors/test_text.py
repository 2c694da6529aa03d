"""Whole pages saved as plain text."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle, extract_text
from extractors.normalize import collapse
from extractors.text import split_glued

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


@given(st.text(st.characters(), min_size=1))  # surrogates among them
def test_an_article_of_any_words_can_be_written_as_utf_8(words: str) -> None:
    try:
        article = extract_text(PAGE.replace("Premier paragraphe.", words))
    except NotAnArticle:
        return
    assert str(article.to_dict()).encode()


def test_a_capture_cut_inside_its_body_is_marked_truncated() -> None:
    assert not extract_text(PAGE).truncated
    cut = extract_text(PAGE[: PAGE.index("Deuxième") + 5])
    assert cut.truncated
    assert cut.paragraphs == ("Premier paragraphe.", "Deuxi")


def test_an_english_page_is_known_by_its_heading_or_by_go_top_and_its_words() -> None:
    page = "Go Top\nA title\n\nWritten: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46\n\nPhoto : YONHAP News\n\n"
    body = "The government has said that it is to look at the plan for the exports of the country.\n\n"
    for end in ("Editor's Pick\n\nAnother title", ""):
        article = extract_text(page + body + end)
        assert (article.lang, article.title, article.paragraphs) == ("en", "A title", (body.strip(),))


GLUED = (
    " date 2023-09 Photo : KBS News\n\n"
    "Les Etats-Unis redoutent que Poutine et M.Kim ne discutent des ventes des armes à la Russie."
    "A ce propos, le Conseil de sécurité nationale (NSC) a appelé hier Pyongyang à honorer son engagement."
    "« Rien n’est décidé. »"
    "Selon J.R.Moon, de retour des U.S.A., 12.5 % des Coréens ont lu www.KBS.co.kr hier !"
    "Le porte-parole l’a confirmé."
)


def test_a_glued_body_is_split_where_a_sentence_end_touches_a_capital() -> None:
    article = extract_text(GLUED)
    assert article.paragraphs == (
        "Les Etats-Unis redoutent que Poutine et M.Kim ne discutent des ventes des armes à la Russie.",
        "A ce propos, le Conseil de sécurité nationale (NSC) a appelé hier Pyongyang à honorer son engagement.",
        "« Rien n’est décidé. »",
        "Selon J.R.Moon, de retour des U.S.A., 12.5 % des Coréens ont lu www.KBS.co.kr hier !",
        "Le porte-parole l’a confirmé.",
    )
    assert (article.title, article.written_at, article.timestamp) == (None, None, None)
    assert (article.image_credit, article.kind, article.lang, article.has_video) == ("KBS News", "news", "fr", False)


FEATURE = """ date 2023-03 Le premier paragraphe du reportage, qui est assez long pour que l’on sache sa langue.



©KBS

Le deuxième paragraphe, après une photo et des lignes vides.


© Getty Images Bank
Le troisième.
"""


def test_credit_lines_of_a_feature_go_and_its_paragraphs_stay() -> None:
    article = extract_text(FEATURE)
    assert article.paragraphs == (
        "Le premier paragraphe du reportage, qui est assez long pour que l’on sache sa langue.",
        "Le deuxième paragraphe, après une photo et des lignes vides.",
        "Le troisième.",
    )
    assert (article.image_credit, article.kind, article.lang, article.written_at) == ("KBS", "feature", "fr", None)


def test_a_month_is_no_date_and_a_day_is_one() -> None:
    assert extract_text(FEATURE).written_at is None
    assert extract_text(FEATURE.replace("2023-03", "2023-03-04")).written_at == date(2023, 3, 4)


def test_the_address_says_what_a_body_alone_cannot() -> None:
    url = "https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=436045"
    article = extract_text(GLUED, url)
    assert (article.url, article.kind, article.lang) == (url, "feature", "fr")


@pytest.mark.parametrize("text", [" date 2023-09 Photo : KBS News\n\n", " date 2023-09", "date 2023-09 ©KBS"])
def test_a_body_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(NotAnArticle) as refusal:
        extract_text(text)
    assert refusal.value.reason == "no article in the text"


@given(st.text())
def test_splitting_loses_and_changes_no_character(text: str) -> None:
    line = collapse(text)
    assert "".join("".join(split_glued(line)).split()) == "".join(line.split())


@given(
    st.lists(
        st.sampled_from(["M.Kim", "J.R.Moon", "U.S.A.", "12.5", "3.000", "www.KBS.co.kr", "a@B.Fr", "Dr.Lee"]),
        min_size=1,
    )
)
def test_abbreviations_initials_decimals_and_addresses_stay_whole(words: list[str]) -> None:
    line = f"Voici {' et '.join(words)} ici"
    assert split_glued(line) == (line,)


@given(
    st.lists(
        st.sampled_from(["Le Nord a tiré.", "« Non. »", "Selon lui, tout va bien !", "A Séoul, on attend…"]), min_size=1
    )
)
def test_sentences_that_touch_are_parted_again(sentences: list[str]) -> None:
    assert split_glued("".join(sentences)) == tuple(sentences)


def test_written_and_updated_may_stand_on_a_line_each() -> None:
    article = extract_text(PAGE.replace(" / Update:", "\n\nUpdate:"))
    assert article == replace(extract_text(PAGE), url=article.url)


def test_a_second_capture_in_the_same_text_is_not_its_body() -> None:
    assert extract_text(PAGE + PAGE).paragraphs == extract_text(PAGE).paragraphs


def test_a_time_without_seconds_is_a_time() -> None:
    assert extract_text(PAGE.replace("08:00:01 / Update: 2024-03-02 09:10:11", "08:00")).timestamp == (
        "2024-03-02T08:00:00+09:00"
    )


def test_a_bare_day_and_a_label_of_several_words_are_date_lines() -> None:
    page = PAGE.replace("Write: 2024-03-02 08:00:01 / Update: 2024-03-02 09:10:11", "2024-03-02")
    assert extract_text(page).timestamp == "2024-03-02"
    assert extract_text(PAGE.replace("Write:", "Mis en ligne :")).timestamp == extract_text(PAGE).timestamp


def test_a_title_with_a_date_is_no_date_line() -> None:
    article = extract_text(PAGE.replace("Un titre", "Agenda: 2024-01-01 au programme"))
    assert article.title == "Agenda: 2024-01-01 au programme"
    assert article.timestamp == "2024-03-02T09:10:11+09:00"


def test_captions_in_the_middle_go_and_sentences_that_begin_like_one_stay() -> None:
    lines = "Premier paragraphe.\n\nPhoto : KBS News\n\nPhoto : le cliché a fait le tour du monde."
    assert extract_text(PAGE.replace("Premier paragraphe.", lines)).paragraphs == (
        "Premier paragraphe.",
        "Photo : le cliché a fait le tour du monde.",
        "Deuxième paragraphe.",
    )


def test_a_glued_body_may_follow_its_caption_on_the_same_line() -> None:
    article = extract_text("date 2023-09 Photo : KBS News Les Etats-Unis ont dit.A ce propos, oui.")
    assert (article.image_credit, article.paragraphs) == ("KBS News", ("Les Etats-Unis ont dit.", "A ce propos, oui."))


@pytest.mark.parametrize("line", ["à l’O.N.U. hier", "un livre d’E.Macron", "avec J.-P.Raffarin", "un Ph.D ici"])
def test_elided_and_hyphenated_initials_stay_whole(line: str) -> None:
    assert split_glued(line) == (line,)


@pytest.mark.parametrize("words", ["J." * 100_000, "www." + "a.B" * 100_000, "x\n\n" + "©a\n\n" * 100_000])
def test_long_captures_take_no_quadratic_time(words: str) -> None:
    began = time.process_time()
    with contextlib.suppress(NotAnArticle):
        extract_text("date 2023-09 " + words)
    assert time.process_time() - began < 10  # quadratic time takes minutes


def test_a_capture_longer_than_any_article_is_refused() -> None:
    with pytest.raises(NotAnArticle):
        extract_text("date 2023-09 " + "mot " * 300_000)
