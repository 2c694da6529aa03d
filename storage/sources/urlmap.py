"""Where the pages of a folder were fetched from: told by a file beside them, or by their paths."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

from extractors.address import HOSTS, parse_address
from storage.archive import Location
from storage.sources.base import Wound, name_of
from storage.sources.pages import open_regular
from storage.sources.rows import Row, begins_json, csv_delimiter, read_csv, read_json_lines
from storage.sources.tables import iso_moment

#: What a url map may be called; which of its forms it has is told by content.
MAP_NAMES = ("urls.csv", "urls.tsv", "urls.jsonl", "urls.json")

_COLUMNS = (frozenset({"file"}), frozenset({"url"}))
_MAX_BYTES = 100_000_000
_LONGEST_LINE = 100_000
# wget -E gives a page its ending once more, behind the query.
_ENDING = re.compile(r"(?<=[?@])(.*)\.html?(?:\.gz)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page is from.

    Attributes:
        url: its address; empty where it is not known.
        fetched_at: when it was fetched; aware, UTC; None where it is not known.
    """

    url: str = ""
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UrlMap:
    """The url map of a folder, which counts for all that is below it.

    Attributes:
        folder: the folder.
        origins: by path below the folder.
        wounds: what of it cannot be read.
    """

    folder: Path
    origins: dict[str, Origin]
    wounds: tuple[Wound, ...] = ()

    def find(self, file: Path) -> Origin | None:
        """Where a file below the folder is from, or None."""
        return self.origins.get(file.relative_to(self.folder).as_posix())


def read_url_map(folder: Path) -> UrlMap | None:
    """The url map of a folder, or None where it has none; what else is called one is a wound of it."""
    found: UrlMap | None = None
    wounds: list[Wound] = []
    for path in (folder / name for name in MAP_NAMES):
        if path.is_symlink():
            wounds.append(_wound(path, "a url map that is a link, which is not followed"))
        elif path.is_file() and found is None:
            found = _read(path)
            counts = path.name
        elif path.is_file():
            wounds.append(_wound(path, f"one url map too many; {counts} counts"))
    if not wounds:
        return found
    known = found or UrlMap(folder, {})
    return replace(known, wounds=(*known.wounds, *wounds))


def origin_by_path(path: PurePath | str) -> str:
    """The address of a page that a mirroring tool has saved under it, or an empty string."""
    parts = PurePath(name_of(path)).parts
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in HOSTS:
            rest = "/".join(parts[at:])
            # Where file names must not have a question mark, wget writes an at sign.
            rest = _ENDING.sub(r"\1", rest if "?" in rest else rest.replace("@", "?", 1))
            return f"https://{rest}" if parse_address(f"https://{rest}") else ""
    return ""


def _read(path: Path) -> UrlMap:
    try:
        with open_regular(path, follow_links=False) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        return UrlMap(path.parent, {}, (_wound(path, error.strerror or "not readable"),))
    if len(content) > _MAX_BYTES:
        return UrlMap(path.parent, {}, (_wound(path, "a url map larger than 100 MB"),))
    origins: dict[str, Origin] = {}
    broken: list[str] = []
    for row in _rows(content):
        try:
            file, origin = _entry(row)
        except ValueError as error:
            broken.append(f"line {row.line}: {error}")
        else:
            origins[file] = origin
    more = f", and {len(broken) - 1} more lines" if len(broken) > 1 else ""
    return UrlMap(path.parent, origins, (_wound(path, f"{broken[0]}{more}"),) if broken else ())


def _wound(path: Path, what: str) -> Wound:
    return Wound(location=Location(file=name_of(path), offset=0), what=what)


def _rows(content: bytes) -> Iterator[Row]:
    if begins_json(content[:1000]):
        whole = _json_map(content)
        if whole is None:
            yield from read_json_lines(BytesIO(content), _LONGEST_LINE)
            return
        for file, url in whole.items():
            yield Row(offset=0, end=0, line=1, values={"file": file, "url": url})
    elif (delimiter := csv_delimiter(content[:_LONGEST_LINE], _COLUMNS)) is not None:
        yield from read_csv(BytesIO(content), delimiter, _LONGEST_LINE)
    else:
        yield Row(offset=0, end=0, line=1, what="no url map: neither columns file and url, nor JSON with them")


def _json_map(content: bytes) -> dict[str, Any] | None:
    """One object of files and their addresses, or None where it is something else."""
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) and not {"file", "url"} <= values.keys() else None


def _entry(row: Row) -> tuple[str, Origin]:
    """A file, by its path below the map's folder, and where it is from.

    Raises:
        ValueError: the row does not say so; the message is a phrase.
    """
    if row.values is None:
        raise ValueError(row.what)
    file, url, fetched_at = (row.values.get(name) for name in ("file", "url", "fetched_at"))
    if not isinstance(file, str) or not isinstance(url, str) or not file or not url:
        raise ValueError("not a file and its url")
    try:
        moment = iso_moment(fetched_at) if fetched_at else None
    except ValueError:
        raise ValueError("fetched_at is no time in ISO 8601") from None
    return posixpath.normpath(file.replace("\\", "/")), Origin(url.encode("utf-8", "replace").decode().strip(), moment)
