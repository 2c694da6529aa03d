"""Archives that are cut or changed: all damage is reported, and the records around it are read."""

import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.archive.reader import BROKEN, CUT, GZIP, NO_RECORD, WRONG_LENGTH
from tests.storage.museum import Archive, Raw, by_warcio, flipped, joined, packed, read, small

PAGES = [small(number) for number in range(3)]
PACKED = by_warcio(PAGES, version="1.0")
PLAIN = by_warcio(PAGES, gzip=False, version="1.1")
TEN = by_warcio([small(number) for number in range(10)])
TEN_PLAIN = by_warcio([small(number) for number in range(10)], gzip=False)
ONE_FOLDER = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
BOTH = pytest.mark.parametrize("whole", [PACKED, PLAIN], ids=["gzip", "plain"])


@BOTH
def test_a_cut_costs_only_the_record_it_is_in(tmp_path: Path, whole: Archive) -> None:
    assert [capture.body for capture in read(tmp_path, whole.data).captures] == PAGES
    # Behind the content of a plain record there are only line endings.
    ends = [end - (4 if whole is PLAIN else 0) for end in whole.ends]
    for cut in range(1, len(whole.data)):
        found = read(tmp_path, whole.data[:cut])
        sound = [place for place, end in zip(whole.places, ends, strict=True) if end <= cut]
        assert found.places == sound, cut
        assert found.reported == [(place, CUT) for place in whole.places if place < cut and place not in sound], cut
        assert all(damage.harmless == "incomplete" for damage in found.damages), cut


def unpacked(data: bytes, number: int) -> bytes | None:
    """What one of ten members unpacks to with zlib, if it does."""
    member = zlib.decompressobj(GZIP)
    try:
        content = member.decompress(data[TEN.places[number] : TEN.ends[number]])
    except zlib.error:
        return None
    return content if member.eof else None


@ONE_FOLDER
@given(at=st.integers(0, len(TEN.data) - 1), bits=st.integers(1, 255))
def test_a_flipped_byte_in_gzip_costs_only_its_record(tmp_path: Path, at: int, bits: int) -> None:
    number = max(number for number, place in enumerate(TEN.places) if place <= at)
    data = flipped(TEN.data, at, bits)
    found = read(tmp_path, data)
    # Time, system and flags of a member have no checksum, nor do the bits behind its last code.
    is_harmless = found.damages == [] and unpacked(data, number) == unpacked(TEN.data, number)
    lost = [] if is_harmless else [number]
    assert found.numbers == [n for n in range(10) if n not in lost]
    # A first byte that became a line end counts as a blank line.
    begin = TEN.places[number] + (at == TEN.places[number] and data[at] in b"\r\n")
    assert [offset for offset, _ in found.reported] == [begin for _ in lost]


@ONE_FOLDER
@given(at=st.integers(0, len(TEN_PLAIN.data) - 1), bits=st.integers(1, 255))
def test_a_flipped_byte_in_a_plain_file_costs_no_other(tmp_path: Path, at: int, bits: int) -> None:
    number = max(number for number, place in enumerate(TEN_PLAIN.places) if place <= at)
    found = read(tmp_path, flipped(TEN_PLAIN.data, at, bits))
    others = [place for n, place in enumerate(TEN_PLAIN.places) if n not in (number, number + 1)]
    assert [place for place in found.places if place in others] == others
    assert len(found.captures) + len(found.damages) >= 9
    into, content = at - TEN_PLAIN.places[number], TEN_PLAIN.record(number)[:-4]
    if content.index(b"\r\n\r\n") < into < len(content):
        assert [offset for offset, _ in found.reported] == [TEN_PLAIN.places[number]]


def changed(whole: Archive, start: int, end: int, instead: bytes) -> bytes:
    """The archive with other bytes than those from `start` to `end`, counted from its second record."""
    at = whole.places[1]
    return whole.data[: at + start] + instead + whole.data[at + end :]


