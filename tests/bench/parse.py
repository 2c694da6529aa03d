"""python -m tests.bench.parse FILE JOBS: parse every response of a WARC with lxml and print how many there were.

The lower bound for the time of a re-extraction: one process reads, the others parse, and nothing else is done.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from fastwarc.warc import ArchiveIterator, WarcRecordType

PARSER = lxml.html.HTMLParser(encoding="utf-8")


def main() -> None:
    with multiprocessing.Pool(int(sys.argv[2])) as pool:
        print(sum(pool.imap_unordered(_parse, _pages(sys.argv[1]), chunksize=50)))


def _pages(file: str) -> Iterator[bytes]:
    with Path(file).open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, auto_decode="all"):
            yield record.reader.read()


def _parse(page: bytes) -> int:
    lxml.html.document_fromstring(page, parser=PARSER)
    return 1


if __name__ == "__main__":
    main()
