"""python -m tests.demo (`make demo`): a crawl without the site, as a user sees it.

Starts the replica, crawls it with the real spider and pipeline into data/demo.db, and shows the result.
"""

import os
import subprocess
import sys
from pathlib import Path

from storage import ArticleStore
from tests.replica import Replica

CHECKOUT = Path(__file__).parents[1]
SEED = "seeds/000_6ad28e2ce761a03c.txt"


def main() -> int:
    folder = CHECKOUT / "data"
    database = folder / "demo.db"
    before = _stored(database)
    with Replica() as replica:
        print(f"A replica of the site is at {replica.base_url}; crawling it.\n", flush=True)
        status = _kbsworld(
            # Without the delays, which are for the site.
            *["crawl", "kbs_news", "-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"],
            KBS_BASE_URL=replica.base_url,
            KBS_DB=str(database),
            KBS_ARCHIVE=str(folder / "demo-archive"),
        )
    if status:
        return status
    new = _stored(database) - before
    print(f"\n{new} new in data/demo.db." if new else "\nNothing is new: data/demo.db has all of it already.")
    print("\nThe newest articles:\n")
    with ArticleStore(database) as store:
        for article in list(store)[:-9:-1]:
            when = (article.timestamp or "").replace("T", " ")[:16]
            print(f"  {when}  {article.category or '':<13}  {len(article.text.split()):>4} words  {article.title}")
    print("\nAnd the saved page of the real site, clean (kbsworld extract --format text):\n", flush=True)
    status = _kbsworld("extract", SEED, "--format", "text")
    demo = "KBS_DB=data/demo.db KBS_ARCHIVE=data/demo-archive"
    print(f"\nTo read the articles: {demo} make browse")
    print(f"To extract their pages again: {demo} KBS_BASE_URL={replica.base_url} .venv/bin/kbsworld reextract")
    return status


def _stored(database: Path) -> int:
    if not database.exists():
        return 0
    with ArticleStore(database) as store:
        return len(store)


def _kbsworld(*arguments: str, **environment: str) -> int:
    command = [sys.executable, "-m", "crawler", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
