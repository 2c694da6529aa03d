"""python -m tests.replay (`make replay`): other programs read the archive of a crawl.

Crawls the replica with real processes, one article twice so that its second capture is a revisit record. pywb makes a
collection of the WARC files and serves it: what it plays back of both captures must be the article, exactly. py-wacz
packs the files: a re-extraction of the WACZ must give the articles that the crawl stored.
"""

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from extractors import Article, extract_html
from storage import ArticleStore
from tests.replay.wayback import BIN, OPENER, PATIENCE, pywb
from tests.replica import Replica

CHECKOUT = Path(__file__).parents[2]
ARTICLES = 12
COLLECTION = "kbs"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kbsworld-replay-") as name:
        folder = Path(name)
        with Replica(articles=ARTICLES) as replica:
            truth, seq = replica.world.entries[0].truth, replica.world.entries[0].seq
            _kbsworld(folder, replica.base_url, "crawl", "kbs_news")
            time.sleep(1)  # pywb's timestamps are to the second
            _kbsworld(folder, replica.base_url, "crawl", "kbs_articles", "-a", f"ids={seq}", "-a", "full=1")
        files = sorted((folder / "archive").iterdir())
        print(f"Crawled into {len(files)} WARC files.", flush=True)
        _play_back(folder, files, truth)
        _pack(folder, files, replica.base_url)
    return 0


def _kbsworld(folder: Path, base_url: str, *arguments: str, **own: str) -> None:
    settings = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"] if arguments[0] == "crawl" else []
    where = {"KBS_DB": str(folder / "kbs.db"), "KBS_ARCHIVE": str(folder / "archive"), "KBS_BASE_URL": base_url}
    _run([sys.executable, "-m", "crawler", *arguments, *settings], CHECKOUT, where | own)


def _run(command: list[str], folder: Path, own: dict[str, str] | None = None) -> None:
    environment = os.environ | (own or {})
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )
    if run.returncode:
        sys.exit(f"{' '.join(command[:5])} ended with {run.returncode}:\n{run.stderr}")


def _play_back(folder: Path, files: list[Path], truth: Article) -> None:
    _run([str(BIN / "wb-manager"), "init", COLLECTION], folder)
    _run([str(BIN / "wb-manager"), "add", COLLECTION, *map(str, files)], folder)
    number = truth.url.rpartition("=")[2]
    records = sorted(record for record in _records(files) if record[1].endswith(f"={number}"))
    if [kind for kind, _, _ in records] != ["response", "revisit"]:
        sys.exit(f"The archive has other records of the article than a response and a revisit: {records}")
    with pywb(folder) as base:
        for kind, url, captured in records:
            address = f"{base}/{COLLECTION}/{captured:%Y%m%d%H%M%S}id_/{url}"
            with OPENER.open(address, timeout=PATIENCE) as response:
                body = response.read()
                played, packed = response.headers["Memento-Datetime"], response.headers["Content-Encoding"] == "gzip"
            if parsedate_to_datetime(played) != captured:
                sys.exit(f"For the {kind} of {captured} pywb gave the capture of {played}.")
            article = extract_html(gzip.decompress(body) if packed else body, truth.url)
            if replace(article, source_url=None) != truth:
                sys.exit(f"What pywb gave for the {kind} differs from the truth:\n{article}\n{truth}")
            print(f"pywb plays the {kind} of {captured:%H:%M:%S} back, exact: {truth.title}", flush=True)


def _records(files: list[Path]) -> Iterator[tuple[str, str, datetime]]:
    """Kind (`response` or `revisit`), address, and time to the second of each record of a page."""
    for file in files:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type in {"response", "revisit"}:
                    captured = datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    yield record.rec_type, url, captured.astimezone(UTC).replace(microsecond=0)


def _pack(folder: Path, files: list[Path], base_url: str) -> None:
    wacz, other = folder / "crawl.wacz", folder / "other.db"
    _run([str(BIN / "wacz"), "create", "-o", str(wacz), *map(str, files)], folder)
    _kbsworld(folder, base_url, "reextract", str(wacz), KBS_DB=str(other), KBS_ARCHIVE="")
    with ArticleStore(folder / "kbs.db") as crawled, ArticleStore(other) as packed:
        stored, again = list(crawled), list(packed)
    if again != stored or len(stored) != ARTICLES:
        sys.exit(f"The WACZ gives other articles ({len(again)}) than the crawl stored ({len(stored)}).")
    print(f"py-wacz packs the archive into one file, which gives the same {len(again)} articles.")


if __name__ == "__main__":
    sys.exit(main())
