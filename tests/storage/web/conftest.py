"""One browser, and one room on each database, for all tests of the reading room."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from extractors import Article
from tests.chromium import NAMES, find_chromium
from tests.storage.web.reader import Reader
from tests.storage.web.rooms import Room, build, opened


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one these tests are skipped, but fail in CI."""
    program = find_chromium()
    if program is None:
        reason = f"there is no Chromium ({', '.join(NAMES)}, or KBS_CHROMIUM)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def tab(browser: Browser) -> Reader:
    """The tab of a person who reads French; a new one for each test would take longer than the test."""
    return Reader(browser.new_context(locale="fr-FR").new_page())


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, list[Article]]]:
    """The room on a database of the replica, and all versions in it."""
    path = tmp_path_factory.mktemp("room") / "kbs.db"
    articles = build(path)
    with opened(path) as room:
        yield room, articles


@pytest.fixture
def room(filled: tuple[Room, list[Article]]) -> Room:
    return filled[0]


@pytest.fixture
def versions(filled: tuple[Room, list[Article]]) -> list[Article]:
    return filled[1]


@pytest.fixture
def newest(versions: list[Article]) -> list[Article]:
    """The newest version of each article, newest first."""
    latest = {article.url: article for article in sorted(versions, key=lambda one: one.timestamp or "")}
    return sorted(latest.values(), key=lambda one: one.timestamp or "", reverse=True)


@pytest.fixture
def reader(tab: Reader, room: Room) -> Iterator[Reader]:
    """That person in the room."""
    yield tab.enter(room.address)
    assert tab.complaints == []
