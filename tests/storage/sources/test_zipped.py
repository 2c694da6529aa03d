"""WACZ files, and zips that are not what they say."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from warcio.warcwriter import WARCWriter

from storage.sources.base import Source, Wound
from storage.sources.find import find_sources
from storage.sources.warc import WarcSource
from storage.sources.zipped import PackedMember
from tests.storage.sources.made import captures, items_of, page, read, url, wounds


def warc(number: int) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders

    out = BytesIO()
    writer = WARCWriter(out, gzip=True)
    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    content = page(number)
    writer.write_record(
        writer.create_warc_record(url(number), "response", BytesIO(content), len(content), http_headers=headers)
    )
    return out.getvalue()


def wacz(path: Path, method: int = zipfile.ZIP_STORED, name: str = "archive/{}.warc.gz") -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("datapackage.json", "{}")
        for number in range(2):
            archive.writestr(name.format(number), warc(number))
        archive.writestr("indexes/index.cdx", "com,example)/ 2020")
    return path


def sources(path: Path) -> list[Source | Wound]:
    return list(find_sources([str(path)]))


def test_stored_members_are_read_in_place_and_named_by_zip_and_member(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    found = sources(path)
    assert all(isinstance(source, WarcSource) for source in found)
    assert [source.name for source in found if not isinstance(source, Wound)] == [
        f"{path}!archive/{number}.warc.gz" for number in range(2)
    ]
    assert [item.url for item in captures(read(path))] == [url(0), url(1)]


def test_compressed_members_are_read_from_front_to_back(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.zip", zipfile.ZIP_DEFLATED)
    first, second = sources(path)
    assert isinstance(first, PackedMember)
    assert isinstance(second, PackedMember)
    assert first.name == f"{path}!archive/0.warc.gz"
    [item] = captures(items_of(first))
    assert item.url == url(0)
    assert item.location is not None
    assert item.location.file == first.name
    [part] = first.parts()
    assert 0 < part.size <= first.size
    assert items_of(first, part.cursor) == []
    assert [item.url for item in captures(items_of(second))] == [url(1)]


@pytest.mark.parametrize("name", ["../{}.warc.gz", "/{}.warc.gz", "a/../../{}.gz", "C:\\{}.gz", "a\\..\\{}.gz", "C:{}"])
def test_names_that_lead_out_are_told_and_not_read(tmp_path: Path, name: str) -> None:
    found = read(wacz(tmp_path / "a.wacz", name=name))
    assert wounds(found) == ["a name that leads out of the folder"] * 2
    assert captures(found) == []


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
        (6, 8, struct.pack("<H", 1), "encrypted"),
        (0, None, b"XXXX", "the zip's directory leads nowhere"),
        (8, None, struct.pack("<H", 8), "the zip's directory leads nowhere"),
        (30, None, b"other", "two names for one member"),
        (None, 20, struct.pack("<LL", 900_000, 900_000), "members that overlap"),
        (None, 20, struct.pack("<L", 5), "a size that is not the member's"),
        (8, 10, struct.pack("<H", 99), "a damaged member: That compression method is not supported"),
    ],
)
def test_a_member_that_is_not_what_it_says_is_told_and_the_next_is_read(
    tmp_path: Path, local: int | None, central: int | None, value: bytes, what: str
) -> None:
    found = read(patched(wacz(tmp_path / "a.wacz"), local, central, value))
    assert wounds(found) == [what]
    assert [item.url for item in captures(found)] == [url(1)]


def test_a_compressed_member_with_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.zip", zipfile.ZIP_DEFLATED)
    found = read(patched(path, 14, 16, b"\0\0\0\0"))
    assert [what for what in wounds(found) if "CRC" in what]
    assert url(1) in [item.url for item in captures(found)]


def test_a_damaged_or_empty_zip_is_told(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    path.write_bytes(path.read_bytes()[:-40])
    assert wounds(read(path)) == ["a damaged zip: File is not a zip file"]
    zipfile.ZipFile(path, "w").close()
    assert wounds(read(path)) == ["a zip without a WARC file"]


def test_no_flipped_byte_is_a_crash(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz")
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        places = [*range(40), *range(archive.start_dir, len(whole))]
    for at in places:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        assert all(isinstance(source, (Wound, WarcSource, PackedMember)) or source.name for source in sources(path))
