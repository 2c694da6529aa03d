"""python -m tests.pictures (`make pictures`): make the README's pictures anew, into tests/pictures/.

A real crawl of a replica on a terminal, and pages of the reading room over what it stored, in a real Chromium.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from storage import ArticleStore
from tests.chromium import find_chromium
from tests.replica import Replica
from tests.storage.web.rooms import opened

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
ARTICLES, DAYS = 900, 300
_HASTE = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"]
# Ten rows of the article's own page are worth more than its footer.
_ARTICLE, _DASHBOARD = {"width": 1120, "height": 760}, {"width": 1120, "height": 1180}
_TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><style>
body { margin: 0; background: #17181b; } pre { margin: 0; padding: 18px 22px; display: inline-block;
color: #e9e8e4; font: 15px/1.45 "DejaVu Sans Mono", monospace; }</style><pre>%s</pre>"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kbsworld-pictures-") as name, sync_playwright() as playwright:
        database = Path(name) / "kbs.db"
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        with Replica(articles=ARTICLES, days=DAYS) as replica:
            own = {"KBS_DB": str(database), "KBS_ARCHIVE": f"{name}/archive", "KBS_BASE_URL": replica.base_url}
            terminal = _crawl(own)
            entry = replica.world.update(replica.world.entries[3])
            _crawl(own)
        _draw(browser, "crawl.png", lines=terminal)
        with ArticleStore(database) as store:
            [(key,)] = store.db.execute("select id from catalogue where url = ? and latest", [entry.truth.url])
        with opened(database) as room:
            address = room.address
            _draw(browser, "article.png", url=f"{address}kbs/catalogue/{key}", size=_ARTICLE)
            _draw(browser, "dashboard.png", url=f"{address}-/dashboards/fr", size=_DASHBOARD)
        browser.close()
    return 0


def _crawl(own: dict[str, str]) -> str:
    """What a crawl leaves on a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "scrapy", "crawl", "kbs_news", *_HASTE]
    environment = os.environ | own | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while data := os.read(ours, 1 << 16):
            shown += data
    os.close(ours)
    if status := process.wait():
        sys.exit(f"The crawl ended with {status}:\n{shown.decode()}")
    return _screen(shown.decode())


def _screen(written: str) -> str:
    """The lines that stay: what a carriage return takes back is written over."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in written.split("\n"))
    return "\n".join(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in lines).strip()


def _draw(browser: Browser, name: str, *, url: str = "", lines: str = "", size: dict[str, int] | None = None) -> None:
    page = browser.new_page(viewport=size or {"width": 900, "height": 300}, locale="fr-FR", color_scheme="light")  # type: ignore[arg-type]
    if lines:
        page.set_content(_TERMINAL % escape(f"$ scrapy crawl kbs_news\n{lines}"))
        page.locator("pre").screenshot(path=HERE / name)
    else:
        page.goto(url, wait_until="networkidle")
        page.screenshot(path=HERE / name)
    page.close()
    print(f"tests/pictures/{name}: {(HERE / name).stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
