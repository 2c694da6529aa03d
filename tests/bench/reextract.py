"""python -m tests.bench.reextract (in `make bench`): the page rate and the memory of `scrapy reextract`.

On the same captures, in as many processes: what reading the WARC and parsing with lxml alone takes, trafilatura's own
command line on the pages as files, and `scrapy reextract`, which also extracts and stores. Whole processes, in turn.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage import ArticleStore
from storage.archive import ArchiveWriter
from tests.bench.processes import Run, SessionMemory, measure, number
from tests.replica.many import many_pages
from tests.replica.routes import HTML

#: At least so many times trafilatura's page rate, and so much of that of reading and parsing alone.
TIMES_TRAFILATURA = 12.0
SHARE_OF_PARSE = 0.35
#: At most so many times the memory, however many captures there are.
TIMES_MEMORY = 1.1
FIRST_CAPTURE = datetime(2026, 11, 21, tzinfo=UTC)

PARSE = "read the WARC and parse with lxml"
REEXTRACT = "scrapy reextract"
#: What the table calls it -> flags. The bound is for what gives title and date besides the text, as kbsworld does.
COMPARABLE = "trafilatura --json --with-metadata"
TRAFILATURA = {COMPARABLE: ["--json", "--with-metadata"], "trafilatura, the text alone": []}
# The table's key: what ran, on how many captures.
Runs = dict[tuple[str, int], list[Run]]


@dataclass(frozen=True)
class Captures:
    """What is read.

    Attributes:
        few, many: how many there are.
        few_file, many_file: a WARC of so many; the first of the many are the few.
        pages: the folder with the pages of the few, as files.
    """

    few: int
    many: int
    few_file: Path
    many_file: Path
    pages: Path


def main() -> int:
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reextract", description=__doc__)
    parser.add_argument("--captures", type=number, default=5000, help="captures that all read (default: 5000)")
    parser.add_argument("--many", type=number, default=50_000, help="for its memory, reextract reads (default: 50000)")
    parser.add_argument("--jobs", type=number, default=cores, help=f"processes of each (default: the cores, {cores})")
    parser.add_argument("--rounds", type=number, default=5, help="how often those run that are fast (default: 5)")
    options = parser.parse_args()
    if options.many <= options.captures:
        parser.error("--many must be more than --captures; memory is compared between the two")
    if options.jobs > 8 * cores:
        parser.error(f"--jobs {options.jobs} is more than this machine bears; give at most {8 * cores}")
    if not SessionMemory(os.getsid(0)).read():
        sys.exit("This machine does not say in /proc how much memory a process uses.")
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name:
        print(f"writing {options.many} captures ...", file=sys.stderr)
        captures = _write(Path(name), options.captures, options.many)
        runs = _measure(captures, str(options.jobs), options.rounds)
    _print_table(runs)
    return 0 if _print_ratios(runs, captures) else 1


def _write(folder: Path, few: int, many: int) -> Captures:
    """Write the captures one after the other, as a crawl archives them."""
    files = folder / "pages"
    files.mkdir()
    about = {"software": "kbsworld/bench"}
    writers = {
        count: ArchiveWriter(folder / f"archive{count}", "kbs_news", about, max_bytes=sys.maxsize)
        for count in (few, many)
    }
    paths = {}
    for i, (url, page) in enumerate(many_pages(many)):
        exchange = _exchange(i, url, page)
        for count, writer in writers.items():
            if i < count:
                paths[count] = folder / f"archive{count}" / writer.write(**exchange).file
        if i < few:
            (files / f"{i}.html").write_bytes(page)
    for writer in writers.values():
        writer.close()
    return Captures(few, many, paths[few], paths[many], files)


def _exchange(i: int, url: str, page: bytes) -> dict[str, Any]:
    body = gzip.compress(page, compresslevel=1, mtime=0)
    headers = [("Content-Type", HTML), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
    return {
        "url": url,
        "fetched_at": FIRST_CAPTURE + timedelta(seconds=i),
        "request_line": f"GET {url[url.index('/service/') :]} HTTP/1.1",
        "request_headers": [("Host", "world.kbs.co.kr"), ("Accept-Encoding", "gzip")],
        "status_line": "HTTP/1.1 200 OK",
        "headers": headers,
        "body": body,
    }


def _measure(captures: Captures, jobs: str, rounds: int) -> Runs:
    runs: Runs = defaultdict(list)
    few = captures.few
    for i in range(1, rounds + 1):
        runs[PARSE, few].append(_parse(captures, jobs))
        for name, flags in TRAFILATURA.items():
            if i == 1:  # it takes minutes, beside which a few seconds of noise are little
                runs[name, few].append(_trafilatura(captures, jobs, flags))
        runs[REEXTRACT, few].append(_reextract(captures.few_file, few, jobs))
        last = ", ".join(f"{name} {taken[-1].seconds:.1f} s" for (name, _), taken in runs.items() if len(taken) == i)
        print(f"round {i}: {last}", file=sys.stderr)
    print(f"{REEXTRACT} of {captures.many} ...", file=sys.stderr)
    runs[REEXTRACT, captures.many].append(_reextract(captures.many_file, captures.many, jobs))
    return runs


def _parse(captures: Captures, jobs: str) -> Run:
    run = measure("tests.bench.parse", str(captures.few_file), jobs)
    if int(run.output) != captures.few:
        sys.exit(f"{run.output.strip()} of {captures.few} captures were parsed; the rates cannot be compared.")
    return run


def _trafilatura(captures: Captures, jobs: str, flags: list[str]) -> Run:
    out = captures.pages.with_name("out")
    # From within the folder: below another path, --keep-dirs writes nowhere. Without it a file is named after its
    # words, which takes longer, and equal words are one file.
    arguments = ["--input-dir", ".", "--output-dir", str(out), "--keep-dirs", "--parallel", jobs, *flags]
    run = measure("trafilatura.cli", *arguments, folder=captures.pages)
    written = sum(file.stat().st_size > 0 for file in out.rglob("*") if file.is_file())
    if written != captures.few:
        sys.exit(f"trafilatura wrote {written} of {captures.few} files; the rates cannot be compared.")
    shutil.rmtree(out)
    return run


def _reextract(file: Path, captures: int, jobs: str) -> Run:
    """Into a new database, gone once it is seen to be complete."""
    with tempfile.TemporaryDirectory(dir=file.parent.parent) as folder:
        database = Path(folder) / "kbs.db"
        own = {"KBS_DB": str(database), "KBS_ARCHIVE": str(file.parent)}
        run = measure("scrapy", "reextract", str(file), "--jobs", jobs, own=own)
        with ArticleStore(database) as store:
            if len(store) != captures:
                sys.exit(f"{REEXTRACT} stored {len(store)} of {captures} articles; `make test` may say why.")
    return run


def _print_table(runs: Runs) -> None:
    print("\n| what | captures | seconds | pages a second | peak memory (MB) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for (name, captures), taken in runs.items():
        seconds = _seconds(taken)
        print(f"| {name} | {captures:,} | {seconds:.1f} | {captures / seconds:,.0f} | {_peak(taken) / 1e6:,.0f} |")


def _print_ratios(runs: Runs, captures: Captures) -> bool:
    """Print whether it is fast and small enough."""
    few = captures.few
    seconds = _seconds(runs[REEXTRACT, few])
    print()
    times = {name: _seconds(runs[name, few]) / seconds for name in TRAFILATURA}
    for name, ratio in times.items():
        bound = f" (to reach: {TIMES_TRAFILATURA:g} or more)" if name == COMPARABLE else ""
        print(f"times the page rate of {name}: {ratio:.1f}{bound}")
    # Of runs side by side: from one round to the next a shared machine may be twice as fast.
    pairs = zip(runs[PARSE, few], runs[REEXTRACT, few], strict=True)
    share = statistics.median(alone.seconds / run.seconds for alone, run in pairs)
    print(f"share of the rate of reading and parsing alone: {share:.2f} (to reach: {SHARE_OF_PARSE:.2f} or more)")
    memory = _peak(runs[REEXTRACT, captures.many]) / _peak(runs[REEXTRACT, few])
    print(
        f"times the memory at {captures.many:,} captures of that at {few:,}: {memory:.2f} "
        f"(to reach: {TIMES_MEMORY:g} or less)"
    )
    return times[COMPARABLE] >= TIMES_TRAFILATURA and share >= SHARE_OF_PARSE and memory <= TIMES_MEMORY


def _seconds(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def _peak(runs: list[Run]) -> float:
    return statistics.median(run.peak for run in runs)


if __name__ == "__main__":
    sys.exit(main())
