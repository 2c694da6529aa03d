"""Captures that are read by their places: each file once, from front to back, whatever it is."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage.archive import MAX_PAGE_BYTES, Location
from storage.sources import tables
from storage.sources.base import Item, Wound
from storage.sources.own import RowsSource
from storage.sources.places import Place, Places, open_source
from storage.sources.rows import read_json_lines
from tests.storage.sources import test_arc, test_httpcache, test_zipped
from tests.storage.sources.made import captures, page, read, refused, wounds
from tests.storage.sources.test_tables import DUMPS

KNOWN = datetime(2019, 1, 1, tzinfo=UTC)


def zipped(folder: Path, method: int) -> Path:
    return test_zipped.wacz(folder / "z!ip", method)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def warcs() -> bytes:
    return b"".join(test_zipped.warc(number) for number in range(3))


def cached(folder: Path) -> Path:
    test_httpcache.cache(folder, 3)
    return folder


MADE: dict[str, Callable[[Path], Path]] = {
    "json": lambda folder: written(folder / "a", DUMPS["json"]),
    "csv": lambda folder: written(folder / "a", DUMPS["comma"]),
    "json.gz": lambda folder: written(folder / "a", gzip.compress(DUMPS["json"])),
    "arc": lambda folder: test_arc.arc(folder / "a", test_arc.members(), "plain"),
    "warc": lambda folder: written(folder / "a", warcs()),
    "warc as a whole": lambda folder: written(folder / "a", gzip.compress(gzip.decompress(warcs()))),
    "zip, stored": lambda folder: zipped(folder, zipfile.ZIP_STORED),
    "zip, packed": lambda folder: zipped(folder, zipfile.ZIP_DEFLATED),
    "page": lambda folder: written(folder / "a", page()),
    "page, no UTF-8": lambda folder: written(folder / "\udce9", page()),
    "cache": cached,
}


def place(location: Location | None, url: str = "known") -> Place:
    assert location is not None
    return Place(location=location, url=url, fetched_at=KNOWN)


def read_at(*places: Place, max_page: int = MAX_PAGE_BYTES) -> list[Item]:
    part = Places(archive=Path("nowhere"), places=places, cursor="", size=0)
    return list(part.read(max_page))


@pytest.mark.parametrize("form", sorted(MADE))
def test_every_capture_of_every_kind_is_found_at_its_place(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "with!mark"
    folder.mkdir()
    found = captures(read(MADE[form](folder)))
    assert found
    places = [place(item.location) for item in reversed(found)]
    again = {item.location: item for item in captures(read_at(*places))}
    assert [again[item.location] for item in found] == [replace(item, url="known", fetched_at=KNOWN) for item in found]


@pytest.mark.parametrize("form", ["json", "warc", "warc as a whole"])
def test_captures_of_one_place_and_places_of_none_are_all_answered(tmp_path: Path, form: str) -> None:
    path = MADE[form](tmp_path)
    location = captures(read(path))[1].location
    assert location is not None
    nowhere, behind = (replace(location, offset=offset) for offset in (location.offset - 1, 10**9))
    found = read_at(place(behind), place(location, url="a"), place(location, url="b"), place(nowhere))
    assert sorted(item.url for item in captures(found)) == ["a", "b"]
    lost = [item for item in found if isinstance(item, Wound)]
    assert sorted(item.location.offset for item in lost) == [nowhere.offset, behind.offset]


def test_a_dump_is_read_once_for_all_places_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = MADE["json"](tmp_path)
    places = tuple(place(item.location) for item in captures(read(path)))
    rows = []

    def counted(*args: Any) -> Iterator[Any]:
        for row in read_json_lines(*args):
            rows.append(row)
            yield row

    monkeypatch.setattr(tables, "read_json_lines", counted)
    [part] = RowsSource(file=str(path), archive=tmp_path, places=places).parts()
    assert len(captures(part.read(MAX_PAGE_BYTES))) == len(rows) == 3
    rows.clear()
    assert len(captures(read_at(places[2]))) == len(rows) == 1


def test_a_page_that_is_too_large_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    for form in ("json", "zip, packed", "page", "warc", "warc as a whole"):
        folder = tmp_path / form
        folder.mkdir()
        found = captures(read(MADE[form](folder)))
        again = read_at(*(place(item.location) for item in found), max_page=1000)
        assert refused(again) == ["larger than a page may be"] * len(found)


def test_what_is_gone_is_told_for_each_place(tmp_path: Path) -> None:
    found = read_at(*(place(Location(file=f"{tmp_path}/gone!a", offset=offset)) for offset in range(2)))
    assert wounds(found) == [f"{tmp_path}/gone!a: no such file or folder"] * 2
    (tmp_path / "text").write_text("mots")
    with pytest.raises(FileNotFoundError, match="text: no archive, dump or page"):
        open_source(f"{tmp_path}/text", tmp_path)
