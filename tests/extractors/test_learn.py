"""A new template is read off pages of known articles, exactly or not at all."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from extractors import extract_html
from extractors.layout import css, read_layouts
from extractors.learn import MIN_CHECKED, Sample, learn, write_entry
from tests.bench.redesigns import redesigned

Samples = list[Sample]


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Of a redesign after which structure alone finds no article."""
    return redesigned(9, 30)


@pytest.mark.parametrize("seed", [26, 34])  # nothing has a name any more; each date has an element of its own
def test_a_redesign_is_learned_exactly(seed: int) -> None:
    pages = redesigned(seed, 30)
    learned = learn(pages[:16])
    assert learned.is_sure
    assert {one.difference(write_entry(learned.entry)) for one in pages} == {""}
    body = html.fragment_fromstring(f"<div>{'<div><img>Un paragraphe.</div>' * 5}</div>")
    lost = [found for name in ("cut", "end") for found in css(learned.entry[name])(body)]
    assert lost == []  # of other bodies than those it was read off


def test_an_entry_is_one_of_a_layouts_file(samples: Samples) -> None:
    learned = learn(samples[:20])
    text = write_entry(learned.entry, name='a "name"\n\x1b[2J', seen="2026-11-30", evidence="e\\")
    [entry] = tomllib.loads(text)["articles"]
    assert (entry["name"], entry["evidence"]) == ('a "name" [2J', "e\\")
    assert len(read_layouts(text)) == 1
    assert (learned.is_sure, learned.read_off, learned.checked) == (True, 10, 10)
    assert {one.difference(text) for one in samples} == {""}
    assert extract_html(samples[0].body, samples[0].url, layouts=text).layout == "news"


def test_fewer_pages_than_can_be_checked_are_not_enough(samples: Samples) -> None:
    assert not learn(samples[: 2 * MIN_CHECKED - 1]).is_sure
    assert not learn([]).is_sure


@pytest.mark.parametrize(
    ("at", "wrong"), [(3, {"image_url": "https://worldimg.kbs.co.kr/a.jpg"}), (4, {"has_video": True})]
)
def test_a_page_that_is_read_differently_is_reported(samples: Samples, at: int, wrong: dict[str, Any]) -> None:
    spoiled = replace(samples[at], known=replace(samples[at].known, **wrong))
    learned = learn([*samples[:at], spoiled, *samples[at + 1 : 12]])
    assert not learned.is_sure
    assert learned.wrong == {spoiled.url: ", ".join(wrong)}


def test_articles_that_were_changed_since_say_nothing_about_a_layout(samples: Samples) -> None:
    changed = [replace(one, known=replace(one.known, title=f"{one.known.title}, hier")) for one in samples]
    learned = learn([*samples[:12], *changed[12:16]])
    assert (learned.is_sure, learned.gone) == (True, 4)
    assert not learn([*samples[:12], *changed[12:20]]).is_sure  # most of them: something else is wrong


def test_a_template_without_a_category_is_learned(samples: Samples) -> None:
    learned = learn(
        [
            replace(one, body=one.body.replace(f"<strong>{one.known.category}</strong>".encode(), b""))
            for one in samples[:12]
        ]
    )
    assert learned.is_sure
    assert learned.entry["category"] == ""


def test_names_that_are_no_plain_names_are_in_no_selector(samples: Samples) -> None:
    names = ['a"]', "x,y", "a{}", "</style>", "é" * 9, "1a", "a:not(b)", "\\", "[[articles]]", "x" * 5_000]
    spoiled = " ".join(names).replace('"', "&quot;").replace("<", "&lt;").encode()
    learned = learn(
        [replace(one, body=one.body.replace(b' class="', b' class="' + spoiled + b" ")) for one in samples[:12]]
    )
    assert learned.is_sure
    assert not [name for name in names if name in write_entry(learned.entry).replace("[[articles]]\n", "")]


def test_a_tag_that_is_in_no_selector_is_no_obstacle(samples: Samples) -> None:
    learned = learn(
        [
            replace(
                one, body=one.body.replace(b"<article", b"<o:p><article").replace(b"</article>", b"</article></o:p>")
            )
            for one in samples[:12]
        ]
    )
    assert learned.is_sure


def test_pages_that_are_none_are_not_on_the_way(samples: Samples) -> None:
    bodies = [b"", b"{}", b"<p>" * 30_000, b"\0", b"<html>" + b"<div>" * 19_000]
    bodies += [samples[0].body.replace(b"<body", more + b"<body") for more in (b"<p>a" * 3_000, b"mot " * 300_000)]
    broken = [Sample(body, "https://world.kbs.co.kr/x", None, samples[0].known) for body in bodies]
    learned = learn([*samples[:14], *broken])
    assert (learned.is_sure, learned.gone) == (True, 7)


def test_dates_that_changed_places_are_not_taken_for_articles_that_changed(samples: Samples) -> None:
    def exchanged(one: Sample) -> Sample:
        times = [f"{time:%Y-%m-%d %H:%M:%S}".encode() for time in (one.known.written_at, one.known.updated_at) if time]
        for old, new in zip([*times, b"@"], [b"@", *times], strict=True) if len(times) == 2 else ():
            one = replace(one, body=one.body.replace(old, new))
        return one

    learned = learn([*map(exchanged, samples[:20])])
    assert (learned.is_sure, learned.gone) == (False, 4)
    assert set(learned.wrong.values()) == {"written_at, updated_at"}
