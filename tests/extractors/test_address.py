"""Addresses: one canonical url, however a page was reached."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import NotAnArticle
from extractors.address import EDITIONS, FOLDERS, MAX_LENGTH, PAGES, absolute, parse_address, site_url
from extractors.html import extract_page

NEWS = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685"
NOISE = ["id", "page", "menu_cate", "utm_source", "fbclid", ""]
OLD = "https://world.kbs.co.kr/french"
SPECIAL = "https://world.kbs.co.kr/special/summit2018/section/news/news_view.html?lang=f&seqCode=51234"
FEATURE = "https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=436045"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (NEWS, NEWS),
        ("https://rki.kbs.co.kr/service/news_vod_view.htm?lang=f&menu_cate=videonews&id=In&Seq_Code=83685", NEWS),
        ("https://world.kbs.co.kr:443/service/news_view.htm?lang=f&&id=&page=2&Seq_Code=83685&utm_source=x#top", NEWS),
        ("https://WORLD.kbs.co.kr//service/news_view.htm?lang=f&amp;Seq_Code=83685&Seq_Code=83685", NEWS),
        (FEATURE.replace("board_seq", "menu_cate=culture&page=0&board_code=&board_seq"), FEATURE),
        ("https://world.kbs.co.kr/special/northkorea/contents/news/news_view.htm?No=83685&lang=f", NEWS),
        (NEWS.replace("lang=f", "lang=F").replace(".htm", ".html"), NEWS),
        (NEWS.replace("lang=f", "lang=FR").replace("service/", "service//"), NEWS),
        (f"{OLD}/news/news_Cu_detail.htm?No=61234&lang=e", f"{OLD}/news/news_Cu_detail.htm?No=61234"),
        (f"{OLD}//program/program_debate_detail.html?id=x&No=5/", f"{OLD}/program/program_debate_detail.htm?No=5"),
        (SPECIAL.replace("?", "?page=2&"), SPECIAL),
        (SPECIAL.replace(".html", ".htm"), SPECIAL),
    ],
)
def test_an_article_has_one_canonical_url(url: str, canonical: str) -> None:
    address = parse_address(url)
    assert address is not None
    assert address.url == canonical
    assert address.is_article
    assert address.lang == "fr"
    assert parse_address(canonical) == replace(address, page=urlsplit(canonical).path.removeprefix("/service/"))


@pytest.mark.parametrize(
    "url",
    [
        "https://news.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
        "https://world.kbs.co.kr.example.org/service/news_view.htm?lang=f&Seq_Code=1",
        "ftp://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
        "//[",
        "https://world.kbs.co.kr:port/",
        "",
        "https://world.kbs.co.kr/" + "x" * 5000,
    ],
)
def test_other_sites_and_broken_addresses_are_none(url: str) -> None:
    assert parse_address(url) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://world.kbs.co.kr/service/news_list.htm?lang=f&id=", "list"),
        ("https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1%20or%201", "other"),
        ("https://world.kbs.co.kr", "other"),
        ("https://rki.kbs.co.kr/service/program_playlist_view.htm?lang=e&procode=a&bbs=b&no=44568", "programme"),
        ("https://world.kbs.co.kr/service/news_view.htm?Seq_Code=83685", "other"),
        ("http://world.kbs.co.kr/service/program_segments_view.htm?lang=r&procode=a&bbs=b_letter&no=7", "programme"),
        ("http://world.kbs.co.kr/service/archive_view.htm?lang=g&id=travel&board_seq=7", "feature"),
        ("http://world.kbs.co.kr/service/special_program.htm?lang=g&id=sub_index&board_seq=7", "feature"),
        ("http://world.kbs.co.kr/service/special_program.htm?lang=g&id=sub_index", "other"),
        ("http://world.kbs.co.kr/french/program/program_debate_detail.htm?No=10000001", "programme"),
        ("http://world.kbs.co.kr/english/news/news_Po_detail.htm?No=61234", "news"),
        ("http://world.kbs.co.kr/french/news/news_Po_detail.htm", "other"),
        ("http://world.kbs.co.kr/elsewhere/news/news_Po_detail.htm?No=61234", "other"),
        ("http://world.kbs.co.kr/service//musictop10.htm?lang=e&start_year=2016&rank_date=2016-3-6", "list"),
        ("http://world.kbs.co.kr/service/archive_list.html?lang=g&id=travel", "list"),
        ("http://world.kbs.co.kr/service/program_main.htm/?lang=e&procode=weekend", "list"),
        ("http://world.kbs.co.kr/english/program/program_musictop10.htm", "list"),
        ("http://world.kbs.co.kr/french/event/anniversary_2012/", "event"),
        ("http://world.kbs.co.kr/special/survey/listeners_2019/quest.htm?lang=f", "event"),
    ],
)
def test_other_pages_are_known_by_their_kind(url: str, kind: str) -> None:
    address = parse_address(url)
    assert address is not None
    assert address.kind == kind
    assert address.is_article == (kind in {"news", "feature", "programme"})
    assert bool(address.refusal) == (kind in {"list", "event"})


@pytest.mark.parametrize(
    "junk",
    [
        "?utm_source=rss",
        "%3Futm_medium=x%26y=2",
        "%26fbclid=1",
        "/",
        "/?x",
        "%23top",
        "%253Fa",
        ").",
        '"',
        "%0A",
        "#%20x",
        "%3C/a%3E",
        "%20target=_blank",
        "%20(KBS)",
        "%5C%22",
        "%7CKBS",
        "[/url]",
        "%E2%80%A6",
        "의",
        "!",
    ],
)
@pytest.mark.parametrize(
    "url",
    [NEWS, FEATURE, SPECIAL, f"{OLD}/news/news_Cu_detail.htm?No=61234", SPECIAL.replace("lang=f&", "") + "&lang=f"],
)
def test_what_links_have_behind_a_number_is_cut(url: str, junk: str) -> None:
    address, clean = parse_address(url + junk), parse_address(url)
    assert address is not None
    assert address.is_article
    assert address == clean


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/service/musictop10.htm?lang=f&start_year=2016&rank_date=2016-3-6", "a list of articles"),
        ("/french/event/anniversary_2012/", "an event or a survey"),
        ("/special/survey/listeners_2019/", "an event or a survey"),
    ],
)
def test_a_page_that_looks_like_an_article_is_none_at_such_an_address(seeds: Path, path: str, reason: str) -> None:
    for name in ("news_vod_view_83685.reconstruction.html", "000_6ad28e2ce761a03c.txt"):
        with pytest.raises(NotAnArticle, match=reason):
            extract_page((seeds / name).read_bytes(), f"http://world.kbs.co.kr{path}")


def test_an_article_of_the_old_site_is_one_of_its_own(seeds: Path) -> None:
    url = f"{OLD}/news/news_In_detail.htm?No=83685"
    for name in ("news_vod_view_83685.reconstruction.html", "000_6ad28e2ce761a03c.txt"):
        article = extract_page((seeds / name).read_bytes(), f"{url}%26fbclid=1")
        assert (article.url, article.kind, article.lang) == (url, "news", "fr")


def test_every_edition_is_known_by_its_letter_and_by_its_language() -> None:
    for letter, code in EDITIONS.items():
        for lang in (letter, letter.upper(), code, code.upper(), f"{letter}?utm_source=rss"):
            address = parse_address(f"http://world.kbs.co.kr/service/news_view.htm?Seq_Code=7&lang={lang}")
            assert address is not None
            assert (address.edition, address.lang, address.kind) == (letter, code, "news")


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.id])
def test_each_kind_of_article_has_one_url_in_every_edition(name: str) -> None:
    random = Random(name)
    urls = set()
    for _ in range(100):
        folder = random.choice([*FOLDERS])
        path = (name if name.startswith("/") else f"/service/{name}").replace("{edition}", folder)
        path = path.replace("*", random.choice(["Cu", "nature_talk", "one2020"]))
        letter = FOLDERS[folder] if name.startswith("/{edition}") else random.choice([*EDITIONS])
        ids = [
            (key, random.choice(["one", "b_letter", ""]) + str(random.randrange(1, 10**8))) for key in PAGES[name].id
        ]
        found = set()
        for lang in (letter, letter.upper(), EDITIONS[letter].upper()):
            query = [("lang", lang), *ids, ("utm_source", "x y"), ("page", "2")]
            random.shuffle(query)
            host = random.choice(["http://world.kbs.co.kr", "https://rki.kbs.co.kr:443", "HTTPS://WORLD.KBS.CO.KR"])
            given = random.choice(
                [path, path.replace(".htm", ".html").replace("htmll", "html"), path.replace("/", "//")]
            )
            address = parse_address(f"{host}{given}?{urlencode(query)}{random.choice(['', '/', '?a=b', '#ele1'])}")
            assert address is not None
            assert (address.is_article, address.edition, address.kind) == (True, letter, PAGES[name].kind)
            found.add(address.url)
        [url] = found
        assert all(url.count(value) for _, value in ids)
        again = parse_address(url)
        assert again is not None
        assert (again.url, again.edition, again.kind) == (url, letter, PAGES[name].kind)
        urls.add(url)
    assert len(urls) > 90


@given(
    noise=st.lists(st.tuples(st.sampled_from(NOISE), st.text(max_size=25)), max_size=5),  # within MAX_LENGTH
    order=st.randoms(),
    host=st.sampled_from(["http://world.kbs.co.kr", "https://rki.kbs.co.kr", "https://world.kbs.co.kr:443"]),
    page=st.sampled_from(["news_view.htm", "news_vod_view.htm"]),
)
def test_how_one_got_there_leaves_no_trace(noise: list[tuple[str, str]], order: Random, host: str, page: str) -> None:
    parameters = [("lang", "f"), ("Seq_Code", "83685"), *noise]
    order.shuffle(parameters)
    address = parse_address(f"{host}/service/{page}?{urlencode(parameters, errors='replace')}#ele1")
    assert address is not None
    assert address.url == NEWS


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_address(text)
    assert address is None or address.url.startswith("https://world.kbs.co.kr/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (site_url("news", "f", number=83685), "/service/news_view.htm?lang=f&Seq_Code=83685"),
        (site_url("news list", "f", category=""), "/service/news_list.htm?lang=f"),
        (site_url("news list", "e", category="Po"), "/service/news_list.htm?lang=e&id=Po"),
        (site_url("day", "f", day=date(2026, 11, 7)), "/service/news_today.htm?lang=f&date=2026-11-07"),
        (
            site_url("search", "f", keyword="Corée & {x}"),
            "/service/search.htm?page=1&lang=f&search_date=5&keyword=Cor%C3%A9e+%26+%7Bx%7D&kubun=n",
        ),
        (site_url("enternews feed", "f", category=""), "/rss/rss_enternews.htm?lang=f"),
    ],
)
def test_each_page_of_the_site_has_one_address(url: str, expected: str) -> None:
    assert url == f"https://world.kbs.co.kr{expected}"


def test_a_link_longer_than_any_address_leads_nowhere() -> None:
    page = "https://world.kbs.co.kr/rss/rss_news.htm?lang=f"
    assert absolute(page, f"/{'a' * (MAX_LENGTH - 1)}") == f"https://world.kbs.co.kr/{'a' * (MAX_LENGTH - 1)}"
    for link in (f"/{'a' * MAX_LENGTH}", "http://wo" + "\u0301\u0323" * 80_000 + "rld.kbs.co.kr/"):
        assert absolute(page, link) == ""
