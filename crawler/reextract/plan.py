"""What a re-extraction reads, and by what it is known when it is called again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import extractors
from storage.archive import warc_files
from storage.sources.base import Source, Wound, name_of
from storage.sources.find import find_sources
from storage.sources.warc import WarcSource
from storage.versions import COLUMNS

#: How standard input is named.
STDIN = "-"


def brought(paths: Sequence[str], archive: Path, max_page: int) -> Iterator[Source | Wound]:
    """The sources at the paths that were given.

    Args:
        paths: files, folders, or `-`.
        archive: KBS_ARCHIVE; its own files are known by their bare names.
        max_page: KBS_MAX_PAGE, in bytes.

    Raises:
        FileNotFoundError: nothing is at a path; the message is a sentence.
    """
    own = archive.resolve()
    # Rows name files by their whole path, so that they can be found again from any folder.
    whole = [path if path == STDIN else str(Path.cwd() / path) for path in paths]
    for source in find_sources(whole, max_page=max_page):
        is_own = isinstance(source, WarcSource) and source.path.resolve() == own / source.path.name and not source.base
        yield replace(source, name=name_of(source.path.name)) if isinstance(source, WarcSource) and is_own else source


def conditions(only: Sequence[str]) -> dict[str, str]:
    """The conditions of `--only NAME=VALUE`.

    Raises:
        ValueError: one is none; the message is a sentence.
    """
    found = {}
    for given in only:
        name, equals, value = given.partition("=")
        if not equals or name not in COLUMNS:
            raise ValueError(f"--only {given} names no column; give one such as layout=generic ({', '.join(COLUMNS)}).")
        found[name] = value
    return found


def call_of(paths: Sequence[str], archive: Path, options: Mapping[str, object]) -> str | None:
    """What makes two calls the same: sources, options, and the code that extracts; None where that cannot be known.

    Args:
        paths: the sources as given; none: the project's own archive.
        archive: its folder. Its files only grow, so their lengths make no other call; a new one does.
        options: whatever else matters.
    """
    if STDIN in paths:
        return None
    sources = [_state(path) for path in paths] or [str(archive.resolve()), *warc_files(archive)]
    told = {"sources": sources, "extractors": _code(), **options}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _state(path: str) -> str:
    """A file or folder as it is: names, sizes and times of change, in short."""
    digest = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape"))
    for file in _files(path):
        try:
            found = file.stat()
        except OSError:
            continue
        digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(path: str) -> Iterator[Path]:
    if not os.path.isdir(path):  # noqa: PTH112  (names that Path cannot take)
        yield Path(path)
    for folder, below, files in os.walk(path):
        below.sort()
        yield from (Path(folder, name) for name in sorted(files))


def _code() -> str:
    """The code that extracts: other code finds other things."""
    digest = hashlib.sha256()
    for file in sorted(Path(extractors.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
