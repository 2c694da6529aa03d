"""python -m tests.pictures (`make pictures`): make the README's pictures again, into tests/pictures/.

A real crawl of a replica on a terminal, and pages of the reading room over its database, in a real Chromium.
"""

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

from storage.web.lists import article_path
from tests.chromium import find_chromium
from tests.replica import Replica
from tests.storage.web.rooms import opened

HERE = Path(__file__).parent
CRAWL = [*("crawl", "kbs_news"), *("-s", "AUTOTHROTTLE_ENABLED=False"), *("-s", "DOWNLOAD_DELAY=0")]
TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><style>
body { margin: 0; background: #17181b; } pre { margin: 0; padding: 18px 22px; display: inline-block;
color: #e9e8e4; font: 15px/1.45 "DejaVu Sans Mono", monospace; }</style><pre>%s</pre>"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kbsworld-pictures-") as name, sync_playwright() as playwright:
        database = Path(name) / "kbs.db"
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        with Replica(articles=900, days=300) as replica:
            own = {"KBS_DB": str(database), "KBS_ARCHIVE": f"{name}/archive", "KBS_BASE_URL": replica.base_url}
            terminal = _crawl(own)
            entry = replica.world.update(replica.world.entries[3])
            _crawl(own)
        page = browser.new_page()
        page.set_content(TERMINAL % escape(f"$ kbsworld crawl kbs_news\n{terminal}"))
        page.locator("pre").screenshot(path=HERE / "crawl.png")
        with opened(database) as room:
            # High enough for the parts that matter, without the footer.
            _draw(browser, "front.png", room.address, 760)
            _draw(browser, "article.png", f"{room.address}{article_path(entry.truth.url)[1:]}", 760)
            _draw(browser, "dashboard.png", f"{room.address}-/dashboards/fr", 1180)
        browser.close()
    return 0


def _crawl(own: dict[str, str]) -> str:
    """The lines that a crawl leaves on a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | own | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "crawler", *CRAWL], env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while data := os.read(ours, 1 << 16):
            shown += data
    os.close(ours)
    if status := process.wait():
        sys.exit(f"The crawl ended with {status}:\n{shown.decode()}")
    # A carriage return takes back what is before it.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in shown.decode().split("\n"))
    return "\n".join(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in lines).strip()


def _draw(browser: Browser, name: str, url: str, height: int) -> None:
    page = browser.new_page(viewport={"width": 1120, "height": height}, locale="fr-FR", color_scheme="light")
    page.goto(url, wait_until="networkidle")
    page.screenshot(path=HERE / name)


if __name__ == "__main__":
    sys.exit(main())
