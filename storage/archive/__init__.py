"""The archive: captures as WARC files, written, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from storage.archive.capture import FILE_NAME, Capture, Location, Payload, payload_digest, warc_files
from storage.archive.writer import MAX_FILE_BYTES, ArchiveWriter

__all__ = [
    "FILE_NAME",
    "MAX_FILE_BYTES",
    "ArchiveWriter",
    "Capture",
    "Location",
    "Payload",
    "payload_digest",
    "warc_files",
]

# Used by crawler/saved_pages.py, and removed with it.
MAX_PAGE_BYTES = 10_000_000
PAGE_SUFFIXES = frozenset({".html", ".htm", ".txt"})


def page_files(path: Path) -> Iterator[Path]:
    """The page files at `path`: the file itself, whatever its name, or those below a folder, in order of their paths.

    Raises:
        FileNotFoundError: nothing is there, or the folder holds no page file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    if not path.is_dir():
        yield path
        return
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in PAGE_SUFFIXES and file.is_file())
    if not found:
        raise FileNotFoundError(f"{path}: no page in this folder (looked for {', '.join(sorted(PAGE_SUFFIXES))}).")
    yield from found


def read_page(stream: IO[bytes]) -> bytes:
    """The whole of a page file.

    Raises:
        ValueError: it is larger than `MAX_PAGE_BYTES`.
    """
    body = stream.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise ValueError(f"larger than a page may be ({MAX_PAGE_BYTES:,} bytes).")
    return body
