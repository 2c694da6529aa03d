"""What holds for every form of source: detection, places, names, sizes, stamps, standard input."""

import gzip
import io
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from storage.archive.capture import Damage, Item, Location, Place, name_of
from storage.sources import own_sources, read_places, total_size
from tests.storage.museum import unpacked
from tests.storage.sources.made import (
    FILES,
    FORMS,
    MAX_PAGE,
    WARC,
    captures,
    damages,
    make,
    page,
    read,
    refused,
    save,
    sources,
    url,
    wacz,
)

KNOWN = datetime(2019, 1, 1, tzinfo=UTC)
ODD = "\udce9t\udce9"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_detected_and_read_again_by_its_places(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "with!mark"
    folder.mkdir()
    path = make(folder / "noname.zip", form)
    found = captures(read(path))
    assert page() in [item.body for item in found]
    assert {item.url for item in found} <= ({""} if "html" in form else {url(i) for i in range(3)})
    assert all(item.location and item.location.file.startswith(str(path)) for item in found)
    places = [place(item.location) for item in reversed(found)]
    again = {item.location: item for item in captures(read_at(*places))}
    assert [again[item.location] for item in found] == [replace(item, url="known", fetched_at=KNOWN) for item in found]
    assert len(refused(read_at(*places, max_page=1000))) == len(found)


@pytest.mark.parametrize("form", FORMS)
def test_sizes_and_stamps_are_those_of_the_files(tmp_path: Path, form: str) -> None:
    make(tmp_path / form, form)
    found = [source for source in sources(tmp_path) if not isinstance(source, Damage)]
    total = total_size([str(tmp_path), "-", str(tmp_path / "gone")])
    assert total == sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert sum(source.size for source in found) == total or form.startswith("zip")
    assert [source.stamp for source in found] == [getattr(source, "stamp", "") for source in sources(tmp_path)]
    for file in tmp_path.rglob("*"):
        os.utime(file, (1, 2**32))
    assert not {source.stamp for source in found} & {getattr(source, "stamp", "") for source in sources(tmp_path)}


@pytest.mark.parametrize("form", FORMS)
def test_file_names_that_are_not_utf8_can_be_stored(tmp_path: Path, form: str) -> None:
    try:
        (tmp_path / ODD).mkdir()
    except OSError:
        pytest.skip("no such name here")
    found = read(make(tmp_path / ODD / form, form), max_page=MAX_PAGE)
    assert page() in [item.body for item in captures(found)]
    assert all(item.location and item.location.file.startswith(rf"{tmp_path}/\xe9t\xe9/{form}") for item in found)
    assert name_of("été") == "été"


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "cache"])
def test_standard_input_brings_any_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    standard_input(monkeypatch, make(tmp_path / "a", form).read_bytes())
    [source] = sources("-")
    assert not isinstance(source, Damage)
    assert (source.name, source.size, source.stamp) == ("-", 0, "")
    found = captures(unpacked(source.read(MAX_PAGE, 0)))
    assert [item.body for item in found] == [item.body for item in captures(read(tmp_path / "a"))]
    assert {item.location for item in found} == {None}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (gzip.compress(FILES["json"], mtime=0)[:-400], "gzip data end too early"),
    ],
)
def test_damage_of_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch, content: bytes, what: str) -> None:
    standard_input(monkeypatch, content)
    found = read("-")
    assert damages(found) == [what]
    assert {one.location.file for one in found if isinstance(one, Damage)} == {"/dev/stdin"}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\x89PNG\0\0", "not an archive, table or page"),
        ("été".encode("latin-1"), "not an archive, table or page"),
        (gzip.compress(b"\0\0", mtime=0), "not an archive, table or page"),
        (b"des mots", "text without the beginning of a page of the site, or the columns url and html or text"),
        (b"\x28\xb5\x2f\xfd....", "zstd-compressed; unpack it first, as with zstd -d"),
        (b'[{"url": 1}]', "JSON, but not one object per line; convert it, as with jq -c '.[]'"),
        (b'{\n "a": 1\n}\n', "JSON, but not one object per line; convert it, as with jq -c '.[]'"),
        (b"\x1f\x8b\x08junkjunk", "gzip data are damaged"),
        (gzip.compress(b"", mtime=0)[:12], "empty, or gzip data that end too early"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, content: bytes, what: str) -> None:
    save(tmp_path / "file", content)
    assert damages(sources(tmp_path)) == [what]


# --- places ---


def place(location: Location | None, url: str = "known") -> Place:
    assert location is not None
    return Place(location=location, url=url, fetched_at=KNOWN)


def read_at(*places: Place, max_page: int = MAX_PAGE) -> list[Item]:
    return list(unpacked(read_places(places, Path("nowhere"), max_page), max_page))


@pytest.mark.parametrize("form", ["json", "warc", "zip.packed"])
def test_every_place_is_answered(tmp_path: Path, form: str) -> None:
    location = captures(read(make(tmp_path / "a", form)))[1].location
    assert location is not None
    nowhere, behind = (replace(location, offset=offset) for offset in (location.offset - 1, 10**9))
    found = read_at(place(behind), place(location, url="a"), place(location, url="b"), place(nowhere))
    assert sorted(item.url for item in captures(found)) == ["a", "b"]
    lost = [item for item in found if isinstance(item, Damage)]
    assert sorted(item.location.offset for item in lost) == [nowhere.offset, behind.offset]


def test_the_own_archive_is_read_oldest_first_under_bare_names(tmp_path: Path) -> None:
    for name in ("b-20260101T000000000000Z-1.warc.gz", "a-20270101T000000000000Z-1.warc.gz", "old.warc.gz"):
        save(tmp_path / name, WARC)
    own = list(own_sources(tmp_path))
    assert [source.name[:3] for source in own] == ["old", "b-2", "a-2"]
    locations = [item.location for source in own for item in captures(source.read(MAX_PAGE, 0))]
    assert all(location and location.is_own for location in locations)
    found = list(unpacked(read_places([place(location) for location in locations], tmp_path, MAX_PAGE)))
    assert len(captures(found)) == len(found) == 9


def test_what_is_gone_is_reported_for_each_place(tmp_path: Path) -> None:
    wacz(tmp_path / "zip")
    save(tmp_path / "text", b"mots")
    for name in (f"{tmp_path}/gone!a", f"{tmp_path}/zip!gone", f"{tmp_path}/text"):
        found = read_at(*(place(Location(file=name, offset=offset)) for offset in range(2)))
        assert damages(found) == [f"{name}: no archive, table or page is there"] * 2
    assert len(damages(read_at(place(Location(file="gone.warc.gz", offset=0))))) == 1
