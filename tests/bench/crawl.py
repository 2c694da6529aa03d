"""python -m tests.bench.crawl: the page rate of `kbsworld crawl kbs_news` next to that of a bare Scrapy spider.

Both download the same pages of a replica in this process, one at a time and without delays. The bare spider ignores
them; the crawl archives, extracts and stores them. Whole processes are timed, in turn.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from storage import ArticleStore
from tests.bench.processes import measure
from tests.bench.report import Figure, conclude, print_table
from tests.replica import Replica

CRAWL = ("kbs_news", "-a", "full=1", "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")
#: Scrapy's defaults, but one page at a time as in the crawl.
BARE = ("CONCURRENT_REQUESTS=1", "DOWNLOAD_DELAY=0", "ROBOTSTXT_OBEY=False", "LOG_LEVEL=WARNING")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.crawl", description=__doc__)
    parser.add_argument("--articles", type=int, default=2000, help="articles of the replica (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each spider (default: 3)")
    options = parser.parse_args()
    bare, own, urls = [], [], []
    replica = Replica(options.articles, days=90)
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name, replica:
        for i in range(1, options.rounds + 1):
            folder = Path(name) / str(i)
            folder.mkdir()
            replica.requests.clear()
            own.append(_crawl(folder, replica.base_url, options.articles))
            urls = [replica.base_url + path for path in replica.requests]
            bare.append(_bare(folder, urls))
            print(f"round {i}: bare {bare[-1]:.1f} s, kbs_news {own[-1]:.1f} s", file=sys.stderr)
    rows = []
    for name, seconds in (("bare Scrapy", statistics.median(bare)), ("kbs_news", statistics.median(own))):
        rows.append([name, f"{len(urls):,}", f"{seconds:.1f}", f"{len(urls) / seconds:,.0f}"])
    print_table(["spider", "pages", "seconds", "pages a second"], rows)
    share = statistics.median(theirs / ours for theirs, ours in zip(bare, own, strict=True))
    return conclude([Figure("share of the bare spider's page rate", share)])


def _crawl(folder: Path, base: str, articles: int) -> float:
    database = folder / "kbs.db"
    own = {"KBS_BASE_URL": base, "KBS_DB": str(database), "KBS_ARCHIVE": str(folder / "archive")}
    run = measure("crawler", "crawl", *CRAWL, own=own)
    with ArticleStore(database) as store:
        if len(store) != articles:
            sys.exit(f"The crawl stored {len(store)} of {articles} articles. Run make test.")
    return run.seconds


def _bare(folder: Path, urls: list[str]) -> float:
    file = folder / "urls"
    file.write_text("\n".join(urls), "utf-8")
    arguments = [part for setting in BARE for part in ("-s", setting)]
    spider = str(Path(__file__).with_name("bare.py"))
    # In a folder without scrapy.cfg, so that the project's settings do not apply.
    run = measure("scrapy", "runspider", spider, "-a", f"file={file}", *arguments, folder=folder)
    if int(run.output) != len(urls):
        sys.exit(f"The bare spider got {run.output.strip()} of {len(urls)} pages: the rates cannot be compared.")
    return run.seconds


if __name__ == "__main__":
    sys.exit(main())
