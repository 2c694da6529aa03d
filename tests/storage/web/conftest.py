"""One browser, and one room on each database, for all tests of the reading room."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from extractors import Article
from tests.chromium import NAMES, find_chromium
from tests.storage.web.reader import Reader, reading, someone
from tests.storage.web.rooms import Room, build, opened


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Where there is none these tests are skipped, but not in CI."""
    program = find_chromium()
    if program is None:
        reason = f"there is no Chromium ({', '.join(NAMES)}, or KBS_CHROMIUM)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


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


@pytest.fixture(scope="package")
def tab(browser: Browser) -> Iterator[Page]:
    """A tab of somebody who speaks French; a new one each time would take longer than what is done in it."""
    with someone(browser) as context:
        yield context.new_page()


@pytest.fixture
def reader(tab: Page, room: Room) -> Iterator[Reader]:
    """The same, in the room."""
    with reading(tab, room.address) as reader:
        yield reader
