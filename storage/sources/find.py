"""What there is to read at the paths that were given: sources, told by content, and what is none."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.archive import MAX_PAGE_BYTES, Location
from storage.sources import kinds
from storage.sources.base import Source, Wound, name_of
from storage.sources.httpcache import ENTRY_FILES, HttpCacheSource
from storage.sources.kinds import HEAD, Kind, kind_of
from storage.sources.pages import PageFile, PagesSource, open_regular
from storage.sources.stdin import StreamSource
from storage.sources.tables import TableSource
from storage.sources.urlmap import MAP_NAMES, Origin, UrlMap, origin_by_path, read_url_map
from storage.sources.warc import WarcSource
from storage.sources.zipped import zip_sources

#: How many page files, or answers of a cache, make one source.
GROUP = 100


@dataclass(frozen=True, slots=True)
class _Entry:
    """The folder of an answer in Scrapy's cache."""

    path: Path
    size: int


_Found = Source | Wound | PageFile | _Entry


def find_sources(paths: Sequence[str], *, max_page: int = MAX_PAGE_BYTES) -> Iterator[Source | Wound]:
    """The sources at `paths`, in order; folders are walked in the order of names, hidden ones left out.

    Args:
        paths: files, folders, or `-` for standard input. A link counts as what it leads to; of those in folders, the
            ones that lead out are told and not followed, those to hidden files are, and the others lead to what is read
            anyway.
        max_page: the length in bytes above which a page is refused.

    Raises:
        FileNotFoundError: nothing is at a path; the message is a sentence. Raised before anything is read.
        ValueError: standard input is named twice; likewise.
    """
    if list(paths).count("-") > 1:
        raise ValueError("Standard input (-) is named twice, and can be read once.")
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise FileNotFoundError(f"{name_of(path)}: no such file or folder.")
    return _grouped(_find(paths, max_page))


def total_size(paths: Sequence[str]) -> int:
    """The bytes of the files at `paths`, hidden ones in folders left out; standard input counts for nothing."""
    total = 0
    for path in paths:
        if path != "-":
            top = Path(path)
            total += sum(map(_size, _files(top))) if top.is_dir() else _size(top.resolve())
    return total


def _find(paths: Sequence[str], max_page: int) -> Iterator[_Found]:
    beside: UrlMap | None = None
    for path in paths:
        file = Path(path)
        if path == "-":
            yield StreamSource(sys.stdin.buffer, max_page=max_page)
        elif file.is_dir():
            yield from _walk(file, max_page)
        else:
            # Pages are often named one by one (`pages/*`), and their map with them.
            if beside is None or beside.folder != file.parent:
                beside = read_url_map(file.parent) or UrlMap(file.parent, {})
                yield from beside.wounds
            if file.name not in MAP_NAMES or not beside.origins:
                yield from _open(file, (beside,), max_page)


def _walk(top: Path, max_page: int) -> Iterator[_Found]:
    """What is in a folder and those below it; its depth is no matter."""
    inside = os.path.realpath(top)
    folders: list[tuple[Iterator[os.DirEntry[str]], tuple[UrlMap, ...]]] = []
    ahead: list[tuple[Path, tuple[UrlMap, ...]]] = [(top, ())]
    while ahead or folders:
        if ahead:
            folder, maps = ahead.pop()
            try:
                entries = _scan(folder)
            except OSError as error:
                yield _wound(folder, error.strerror or "not readable")
                continue
            if _is_cache_entry(entries):
                yield _Entry(folder, sum(_size(entry) for entry in entries))
                continue
            own = read_url_map(folder)
            yield from own.wounds if own else ()
            folders.append((iter(entries), (own, *maps) if own else maps))
        entries_left, maps = folders[-1]
        for entry in entries_left:
            if entry.is_dir(follow_symlinks=False):
                ahead.append((Path(entry.path), maps))
                break
            if entry.name in MAP_NAMES:
                continue
            flaw = _flaw(Path(entry.path), inside) if entry.is_symlink() else ""
            if flaw:
                yield _wound(Path(entry.path), flaw)
            elif flaw is not None:
                yield from _open(Path(entry.path), maps, max_page, in_passing=True)
        else:
            folders.pop()


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, by name."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _is_cache_entry(entries: Iterable[os.DirEntry[str]]) -> bool:
    return {entry.name for entry in entries if entry.name in ENTRY_FILES} == ENTRY_FILES