@BOTH
@pytest.mark.parametrize(
    ("start", "end", "instead"),
    [
        (0, 0, b"garbage " * 20),
        (0, 0, bytes(70_000)),
        (0, 0, b"\x1f\x8b\x08 nearly gzip"),
        (0, 0, b"WARC/1.1\r\n\r\nnearly a record"),
        (0, 100, bytes(100)),
        (50, 150, b""),
        (0, 1, b""),
        (20, 20, b"garbage" * 9),
    ],
)
def test_bytes_that_are_no_record_are_one_damage(
    tmp_path: Path, whole: Archive, start: int, end: int, instead: bytes
) -> None:
    found = read(tmp_path, changed(whole, start, end, instead))
    assert found.numbers == ([0, 1, 2] if start == end == 0 else [0, 2])
    assert [offset for offset, _ in found.reported] == [whole.places[1]]
    assert not found.damages[0].harmless


@BOTH
@pytest.mark.parametrize("instead", [bytes(100), b""])
def test_damage_to_two_records_costs_no_third(tmp_path: Path, whole: Archive, instead: bytes) -> None:
    found = read(tmp_path, changed(whole, -50, 50, instead))
    assert found.numbers == [2]
    assert found.reported[0][0] == 0
    # The rest of the second one may be reported separately, and nothing else.
    assert all(0 < offset < whole.places[1] for offset, _ in found.reported[1:2])
    assert len(found.reported) < 3


def test_archives_behind_one_another_are_one(tmp_path: Path) -> None:
    for first, second in ((PACKED, PLAIN), (PLAIN, PACKED), (PACKED, PACKED), (PLAIN, PLAIN)):
        found = read(tmp_path, first.data + second.data)
        assert (found.numbers, found.damages) == ([0, 1, 2, 0, 1, 2], [])


MANY = packed(Raw(url="http://x/?=7").plain(), Raw(url="http://x/?=8").plain())


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("member", "what"),
    [
        (packed(b""), None),
        (packed(b"\r\n" * 5000), None),
        (packed(b"no record " * 500), NO_RECORD),
        (Raw(length="1").packed(), WRONG_LENGTH),
        (flipped(PACKED.record(0), 60), BROKEN),
    ],
)
def test_odd_members_cost_no_other(tmp_path: Path, place: int, member: bytes, what: str | None) -> None:
    records = PACKED.records()
    whole = joined([*records[:place], member, *records[place:]])
    found = read(tmp_path, whole.data)
    assert found.numbers == [0, 1, 2]
    assert found.reported == ([(whole.places[place], what)] if what else [])


def test_a_blank_member_does_not_give_its_place_to_a_record(tmp_path: Path) -> None:
    whole = joined([MANY, packed(b"\r\n\r\n"), *PACKED.records()])
    found = read(tmp_path, whole.data)
    assert (found.numbers, found.reported) == ([7, 8, 0, 1, 2], [])
    assert len({capture.location for capture in found.captures}) == 5


def test_of_several_records_in_one_member_each_that_is_too_large_is_refused(tmp_path: Path) -> None:
    large, small = Raw(body=bytes(range(256)) * 9000).plain(), Raw(url="http://x/?=7").plain()
    found = read(tmp_path, packed(large, large, small, large), 1_000_000)
    assert (len(found.refused), found.numbers, found.damages) == (3, [7], [])
    assert len({capture.location for capture in found.refused}) == 3


@pytest.mark.parametrize(
    ("data", "reported"),
    [
        (b"", [(0, "empty")]),
        (bytes(3), [(0, NO_RECORD)]),
        (bytes(70_000), [(0, NO_RECORD)]),
        (PACKED.data + bytes(500), [(len(PACKED.data), NO_RECORD)]),
        (PLAIN.data + bytes(500), [(len(PLAIN.data), NO_RECORD)]),
        (
            flipped(flipped(PACKED.data, PACKED.places[0] + 100), PACKED.places[1] + 100),
            [(place, BROKEN) for place in PACKED.places[:2]],
        ),
    ],
)
def test_damage_is_reported_with_its_place(tmp_path: Path, data: bytes, reported: list[tuple[int, str]]) -> None:
    assert read(tmp_path, data, 1_000_000).reported == reported
