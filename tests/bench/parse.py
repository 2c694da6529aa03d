"""python -m tests.bench.parse FILE JOBS: read every response of a WARC and parse it; prints how many there were.

What nothing that reads pages out of a WARC can be faster than: FastWARC, lxml, every core busy, nothing else done.
"""

from __future__ import annotations

import mmap
import multiprocessing
import sys
import zlib
from functools import partial
from pathlib import Path

import lxml.html
from fastwarc.warc import ArchiveIterator, WarcRecordType

# Bytes that a process takes at a time: many times fewer than there are, so that all end at about the same moment.
PART = 250_000
GZIP = b"\x1f\x8b\x08"
PARSER = lxml.html.HTMLParser(encoding="utf-8")


def main() -> int:
    file, jobs = Path(sys.argv[1]), int(sys.argv[2])
    with multiprocessing.Pool(jobs) as pool:
        print(sum(pool.imap_unordered(partial(_parse_part, file), range(0, file.stat().st_size, PART))))
    return 0


def _parse_part(file: Path, begin: int) -> int:
    """Parse the responses whose records begin within a part of the file."""
    pages = 0
    with file.open("rb") as stream:
        stream.seek(_record_at(stream.fileno(), begin))
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, auto_decode="all"):
            if record.stream_pos >= begin + PART:
                break
            lxml.html.document_fromstring(record.reader.read(), parser=PARSER)
            pages += 1
    return pages


def _record_at(descriptor: int, begin: int) -> int:
    """Where the first record at or after `begin` begins; the end of the file where there is none."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
        at = content.find(GZIP, begin)
        while at >= 0 and not _is_record(content[at : at + 512]):
            at = content.find(GZIP, at + 1)
        return at if at >= 0 else len(content)


def _is_record(member: bytes) -> bool:
    """Whether this is how the gzip member of a record begins; a compressed page within one begins like gzip, too."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(member, 5) == b"WARC/"
    except zlib.error:
        return False


if __name__ == "__main__":
    sys.exit(main())