def _flaw(link: Path, inside: str) -> str | None:
    """Why a link in a folder is not followed, empty where it is; None where what it leads to is read anyway."""
    target = Path(os.path.realpath(link))
    if not target.is_relative_to(inside):
        return "a link that leads out of the folder"
    # git-annex keeps the files in a hidden folder, and has links to them where they are seen.
    if not any(name.startswith(".") for name in target.relative_to(inside).parts):
        return None
    return "a link to a hidden folder; name that folder to have it read" if target.is_dir() else ""


def _open(path: Path, maps: tuple[UrlMap, ...], max_page: int, *, in_passing: bool = False) -> Iterator[_Found]:
    """What a file is; one that was come across in a folder may be something else without harm."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            # A pipe would wait for somebody to write.
            yield _wound(path, "empty" if path.samefile(os.devnull) else "no regular file")
            return
        with open_regular(path) as file:
            kind = kind_of(file.read(HEAD))
        origin = _origin(path, maps)
        if kind is Kind.PAGE or (kind is Kind.TEXT and origin.url):
            yield PageFile(path=str(path), size=status.st_size, url=origin.url, fetched_at=origin.fetched_at)
        elif kind is Kind.TEXT:
            yield _wound(path, kinds.NO_CAPTURE, unrelated=in_passing)
        elif isinstance(kind, Kind):
            yield from _archive(path, kind, max_page)
        elif kind == kinds.DAMAGED_GZIP and path.name.endswith(".warc.gz"):
            # Its first record is damaged; what stands behind it is read.
            yield WarcSource(path, name_of(path), max_page=max_page)
        else:
            yield _wound(path, kind, unrelated=in_passing and kind not in {kinds.DAMAGED_GZIP, kinds.SHORT_GZIP})
    except OSError as error:
        yield _wound(path, error.strerror or "not readable")


def _archive(path: Path, kind: Kind, max_page: int) -> Iterator[_Found]:
    """A file of many captures."""
    match kind:
        case Kind.WARC:
            yield WarcSource(path, name_of(path), max_page=max_page)
        case Kind.ARC:
            # Imported with the first one: few have any, and it takes warcio.
            from storage.sources.arc import ArcSource

            yield ArcSource(path, max_page=max_page)
        case Kind.ZIP:
            yield from zip_sources(path, max_page=max_page)
        case Kind.TABLE:
            yield TableSource(path, max_page=max_page)


def _origin(path: Path, maps: tuple[UrlMap, ...]) -> Origin:
    """Where a page is from: by the nearest map that names it, or else its path."""
    for known in maps:
        if origin := known.find(path):
            return origin
    return Origin(origin_by_path(path))


def _grouped(found: Iterable[_Found]) -> Iterator[Source | Wound]:
    """Successive page files as one source, and answers of a cache; a wound between them parts none."""
    group: list[PageFile] | list[_Entry] = []
    for one in found:
        if isinstance(one, Wound):
            yield one
            continue
        if group and (len(group) >= GROUP or type(one) is not type(group[0])):
            yield _as_source(group)
            group = []
        if isinstance(one, (PageFile, _Entry)):
            group.append(one)  # type: ignore[arg-type]
        else:
            yield one
    if group:
        yield _as_source(group)


def _as_source(group: Sequence[PageFile | _Entry]) -> Source:
    pages = tuple(one for one in group if isinstance(one, PageFile))
    entries = tuple(one for one in group if isinstance(one, _Entry))
    if pages:
        return PagesSource(pages)
    return HttpCacheSource(tuple(entry.path for entry in entries), sum(entry.size for entry in entries))


def _files(top: Path) -> Iterator[Path]:
    """The files in a folder that are read, also where they are links to hidden ones."""
    inside = os.path.realpath(top)
    for folder, below, files in os.walk(top):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            file = Path(folder, name)
            if not name.startswith("."):
                yield file.resolve() if file.is_symlink() and _flaw(file, inside) == "" else file


def _size(file: Path | os.DirEntry[str]) -> int:
    try:
        status = file.stat(follow_symlinks=False)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _wound(path: Path, what: str, *, unrelated: bool = False) -> Wound:
    return Wound(location=Location(file=name_of(path), offset=0), what=what, unrelated=unrelated)
