"""Whom the reading room answers, over real HTTP."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import quote, urlsplit

import pytest

from tests.storage.datasette.rooms import Room


def ask(room: Room, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(urlsplit(room.address).netloc, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


@pytest.mark.parametrize("path", ["/kbs?sql=select+1", "/kbs.json?sql=select+1", "/search?q=coree"])
def test_a_page_of_another_site_gets_no_answer(room: Room, path: str) -> None:
    image = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert ask(room, path, **image)[0].status == 403
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert ask(room, path, **link)[0].status == 403
    assert ask(room, "/kbs/catalogue/1", **link)[0].status == 200
    assert ask(room, path, Sec_Fetch_Site="same-origin")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_here(room: Room, method: str) -> None:
    response, body = ask(room, "/kbs/articles", method)
    assert (response.status, body.count("\n")) == (405, 1)
    assert "default-src 'none'" in str(response.getheader("content-security-policy"))


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/\r\nx: y"]
)
def test_a_picked_language_leads_back_to_this_room_and_nowhere_else(room: Room, back: str) -> None:
    response, _ = ask(room, f"/-/language/en?back={quote(back, safe='')}")
    assert (response.status, response.getheader("location")) == (302, "/")
    response, _ = ask(room, f"/-/language/en?back={quote('/search?q=cor%C3%A9e', safe='')}")
    assert response.getheader("location") == "/search?q=cor%C3%A9e"


def test_there_is_one_database_alone_and_no_value_without_end(room: Room) -> None:
    assert ask(room, "/_memory.json?sql=select+1")[0].status == 404
    assert ask(room, "/kbs.json?sql=select+hex(zeroblob(9000000))")[0].status == 400


@pytest.mark.parametrize("query", ["title:sommet", "(nord OR sud) sommet", "sommet NOT nord", "somm*", '"', "coree"])
def test_the_list_finds_what_the_search_finds(room: Room, query: str) -> None:
    page = ask(room, f"/search?q={quote(query)}")[1]
    listed = json.loads(ask(room, f"/kbs/catalogue.json?latest=1&_size=50&_shape=array&_search={quote(query)}")[1])
    assert page.count('<ol class="cards">') == bool(listed)
    assert page.count("/kbs/catalogue/") == len(listed)
