"""Text captures in every shape: generated ones, and one of each kind by hand."""

import random
import unicodedata

import pytest

from extractors import Article, NotAnArticle, extract_text
from extractors.glued import split_glued
from extractors.layout import LABELS, Labels
from extractors.text import looks_like_capture
from tests.extractors.captures import FEATURE, NEWS, PARAGRAPHS, cases, whole_page

UN, DEUX = "Un pont relie depuis hier les deux rives.", "Il a coûté, selon la ville, trois ans de travaux."


def wrong(article: Article, expected: dict[str, object]) -> dict[str, object]:
    """The fields that are not as expected."""
    values = article.to_dict()
    return {name: values[name] for name, value in expected.items() if values[name] != value}


@pytest.mark.parametrize("seed", range(0, 300, 50))
def test_every_field_of_generated_captures_is_right(seed: int) -> None:
    for one in range(seed, seed + 50):
        for shape, (text, url, expected) in cases(one):
            assert not wrong(extract_text(text, url), expected), (shape, one, text)


@pytest.mark.parametrize("labels", [of for of in LABELS if of.skip_links], ids=lambda labels: labels.lang)
def test_a_whole_page_of_an_edition_is_known_by_its_words(labels: Labels) -> None:
    text, _, expected = whole_page(random.Random(labels.lang), labels)
    article = extract_text(text)
    assert (article.lang, article.paragraphs) == (labels.lang, tuple(expected["paragraphs"]))
    assert looks_like_capture(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"{UN}\n{DEUX}", None),
        (f"{UN}\n{DEUX}", "https://example.org/pont"),
        (f"{UN}\n{DEUX}", "http://world.kbs.co.kr/french/event/pont/"),
        (f" date 2023-09 {UN}", "https://world.kbs.co.kr/service/news_list.htm?lang=f"),
        (f"<!DOCTYPE html>\n<p>{UN}", NEWS),
        ("Le pont\nPartager", NEWS),  # no prose
        ("date 2024-05 \nClose", NEWS),
        (" date 2024-05 ", NEWS),
        (f"Aller au menu Aller à la page Go Top Le pont Write: 2024-05-06 07:08 {UN}", NEWS),  # one line
        ("Go Top\nLe pont\nWrite: 2024-05-06 07:08\nLe port\nWrite: 2024-05-06 06:09\nNext", None),  # a list
        (f" date 2015-03 Concours\nPrix\n{UN}\nRègles", "http://world.kbs.co.kr/special/concours/index.htm"),
    ],
)
def test_what_neither_address_nor_prefix_calls_an_article_is_refused(text: str, url: str | None) -> None:
    with pytest.raises(NotAnArticle):
        extract_text(text, url)


def test_a_prefix_and_sentences_are_an_article_at_an_address_of_no_known_kind() -> None:
    text = f" date 2015-03 {UN}\n\n\n{DEUX}"
    assert extract_text(text, "http://world.kbs.co.kr/french/pont/pont.htm?no=7").paragraphs == (UN, DEUX)


