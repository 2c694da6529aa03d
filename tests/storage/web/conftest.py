"""One browser, and one room on each database, for all tests of the reading room."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import find_chromium
from tests.storage.web.reader import Reader
from tests.storage.web.rooms import Room, build, opened


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one these tests are skipped, but fail in CI."""
    program = find_chromium()
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium; CHROMIUM=PATH names one")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@pytest.fixture(scope="package")
def tab(browser: Browser) -> Reader:
    """The tab of a person who reads French; a new one for each test would take longer than the test."""
    return Reader(browser.new_context(locale="fr-FR").new_page())


@pytest.fixture(scope="package")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room on a database of the replica."""
    path = tmp_path_factory.mktemp("room") / "kbs.db"
    build(path)
    with opened(path) as room:
        yield room


@pytest.fixture
def reader(tab: Reader, room: Room) -> Iterator[Reader]:
    """That person in the room."""
    yield tab.enter(room.address)
    assert tab.complaints == []
