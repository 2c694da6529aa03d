"""HTML pages: the article's own part and nothing else, or a refusal with its reason."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import Article, NotAnArticle, extract_html
from tests.replica import World, pages
from tests.replica.markup import typography
from tests.replica.world import Entry

URL = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=90001"


def extract(page: bytes, url: str) -> Article:
    return replace(extract_html(page, url), source_url=None)


def reason(page: bytes, url: str = URL) -> str:
    with pytest.raises(NotAnArticle) as refusal:
        extract_html(page, url)
    return refusal.value.reason


def body_of(html: str) -> tuple[str, ...]:
    """The paragraphs of a page whose body is `html`."""
    entry = World(articles=5).entries[0]
    page = pages.news_page(World(articles=5), entry).decode()
    start = page.index('<div class="body_txt fr-view">') + len('<div class="body_txt fr-view">')
    end = page.index('<div class="func_menu bottom">')
    return extract_html(f"{page[:start]}{html}</div>{page[end:]}".encode(), URL).paragraphs


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("edition", ["f", "e", "k"])
def test_every_field_of_every_page_equals_the_truth(seed: int, edition: str) -> None:
    world = World(articles=60, seed=seed, edition=edition)
    for entry in world.entries:
        assert extract(pages.news_page(world, entry), entry.truth.url) == entry.truth
        video = entry.truth.url.replace("news_view.htm", "news_vod_view.htm")
        assert extract(pages.news_page(world, entry, "video"), video) == entry.video_truth


def dated_entry(world: World, updated: bool) -> Entry:
    return next(entry for entry in world.entries if bool(entry.truth.updated_at) is updated)


def test_a_card_date_is_never_taken_for_the_articles() -> None:
    world = World(articles=30)
    page = pages.news_page(world, dated_entry(world, updated=True)).decode()
    own = re.search(r'<p class="date">.*?</p>', page)
    assert own is not None
    article = extract_html(page.replace(own.group(), '<p class="date"></p>', 1).encode(), URL)
    assert page.count('<p class="date">') > 3
    assert (article.written_at, article.updated_at, article.timestamp) == (None, None, None)


def test_a_missing_update_is_none_and_the_version_is_the_time_written() -> None:
    world = World(articles=30)
    entry = dated_entry(world, updated=False)
    article = extract_html(pages.news_page(world, entry), URL)
    assert article.updated_at is None
    assert article.timestamp == entry.written_at.isoformat()


def test_labels_of_the_dates_are_not_looked_at() -> None:
    world = World(articles=30)
    entry = dated_entry(world, updated=True)
    page = pages.news_page(world, entry).replace(b"Write:", b"Ecrit le").replace(b"Update:", "Modifié le".encode())
    assert extract(page, entry.truth.url) == entry.truth


def test_the_address_fetched_counts_and_not_the_one_the_page_claims() -> None:
    world = World(articles=5)
    page = pages.news_page(world, world.entries[0])
    assert extract_html(page, URL).url == URL
    assert extract_html(page, "").url == world.entries[0].truth.url


def test_double_breaks_part_paragraphs_and_single_ones_do_not() -> None:
    assert body_of("Un.<br />Deux.<br /><br />Trois.") == ("Un. Deux.", "Trois.")


def test_single_breaks_part_paragraphs_where_there_are_no_double_ones() -> None:
    assert body_of("Un.<br>Deux.<br>") == ("Un.", "Deux.")


def test_breaks_around_the_body_part_nothing() -> None:
    assert body_of("<br><br>Un.<br>Deux.<br><br>") == ("Un.", "Deux.")


def test_inline_markup_does_not_part_words() -> None:
    assert body_of("L’<b>Uni</b>on <a href='x'>européenne</a>.<span> Fin</span>") == ("L’Union européenne. Fin",)


def test_comments_scripts_and_captions_are_not_the_articles_words() -> None:
    html = (
        "Avant <!-- Key word --> après.<script>var x</script><div class='img_box'><p class='cap'>Photo : KBS</p></div>"
    )
    assert body_of(html) == ("Avant après.",)


def test_lists_and_tables_become_readable_lines() -> None:
    html = "<p>Voici :</p><ul><li>un</li><li>deux</li></ul><table><tr><td>Nom</td><td>Lee</td></tr></table>"
    assert body_of(html) == ("Voici :", "- un", "- deux", "Nom | Lee")


def test_a_paragraph_said_twice_is_kept_twice() -> None:
    twice = "Une phrase assez longue pour que l’on puisse croire à une erreur de copie, et qui n’en est pas une. " * 3
    assert body_of(f"<p>{twice}</p><p>{twice}</p>") == (twice.strip(), twice.strip())


def test_invisible_characters_and_decomposed_accents_go() -> None:
    assert body_of("Core\u0301e\u200b du&nbsp;Nord\ufeff") == ("Corée du Nord",)


def test_words_of_the_boilerplate_inside_an_article_stay() -> None:
    body = ("Contenus recommandés", "Photo : le mot reste.", "Close", "Notre site utilise des cookies, dit-il.")
    assert body_of("".join(f"<p>{line}</p>" for line in body)) == body


def test_a_page_cut_inside_the_body_is_marked_truncated() -> None:
    world = World(articles=30)
    entry = next(entry for entry in world.entries if len(entry.body) > 3 and entry.style == "breaks")
    page = pages.news_page(world, entry)
    start = page.index(b'<div class="body_txt')
    third = page.index(typography(entry.body[2].parts[0]).encode(), start)
    whole, cut = extract_html(page, URL), extract_html(page[:third], URL)
    assert not whole.truncated
    assert cut.truncated
    assert cut.paragraphs == whole.paragraphs[:2]


def test_what_is_no_article_is_refused_with_the_reason() -> None:
    world = World(articles=30)
    listing = pages.list_page(world, world.listed(), category_id="", page=1, total=30)
    page = pages.news_page(world, world.entries[0])
    assert reason(b"") == "empty page"
    assert reason(b" \n\t ") == "empty page"
    assert reason(b'{"error": 404}') == "JSON, not HTML"
    assert reason(b"<html><body><article><h1>Ailleurs</h1><p>Texte</p></article></body></html>") == (
        "not a page of KBS World"
    )
    assert reason(pages.missing_page(world)) == "no article on the page"
    assert reason(listing, "https://world.kbs.co.kr/service/news_list.htm?lang=f") == "a list of articles"
    assert reason(listing) == "no article on the page"
    assert reason(page, "https://example.org/service/news_view.htm?lang=f&Seq_Code=1") == "not an address of KBS World"
    assert reason(b"<html><body>x</body></html>", "") == "a page without address"


@given(st.binary(max_size=2000))
def test_arbitrary_bytes_are_refused_and_never_crash(page: bytes) -> None:
    with pytest.raises(NotAnArticle):
        extract_html(page, URL)


@given(st.data())
def test_a_wounded_page_never_crashes_and_never_leaks_the_surroundings(data: st.DataObject) -> None:
    world = World(articles=5)
    page = pages.news_page(world, world.entries[0])
    at = data.draw(st.integers(0, len(page)))
    wounded = (
        page[:at] + data.draw(st.binary(max_size=20)) + page[data.draw(st.integers(at, min(at + 200, len(page)))) :]
    )
    try:
        article = extract_html(wounded, URL)
    except NotAnArticle:
        return
    for words in ("Aller au menu", "Most Viewed News", "Dark Mode"):
        assert words not in article.text


def test_markup_in_an_attribute_ends_nothing() -> None:
    html = (
        '<p>Un.</p><p><img src="a.jpg" alt="&lt;i&gt;Parasite&lt;/i&gt;"> Deux.</p><p title="a &lt;/b&gt;">Trois.</p>'
    )
    assert body_of(html) == ("Un.", "Deux.", "Trois.")


@pytest.mark.parametrize("box", ['<div class="img_box"><img src="a.jpg"></div>', '<iframe src="./v.htm">x</iframe>'])
def test_what_stands_between_words_parts_them(box: str) -> None:
    assert body_of(f"Un.{box}Deux.") == ("Un.", "Deux.")
    assert body_of(f"Un.<br>Deux.<br>{box}<br>Trois.<br>Quatre.") == ("Un.", "Deux.", "Trois.", "Quatre.")


def test_a_picture_between_single_breaks_makes_no_double_one() -> None:
    assert body_of('Un.<br>Deux.<br><img src="a.jpg"><br>Trois.<br>Quatre.') == ("Un.", "Deux.", "Trois.", "Quatre.")
    assert body_of('Un<img src="a.jpg">deux') == ("Un deux",)


def test_a_credit_line_among_sentences_is_no_sentence() -> None:
    html = "©YONHAP News<br>Le palais a rouvert.<br><br>Deux.<br>© KBS<br><br>Trois."
    assert body_of(html) == ("Le palais a rouvert.", "Deux.", "Trois.")


def test_a_menu_inside_a_whole_body_does_not_end_it() -> None:
    assert body_of('<p>Un.</p><div class="func_menu">Print</div><p>Deux.</p>') == ("Un.", "Deux.")


def test_captions_of_the_editor_are_no_words_of_the_article() -> None:
    html = (
        '<p>Un.</p><figure><img src="a.jpg"><figcaption>Photo : X</figcaption></figure><span class="fr-inner">Y</span>'
    )
    assert body_of(html) == ("Un.",)
