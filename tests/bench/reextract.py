"""python -m tests.bench.reextract: the page rate and the memory of `kbsworld reextract`.

On the same captures and with as many processes: trafilatura's command line on the pages as files, and `kbsworld
reextract`, which also reads the WARC and stores. Whole processes are timed, in turn.
"""

import argparse
import gzip
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import ArticleStore
from storage.archive.writer import ArchiveWriter
from tests.bench.processes import Run, measure
from tests.bench.report import Figure, conclude, print_table
from tests.replica.many import many_pages
from tests.replica.routes import HTML

FIRST_CAPTURE = datetime(2026, 11, 21, tzinfo=UTC)
JOBS = str(os.cpu_count() or 1)
REEXTRACT = "kbsworld reextract"
#: Gives title and date besides the text, as kbsworld does: this one is compared.
TRAFILATURA = "trafilatura --json --with-metadata"
TEXT_ALONE = "trafilatura, the text alone"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reextract", description=__doc__)
    parser.add_argument("--captures", type=int, default=5000, help="captures for each program (default: 5000)")
    parser.add_argument("--many", type=int, default=50_000, help="captures for the memory (default: 50000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program (default: 3)")
    options = parser.parse_args()
    runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
    few, many = options.captures, options.many
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as name:
        folder = Path(name)
        print(f"writing {few + many} captures ...", file=sys.stderr)
        few_file, many_file = _write(folder / "few", few), _write(folder / "many", many)
        for i in range(1, options.rounds + 1):
            print(f"round {i} ...", file=sys.stderr)
            runs[TRAFILATURA, few].append(_trafilatura(folder, few, "--json", "--with-metadata"))
            runs[REEXTRACT, few].append(_reextract(few_file, few))
        runs[TEXT_ALONE, few].append(_trafilatura(folder, few))
        runs[REEXTRACT, many].append(_reextract(many_file, many))
    _print_runs(runs)
    own = runs[REEXTRACT, few]
    memory = runs[REEXTRACT, many][0].peak / statistics.median(run.peak for run in own)
    return conclude(
        [
            Figure(f"times the page rate of {TRAFILATURA}", _ratio(runs[TRAFILATURA, few], own), at_least=12),
            Figure(f"times the page rate of {TEXT_ALONE}", _ratio(runs[TEXT_ALONE, few], own[-1:])),
            Figure(f"memory at {many:,} captures, in times of that at {few:,}", memory, at_most=1.1),
        ]
    )


def _write(folder: Path, count: int) -> Path:
    """Write captures as a crawl archives them, and the few also as files; returns the WARC."""
    pages = folder.with_name("pages")
    pages.mkdir(exist_ok=True)
    writer = ArchiveWriter(folder, "kbs_news", {"software": "kbsworld/bench"}, max_bytes=sys.maxsize)
    name = ""
    for i, (url, page) in enumerate(many_pages(count)):
        body = gzip.compress(page, compresslevel=1, mtime=0)
        place = writer.write(
            url=url,
            fetched_at=FIRST_CAPTURE + timedelta(seconds=i),
            request_line=f"GET {url[url.index('/service/') :]} HTTP/1.1",
            request_headers=[("Host", "world.kbs.co.kr"), ("Accept-Encoding", "gzip")],
            status_line="HTTP/1.1 200 OK",
            headers=[("Content-Type", HTML), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))],
            body=body,
        )
        name = place.location.file
        if folder.name == "few":
            (pages / f"{i}.html").write_bytes(page)
    writer.close()
    return folder / name


def _trafilatura(folder: Path, captures: int, *flags: str) -> Run:
    out = folder / "out"
    # From within the folder: below another path, --keep-dirs writes nothing. Without it a file is named after its
    # words, which takes longer, and pages with the same words are one file.
    arguments = ["--input-dir", ".", "--output-dir", str(out), "--keep-dirs", "--parallel", JOBS, *flags]
    run = measure("trafilatura.cli", *arguments, folder=folder / "pages")
    _check("trafilatura", sum(file.stat().st_size > 0 for file in out.rglob("*") if file.is_file()), captures)
    shutil.rmtree(out)
    return run


def _reextract(file: Path, captures: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="kbsworld-bench-") as folder:
        database = Path(folder) / "kbs.db"
        own = {"KBS_DB": str(database), "KBS_ARCHIVE": str(file.parent)}
        run = measure("crawler", "reextract", str(file), "--jobs", JOBS, own=own)
        with ArticleStore(database) as store:
            _check(REEXTRACT, len(store), captures)
    return run


def _check(program: str, pages: int, captures: int) -> None:
    if pages != captures:
        sys.exit(f"{program} gave {pages} of {captures} pages: the rates cannot be compared.")


def _print_runs(runs: dict[tuple[str, int], list[Run]]) -> None:
    rows = []
    for (name, captures), taken in runs.items():
        seconds, peak = statistics.median(run.seconds for run in taken), statistics.median(run.peak for run in taken)
        rows.append([name, f"{captures:,}", f"{seconds:.1f}", f"{captures / seconds:,.0f}", f"{peak / 1e6:,.0f}"])
    print_table(["what", "captures", "seconds", "pages a second", "peak memory (MB)"], rows)


def _ratio(theirs: list[Run], own: list[Run]) -> float:
    """The median over the rounds: runs of one round meet the same load of the machine."""
    return statistics.median(other.seconds / run.seconds for other, run in zip(theirs, own, strict=True))


if __name__ == "__main__":
    sys.exit(main())