# Characters that this Python may not know, and private use; the variation selector of an emoji.
NEW = "🩷🫨\ufe0f \ue000 \U000323b0"
END = "Contenus recommandés\n\nClose\n\nNotre site utilise des cookies et plus. Voir en détail >"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Above the title: a category, or links; "Go Top" is none.
        (f"Go Top\nLe pont\n2024-05-06\n{UN}\n{END}", {"title": "Le pont", "category": None}),
        (f"Menú Inicio\nLe pont\n2024-05-06\n{UN}\nGo Top\nClose", {"title": "Le pont", "category": None}),
        (f"Aller au menu Aller à la page\nSearch English\nLe pont\n2024-05-06\n{UN}\n{END}", {"category": None}),
        (f"Go Top\nCulture Le pont\n2024-05-06\n{UN}\n{END}", {"title": "Le pont", "category": "Culture"}),
        (f"Go Top\nCulture\nLe pont\nLe pont\n2024-05-06\n{UN}\n{END}", {"title": "Le pont", "category": "Culture"}),
        (f"Go Top\n#Pont\n2024-05-06\n{UN}\n{END}", {"title": "#Pont"}),
        # A body that begins with a heading keeps it.
        (f"Go Top\nLe pont\n2024-05-06\nHier\n{UN}\n{DEUX}\n{END}", {"paragraphs": ["Hier", UN, DEUX]}),
        (
            f"Go Top\nLe pont\n2024-05-06\nHier\n{UN}\nDemain\n{DEUX}\n{END}",
            {"paragraphs": ["Hier", UN, "Demain", DEUX]},
        ),
        # The links of the page at both ends of its body.
        (f"Go Top\nLe pont\n2024-05-06\nShare\nPrint\n{UN}\nShare\nClose\nCopy\n{END}", {"paragraphs": [UN]}),
        (f"Go Top\nLe pont\n2024-05-06\n{UN}\nNotre site utilise des cookies et plus.", {"paragraphs": [UN]}),
        (f"Go Top\nLe pont\n2024-05-06\n{UN}\nClose Notre site utilise des cookies.", {"paragraphs": [UN]}),
        (f"Menú Inicio\nGo Top\nEl puente\n2024-05-06\n{UN}\nMás noticias\nClose\nCookies", {"paragraphs": [UN]}),
    ],
)
def test_what_is_around_a_body_is_not_of_it(text: str, expected: dict[str, object]) -> None:
    assert not wrong(extract_text(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Without any label: the date line, or its place below the title, shows that it is a page.
        (f"Le pont\nWrite: 2024-05-06 07:08\n{UN}", {"title": "Le pont", "paragraphs": [UN], "truncated": False}),
        (f"Culture\nLe pont\n2024-05-06\n{UN}", {"title": "Le pont", "written_at": "2024-05-06"}),
        (f"{UN}\n{DEUX}\n2024-05-06\nFin.", {"title": None, "paragraphs": [UN, DEUX, "2024-05-06", "Fin."]}),
        (f"Aller au menu Aller à la page\n{UN}\n{DEUX}\n{END}", {"paragraphs": [UN, DEUX]}),
        (f"{UN}\nLe signe © orne le pont.", {"paragraphs": [UN, "Le signe © orne le pont."]}),
        (f"{UN}\n© et ⓒ sont deux signes, rappelle la ville.\n©", {"image_credit": None}),
        (f"{UN}\nPhoto :\n{DEUX}", {"paragraphs": [UN, DEUX], "image_credit": None}),
        (f"Photo : affiche de « Pont »\n\n{UN}{DEUX}", {"image_credit": "affiche de « Pont »"}),
        (f"Photo : « Pont ! »\n{UN}", {"paragraphs": ["Photo : « Pont ! »", UN], "image_credit": None}),
        (f"{UN}\nPhoto : Hanbit Co., Ltd.", {"paragraphs": [UN], "image_credit": "Hanbit Co., Ltd."}),
        (f"{UN}\nPhoto : {'Mairie ' * 12}", {"paragraphs": [UN], "image_credit": ("Mairie " * 12).strip()}),
        # A heading is no title, without a caption in brackets at the end.
        (f"Le pont\n{UN}\n{DEUX}", {"title": None, "paragraphs": ["Le pont", UN, DEUX]}),
        # What is around a body whose edition nothing shows.
        (f"KBS WORLD Radio\n{UN}\n{DEUX}\nList\nMás noticias\nClose\nCookies", {"paragraphs": [UN, DEUX]}),
        (
            f"Le pont\nWrite: 0000-00-00 00:00:00 / Update: 2024-05-06 07:08\n{UN}",
            {"written_at": None, "updated_at": "2024-05-06T07:08:00+09:00", "paragraphs": [UN]},
        ),
        (
            f"Le pont ouvre-t-il ?\n{UN}\n{DEUX}\n[Photo : KBS]",
            {"title": "Le pont ouvre-t-il ?", "paragraphs": [UN, DEUX]},
        ),
        (f"Lee : « Le pont »\n{UN}\n{DEUX}\n[Photo : KBS]", {"title": "Lee : « Le pont »", "paragraphs": [UN, DEUX]}),
        (f"« Ouvrez. »\n{UN}\n{DEUX}\n[Photo : KBS]", {"title": None, "paragraphs": ["« Ouvrez. »", UN, DEUX]}),
        (f"{UN}\n[Photo : ©Mairie : le pont]", {"image_credit": "Mairie : le pont"}),
        (f"{UN}{DEUX}[Photo : KBS]", {"paragraphs": [UN, DEUX], "image_credit": "KBS"}),
        (f"{UN}{DEUX} [Photo : KBS]", {"paragraphs": [UN, DEUX], "image_credit": "KBS"}),
        (f"©KBS {UN} {UN} {DEUX}\n{DEUX}", {"paragraphs": [f"{UN} {UN} {DEUX}", DEUX], "image_credit": "KBS"}),
        (f"Photo : KBS News {UN}{DEUX}", {"paragraphs": [UN, DEUX], "image_credit": "KBS News"}),
        (f"{UN}\n\xad\u2066{NEW}\u2069\u200d!", {"paragraphs": [UN, f"{NEW}!"]}),
    ],
)
def test_an_article_by_its_address(text: str, expected: dict[str, object]) -> None:
    assert not wrong(extract_text(text, FEATURE), expected)


WHOLE = """3.500 12.12 18.30 v2.0 KBS.1 iOS.17 no.12 No.12 art.3 vol.II
fig.4 chap.IV pp.7 Ph.D.Kim Lt.Seo Mgr.Noh gén.Ahn Co.,Ltd.Seo
cf.Le éd.Han K.69 U.S.A.12 n°.3 site.2ch.net www.3D.kr kbs.co.kr/view.htm?Seq_Code=1 a@3d.kr rapport.2023.pdf
12.sept.2023 S.E.Mgr.Noh U.S.Steel D.O.et (J.R.Seo) K.Le-roy EE.UU.
""".split()


