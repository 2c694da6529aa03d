"""A database and an archive to be damaged, and how the tests look at them."""

import os
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from storage import ArchiveWriter, ArticleStore, Capture
from storage.archive.check import ArchiveReport, Rows, check_archive
from storage.checkup import archived_rows
from storage.database import open_to_read
from tests.replica import World

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
COUNT = 6
FILE = f"kbs_news-20261124T120000123456Z-{os.getpid()}.warc.gz"


def make(tmp_path: Path) -> Path:
    """A database of six articles of one day, and their pages archived in one file."""
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"})
    with ArticleStore(tmp_path / "kbs.db") as store:
        for number, article in enumerate(World(articles=COUNT).entries):
            url = article.truth.url
            # What does not compress, so that each member is long enough to be damaged in its middle.
            body = random.Random(number).randbytes(20_000)
            place = writer.write(
                url=url,
                fetched_at=NOON,
                request_line="GET / HTTP/1.1",
                request_headers=[],
                status_line="HTTP/1.1 200 OK",
                headers=[("Content-Type", "text/html")],
                body=body,
            )
            capture = Capture(url=url, fetched_at=NOON, body=body, location=place.location)
            store.add(replace(article.truth, source_url=url), capture)
    writer.close()
    return tmp_path / "kbs.db"


def change(path: Path, sql: str, *values: object) -> None:
    with ArticleStore(path) as store:
        store.db.execute(sql, values)


def rows(path: Path) -> Rows:
    with open_to_read(path) as db:
        return archived_rows(db)


def archive(path: Path, *, quick: bool = False) -> ArchiveReport:
    return check_archive(path.parent / "archive", rows(path), lambda *_: None, quick=quick)


def offsets(path: Path) -> list[int]:
    return [offset for file in rows(path).named.values() for offset in sorted(file)]
