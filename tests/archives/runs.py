"""Running spiders against the test world, each call a real process, and what a test reads off a run."""

import json
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.archives.history import Seen
from tests.archives.reference import Expected
from tests.archives.world import ArchiveWorld
from tests.crawler.conftest import HASTE, own
from tests.crawler.prepared import Begun, prepared

#: Each spider as a test calls it for all that its archive holds.
COMMONCRAWL = ("kbs_commoncrawl", "-a", "crawls=all")
WAYBACK_MACHINE = ("kbs_wayback",)
#: After the last capture of the archives: when this test fetched a page of the site.
_NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Runs:
    """Calls of kbsworld with a database and an archive in `folder`."""

    archives: ArchiveWorld
    folder: Path

    def environment(self) -> dict[str, str]:
        """With a database and an archive of their own, and no wait between requests."""
        return self.archives.environment | own(self.folder)

    def crawl(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.call("crawl", *arguments, *HASTE, **environment)

    def call(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return prepared().run(*arguments, **self.environment() | environment)

    def begin(self, *arguments: str, **environment: str) -> Begun:
        return prepared().begin("crawl", *arguments, *HASTE, **self.environment() | environment)

    def site(self) -> subprocess.CompletedProcess[str]:
        """A crawl of the site that fetches every news article, known or not."""
        numbers = sorted(entry.seq for entry in self.archives.replica.world.entries)
        return self.crawl("kbs_articles", "-a", f"ids={numbers[0]}-{numbers[-1]}", "-a", "full=1")

    def stored(self, file: str = "kbs.db") -> Expected:
        """The rows of `articles` as the reference has them; `fetched_at` is "now" for a page of the site."""
        return {(row["url"], row["timestamp"]): _plain(row) for row in self.rows("articles", file)}

    def rows(self, table: str, file: str = "kbs.db") -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"select * from {table}")]  # noqa: S608

    def files(self) -> list[Path]:
        return sorted((self.folder / "archive").iterdir())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    place = {"archive_file", "archive_offset"}
    flags = {name: bool(row[name]) for name in ("has_video", "truncated")}
    paragraphs = {"paragraphs": json.loads(row["paragraphs"])}
    plain = {name: value for name, value in row.items() if name not in place} | flags | paragraphs
    return plain | ({"fetched_at": "now"} if row["fetched_at"] >= _NOW.isoformat() else {})


def shown_by_the_site(archives: ArchiveWorld) -> list[Seen]:
    """The captures of `Runs.site`."""
    site = archives.replica
    return [
        Seen(
            archive="site",
            moment=datetime(9999, 1, 1, tzinfo=UTC),
            address=entry.truth.url.replace("https://world.kbs.co.kr", site.base_url),
            body=b"",
            truth=entry.truth,
        )
        for entry in site.world.entries
    ]


def now(rows: Expected) -> Expected:
    """Rows of the reference with `fetched_at` as `Runs.stored` has it."""
    return {
        key: row | ({"fetched_at": "now"} if row["fetched_at"] > _NOW.isoformat() else {}) for key, row in rows.items()
    }


def difference(found: Expected, wanted: Expected) -> list[str]:
    """What is wrong with the rows found, a line each: short enough to read."""
    lines = [f"missing {key}" for key in wanted.keys() - found.keys()]
    lines += [f"too many {key}" for key in found.keys() - wanted.keys()]
    for key in wanted.keys() & found.keys():
        lines += [
            f"{key} {name}: {str(found[key].get(name))[:200]} instead of {str(value)[:200]}"
            for name, value in wanted[key].items()
            if found[key].get(name) != value
        ]
    return sorted(lines)
