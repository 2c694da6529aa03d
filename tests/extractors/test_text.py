"""Whole pages saved as plain text."""

import contextlib
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle, extract_text
from extractors.body import collapse
from extractors.glued import split_glued

UN, DEUX = "Premier paragraphe.", "Deuxième paragraphe."
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
    assert (article.title, article.paragraphs) == ("Un titre", (UN, DEUX))
    assert article.to_dict()["written_at"] == "2024-03-02T08:00:01+09:00"
    assert article.timestamp == article.to_dict()["updated_at"] == "2024-03-02T09:10:11+09:00"
    assert (article.image_credit, article.has_video, article.truncated) == ("YONHAP News", False, False)


def test_a_capture_without_address_is_named_by_its_words() -> None:
    url = extract_text(PAGE).url
    assert url.startswith("urn:sha256:")
    assert extract_text(PAGE.replace("\n", "\r\n")).url == url != extract_text(PAGE.replace("Premier", "Second")).url


DATES = "Write: 2024-03-02 08:00:01 / Update: 2024-03-02 09:10:11"
SENTENCE = "Photo : le cliché a fait le tour du monde."


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (DEUX, f"Contenus recommandés\n\n{DEUX}", {"paragraphs": [UN, "Contenus recommandés", DEUX]}),
        ("Contenus recommandés\n\nLe titre d’un autre article\n", "", {"paragraphs": [UN, DEUX]}),
        (UN, f"{UN}\n\nPhoto : KBS News\n\n{SENTENCE}", {"paragraphs": [UN, SENTENCE, DEUX]}),
        ("menu Aller à la page\nGo Top\n\nUn titre\n", "menu\nAller à la page\nGo Top\n", {"title": None}),
        ("Un titre", "Agenda: 2024-01-01 ici", {"title": "Agenda: 2024-01-01 ici"}),
        (DATES, "2024-03-02", {"written_at": "2024-03-02", "timestamp": "2024-03-02"}),
        (DATES, "Write: 2024-03-02 08:00", {"timestamp": "2024-03-02T08:00:00+09:00"}),
        (" / Update:", "\n\nUpdate:", {"timestamp": "2024-03-02T09:10:11+09:00", "paragraphs": [UN, DEUX]}),
        ("Write:", "Mis en ligne :", {"timestamp": "2024-03-02T09:10:11+09:00"}),
        ("Write: ", "Write:\n", {"title": "Un titre", "written_at": "2024-03-02T08:00:01+09:00"}),
        (" / Update: ", "\n/\nUpdate:\n", {"timestamp": "2024-03-02T09:10:11+09:00", "paragraphs": [UN, DEUX]}),
        (UN, f"Share\nTaille\nList\nImprimer\nPrint\n\n{UN}", {"paragraphs": [UN, DEUX]}),
        (DEUX, f"{DEUX}\nPartager\nImprimer\nListe\n", {"paragraphs": [UN, DEUX]}),
        (DEUX, f"{DEUX}\nShare\nFacebook\nClose\nLien\n", {"paragraphs": [UN, DEUX]}),
        (UN, f"Share\n{UN}\nUn nom\nPrint\n{UN}", {"paragraphs": [UN, "Un nom", "Print", UN, DEUX]}),
        ("Voir en détail >\n", f"Voir en détail >\n{PAGE}", {"paragraphs": [UN, DEUX]}),
    ],
)
def test_whole_pages_vary(old: str, new: str, expected: dict[str, object]) -> None:
    assert old in PAGE
    article = extract_text(PAGE.replace(old, new)).to_dict()
    assert {name: article[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        ("Un texte quelconque.\n\nUn autre.", "not a page of KBS World"),
        ("Aller au menu Aller à la page\n\nUn titre\n\nUn texte.", "no date line in the text"),
        ("Titre\n\nWrite: 2024-03-02 08:00:01\n\nContenus recommandés", "no article in the text"),
        ("date 2023-09 ©KBS", "no article in the text"),
        ("date 2023-09 " + "mot " * 300_000, "longer than an article of the site"),
    ],
)
def test_what_is_no_article_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotAnArticle, match=reason):
        extract_text(text)


