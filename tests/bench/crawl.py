"""python -m tests.bench.crawl (in `make bench`): the page rate of a crawl against that of a bare Scrapy spider.

Both download the same pages of a replica that is a process of its own, one at a time and without delays. The bare
spider does nothing with them; the crawl archives, extracts and stores them. Whole processes are timed, in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from warcio.archiveiterator import ArchiveIterator

from extractors.address import news_list_url, news_url
from storage import ArticleStore
from tests.bench.processes import CHECKOUT, measure, number
from tests.replica import World
from tests.replica.world import PAGE_SIZE

#: At least so much of the bare spider's page rate.
SHARE_OF_BARE = 0.70
DAYS = 90
# The crawl's manners are for the site; everything else is as it comes.
OURS = ("crawl", "kbs_news", "-a", "full=1", "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")
# Scrapy's own defaults, but one page at a time as in the crawl.
BARE_SETTINGS = {
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False,
    "LOG_LEVEL": "WARNING",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.crawl", description=__doc__)
    parser.add_argument("--articles", type=number, default=2000, help="articles of the replica (default: 2000)")
    parser.add_argument("--rounds", type=number, default=3, help="how often each of the two runs (default: 3)")
    options = parser.parse_args()
    bare, ours = [], []
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name, _replica(options.articles) as base:
        urls = _addresses(base, options.articles)
        for i in range(1, options.rounds + 1):
            folder = Path(name) / str(i)
            folder.mkdir()
            bare.append(_time_bare(urls, folder))
            ours.append(_time_ours(urls, folder, base, options.articles))
            print(f"round {i}: bare {bare[-1]:.1f} s, kbs_news {ours[-1]:.1f} s", file=sys.stderr)
    return 0 if _print_table(len(urls), bare, ours) else 1


@contextlib.contextmanager
def _replica(articles: int) -> Iterator[str]:
    """The address of a replica that is a process of its own, so that it takes no time of those that are measured."""
    command = [sys.executable, "-m", "tests.replica", "--articles", str(articles), "--days", str(DAYS)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        base = process.stdout.readline().strip()
        if not base:
            sys.exit("The replica did not start; its own words stand above.")
        # It makes its articles when it is first asked: not in the time of the first run.
        with build_opener(ProxyHandler({})).open(_at(base, news_list_url("f")), timeout=60) as response:
            response.read()
        yield base
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _at(base: str, url: str) -> str:
    """An address of the site, on the replica."""
    return base + url[url.index("/service/") :]


def _addresses(base: str, articles: int) -> list[str]:
    """What the crawl asks for: robots.txt, the list to its end, which is an empty page, and the articles."""
    lists = -(-articles // PAGE_SIZE) + 1
    world = World(articles, days=DAYS)
    urls = [news_list_url("f", page=page) for page in range(1, lists + 1)]
    urls += [news_url("f", entry.seq) for entry in world.entries]
    return [f"{base}/robots.txt", *(_at(base, url) for url in urls)]


def _time_bare(urls: list[str], folder: Path) -> float:
    file = folder / "urls"
    file.write_text("\n".join(urls), "utf-8")
    arguments = ["runspider", str(Path(__file__).with_name("bare.py")), "-a", f"file={file}"]
    for name, value in BARE_SETTINGS.items():
        arguments += ["-s", f"{name}={value}"]
    # In a folder without scrapy.cfg: with the project's settings it would not be bare.
    run = measure("scrapy", *arguments, folder=folder)
    if int(run.output) != len(urls):
        sys.exit(f"The bare spider got {run.output.strip()} of {len(urls)} pages; the two cannot be compared.")
    return run.seconds


def _time_ours(urls: list[str], folder: Path, base: str, articles: int) -> float:
    database, archive = folder / "kbs.db", folder / "archive"
    own = {"KBS_BASE_URL": base, "KBS_DB": str(database), "KBS_ARCHIVE": str(archive)}
    run = measure("scrapy", *OURS, own=own)
    if sorted(_archived(archive)) != sorted(urls):
        sys.exit("The crawl did not ask for the pages that the bare spider got; the two cannot be compared.")
    with ArticleStore(database) as store:
        if len(store) != articles:
            sys.exit(f"The crawl stored {len(store)} of {articles} articles; `make test` may say why.")
    return run.seconds


def _archived(archive: Path) -> Iterator[str]:
    for file in archive.iterdir():
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "response":
                    yield record.rec_headers.get_header("WARC-Target-URI")


def _print_table(pages: int, bare: list[float], ours: list[float]) -> bool:
    """Print what was measured, and whether it is enough."""
    print("\n| spider | pages | seconds | pages a second |")
    print("| --- | ---: | ---: | ---: |")
    for name, runs in (("bare Scrapy", bare), ("kbs_news", ours)):
        seconds = statistics.median(runs)
        print(f"| {name} | {pages:,} | {seconds:.1f} | {pages / seconds:,.0f} |")
    ratio = statistics.median(bare) / statistics.median(ours)
    print(f"\nshare of the bare spider's page rate: {ratio:.2f} (to reach: {SHARE_OF_BARE:.2f} or more)")
    return ratio >= SHARE_OF_BARE


if __name__ == "__main__":
    sys.exit(main())
