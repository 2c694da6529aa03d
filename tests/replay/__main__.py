"""python -m tests.replay (`make replay`): a crawl's archive, played back by pywb, against the truth of the replica.

Crawls the replica with real processes, one article twice so that its second capture is a revisit record, has pywb make
a collection of the WARC files and serve it, and extracts the article from what pywb plays back of both captures. Then
has py-wacz pack the files, and re-extracts the WACZ into a database that must equal the crawl's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from extractors import Article, NotAnArticle, extract_html
from storage import ArticleStore
from tests.replay.wayback import BIN, Page, ReplayError, fetch, make_collection, serve
from tests.replica import Replica
from tests.replica.world import Entry

CHECKOUT = Path(__file__).parents[2]
ARTICLES = 12
# Seconds that a crawl may take.
PATIENCE = 120


@dataclass(frozen=True)
class Record:
    """One record of a page: `response` or `revisit`, its address, and when it was captured, to the second."""

    kind: str
    url: str
    captured: datetime


def main() -> int:
    # So that pywb is stopped then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not (BIN / "wayback").exists():
        print("pywb is not set up; run make replay.", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="kbsworld-replay-") as folder:
            _replay(Path(folder))
    except ReplayError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _replay(folder: Path) -> None:
    with Replica(articles=ARTICLES) as replica:
        entry = replica.world.entries[0]
        _crawl(folder, replica, "kbs_news", "-a", "full=1")
        time.sleep(1)  # a timestamp of pywb's goes to the second
        _crawl(folder, replica, "kbs_articles", "-a", f"ids={entry.seq}", "-a", "full=1")
        base_url = replica.base_url
    # From here on nothing serves the pages but pywb.
    files = sorted((folder / "archive").iterdir())
    records = list(_records(files))
    counts = {kind: sum(record.kind == kind for record in records) for kind in ("response", "revisit")}
    print(f"Crawled into {len(files)} WARC files: {counts['response']} responses, {counts['revisit']} revisits.")
    make_collection(folder, files)
    with serve(folder) as base:
        print(f"pywb serves them at {base}.", flush=True)
        for kind in counts:
            found = [record for record in records if record.kind == kind and record.url.endswith(f"={entry.seq}")]
            if len(found) != 1:
                raise ReplayError(f"The archive has {len(found)} {kind} records of article {entry.seq}, not one.")
            page = fetch(base, f"{found[0].captured:%Y%m%d%H%M%S}", found[0].url)
            _compare(found[0], page, entry)
            print(f"From the {kind} of {found[0].captured:%H:%M:%S} comes the article, exact: {entry.truth.title}")
    _pack(folder, files, base_url)


def _pack(folder: Path, files: list[Path], base_url: str) -> None:
    """Have py-wacz pack an archive, and compare what comes out of that with what the crawl stored."""
    wacz, other = folder / "crawl.wacz", folder / "other.db"
    _run([str(BIN / "wacz"), "create", "-o", str(wacz), *map(str, files)], {})
    own = {"KBS_BASE_URL": base_url, "KBS_DB": str(other), "KBS_ARCHIVE": ""}
    _run([sys.executable, "-m", "scrapy", "reextract", str(wacz)], own)
    stored, again = _articles(folder / "kbs.db"), _articles(other)
    if again != stored:
        raise ReplayError(f"Out of the WACZ come other articles ({len(again)}) than the crawl stored ({len(stored)}).")
    print(f"py-wacz packs the archive into one file; out of that come the same {len(again)} articles.")


def _articles(database: Path) -> list[Article]:
    with ArticleStore(database) as store:
        return store.newest(10 * ARTICLES)


def _crawl(folder: Path, replica: Replica, *arguments: str) -> None:
    own = {"KBS_BASE_URL": replica.base_url, "KBS_DB": str(folder / "kbs.db"), "KBS_ARCHIVE": str(folder / "archive")}
    # The manners are for the site; a replica on loopback needs no rest between pages.
    settings = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"]
    _run([sys.executable, "-m", "scrapy", "crawl", *arguments, *settings], own)


def _run(command: list[str], own: dict[str, str]) -> None:
    name = " ".join(command[:5])
    try:
        run = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=os.environ | own,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReplayError(f"{name} did not end within {PATIENCE} s; try again.") from None
    if run.returncode:
        raise ReplayError(f"{name} ended with {run.returncode}:\n{run.stderr}")


def _records(files: list[Path]) -> Iterator[Record]:
    for file in files:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type in {"response", "revisit"}:
                    captured = datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    yield Record(record.rec_type, url, captured.astimezone(UTC).replace(microsecond=0))


def _compare(record: Record, page: Page, entry: Entry) -> None:
    """Hold what pywb played back against the truth of the page.

    Raises:
        ReplayError: it is another capture, or another article.
    """
    if not page.captured or parsedate_to_datetime(page.captured) != record.captured:
        moment = page.captured or "no moment"
        raise ReplayError(f"For the {record.kind} of {record.captured} pywb gave the capture of {moment}.")
    try:
        article = replace(extract_html(page.body, entry.truth.url), source_url=None)
    except NotAnArticle as refusal:
        raise ReplayError(f"What pywb gave for the {record.kind} is no article: {refusal.reason}.") from None
    differing = [name for name, value in entry.truth.to_dict().items() if article.to_dict()[name] != value]
    if differing:
        raise ReplayError(f"What pywb gave for the {record.kind} differs from the truth in {', '.join(differing)}.")


if __name__ == "__main__":
    sys.exit(main())
