"""Captures that are read by their places: each file once, from front to back."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage.archive import Location
from storage.sources import Damage, Item, Place, own_sources, read_places, table
from tests.storage.sources import test_arc, test_httpcache, test_zipped
from tests.storage.sources.made import MAX_PAGE, captures, damages, page, read, refused
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
    "warc, plain": lambda folder: written(folder / "a", gzip.decompress(warcs())),
    "zip, stored": lambda folder: zipped(folder, zipfile.ZIP_STORED),
    "zip, packed": lambda folder: zipped(folder, zipfile.ZIP_DEFLATED),
    "page": lambda folder: written(folder / "a", page()),
    "page, no UTF-8": lambda folder: written(folder / "\udce9", page()),
    "cache": cached,
}


def place(location: Location | None, url: str = "known") -> Place:
    assert location is not None
    return Place(location=location, url=url, fetched_at=KNOWN)


def read_at(*places: Place, max_page: int = MAX_PAGE) -> list[Item]:
    return list(read_places(places, Path("nowhere"), max_page))


@pytest.mark.parametrize("form", sorted(MADE))
def test_every_capture_is_found_at_its_place(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "with!mark"
    folder.mkdir()
    found = captures(read(MADE[form](folder)))
    assert found
    places = [place(item.location) for item in reversed(found)]
    again = {item.location: item for item in captures(read_at(*places))}
    assert [again[item.location] for item in found] == [replace(item, url="known", fetched_at=KNOWN) for item in found]


@pytest.mark.parametrize("form", ["json", "warc", "zip, packed"])
def test_every_place_is_answered(tmp_path: Path, form: str) -> None:
    path = MADE[form](tmp_path)
    location = captures(read(path))[1].location
    assert location is not None
    nowhere, behind = (replace(location, offset=offset) for offset in (location.offset - 1, 10**9))
    found = read_at(place(behind), place(location, url="a"), place(location, url="b"), place(nowhere))
    assert sorted(item.url for item in captures(found)) == ["a", "b"]
    lost = [item for item in found if isinstance(item, Damage)]
    assert sorted(item.location.offset for item in lost) == [nowhere.offset, behind.offset]


def test_a_table_is_read_once_from_its_first_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = MADE["json"](tmp_path)
    places = [place(item.location) for item in captures(read(path))]
    rows: list[table.Row] = []

    def counted(*args: Any) -> Iterator[Any]:
        for row in read_rows(*args):
            rows.append(row)
            yield row

    read_rows = table.read_rows
    monkeypatch.setattr(table, "read_rows", counted)
    for first in range(3):
        rows.clear()
        assert len(captures(read_at(*places[first:]))) == len(rows) == 3 - first


def test_places_in_the_own_archive_have_bare_names(tmp_path: Path) -> None:
    for name in ("b-20260101T000000000000Z-1.warc.gz", "a-20270101T000000000000Z-1.warc.gz", "old.warc.gz"):
        (tmp_path / name).write_bytes(warcs())
    own = list(own_sources(tmp_path))
    assert [source.name[:3] for source in own] == ["old", "b-2", "a-2"]
    locations = [item.location for source in own for item in captures(source.read(MAX_PAGE))]
    assert all(location and location.is_own for location in locations)
    found = list(read_places([place(location) for location in locations], tmp_path, MAX_PAGE))
    assert len(captures(found)) == len(found) == 9


def test_a_large_page_is_refused_in_every_form(tmp_path: Path) -> None:
    for form in ("json", "zip, packed", "page", "warc", "warc, plain"):
        folder = tmp_path / form
        folder.mkdir()
        found = captures(read(MADE[form](folder)))
        again = read_at(*(place(item.location) for item in found), max_page=1000)
        assert refused(again) == ["larger than a page may be"] * len(found)


def test_what_is_gone_is_reported_for_each_place(tmp_path: Path) -> None:
    found = read_at(*(place(Location(file=f"{tmp_path}/gone!a", offset=offset)) for offset in range(2)))
    assert damages(found) == [f"{tmp_path}/gone!a: no such file or folder"] * 2
    (tmp_path / "text").write_text("mots")
    for name in (f"{tmp_path}/text", "gone.warc.gz"):
        [damage] = read_at(place(Location(file=name, offset=0)))
        assert isinstance(damage, Damage)
        assert damage.what in {f"{name}: not an archive, table or page", f"nowhere/{name}: no such file"}
