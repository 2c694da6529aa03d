"""python -m tests.demo (`make demo`): the whole walk without the site, as a person would see it.

Starts the replica, crawls it with the real spider and pipeline into data/demo.db, and shows what came out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from storage import ArticleStore
from tests.replica import Replica

CHECKOUT = Path(__file__).parents[1]
SEED = Path("seeds") / "000_6ad28e2ce761a03c.txt"
SHOWN = 8


def main() -> int:
    folder = CHECKOUT / "data"
    database = folder / "demo.db"
    before = _stored(database)
    with Replica() as replica:
        print(f"A KBS World on loopback serves at {replica.base_url}; crawling it.\n", flush=True)
        status = _scrapy(
            # The manners are for the site; a replica on loopback needs no rest between pages.
            *["crawl", "kbs_news", "-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"],
            KBS_BASE_URL=replica.base_url,
            KBS_DB=str(database),
            KBS_ARCHIVE=str(folder / "demo-archive"),
        )
    if status:
        return status
    new = _stored(database) - before
    print(f"\n{new} new in data/demo.db." if new else "\nNothing is new: all of it was in data/demo.db already.")
    _show(database)
    print("\nAnd the saved page of the real site, clean (scrapy extract --format text):\n", flush=True)
    status = _scrapy("extract", str(SEED), "--format", "text")
    print("\nTo read the articles: KBS_DB=data/demo.db KBS_ARCHIVE=data/demo-archive make browse")
    return status


def _stored(database: Path) -> int:
    if not database.exists():
        return 0
    with ArticleStore(database) as store:
        return len(store)


def _show(database: Path) -> None:
    print("\nThe newest articles:\n")
    with ArticleStore(database) as store:
        for article in store.newest(SHOWN):
            when = (article.timestamp or "").replace("T", " ")[:16]
            print(f"  {when}  {article.category or '':<13}  {len(article.text.split()):>4} words  {article.title}")


def _scrapy(*arguments: str, **environment: str) -> int:
    command = [sys.executable, "-m", "scrapy", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
