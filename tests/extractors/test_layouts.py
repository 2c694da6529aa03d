"""Every layout of the replica, exact to the truth; and the same pages after a redesign of the site."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from extractors import Article, NotAnArticle, extract_html
from extractors.address import EDITIONS
from extractors.layout import LAYOUT_NAMES
from tests.replica import World, hostile, moved, pages
from tests.replica.skeleton import COOKIES, MENU
from tests.replica.world import Entry

#: Words that stand around an article and that no article of the replica holds.
SURROUNDINGS = [
    *("Aller au menu", "Dark Mode", "Most Viewed News", "Headline News", "Banner Zone", "Share", "Print", "Copy"),
    *("facebook", "Votre navigateur", "Contenu sponsorisé", "All rights reserved", "Site ami", *COOKIES["f"]),
    *(entry for entries in MENU.values() for entry in entries),
]


def entries(world: World) -> list[Entry]:
    """Every article of every layout."""
    return [*world.entries, *world.features, *world.programmes, *world.infographics]


def extract(page: bytes, url: str) -> Article:
    return replace(extract_html(page, url), source_url=None)


@pytest.mark.parametrize("seed", [11, 22, 33])
def test_every_page_of_every_layout_equals_the_truth(seed: int) -> None:
    """1,500 pages: three seeds, a hundred pages of each layout."""
    world = World(articles=100, seed=seed)
    seen: Counter[str] = Counter()
    for entry in entries(world):
        article = extract(pages.entry_page(world, entry), entry.truth.url)
        assert article == entry.truth
        seen[article.layout] += 1
    for entry in world.entries:
        assert extract(pages.news_page(world, entry, "video"), entry.video_url) == entry.video_truth
        seen["video"] += 1
    assert seen == dict.fromkeys(LAYOUT_NAMES, 100)


@pytest.mark.parametrize(("name", "kind"), [("column_view.htm", "other"), ("archive_view.htm", "feature")])
def test_a_page_of_a_file_name_without_known_template_is_generic(name: str, kind: str) -> None:
    article = extract_html(PAGE, f"https://world.kbs.co.kr/service/{name}?lang=f&id=x&board_seq=3")
    assert (article.layout, article.kind, article.title) == ("generic", kind, hostile.ENTRY.truth.title)
    assert article.paragraphs == hostile.ENTRY.truth.paragraphs


@pytest.mark.parametrize("name", ["top20.htm", "column_view.htm", "index.htm"])
def test_a_page_without_a_date_is_no_article_where_its_address_is_not_known(name: str) -> None:
    page = re.sub(rb'<p class="date">.*?</p>', b'<p class="date"></p>', PAGE, count=1)
    for shown in (page, moved.rename(page, Random(1))):
        assert extract_html(shown, URL).written_at is None
        with pytest.raises(NotAnArticle, match="no article on the page"):
            extract_html(shown, f"https://world.kbs.co.kr/service/{name}?lang=f&no=3")


@pytest.mark.parametrize("edition", sorted(EDITIONS))
def test_every_edition_equals_the_truth(edition: str) -> None:
    world = World(articles=8, edition=edition)
    for entry in entries(world):
        assert extract(pages.entry_page(world, entry), entry.truth.url) == entry.truth


@pytest.mark.parametrize("change", [moved.wrap, moved.add_and_shuffle])
def test_wrappers_and_other_classes_change_nothing(change: Callable[[bytes, Random], bytes]) -> None:
    world = World(articles=25)
    for entry in entries(world):
        page = change(pages.entry_page(world, entry), Random(entry.seq))
        assert extract(page, entry.truth.url) == entry.truth


@pytest.mark.parametrize("name", ["body_txt", "title_area", "date", "img_box", None])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_template_that_moved_is_read_by_structure(name: str | None, *, wrapped: bool) -> None:
    world = World(articles=30, seed=6)
    for entry in entries(world):
        random = Random(entry.seq)
        page = whole = pages.entry_page(world, entry)
        page = moved.rename(moved.wrap(page, random) if wrapped else page, random, name and {name})
        article = extract(page, entry.truth.url)
        assert article.title == entry.truth.title
        assert article.paragraphs == entry.truth.paragraphs
        assert article.image_credit == entry.truth.image_credit
        assert (article.written_at, article.updated_at) == (entry.truth.written_at, entry.truth.updated_at)
        unboxed = b"img_box" not in whole or b"img_box top no-print" in whole
        by_name = (name == "date" and entry.truth.written_at is None) or (name == "img_box" and unboxed)
        assert article.layout == "generic" or by_name


@pytest.mark.parametrize("edition", "feg")
def test_whatever_part_of_the_names_is_renamed_an_article_is_read_as_before(edition: str) -> None:
    """600 pages: of every layout, each with one name of its own renamed, or some, or all."""
    world = World(articles=40, seed=15, edition=edition)
    for entry in entries(world):
        if entry.truth.layout == "news" and entry.seq % 2:
            shown, url, truth = pages.news_page(world, entry, "video"), entry.video_url, entry.video_truth
        else:
            shown, url, truth = pages.entry_page(world, entry), entry.truth.url, entry.truth
        article = extract(moved.rename_some(shown, Random(entry.seq)), url)
        assert replace(article, layout=truth.layout) == truth


LONG = "Une phrase assez longue pour compter comme du texte. " * 2
PAGE, URL = hostile.PAGE, hostile.URL
START, END = hostile.AT, PAGE.index(b'<div class="func_menu bottom">')
DATE = PAGE[PAGE.index(b'<p class="date">') : PAGE.index(b"</p>", PAGE.index(b'<p class="date">')) + 4]
H1 = PAGE[PAGE.index(b"<h1>", START - 600) : PAGE.index(b"</h1>", START - 600) + 5]


def redesigned(body: str, *changes: tuple[bytes, bytes]) -> Article:
    """A page with another body, changed, and with every class and id renamed."""
    page = PAGE[:START] + body.encode() + b"</div>" + PAGE[END:]
    for old, new in changes:
        assert old in page
        page = page.replace(old, new)
    return extract_html(moved.rename(page, Random(3)), URL)


def test_a_redesign_may_split_wrap_or_shorten_the_body() -> None:
    assert redesigned(f"<p>{LONG}</p></div><div><p>{LONG}bis</p>").paragraphs == (LONG.strip(), f"{LONG}bis")
    wrapper = (b'<div class="body_txt', b'<div><div class="body_txt'), (b"</section>\n<h2", b"</div></section>\n<h2")
    assert redesigned(f"<p>{LONG}</p>", *wrapper).paragraphs == (LONG.strip(),)
    assert redesigned("Un mort à Séoul.").paragraphs == ("Un mort à Séoul.",)


def test_a_redesign_may_use_other_elements() -> None:
    section = (b'<section class="comp_view_default"', b"<article"), (b"</section>\n<h2", b"</article>\n<h2")
    title = redesigned(LONG, *section).title
    head = (b'<div class="title_area">', b"<header>"), (b"</p>\n</div>\n<div", b"</p>\n</header>\n<div")
    assert redesigned(LONG, *head).title == title
    assert redesigned(LONG, (H1, H1.replace(b"h1>", b"h2>"))).title == title
    embedded = redesigned(f"{LONG}<article>Un encart.</article><p>Fin.</p>")
    parts = redesigned(f"<article>{LONG}</article><article>Un encart.</article>")
    assert parts.paragraphs == (LONG.strip(), "Un encart.")
    assert embedded.paragraphs == (LONG.strip(), "Un encart.", "Fin.")


def test_a_redesign_may_move_the_date_beside_the_title() -> None:
    for new in (b"<div>" + H1 + b"</div>" + DATE, DATE + H1):
        assert redesigned(LONG, (H1 + b"\n" + DATE, new)).written_at == hostile.ENTRY.truth.written_at


@pytest.mark.parametrize("separator", [" <span> l </span> ", "<span>l</span>", " | ", "<br>", " "])
@pytest.mark.parametrize("link", ["<a href='./program_contents.htm'>Les 10 premiers</a>", ""])
def test_a_redesign_may_separate_programme_and_day_in_another_way(link: str, separator: str) -> None:
    article = redesigned(LONG, (DATE, f"<p>{link}{separator}2020-05-04</p>".encode()))
    assert (str(article.written_at), article.paragraphs) == ("2020-05-04", (LONG.strip(),))


def test_an_undated_page_takes_no_date_from_a_card() -> None:
    for entry in hostile.WORLD.entries:
        undated = replace(entry, truth=replace(entry.truth, written_at=None, updated_at=None, timestamp=None))
        page = pages.entry_page(hostile.WORLD, undated)
        for shown in (page, moved.rename(page, Random(entry.seq))):
            article = extract_html(shown, URL)
            assert (article.written_at, article.updated_at, article.timestamp) == (None, None, None)
    cards = PAGE[PAGE.index(b'<section class="comp_contents_3x') :].partition(b"</section>")[0]
    card = b"<article><h2><a href='./news_view.htm?lang=f&Seq_Code=1'>Un autre</a></h2><p>2025-01-01</p></article>"
    for count in (1, 2):
        page = PAGE.replace(DATE, b"").replace(cards, b"<section>" + card * count)
        for shown in (page, moved.rename(page, Random(count))):
            article = extract_html(shown, URL)
            assert (article.written_at, article.updated_at) == (None, None)


def test_a_soft_404_of_a_template_that_moved_is_refused() -> None:
    with pytest.raises(NotAnArticle):
        extract_html(moved.rename(pages.missing_page(hostile.WORLD), Random(1)), URL)


BODIES = (
    "<div>{0}</div><div>{0}</div>",
    "<div><div><p>{0}</p></div></div>",
    "<div class='img_box no-print'><div class='photo'><img src='a.jpg'></div></div><div>{0}<br><br>{0}</div>",
    "<p>{0}</p><ul><li><a href='x'>Une chanson</a></li><li><a href='y'>Une autre chanson</a></li></ul>",
    "<div>{0}</div><div><a href='x'>Une chanson</a> <a href='y'>Une autre</a></div><div>{0}</div>",
    "<p>{0}</p><p><a href='x'>Le site du groupe</a></p>",
    "<h3>Biographie</h3><div>{0}</div><h3>Disques</h3><div>Un, deux</div>",
    "<h2>Biographie</h2><p>{0}</p><h2>Disques</h2><p>2019 Album</p>",
    "<section><h3>Un</h3><p>{0}</p></section><section><h3>Deux</h3><p>Deux lignes</p></section>",
    "<div>{0}</div><aside><p>{0}</p></aside><div>{0}</div>",
    "<article>{0}</article><article>{0}</article>",
    "<p>{0}</p><form><select><option>a</option></select><button>ok</button></form><p>{0}</p>",
    "<p>{0}</p><p>Quiz : <input type=text></p><p>{0}</p>",
    "<table><tr><td>Nom</td><td>Kim</td></tr><tr><td>Naissance</td><td>1990 à Séoul</td></tr></table>",
    "<iframe src='https://example.org/'></iframe><br />{0}",
    "<div class='vod'><iframe src='x'></iframe></div><div>{0}</div>",
    "<p>2020-05-04</p><p>{0}</p><p>© KBS</p>",
    "<center><img src='a.jpg'></center><center>{0}</center>",
    "<p>{0}<p>{0}<p>",
    "<p>Un mort à Séoul</p>",
)


@pytest.mark.parametrize("body", BODIES)
def test_a_body_of_any_shape_is_the_same_where_names_have_changed(body: str) -> None:
    for entry in (hostile.WORLD.entries[0], *hostile.WORLD.features[:2], hostile.WORLD.programmes[0]):
        page = pages.article_page("f", entry, body.format(LONG), hostile.WORLD.entries[5:])
        article = extract(page, entry.truth.url)
        for seed in range(10):
            renamed = moved.rename_some(page, Random(seed))
            for shown in (renamed, moved.as_divs(renamed)):
                assert replace(extract(shown, entry.truth.url), layout=article.layout) == article


@pytest.mark.parametrize("meta", [b'property="og:title"', b'property="name"'])
def test_the_name_of_the_site_is_no_headline(meta: bytes) -> None:
    for entry in entries(hostile.WORLD):
        page = pages.entry_page(hostile.WORLD, entry).replace(b'property="og:title"', meta)
        article = extract(moved.as_divs(moved.rename(page, Random(entry.seq))), entry.truth.url)
        assert (article.title, article.category) == (entry.truth.title, entry.truth.category)


STRAY = '<p class="programme">Séoul au jour le jour, avec la rédaction</p>'


def test_a_line_beside_the_body_is_never_the_article() -> None:
    """The body is read as before; where there is none, the page is refused."""
    world = World(articles=20, seed=5)
    for entry in [*world.entries, *world.features, *world.programmes]:
        page = pages.entry_page(world, entry).replace(b"</h1>", f"</h1>{STRAY}".encode())
        renamed = moved.rename(page, Random(entry.seq))
        assert extract_html(renamed, entry.truth.url).paragraphs == entry.truth.paragraphs
        start, end = page.index(b'<div class="body_txt'), page.index(b'<div class="func_menu bottom">')
        with pytest.raises(NotAnArticle):
            extract_html(moved.rename(page[:start] + page[end:], Random(1)), entry.truth.url)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<a href="#">Share</a>', "<button>Share</button>"),
        ("<strong>Share</strong>", "<p>Partager cet article avec vos amis</p>"),
    ],
)
def test_menus_are_links_and_controls_alone(old: str, new: str) -> None:
    for entry in hostile.WORLD.entries:
        page = pages.entry_page(hostile.WORLD, entry)
        changed = page.replace(old.encode(), new.encode())
        assert changed != page
        for names in (None, {"func_menu", "share_box"}, {"body_txt"}):
            shown = moved.rename(changed, Random(1), names)
            assert extract_html(shown, entry.truth.url).paragraphs == entry.truth.paragraphs


@pytest.mark.parametrize(
    ("h1", "title"),
    [
        ("<h1>A &amp;#39; B &#39; C &amp;amp; D</h1>", "A &#39; B ' C &amp; D"),
        ("<h1><script>alert(1)</script>Un<br>Deux</h1>", "Un Deux"),
        ("", hostile.ENTRY.truth.title),
    ],
)
def test_a_title_is_the_h1_or_og_title_or_the_pages(h1: str, title: str) -> None:
    page = PAGE.replace(H1, h1.encode())
    assert extract_html(page, URL).title == title
    assert h1 or extract_html(page.replace(b'property="og:title"', b""), URL).title == title


MUTATIONS = st.one_of(
    st.sampled_from("<div> </div> <section> </section> <p> </p> <!-- --> <script> <textarea> <style> <svg>".split()),
    st.sampled_from("</body> </html> <table><tr><td> </table> <ul><li> <title> <plaintext> <xmp> <select>".split()),
    st.sampled_from(["<form>", "<iframe>", "<template>", "<noscript>", "<a href='", '<b class="']),
    st.text(max_size=10),
)


@settings(max_examples=400)
@given(seq=st.integers(0, 19), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), MUTATIONS), max_size=6))
def test_a_mutated_body_leaks_nothing_of_its_surroundings(seq: int, changes: list[tuple[float, int, str]]) -> None:
    world = World(articles=20, seed=9)
    entry = world.entries[seq]
    page = pages.entry_page(world, entry).decode()
    start = page.index('<div class="body_txt fr-view">') + len('<div class="body_txt fr-view">')
    end = page.index('<div class="func_menu bottom">')
    tokens = re.findall(r"<[^>]*>|[^<]+", page[start:end])
    for where, length, text in changes:  # tags and texts are taken out, and others put between them
        at = int(where * len(tokens))
        tokens[at : at + length] = [text]
    body = "".join(tokens)
    # A comment or instruction left open at the end takes the next block's own tag with it.
    assume(not re.search(r"<[?!/][^>]*\Z", body))
    try:
        article = extract_html((page[:start] + body + page[end:]).encode("utf-8", "replace"), entry.truth.url)
    except NotAnArticle:
        return
    for words in SURROUNDINGS:
        assert words not in article.text or words in body, words
    assert not any(str(other.truth.title) in article.text for other in world.entries if other != entry)
