"""HTML pages: the article's own part and nothing else, or a refusal with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle, extract_html
from tests.replica import World, pages
from tests.replica.hostile import AT, ENTRY, PAGE

URL = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=90001"
WORLD = World(articles=30)
END = PAGE.index(b'<div class="func_menu bottom">')


def reason(page: bytes, url: str = URL) -> str:
    with pytest.raises(NotAnArticle) as refusal:
        extract_html(page, url)
    return refusal.value.reason


def body_of(html: str) -> tuple[str, ...]:
    """The paragraphs of a page whose body is `html`."""
    return extract_html(PAGE[:AT] + html.encode() + b"</div>" + PAGE[END:], URL).paragraphs


def test_the_address_fetched_counts_before_the_one_on_the_page() -> None:
    page = pages.news_page(WORLD, WORLD.entries[0])
    assert extract_html(page, URL).url == URL
    assert extract_html(page, "").url == WORLD.entries[0].truth.url


TWICE = "Une phrase assez longue pour que l’on puisse croire à une erreur de copie, et qui n’en est pas une. " * 3


@pytest.mark.parametrize(
    ("html", "paragraphs"),
    [
        # breaks
        ("Un.<br />Deux.<br /><br />Trois.", ["Un. Deux.", "Trois."]),
        ("<br><br>Un.<br>Deux.<br><br>", ["Un.", "Deux."]),
        ('Un.<br>Deux.<br><img src="a.jpg"><br>Trois.<br>Quatre.', ["Un.", "Deux.", "Trois.", "Quatre."]),
        ("Un.<br><span> </span>\n<br>Deux.<br>Trois.", ["Un.", "Deux. Trois."]),
        ("Un.<br>Deux.<br><br><div class='img_box'><img src='a.jpg'></div>Trois.", ["Un. Deux.", "Trois."]),
        ("Un.<br>Deux.<br><br><ul><li>a</li></ul>Trois.", ["Un. Deux.", "- a", "Trois."]),
        ("Un.<br><br></div>Deux.", ["Un.", "Deux."]),
        # what separates words, and what does not
        ("L’<b>Uni</b>on <a href='x'>européenne</a>.<span> Fin</span>", ["L’Union européenne. Fin"]),
        ("Un.<div class='img_box'><img src='a.jpg'></div>Deux.", ["Un.", "Deux."]),
        ("Un.<iframe src='./v.htm'>x</iframe>Deux.", ["Un.", "Deux."]),
        ("Un.<br>Deux.<br><iframe src='./v.htm'>x</iframe><br>Trois.", ["Un.", "Deux.", "Trois."]),
        ("a |<div>b</div>c <div>| d</div>", ["a |", "b", "c", "| d"]),
        ("<pre>{x}</pre><q>y</q><dl><dt>a<dd>b</dl>", ["{x}", "« y »", "a", "b"]),
        ("Un.<aside><p>Un encart de quelques mots.</p></aside>Deux.", ["Un.", "Un encart de quelques mots.", "Deux."]),
        # lists and tables
        (
            "<p>Voici :</p><ul><li>un</li><li>deux</li></ul><table><tr><td>Nom</td><td>Lee</td></tr></table>",
            ["Voici :", "- un", "- deux", "Nom | Lee"],
        ),
        ("<ol><li><p>a</p><p>b</p><ul><li>c<br>d</li></ul></li></ol>e", ["- a", "- b", "- c d", "e"]),
        (
            "<table><tr><td><img src='a.jpg'></td><td> </td><td><p>Un</p><p>Deux<br><br>Trois</p></td></tr></table>",
            ["Un", "Deux", "Trois"],
        ),
        (
            "<table><tr><td><img src='a.jpg'></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>",
            ["a | b"],
        ),
        ("<table><tr><td>un|deux</td><td></td><td>trois</td></tr></table>", ["un|deux | trois"]),
        (
            "<table><tr><td><p>Un</p><p>Deux</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>",
            ["Un Deux | a | b"],
        ),
        # characters
        ("Core\u0301e\u200b du&nbsp;Nord\ufeff", ["Corée du Nord"]),
        ("&amp;lt; &amp;amp; &lt;b&gt; &amp;#39; \u2424 \u241e", ["&lt; &amp; <b> &#39; \u2424 \u241e"]),
        # some that this Python may not know, and private use
        ("<p>\U0001fae9 \U000323b0 &amp; \ue000 |</p>d\xaa\xadé", ["\U0001fae9 \U000323b0 & \ue000 |", "dªé"]),
        # what is no word of the article
        ("Avant <!-- Key word --> après.<script>var x</script>", ["Avant après."]),
        ("Un.<div class='img_box'><p class='cap'>Photo : KBS</p></div>", ["Un."]),
        ('<p>Un.</p><figure><figcaption>X</figcaption></figure><span class="fr-inner">Y</span>', ["Un."]),
        ('<p>Un.</p><div class="keyword_box no-print"><a href="#">#jardin</a></div>', ["Un."]),
        ('<p>Un.</p><div class="mots"><a href="#">#jardin</a> <a href="#">#Daejeon</a></div>', ["Un."]),
        ("<img src='a.jpg'><br>© KBS<br>Un.<br><br>Deux.", ["Un.", "Deux."]),
        ("<p>Un.</p><p>© KBS</p><p>Deux.</p>", ["Un.", "Deux."]),
        ("©YONHAP News<br>Un.<br><br>Deux.<br>© KBS<br><br>Trois.", ["Un.", "Deux.", "Trois."]),
        ("ⓒ KBS<br>Un.<br>Deux.<br><br>©\ufe0f Lee<p>[Photo : KBS News]</p>", ["Un. Deux."]),
        ("<p>Photo : KBS</p><p>@YONHAP</p>Un.", ["Un."]),
        # and what is
        (f"<p>{TWICE}</p><p>{TWICE}</p>", [TWICE.strip(), TWICE.strip()]),
        ("<p>Contenus recommandés</p><p>Close</p>", ["Contenus recommandés", "Close"]),
        ("<p>Photo : le mot reste.</p>", ["Photo : le mot reste."]),
        ("<p>Le signe © reste.</p>", ["Le signe © reste."]),
        ('<p>Un.</p><div class="func_menu">Print</div><p>Deux.</p>', ["Un.", "Deux."]),
        ('<p><img src="a.jpg" alt="&lt;i&gt;P&lt;/i&gt;"> Un.</p><p title="a &lt;/b&gt;">Deux.</p>', ["Un.", "Deux."]),
    ],
)
def test_a_body_is_read_as_its_paragraphs(html: str, paragraphs: list[str]) -> None:
    assert list(body_of(html)) == paragraphs


@pytest.mark.parametrize(
    "line", ["ⓒ Lee", "©\ufe0fLee", "[Photo : ©Lee]", "Thumbnail : Lee", "@ Lee", "[© Lee]", "(ⓒLee)", "Photo ⓒ Lee"]
)
def test_a_credit_line_is_who_took_the_picture(line: str) -> None:
    for html in (f"{line}<br>Un.", f"<p>Un.</p><p>{line}</p>", f'<img src="a.jpg"><br>{line}<br>Un.<br><br>Deux.'):
        assert extract_html(PAGE[:AT] + html.encode() + b"</div>" + PAGE[END:], URL).image_credit == "Lee"


FEATURE = "https://world.kbs.co.kr/service/contents_view.htm?lang=e&board_seq=4"
LINES = "Date : 8 avril<br>Lieu : « Le Parc »<br>Il ouvre.<br>Il est (presque) gratuit !)<br>Tél. : 02-1<br><br>Fin."


def test_a_single_break_ends_a_line_in_features_and_a_sentence_in_news() -> None:
    lines = ["Date : 8 avril", "Lieu : « Le Parc »", "Il ouvre. Il est (presque) gratuit !) Tél. : 02-1", "Fin."]
    page = PAGE[:AT] + LINES.encode() + b"</div>" + PAGE[END:]
    assert list(extract_html(page, FEATURE).paragraphs) == lines
    assert body_of(LINES) == (" ".join(lines[:-1]), "Fin.")


def test_quotes_are_those_of_the_edition() -> None:
    page = PAGE[:AT] + b"Il dit : <q>Un <q>deux</q></q>.</div>" + PAGE[END:]
    assert extract_html(page, URL).text == "Il dit : « Un « deux » »."
    assert extract_html(page, FEATURE).text == "Il dit : “Un “deux””."


BOX = '<div class="img_box top no-print"><div class="photo"><img src="{}" /></div></div>'
HEADING = BOX.format("/src/ttl_biography.gif")


@pytest.mark.parametrize(
    ("html", "image_url"),
    [
        (BOX.format("b.jpg"), "https://world.kbs.co.kr/service/b.jpg"),
        (HEADING + BOX.format("//worldimg.kbs.co.kr/b.jpg"), "https://worldimg.kbs.co.kr/b.jpg"),
        (HEADING, ENTRY.truth.image_url),
        ("", None),
    ],
)
def test_a_heading_drawn_as_a_picture_is_not_the_lead_picture(html: str, image_url: str | None) -> None:
    page = PAGE[:AT] + html.encode() + b"<p>Un.</p></div>" + PAGE[END:]
    assert extract_html(page, URL).image_url == image_url


def test_a_picture_is_relative_to_the_pages_base() -> None:
    page = PAGE[:AT] + b"<img src='a.jpg'>Un.</div>" + PAGE[END:]
    page = page.replace(b"<title>", b'<base href="//worldimg.kbs.co.kr/src/"><title>')
    assert extract_html(page, URL).image_url == "https://worldimg.kbs.co.kr/src/a.jpg"


@pytest.mark.parametrize("box", ["<p>{}</p>", '<div class="img_box">{}</div>', "<span>{}</span>"])
def test_a_credit_is_found_in_the_editors_caption(box: str) -> None:
    picture = '<span class="fr-img-caption"><img src="a.jpg"><span class="fr-inner">© Ville de Daejeon</span></span>'
    page = PAGE[:AT] + box.format(picture).encode() + b"<p>Un.</p></div>" + PAGE[END:]
    article = extract_html(page, URL)
    assert (article.image_credit, article.text) == ("Ville de Daejeon", "Un.")


def test_what_is_no_article_is_refused_with_the_reason() -> None:
    listing = pages.list_page(WORLD, WORLD.listed(), category_id="", page=1, total=30)
    page = pages.news_page(WORLD, WORLD.entries[0])
    assert reason(b"") == "empty page"
    assert reason(b'{"error": 404}') == "JSON, not HTML"
    assert reason(b"<html><body><article><h1>Ailleurs</h1><p>Texte</p></article></body></html>") == (
        "not a page of KBS World"
    )
    assert reason(pages.missing_page(WORLD)) == "no article on the page"
    assert reason(listing, "https://world.kbs.co.kr/service/news_list.htm?lang=f") == "a list of articles"
    assert reason(listing) == "no article on the page"
    assert reason(page, "https://example.org/service/news_view.htm?lang=f&Seq_Code=1") == "not an address of KBS World"
    assert reason(b"<html><body>x</body></html>", "") == "a page without address"


@given(st.binary(max_size=2000))
def test_arbitrary_bytes_are_refused(page: bytes) -> None:
    with pytest.raises(NotAnArticle):
        extract_html(page, URL)


@given(st.integers(0, len(PAGE)), st.binary(max_size=20), st.integers(0, 200))
def test_a_damaged_page_leaks_nothing_of_its_surroundings(at: int, noise: bytes, lost: int) -> None:
    try:
        article = extract_html(PAGE[:at] + noise + PAGE[at + lost :], URL)
    except NotAnArticle:
        return
    for words in ("Aller au menu", "Most Viewed News", "Dark Mode"):
        assert words not in article.text


def test_a_page_may_be_as_long_as_the_caller_allows() -> None:
    script = b"<script>" + b"x" * 2_000_000 + b"</script>"
    assert extract_html(PAGE[:AT] + script * 6 + PAGE[AT:], URL).text == extract_html(PAGE, URL).text
