"""A person at a browser, and what must be true of every page they see."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import ConsoleMessage, Page, Request, expect

DESKTOP, PHONE = (1280, 800), (390, 844)

# Pages made of the same elements differ only in words: one of them is examined in each width and light.
_EXAMINED: set[tuple[object, ...]] = set()
_MADE_OF = """() => [...new Set([...document.querySelectorAll('*')].map(one =>
    [one.tagName, one.getAttribute('class'), one.getAttribute('aria-current'), one.lang].join(' ')))].sort().join()"""
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_FINDINGS = "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(v => [v.id, v.nodes[0].html]))"
# Another width or another light takes effect with a frame.
_IS_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Reader:
    """A browser's tab; `complaints` are requests to elsewhere, messages on the console, errors and dialogs."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._address = ""
        self._refused: str | None = None
        self._light = "light"
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("popup", lambda window: self.complaints.append(f"window: {window.url}"))

    def enter(self, address: str) -> Reader:
        self.page.goto("about:blank")
        self._address = address
        self.complaints.clear()
        self.show(DESKTOP, "light")
        return self

    def show(self, size: tuple[int, int], light: str) -> None:
        """Set the size of the window, and day (`light`) or night (`dark`)."""
        self._light = light
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=light, reduced_motion="reduce")  # type: ignore[arg-type]

    def open(self, path: str, status: int = 200) -> Page:
        """Go to a page, and look at it."""
        self._refused = path if status >= 400 else None
        answer = self.page.goto(self._address.rstrip("/") + path)
        assert answer is not None
        assert answer.status == status, answer.text()[:300]
        return self.look()

    def follow(self, selector: str) -> Page:
        """Press Enter on a link, a button or a field that leads to another page, and look at it."""
        with self.page.expect_navigation():
            self.page.press(selector, "Enter")
        return self.look()

    def look(self) -> Page:
        """Wait until the page is whole, and check what must be true of every page."""
        self.page.wait_for_load_state()
        expect(self.page.locator(".drawing:not(.failed):not(:has(svg .role-frame))")).to_have_count(0, timeout=20_000)
        self.page.evaluate(_IS_PAINTED)
        assert self.page.evaluate(_TOO_WIDE) <= 0, f"{self.page.url} is wider than its window"
        # Barriers to people with a screen reader, a keyboard, or weak eyes.
        look = (self.page.evaluate(_MADE_OF), self._light, self.page.evaluate("innerWidth"))
        if look not in _EXAMINED:
            self.page.evaluate(_AXE)
            assert self.page.evaluate(_FINDINGS) == [], self.page.url
            _EXAMINED.add(look)
        assert self.complaints == [], f"{self.page.url}: {self.complaints}"
        return self.page

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self._address or "about:", "data:")) or request.method != "GET":
            self.complaints.append(f"request: {request.method} {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # The browser reports each refused page; tests expect those.
        refused = self._refused and message.location["url"].endswith(self._refused)
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")