@given(st.text(st.characters(), min_size=1))  # surrogates among them
def test_an_article_of_any_words_can_be_written_as_utf_8(words: str) -> None:
    try:
        article = extract_text(PAGE.replace(UN, words))
    except NotAnArticle:
        return
    assert str(article.to_dict()).encode()


def test_a_capture_cut_inside_its_body_is_truncated() -> None:
    cut = extract_text(PAGE[: PAGE.index("Deuxième") + 5])
    assert (cut.truncated, cut.paragraphs) == (True, (UN, "Deuxi"))


@pytest.mark.parametrize("end", ["Editor's Pick\n\nAnother title", ""])
def test_an_english_page_is_known_by_its_heading_or_words(end: str) -> None:
    page = "Go Top\nA title\n\nWritten: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46\n\nPhoto : YONHAP News\n\n"
    body = "The government has said that it is to look at the plan for the exports of the country."
    article = extract_text(f"{page}{body}\n\n{end}")
    assert (article.lang, article.title, article.paragraphs) == ("en", "A title", (body,))


SENTENCES = (
    "Les Etats-Unis redoutent que Poutine et M.Kim ne discutent des ventes des armes à la Russie.",
    "« Rien n’est décidé. »",
    "Selon J.R.Moon, de retour des U.S.A., 12.5 % des Coréens ont lu www.KBS.co.kr hier !",
    "Le porte-parole l’a confirmé.",
)
GLUED = f" date 2023-09 Photo : KBS News\n\n{''.join(SENTENCES)}"


def test_a_glued_body_is_split_where_sentences_touch() -> None:
    article = extract_text(GLUED)
    assert article.paragraphs == SENTENCES
    assert (article.title, article.written_at, article.timestamp) == (None, None, None)
    assert (article.image_credit, article.kind, article.lang, article.has_video) == ("KBS News", "news", "fr", False)
    same_line = extract_text(GLUED.replace("\n\n", " "))
    assert (same_line.image_credit, same_line.paragraphs) == (article.image_credit, article.paragraphs)


FEATURE = """ date 2023-03 Le premier paragraphe du reportage, qui est assez long pour que l’on sache sa langue.



©KBS

Le deuxième.


© Getty Images Bank
Le troisième.
"""


def test_a_feature_has_credit_lines_and_a_month_or_day() -> None:
    article = extract_text(FEATURE)
    assert [paragraph[:8] for paragraph in article.paragraphs] == ["Le premi", "Le deuxi", "Le trois"]
    assert (article.image_credit, article.kind, article.lang, article.written_at) == ("KBS", "feature", "fr", None)
    assert extract_text(FEATURE.replace("2023-03", "2023-03-04")).written_at == date(2023, 3, 4)


def test_the_address_says_what_a_body_alone_cannot() -> None:
    url = "https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=436045"
    article = extract_text(GLUED, url)
    assert (article.url, article.kind, article.lang) == (url, "feature", "fr")
    with pytest.raises(NotAnArticle, match="not an address of KBS World"):
        extract_text(PAGE, "https://example.org/")


@given(st.text())
def test_splitting_loses_and_changes_no_character(text: str) -> None:
    line = collapse(text)
    assert "".join("".join(split_glued(line)).split()) == "".join(line.split())


WHOLE = "M.Kim J.R.Moon U.S.A. 12.5 3.000 www.KBS.co.kr a@B.Fr Dr.Lee l’O.N.U. d’E.Macron J.-P.Raffarin Ph.D".split()


@given(st.lists(st.sampled_from(WHOLE), min_size=1))
def test_abbreviations_decimals_and_addresses_stay_whole(words: list[str]) -> None:
    line = f"Voici {' et '.join(words)} ici"
    assert split_glued(line) == (line,)


@pytest.mark.parametrize(
    "words",
    [
        "J." * 490_000,
        '."A' * 100_000,
        "A\n" * 100_000,
        "#\n" * 100_000,
        "www." + "a.B" * 100_000,
        "x\n\n" + "©a\n\n" * 100_000,
    ],
)
def test_long_captures_take_no_quadratic_time(words: str) -> None:
    began = time.process_time()
    with contextlib.suppress(NotAnArticle):
        extract_text("date 2023-09 " + words)
    assert time.process_time() - began < 2  # quadratic time takes minutes
