"""A person at a browser, and what must be true of every page they see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

# Pages that are made of the same elements differ in words alone: one of them is examined for each look of it.
_EXAMINED: set[tuple[object, ...]] = set()
_MADE_OF = """() => [...new Set([...document.querySelectorAll('*')].map(one =>
    [one.tagName, one.getAttribute('class'), one.getAttribute('aria-current'), one.lang].join(' ')))].sort().join()"""

DESKTOP, PHONE = (1280, 800), (390, 844)
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_FINDINGS = "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(v => [v.id, v.nodes[0].html]))"
# Another width or another light takes effect with a frame.
_IS_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Reader:
    """A browser's tab in which pages of one room are looked at.

    Attributes:
        page: Playwright's.
        complaints: what must not have been: requests to elsewhere, messages on the console, errors, dialogs.
        listeners: who notes that, by Playwright's name of the event.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.address = address
        self.page = page
        self.complaints: list[str] = []
        self._refused: set[str] = set()
        self.listeners: dict[str, Callable[[Any], None]] = {
            "request": self._requested,
            "console": self._said,
            "pageerror": lambda error: self.complaints.append(f"error: {error}"),
            "dialog": lambda dialog: self.complaints.append(f"dialog: {dialog.message}"),
            "popup": lambda window: self.complaints.append(f"window: {window.url}"),
        }

    def open(self, path: str, status: int = 200) -> Page:
        """Go to a page, and look at it."""
        if status >= 400:
            self._refused.add(self.address + path.removeprefix("/"))
        answer = self.page.goto(self.address + path.removeprefix("/"))
        assert answer is not None
        assert answer.status == status, answer.text()[:300]
        return self.look()

    def click(self, selector: str) -> Page:
        """Follow a link or press a button that leads to another page, and look at that."""
        with self.page.expect_navigation():
            self.page.click(selector)
        return self.look()

    def press(self, key: str) -> Page:
        """Press a key that leads to another page, and look at that."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        return self.look()

    def look(self) -> Page:
        """Wait until the page is whole, and check what must be true of every page."""
        self.page.wait_for_load_state()
        expect(self.page.locator(".drawing:not(.failed):not(:has(svg .role-frame))")).to_have_count(0, timeout=20_000)
        self.page.evaluate(_IS_PAINTED)
        assert self.page.evaluate(_TOO_WIDE) <= 0, f"{self.page.url} can be pushed sideways"
        self._examine()
        assert self.complaints == [], f"{self.page.url}: {self.complaints}"
        return self.page

    def _examine(self) -> None:
        """Look for barriers to people with a screen reader, a keyboard, or weak eyes."""
        page = self.page
        is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        look = (page.evaluate(_MADE_OF), is_dark, page.evaluate("innerWidth"))
        if look not in _EXAMINED:
            page.evaluate(_AXE)
            findings = page.evaluate(_FINDINGS)
            assert findings == [], f"{page.url}: {findings}"
            _EXAMINED.add(look)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")) or request.method != "GET":
            self.complaints.append(f"request: {request.method} {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # A browser says of each page that is refused that it is; no test asks for one unawares.
        if message.type in {"error", "warning"} and message.location["url"] not in self._refused:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")


@contextmanager
def reading(page: Page, address: str) -> Iterator[Reader]:
    """A tab in which a room is visited, by day and at a desk to begin with."""
    reader = Reader(page, address)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    for event, listener in reader.listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        yield reader
        assert reader.complaints == []
        assert page.url.startswith(address)
    finally:
        for event, listener in reader.listeners.items():
            page.remove_listener(event, listener)
        page.goto("about:blank")


def someone(browser: Browser, locale: str = "fr-FR") -> BrowserContext:
    """A person at a desk, who has their language and no cookie."""
    return browser.new_context(locale=locale)
