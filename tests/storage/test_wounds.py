"""Archives that are cut, or have other bytes than were written: each wound is told, and every record around it read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.archive.members import BROKEN, CUT, GZIP
from storage.archive.reader import NO_RECORD, WRONG_LENGTH
from tests.storage.museum import (
    Archive,
    Raw,
    by_us,
    by_warcio,
    flipped,
    joined,
    packed,
    read,
    read_all,
    read_cut,
    small,
    write,
)

PAGES = [small(number) for number in range(3)]
OURS = by_us(PAGES)
PACKED = by_warcio(PAGES, version="1.0")
PLAIN = by_warcio(PAGES, gzip=False, version="1.1")
TEN = by_warcio([small(number) for number in range(10)])
TEN_PLAIN = by_warcio([small(number) for number in range(10)], gzip=False)
ONE_FOLDER = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
BOTH = pytest.mark.parametrize("whole", [PACKED, PLAIN], ids=["gzip", "plain"])


@pytest.mark.parametrize("whole", [OURS, PACKED, PLAIN], ids=["ours", "gzip", "plain"])
def test_a_sound_archive_is_read_whole_however_it_is_cut_into_parts(tmp_path: Path, whole: Archive) -> None:
    found = read(tmp_path, whole.data, step=1)
    assert found.numbers == [0, 1, 2]
    assert [capture.body for capture in found.captures] == PAGES
    assert found.wounds == []
    step = 2 if whole is OURS else 1
    assert found.places == list(whole.places[step - 1 :: step])


@pytest.mark.parametrize("whole", [OURS, PACKED, PLAIN], ids=["ours", "gzip", "plain"])
def test_a_cut_at_any_byte_costs_the_record_it_is_in_alone(tmp_path: Path, whole: Archive) -> None:
    every = read(tmp_path, whole.data)
    # Behind the content of a plain record there is nothing but line ends.
    ends = [end - (0 if whole is not PLAIN else 4) for end in whole.ends]
    for cut in range(1, len(whole.data)):
        found = read_all(write(tmp_path, whole.data[:cut]))
        sound = {place for place, end in zip(whole.places, ends, strict=True) if end <= cut}
        wounded = [place for place in whole.places if place < cut and place not in sound]
        assert found.places == [place for place in every.places if place in sound], cut
        assert found.told == [(place, CUT) for place in wounded], cut
        assert all(wound.incomplete for wound in found.wounds), cut


@BOTH
def test_a_cut_archive_reads_the_same_in_parts(tmp_path: Path, whole: Archive) -> None:
    for cut in range(whole.places[1] - 12, whole.places[1] + 12):
        assert read(tmp_path, whole.data[:cut]).items  # which compares the two


def test_what_an_empty_file_holds_is_nothing(tmp_path: Path) -> None:
    assert read_all(write(tmp_path, b"")).items == []


@pytest.mark.parametrize("size", [1, 3, 5, 70_000])
def test_a_file_of_zeros_is_one_wound(tmp_path: Path, size: int) -> None:
    assert read(tmp_path, bytes(size), step=7000).told == [(0, NO_RECORD)]


def unpacked(data: bytes, number: int) -> bytes | None:
    """What one of ten members unpacks to by zlib, where it does."""
    member = zlib.decompressobj(GZIP)
    try:
        content = member.decompress(data[TEN.places[number] : [*TEN.places, None][number + 1]])
    except zlib.error:
        return None
    return content if member.eof else None


@ONE_FOLDER
@given(at=st.integers(0, len(TEN.data) - 1), bits=st.integers(1, 255), step=st.integers(40, 900))
def test_a_byte_that_flips_in_gzip_costs_the_record_it_is_in_alone(
    tmp_path: Path, at: int, bits: int, step: int
) -> None:
    number = max(number for number, place in enumerate(TEN.places) if place <= at)
    data = flipped(TEN.data, at, bits)
    source = write(tmp_path, data)
    found = read_all(source)
    # Time, system and flags of a member are checked by nothing, nor are the bits behind its last code.
    tells_nothing = found.wounds == [] and unpacked(data, number) == unpacked(TEN.data, number)
    lost = [] if tells_nothing else [number]
    assert found.numbers == [n for n in range(10) if n not in lost]
    assert [offset for offset, _ in found.told] == [TEN.places[n] for n in lost]
    assert read_cut(source, range(0, source.size, step)) == found


@ONE_FOLDER
@given(at=st.integers(0, len(TEN_PLAIN.data) - 1), bits=st.integers(1, 255), step=st.integers(40, 900))
def test_a_byte_that_flips_in_a_plain_file_costs_no_other_record(tmp_path: Path, at: int, bits: int, step: int) -> None:
    number = max(number for number, place in enumerate(TEN_PLAIN.places) if place <= at)
    source = write(tmp_path, flipped(TEN_PLAIN.data, at, bits))
    found = read_all(source)
    around = [
        capture
        for capture in found.captures
        if capture.location and capture.location.offset not in TEN_PLAIN.places[number : number + 2]
    ]
    assert [int(capture.url.rpartition("=")[2]) for capture in around] == [
        n for n in range(10) if n not in (number, number + 1)
    ]
    assert len(found.captures) + len(found.wounds) >= 9
    if at - TEN_PLAIN.places[number] > TEN_PLAIN.record(number).index(b"\r\n\r\n"):
        content = TEN_PLAIN.record(number)[:-4]
        if at - TEN_PLAIN.places[number] < len(content):
            assert [offset for offset, _ in found.told] == [TEN_PLAIN.places[number]]
    whats = found.captures + found.wounds
    assert len({item.location for item in whats}) == len(whats)
    assert read_cut(source, range(0, source.size, step)) == found


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
        (50, 150, bytes(100)),
        (50, 150, b""),
        (0, 1, b""),
        (20, 20, b"garbage" * 9),
    ],
)
def test_bytes_that_are_no_record_are_one_wound(
    tmp_path: Path, whole: Archive, start: int, end: int, instead: bytes
) -> None:
    found = read(tmp_path, changed(whole, start, end, instead))
    assert found.numbers == ([0, 1, 2] if start == end == 0 else [0, 2])
    assert [offset for offset, _ in found.told] == [whole.places[1]]
    assert not found.wounds[0].incomplete


@BOTH
@pytest.mark.parametrize("instead", [bytes(100), b""])
def test_two_records_that_are_hurt_at_once_cost_no_third(tmp_path: Path, whole: Archive, instead: bytes) -> None:
    found = read(tmp_path, changed(whole, -50, 50, instead))
    assert found.numbers == [2]
    assert found.told[0][0] == 0
    # The rest of the second one may be told by itself, and nothing else.
    assert all(0 < offset < whole.places[1] for offset, _ in found.told[1:2])
    assert len(found.told) < 3


@BOTH
def test_what_follows_the_last_record_is_told_with_its_place(tmp_path: Path, whole: Archive) -> None:
    found = read(tmp_path, whole.data + bytes(500))
    assert found.numbers == [0, 1, 2]
    assert found.told == [(len(whole.data), NO_RECORD)]


@BOTH
def test_archives_one_behind_the_other_are_one(tmp_path: Path, whole: Archive) -> None:
    assert read(tmp_path, 3 * whole.data).numbers == 3 * [0, 1, 2]


def test_a_compressed_archive_behind_a_plain_one_and_the_other_way_round(tmp_path: Path) -> None:
    for first, second in ((PACKED, PLAIN), (PLAIN, PACKED)):
        found = read_all(write(tmp_path, first.data + second.data))
        assert found.numbers == [0, 1, 2, 0, 1, 2]
        assert found.wounds == []


@pytest.mark.parametrize("blank", [packed(b""), packed(b"\r\n\r\n"), packed(b"\r\n" * 5000)])
def test_members_that_hold_nothing_are_passed_over_wherever_they_stand(tmp_path: Path, blank: bytes) -> None:
    found = read(tmp_path, joined([blank, PACKED.record(0), blank, blank, *PACKED.records()[1:], blank]).data)
    assert found.numbers == [0, 1, 2]
    assert found.wounds == []


@pytest.mark.parametrize("place", range(4))
def test_a_member_that_holds_no_record_is_told(tmp_path: Path, place: int) -> None:
    records = PACKED.records()
    records.insert(place, packed(b"no record " * 500))
    found = read(tmp_path, joined(records).data)
    assert found.numbers == [0, 1, 2]
    assert found.told == [(joined(records).places[place], NO_RECORD)]


@pytest.mark.parametrize("place", range(4))
def test_records_that_share_a_member_are_each_read_once(tmp_path: Path, place: int) -> None:
    records = PACKED.records()
    records.insert(place, packed(*(Raw(url=f"http://x/?={number}").plain() for number in (7, 8, 9))))
    found = read(tmp_path, joined(records).data)
    assert found.numbers == [*range(place), 7, 8, 9, *range(place, 3)]
    assert found.wounds == []


def test_a_wound_of_a_shared_member_leaves_the_records_before_it(tmp_path: Path) -> None:
    shared = packed(Raw(url="http://x/?=7").plain(), Raw(length="1").plain(), Raw().plain())
    whole = joined([PACKED.record(0), shared, PACKED.record(1)])
    found = read(tmp_path, whole.data)
    assert found.numbers == [0, 7, 1]
    assert found.told == [(whole.places[1], WRONG_LENGTH)]


def test_a_damaged_member_is_told_as_such(tmp_path: Path) -> None:
    found = read(tmp_path, changed(PACKED, 60, 61, b"\x00"))
    assert found.told == [(PACKED.places[1], BROKEN)]
