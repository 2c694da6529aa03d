"""A new template is read off pages of known articles, exactly or not at all."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from extractors import extract_html
from extractors.layout import LayoutError, read_layouts
from extractors.learn import BY_STRUCTURE, MIN_CHECKED, Sample, learn, write_entry
from tests.bench.redesigns import judge, redesigned

#: Every kind of change is among these; one in which nothing has a name; one that structure alone reads exactly.
SEEDS = (2, 9, 17, 26, 34, 152)
#: Of a redesign after which structure alone finds no article.
SAMPLES = redesigned(9, 30)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_redesign_is_learned_exactly(seed: int) -> None:
    outcome, exact, *_ = judge(seed)
    assert (outcome, exact) == ("right", 40)


def test_where_names_and_tags_say_nothing_it_is_not_sure() -> None:
    assert judge(53)[0] == "not sure"


def test_an_entry_is_one_of_a_layouts_file() -> None:
    learned = learn(SAMPLES[:20])
    text = write_entry(learned.entry, name='a "name"\n\x1b[2J', seen="2026-11-30", evidence="e\\")
    [entry] = tomllib.loads(text)["articles"]
    assert (entry["name"], entry["evidence"]) == ('a "name" [2J', "e\\")
    assert len(read_layouts(text)) == 1
    assert learned.is_sure
    assert learned.read_off + learned.checked == 20
    assert {one.difference(text) for one in SAMPLES} == {""}
    assert extract_html(SAMPLES[0].body, SAMPLES[0].url, layouts=text).layout == "news"


def test_fewer_pages_than_can_be_checked_are_not_enough() -> None:
    assert not learn(SAMPLES[: 2 * MIN_CHECKED - 1]).is_sure
    assert not learn([]).is_sure


@pytest.mark.parametrize("at", [3, 4])
@pytest.mark.parametrize(
    "wrong", [{"image_url": "https://worldimg.kbs.co.kr/autre.jpg"}, {"has_video": True}, {"image_credit": "Autre"}]
)
def test_a_page_that_is_read_differently_is_reported_and_nothing_is_sure(at: int, wrong: dict[str, Any]) -> None:
    spoiled = replace(SAMPLES[at], known=replace(SAMPLES[at].known, **wrong))
    learned = learn([*SAMPLES[:at], spoiled, *SAMPLES[at + 1 : 20]])
    assert not learned.is_sure
    assert learned.wrong == {spoiled.url: ", ".join(wrong)}


def test_articles_that_were_changed_since_say_nothing_about_a_layout() -> None:
    changed = [replace(one, known=replace(one.known, title=f"{one.known.title}, hier")) for one in SAMPLES]
    learned = learn([*SAMPLES[:16], *changed[16:20]])
    assert learned.is_sure
    assert learned.gone == [one.url for one in SAMPLES[16:20]]
    assert not learn([*SAMPLES[:12], *changed[12:30]]).is_sure  # most of them: something else is wrong


def test_a_template_without_a_category_is_learned() -> None:
    samples = [
        replace(one, body=one.body.replace(f"<strong>{one.known.category}</strong>".encode(), b"")) for one in SAMPLES
    ]
    learned = learn(samples[:20])
    assert learned.is_sure
    assert learned.entry["category"] == ""


@pytest.mark.parametrize(
    "name", ['a"] b', "x,y", "a{}", "</style>", "é" * 9, "1a", "a:not(b)", "\\", "[[articles]]", "x" * 5_000]
)
def test_names_that_are_no_plain_names_are_in_no_selector(name: str) -> None:
    spoiled = name.replace('"', "&quot;").replace("<", "&lt;").encode()
    samples = [replace(one, body=one.body.replace(b' class="', b' class="' + spoiled + b" ")) for one in SAMPLES]
    learned = learn(samples[:20])
    assert learned.is_sure
    assert name not in write_entry(learned.entry).replace("[[articles]]\n", "")
    assert len(read_layouts(write_entry(learned.entry))) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"<p>" * 30_000, b"\0", b"<html>" + b"<div>" * 19_000])
def test_pages_that_are_none_are_not_on_the_way(body: bytes) -> None:
    learned = learn([*SAMPLES[:20], Sample(body, "https://world.kbs.co.kr/x", None, SAMPLES[0].known)])
    assert learned.gone == ["https://world.kbs.co.kr/x"]
    assert learned.is_sure


ENTRY = write_entry(learn(SAMPLES[:20]).entry)


@pytest.mark.parametrize(
    "text",
    [
        "[[articles]",
        "[articles]\nhead = 1",
        "articles = [1]",
        "[[articles]]\nhead = 'div'",
        ENTRY.replace('title = "', 'title = "[['),
        ENTRY.replace('head = "', 'head = "", x = "'),
        ENTRY.replace('body = "', 'body = ""\nx = "'),
        ENTRY.replace('credit = "', 'credit = 3\nx = "'),
        ENTRY.replace('cut = "', f'cut = "{"a " * 2_000}'),
        ENTRY * 60,
        "#" * 200_000,
        "a = " + "[" * 50_000,
    ],
)
def test_a_layouts_file_that_is_none_is_refused_with_a_phrase(text: str) -> None:
    with pytest.raises(LayoutError) as refused:
        read_layouts(text)
    assert len(str(refused.value)) < 300


def test_an_own_layout_comes_before_those_of_the_project(seeds: object) -> None:
    assert extract_html(SAMPLES[0].body, SAMPLES[0].url, layouts=ENTRY).layout == "news"
    assert {one.difference("") for one in redesigned(2, 3)} == {BY_STRUCTURE}
    assert seeds
