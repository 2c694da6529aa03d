"""Whom the reading room answers, over real HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.storage.web.rooms import Room


@pytest.mark.parametrize("path", ["/kbs?sql=select+1", "/kbs.json?sql=select+1", "/search?q=coree"])
def test_a_page_of_another_site_gets_no_answer(room: Room, path: str) -> None:
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert room.ask(path, **image).status == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert room.ask(path, **link).status == 403
    assert room.ask("/kbs/catalogue/1", **link).status == 200
    assert room.ask(path, **{"Sec-Fetch-Site": "same-origin"}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_here(room: Room, method: str) -> None:
    answer = room.ask("/kbs/articles", method)
    assert (answer.status, answer.text.count("\n")) == (405, 1)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/\r\nx: y"]
)
def test_a_picked_language_leads_back_to_this_room_and_nowhere_else(room: Room, back: str) -> None:
    answer = room.ask(f"/-/language/en?back={quote(back, safe='')}")
    assert (answer.status, answer.headers["location"]) == (302, "/")
    answer = room.ask(f"/-/language/en?back={quote('/search?q=cor%C3%A9e', safe='')}")
    assert answer.headers["location"] == "/search?q=cor%C3%A9e"


def test_there_is_one_database_alone_and_no_value_without_end(room: Room) -> None:
    assert room.ask("/_memory.json?sql=select+1").status == 404
    assert room.ask("/kbs.json?sql=select+hex(zeroblob(9000000))").status == 400


@pytest.mark.parametrize("query", ["title:sommet", "(nord OR sud) sommet", "sommet NOT nord", "somm*", '"', "coree"])
def test_the_list_finds_what_the_search_finds(room: Room, query: str) -> None:
    page = room.ask(f"/search?q={quote(query)}").text
    listed = json.loads(room.ask(f"/kbs/catalogue.json?latest=1&_size=50&_shape=array&_search={quote(query)}").text)
    assert page.count('<ol class="cards">') == bool(listed)
    assert page.count("/kbs/catalogue/") == len(listed)
