"""Databases for the reading room, and the reading room on them: `browse` in a second process."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from extractors import Article
from extractors.article import KST
from storage import ArticleStore, Capture, CrawlState
from tests.replica import World

CHECKOUT = Path(__file__).parents[3]
NOON = datetime(2026, 11, 21, 3, tzinfo=UTC)
#: Refused pages: reason -> how many.
REFUSED = {"an error page": 3, "no article": 1}

#: An article in three versions.
SUMMIT = Article(
    url="https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=99001",
    kind="news",
    lang="fr",
    title="Sommet entre la Corée du Sud et les États-Unis",
    category="Politique",
    written_at=datetime(2026, 11, 19, 17, 51, tzinfo=KST),
    paragraphs=(
        "Le président a promis 12 trains à l’Assemblée.",
        "« Rien n’est décidé », a-t-il dit.",
        "Un communiqué suivra.",
    ),
    image_url="https://worldimg.kbs.co.kr/src/images/news/99001.jpg",
    image_credit="YONHAP News",
    layout="news",
)
SECOND = replace(
    SUMMIT,
    updated_at=datetime(2026, 11, 19, 18, 30, tzinfo=KST),
    timestamp=None,
    paragraphs=("Le président a promis 15 trains à l’Assemblée.", *SUMMIT.paragraphs[1:]),
)
THIRD = replace(
    SECOND,
    title="Sommet entre la Corée du Sud et le Japon",
    updated_at=datetime(2026, 11, 20, 9, 5, tzinfo=KST),
    timestamp=None,
    paragraphs=(*SECOND.paragraphs[:2], "La suite demain."),
)

#: What stood in THIRD before it was edited without a new date.
BEFORE = replace(THIRD, title="Sommet entre la Corée du Sud et la Chine")


def _versions() -> list[Article]:
    world = World(articles=24, days=90)
    entries = [*world.entries, *world.features, *(one for one in world.programmes if one.truth.written_at)]
    entries += [world.update(entry) for entry in world.entries[5:7]]
    return [*(entry.truth for entry in entries), SUMMIT, SECOND, THIRD]


#: All versions of the articles in the room.
VERSIONS = _versions()


def build(path: Path) -> None:
    """Make a database of VERSIONS and of REFUSED."""
    add(path, VERSIONS)
    with ArticleStore(path) as store, store.batch():
        store.add(BEFORE, Capture(url=BEFORE.url, fetched_at=NOON - timedelta(hours=1), body=b""))
        crawl_state = CrawlState(store)
        run = crawl_state.begin_run("kbs_news", {}, NOON)
        for number, reason in enumerate(Counter(REFUSED).elements()):
            store.refuse(Capture(url=f"https://world.kbs.co.kr/page{number}", fetched_at=NOON, body=b""), reason)
        pages = len(VERSIONS)
        crawl_state.end_run(run, NOON, [], reason="finished", exit_status=0, pages=pages, new=pages)


def add(path: Path, articles: Sequence[Article]) -> None:
    """Store articles as if they had been fetched one second after the other."""
    with ArticleStore(path) as store, store.batch():
        for number, article in enumerate(articles):
            store.add(article, Capture(url=article.url, fetched_at=NOON + timedelta(seconds=number), body=b""))


@dataclass(frozen=True)
class Room:
    """An open reading room: the address of its front page, and a client for asking without a browser."""

    address: str
    database: Path
    process: subprocess.Popen[str]
    client: httpx.Client

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        self.client.cookies.clear()
        return self.client.request(method, path, headers=headers)

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        """Close it with a signal: its terminal shows that it opened and that it closed, and nothing more."""
        self.process.send_signal(number)
        assert self.process.wait(timeout=20) == 0
        assert self.process.stderr is not None
        opened, closed = self.process.stderr.read().splitlines()
        assert ("Ctrl-C" in opened, closed) == (True, "Closed.")


@contextmanager
def opened(database: Path, *options: str, first: str = "") -> Iterator[Room]:
    """The reading room on a database and a free port; `first`: Python that the process runs before the command."""
    call = ["kbsworld", "browse", "--port", "0", *options]
    browse = f"{first}\nimport sys\nfrom crawler.__main__ import main\nsys.argv = {call}\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", browse],
        cwd=CHECKOUT,
        env=os.environ | {"KBS_DB": str(database)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            with httpx.Client(base_url=address, timeout=20) as client:
                yield Room(address, database, process, client)
        finally:
            process.terminate()
            process.communicate(timeout=20)
