"""A database and an archive to be damaged, and how the tests look at them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from storage import ArchiveWriter, ArticleStore, Capture, CrawlState
from storage.archive.check import ArchiveReport, check_archive
from storage.checkup import Examination, examine
from storage.database import read_undisturbed
from tests.replica import World

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 24)
COUNT = 6
FILE = "kbs_news-20261124T120000123456Z-1.warc.gz"
SECOND = timedelta(seconds=1)


def make(tmp_path: Path) -> Path:
    """A database of six articles of one day, their pages archived in one file by a run that ended."""
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"})
    with ArticleStore(tmp_path / "kbs.db") as store:
        crawl_state = CrawlState(store)
        run = crawl_state.begin_run("kbs_news", {}, NOON - SECOND)
        for number, article in enumerate(World(articles=COUNT).entries):
            url = article.truth.url
            # What does not compress, so that each member is long enough to be damaged in its middle.
            body = random.Random(number).randbytes(20_000)
            location = writer.write(
                url=url,
                fetched_at=NOON,
                request_line="GET / HTTP/1.1",
                request_headers=[],
                status_line="HTTP/1.1 200 OK",
                headers=[("Content-Type", "text/html")],
                body=body,
            )
            capture = Capture(url=url, fetched_at=NOON, body=body, location=location)
            store.add(replace(article.truth, source_url=url), capture)
        crawl_state.end_run(run, NOON + SECOND, [], reason="finished", exit_status=0, pages=6, new=6)
    writer.close()
    [written] = (tmp_path / "archive").iterdir()
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute("update articles set archive_file = ?", [FILE])
    written.rename(tmp_path / "archive" / FILE)
    return tmp_path / "kbs.db"


def change(path: Path, sql: str, *values: object) -> None:
    with ArticleStore(path) as store:
        store.db.execute(sql, values)


def found(path: Path) -> Examination:
    return read_undisturbed(path, lambda db: examine(db, TODAY))


def archive(path: Path) -> ArchiveReport:
    here = found(path)
    return check_archive(path.parent / "archive", here.rows)


def offsets(path: Path) -> list[int]:
    return [offset for file in found(path).rows.named.values() for offset in sorted(file)]