@pytest.mark.parametrize("word", WHOLE)
def test_a_word_with_a_full_stop_stays_whole(word: str) -> None:
    line = f"Voici {word} et la suite."
    assert split_glued(line) == (line,)


@pytest.mark.parametrize(
    "end",
    ["la ville.", "« la ville. »", "la ville (Daegu).", "pour 3 %.", "ici ?", "„da ist er.“", '"la ville."', "‘ici.’"],
)
@pytest.mark.parametrize(
    "start",
    [
        "69 % l’ont dit.",
        "« 24 h » est là.",
        '"Oui", dit-il.',
        "“Oui”, dit-il.",
        "„Ja“, dit-il.",
        "Œuvre.",
        "Š.",
        "İci.",
        "그는 말했다.",
        "- Oui, dit-il.",
        "– « Oui », dit-il.",
        "« métro » est son nom.",
    ],
)
def test_paragraphs_touch_at_every_kind_of_end_and_beginning(end: str, start: str) -> None:
    assert split_glued(f"Voici {end}{start}") == (f"Voici {end}", start)


@pytest.mark.parametrize("end", ["du groupe A.", "des U.S.A.", "en 300 av. J.-C."])
@pytest.mark.parametrize(
    "start",
    ["Le pont.", "L’eau.", "C’est ici.", "Selon lui.", "Ainsi, il est là.", "À Daegu.", "« Oui. »", "10 000 pas."],
)
def test_an_initial_ends_a_sentence_before_a_word_that_is_no_name(end: str, start: str) -> None:
    assert split_glued(f"Voici le pont {end}{start}") == (f"Voici le pont {end}", start)


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("Une exposition d’art.L’artiste y est.", ("Une exposition d’art.", "L’artiste y est.")),
        ("Ils ont des F-35.10 000 soldats sont là.", ("Ils ont des F-35.", "10 000 soldats sont là.")),
        ("Trois étapes.1.Le riz.2.Le sel.A.Le feu.", ("Trois étapes.", "1.Le riz.", "2.Le sel.", "A.Le feu.")),
        ("다리를 열었다.3.5% 올랐다.", ("다리를 열었다.", "3.5% 올랐다.")),
        ('Il a dit : "Oui." Le pont est là.', ('Il a dit : "Oui." Le pont est là.',)),
        ("Er sagte: „Ja.“ Die Brücke steht.", ("Er sagte: „Ja.“ Die Brücke steht.",)),
    ],
)
def test_seams_and_what_only_looks_like_one(text: str, paragraphs: tuple[str, ...]) -> None:
    assert split_glued(text) == paragraphs


LANGUAGES = {
    "ar": "افتتحت بلدية المدينة أمس جسرا جديدا يربط بين ضفتي النهر بعد ثلاث سنوات من الأشغال.",
    "de": "Die Stadt hat gestern eine Brücke eröffnet, die die beiden Ufer des Flusses mit dem Zentrum verbindet.",
    "en": "The city has opened a bridge that links the two banks of the river after three years of works.",
    "es": "La ciudad abrió ayer un puente que une las dos orillas del río después de tres años de obras.",
    "fr": "La ville a ouvert hier un pont qui relie les deux rives du fleuve après trois ans de travaux.",
    "id": "Pemerintah kota kemarin membuka jembatan yang menghubungkan kedua tepi sungai itu dengan pusat kota.",
    "ja": "市は昨日、三年の工事を経て、川の両岸を結ぶ新しい橋を開通させたと発表した。",
    "ko": "시는 어제 삼 년의 공사 끝에 강의 두 기슭을 잇는 새 다리를 열었다고 밝혔다.",
    "ru": "Город открыл вчера мост, который соединил оба берега реки после трёх лет работ.",
    "vi": "Thành phố hôm qua đã mở một cây cầu nối hai bờ của con sông, và những người dân có thể đi qua.",
    "zh": "该市昨日开通了一座新桥,经过三年施工,连接了河的两岸。",
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_language_of_a_body_without_address(lang: str) -> None:
    text = LANGUAGES[lang]
    assert extract_text(f"date 2024-05 {text}").lang == lang
    assert extract_text(f"date 2024-05 {unicodedata.normalize('NFD', text)} «부산» 釜山 Пусан").lang == lang


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        (
            "de",
            "Seouls Bürgermeister hat gestern seinen Amtskollegen aus Tokio getroffen, um über Brücken zu sprechen.",
        ),
        ("vi", "Thị trưởng Seoul hôm qua đã gặp người đồng cấp Nhật Bản để bàn về an ninh khu vực."),
    ],
)
def test_the_language_of_one_sentence_without_address(lang: str, text: str) -> None:
    assert extract_text(f"date 2024-05 {text}").lang == lang


def test_words_that_say_nothing_of_their_language() -> None:
    assert (
        extract_text("date 2024-05 Daegu 2024 !").lang
        == extract_text(f"date 2024-05 {'Lorem ipsum ' * 9}").lang
        == "und"
    )


def test_every_two_paragraphs_that_touch_are_parted() -> None:
    for first in PARAGRAPHS:
        for second in PARAGRAPHS:
            assert split_glued(first + second) == (first, second)
