"""WACZ files, and damaged or hostile zips."""

import struct
import zipfile
from pathlib import Path

import pytest

from storage.archive.capture import Damage, Location
from tests.storage.sources.made import WARC, captures, damages, read, sources, url, wacz, warc


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_named_by_zip_and_member(tmp_path: Path, method: int) -> None:
    path = wacz(tmp_path / "a.wacz", method)
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr("../cut.warc.gz", WARC[:-20])
    names = [f"{path}!{name}" for name in ("archive/0.warc.gz", "archive/1.warc.gz", "../cut.warc.gz")]
    assert [source.name for source in sources(path) if not isinstance(source, Damage)] == names
    found = read(path)
    files = [item.location and item.location.file for item in captures(found)]
    assert files == [*names[:2], names[2], names[2]]
    assert [item.url for item in captures(found)] == [url(0), url(1), url(0), url(1)]
    offset = len(warc(0) + warc(1))
    assert [item.location for item in found if isinstance(item, Damage)] == [Location(file=names[2], offset=offset)]


def patched(path: Path, local: int | None, central: int | None, value: bytes) -> Path:
    """The zip with bytes of the first WARC member's headers changed, by their places in the format."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.infolist()[1].header_offset
        directory = archive.start_dir
    if local is not None:
        data[at + local : at + local + len(value)] = value
    if central is not None:
        entry = data.index(b"PK\x01\x02", directory + 4)
        data[entry + central : entry + central + len(value)] = value
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("local", "central", "value", "what"),
    [
        (6, 8, struct.pack("<H", 1), "a damaged member: File"),
        (0, None, b"XXXX", "a damaged member: Bad magic number"),
        (30, None, b"other", "a damaged member: File name in directory"),
        (None, 20, struct.pack("<LL", 900_000, 900_000), ""),
        (8, 10, struct.pack("<H", 99), "a damaged member: That compression method is not supported"),
        (14, 16, b"\0\0\0\0", "a damaged member: Bad CRC"),
    ],
)
def test_a_wrong_member_costs_no_other(
    tmp_path: Path, local: int | None, central: int | None, value: bytes, what: str
) -> None:
    method = zipfile.ZIP_DEFLATED if "CRC" in what else zipfile.ZIP_STORED
    found = read(patched(wacz(tmp_path / "a.wacz", method), local, central, value))
    assert url(1) in [item.url for item in captures(found)]
    assert [one for one in damages(found) if one.startswith(what)]


def test_a_damaged_or_empty_zip_is_reported(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    path.write_bytes(path.read_bytes()[:-40])
    assert damages(read(path)) == ["a damaged zip (File is not a zip file); zip -FF makes one of what can be read"]
    zipfile.ZipFile(path, "w").close()
    assert damages(read(path)) == ["a zip without a WARC file"]


def test_no_flipped_byte_is_a_crash(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        places = [*range(40), *range(archive.start_dir, len(whole))]
    for at in places:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        assert read(path)
