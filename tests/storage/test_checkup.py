"""What the doctor reads in a database, and how one is opened for it."""

import os
import tempfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extractors.address import site_url
from storage import ArticleStore, Capture, CrawlState, StoreError
from storage.checkup import NOT_KNOWN, days_of_news, integrity, texts
from storage.crawl_state import Coverage
from storage.database import open_to_read
from tests.replica import World
from tests.storage.checked import NOON, change, rows


def days(path: Path, *with_news: str) -> list[dict[str, Any]]:
    """What is found where the database holds news of these days, and no other article."""
    truth = World(articles=1).entries[0].truth
    change(path, "delete from articles")
    with ArticleStore(path) as store:
        for number, day in enumerate(with_news):
            written = datetime.fromisoformat(f"{day}T00:30:00+09:00")
            url = f"{truth.url}{number}"
            article = replace(truth, url=url, written_at=written, updated_at=None, timestamp=written.isoformat())
            store.add(article, Capture(url=url, fetched_at=NOON, body=b""))
    with open_to_read(path) as db:
        return days_of_news(db, NOON.date())


@pytest.mark.parametrize("values", ["paragraphs = '[1]'", f"paragraphs = '{'[' * 100_000}'", "text = text || '.'"])
def test_a_text_that_differs_from_its_paragraphs_is_found(path: Path, values: str) -> None:
    with open_to_read(path) as db:
        assert texts(db) == integrity(db) == []
    change(path, f"update articles set {values} where rowid = 1")  # noqa: S608
    with open_to_read(path) as db:
        [damaged] = texts(db)
    assert damaged.endswith("its text differs from its paragraphs")


def test_ranges_of_days_say_whether_days_without_news_were_read(path: Path) -> None:
    with ArticleStore(path) as store:
        for day, read_at in ((2, "2026-11-03T00:00:00"), (3, "2026-11-03T23:59:59"), (6, "2026-11-10T00:00:00")):
            coverage = Coverage(complete_from="", complete_to=datetime.fromisoformat(f"{read_at}+09:00"))
            CrawlState(store).save_coverage(site_url("day", "f", day=date(2026, 11, day)), coverage)
    found = days(path, "2026-11-01", "2026-11-05", "2026-11-08")
    assert [(row["from"].day, row["to"].day, row["days"], row["news"]) for row in found] == [
        (1, 1, 1, "every day"),
        (2, 2, 1, "none: read and empty"),
        (3, 4, 2, NOT_KNOWN),  # the 3rd was read before it was over
        (5, 5, 1, "every day"),
        (6, 6, 1, "none: read and empty"),
        (7, 7, 1, NOT_KNOWN),
        (8, 8, 1, "every day"),
    ]


def test_ninety_days_are_examined_and_none_after_today(path: Path) -> None:
    last = date(2026, 11, 20)
    first, *_ = days(path, "2020-01-01", f"{last}", "2099-01-01")
    assert (first["from"], first["to"], first["news"]) == (last - timedelta(89), last - timedelta(1), NOT_KNOWN)


# --- opened for reading ---


def test_a_truncated_database_is_reported_as_damaged(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match=r"is damaged \(.*\); restore a copy of it\."), open_to_read(path):
        pass


def test_a_database_in_a_read_only_folder_is_read(path: Path) -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kbs.db").write_bytes(path.read_bytes())
        (folder / "kbs.db").chmod(0o444)
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)  # permissions do not apply to root
        try:
            assert len(rows(folder / "kbs.db").named) == 1
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
