"""Archives that are too much: bombs, giants, files that were compressed as a whole, and files that change."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import pytest

from storage.archive import Location
from storage.archive.members import BOMB, CUT
from storage.sources.base import Seam, Wound
from storage.sources.find import find_sources
from storage.sources.forward import Unpacked
from storage.sources.warc import WarcRange, warc_items
from tests.replica import Replica
from tests.storage.museum import (
    SITE,
    Raw,
    Read,
    bomb,
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
from tests.storage.sources import made

FIRST, LAST = Raw(url=SITE + "1").packed(), Raw(url=SITE + "2").packed()
TOO_LARGE = "larger than a page may be"
GIGABYTE = 1 << 30
# What a process may use for any of these, in bytes: FastWARC unpacks 64 KB at a time, and those of a bomb to 64 MB.
MEMORY = 250_000_000
SECONDS = 20
CHECKOUT = Path(__file__).parents[2]

READER = """
import re, sys, time
from pathlib import Path
from storage.sources.base import Refused, Wound, Capture
from tests.storage.museum import read_all, WarcSource
began = time.monotonic()
for item in read_all(WarcSource(Path(sys.argv[1]), "a")).items:
    what = getattr(item, "reason", None) or getattr(item, "what", None) or item.url[-1]
    print(item.location.offset, what)
seconds = time.monotonic() - began
# What getrusage tells begins with the memory of the process that began this one.
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text() if status.exists() else "VmHWM: 0 kB")
print(int(peak[1]) * 1024, seconds)
"""


def measured(path: Path, data: bytes) -> list[str]:
    """What a process of its own reads, within bounds."""
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READER, path], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    *lines, cost = done.stdout.splitlines()
    memory, seconds = map(float, cost.split())
    assert memory < MEMORY
    assert seconds < SECONDS
    return lines


def header(length: int) -> bytes:
    return Raw(url=SITE + "7", length=str(length)).plain().partition(b"<html>")[0]


def test_a_member_that_unpacks_to_a_gigabyte_is_refused_in_bounded_time_and_memory(tmp_path: Path) -> None:
    body = bomb(GIGABYTE, header(GIGABYTE + 61))
    at = len(FIRST)
    assert measured(tmp_path / "a", joined([FIRST, body, LAST]).data) == [
        "0 1",
        f"{at} {TOO_LARGE}",
        f"{at + len(body)} 2",
    ]


@pytest.mark.parametrize("begin", [b"", b"WARC/1.0\r\nX: "], ids=["no record", "in its header"])
def test_a_bomb_that_is_no_record_is_told(tmp_path: Path, begin: bytes) -> None:
    body = bomb(GIGABYTE, begin)
    told = [f"{len(FIRST)} {BOMB}", f"{len(FIRST) + len(body)} 2"]
    assert measured(tmp_path / "a", joined([FIRST, body, LAST]).data) == ["0 1", *told]


def test_a_bomb_that_stands_first_costs_no_other_record(tmp_path: Path) -> None:
    body = bomb(GIGABYTE >> 1, header(GIGABYTE))
    assert measured(tmp_path / "a", body + LAST)[-1] == f"{len(body)} 2"


def test_a_giant_between_small_records_is_refused_though_whole_parts_lie_inside_it(tmp_path: Path) -> None:
    body = random.Random(1).randbytes(3_000_000)
    for giant in (Raw(url=SITE + "7", body=body).packed(), Raw(url=SITE + "7", body=body).plain()):
        plain = not giant.startswith(b"\x1f")
        ends = [Raw(url=SITE + str(n)).plain() for n in (1, 2)] if plain else [FIRST, LAST]
        whole = joined([ends[0], giant, ends[1]])
        source = write(tmp_path, whole.data)
        found = read_all(source, 1_000_000)
        assert found.numbers == [1, 2]
        assert [refusal.location.offset for refusal in found.refused] == [whole.places[1]]
        assert read_cut(source, range(0, len(whole.data), 300_000), 1_000_000) == found


@pytest.mark.parametrize("files", [1, 3])
def test_a_file_that_was_compressed_as_a_whole_is_read(tmp_path: Path, files: int) -> None:
    pages = [made.page(number) for number in range(6)]
    whole = gzip.compress(by_warcio(pages, gzip=False).data)
    found = read(tmp_path, files * whole)
    assert found.numbers == files * [0, 1, 2, 3, 4, 5]
    assert [capture.body for capture in found.captures] == files * pages
    assert found.wounds == []


def test_a_file_that_was_compressed_as_a_whole_and_cut_is_read_up_to_the_cut(tmp_path: Path) -> None:
    plain = by_warcio([made.page(number) for number in range(6)], gzip=False)
    whole = gzip.compress(plain.data)
    for share in (0.5, 0.7, 0.95):
        found = read(tmp_path, whole[: int(len(whole) * share)])
        number = len(found.numbers)
        assert 1 < number < 6
        assert found.numbers == list(range(number))
        assert found.told == [(plain.places[number], CUT)]


def test_a_file_of_several_that_were_compressed_as_a_whole_is_read_around_a_wound(tmp_path: Path) -> None:
    pages = [made.page(number) for number in range(6)]
    plain = by_warcio(pages, gzip=False)
    whole = gzip.compress(plain.data)
    found = read(tmp_path, flipped(whole, len(whole) // 2) + whole)
    number = found.numbers.index(0, 1)
    assert 1 < number < 6
    assert found.numbers == [*range(number), *range(6)]
    assert found.wounds[0].location.offset == plain.places[number]
    assert {capture.body for capture in found.captures} == set(pages)


@pytest.mark.parametrize("tail", [b"", b"garbage"], ids=["end", "garbage"])
@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "gzip"])
def test_a_stream_is_read_around_what_is_larger_than_it_can_go_back(is_plain: bool, tail: bytes) -> None:
    giant = Raw(url=SITE + "7", body=random.Random(1).randbytes(30_000_000))
    records = [Raw(url=SITE + "1"), giant, Raw(url=SITE + "2")]
    data = b"".join(
        record.plain() + tail if is_plain else gzip.compress(record.plain(), 0) + tail for record in records
    )
    found = Read(list(warc_items(cast("IO[bytes]", BytesIO(data)), "a", 1_000_000)))
    assert found.numbers == [1, 2]
    assert [refusal.url for refusal in found.refused] == [SITE + "7"]


def test_a_stream_goes_on_behind_a_wound_that_is_larger_than_it_can_go_back() -> None:
    giant = gzip.compress(Raw(url=SITE + "7", body=random.Random(1).randbytes(30_000_000)).plain(), 0)
    data = FIRST + flipped(giant, len(giant) - 8) + bytes(100_000) + LAST
    found = Read(list(warc_items(cast("IO[bytes]", BytesIO(data)), "a", 1_000_000)))
    assert found.numbers == [1, 2]
    assert [offset for offset, _ in found.told] == [len(FIRST)]


def test_a_file_that_grows_while_it_is_read_is_read_as_it_was(tmp_path: Path) -> None:
    whole = by_us([small(number) for number in range(6)])
    source = write(tmp_path, whole.data[: whole.places[5] + 30])
    parts = list(source.parts())
    write(tmp_path, whole.data)
    found = Read([item for part in parts for item in part.read(10_000_000) if not isinstance(item, Seam)])
    assert found.numbers == [0, 1, 2]
    assert found.wounds == []
    [rest] = source.parts(str(whole.places[7]))
    assert isinstance(rest, WarcRange)
    assert [type(item).__name__ for item in rest.read(10_000_000)] == ["Capture", "Capture", "Capture", "Seam"]


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.warc.gz").mkdir()
    (tmp_path / "empty.warc.gz").touch()
    (tmp_path / "lost.warc.gz").symlink_to(tmp_path / "nowhere")
    write(tmp_path, FIRST, "good.warc.gz")
    sources = list(find_sources([str(tmp_path), str(tmp_path / "lost.warc.gz")]))
    wounds = [source for source in sources if isinstance(source, Wound)]
    assert {Path(wound.location.file).name for wound in wounds} == {"empty.warc.gz", "lost.warc.gz"}
    assert [Path(source.name).name for source in sources if not isinstance(source, Wound)] == ["good.warc.gz"]


def test_a_cut_archive_that_is_stored_in_a_zip_is_told_by_its_place_in_it(tmp_path: Path) -> None:
    whole = by_warcio([small(number) for number in range(3)])
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / "a.wacz"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("archive/cut.warc.gz", whole.data[:-20])
            archive.writestr("archive/good.warc.gz", whole.data)
        cut, good = find_sources([str(path)])
        assert not isinstance(cut, Wound)
        assert not isinstance(good, Wound)
        found = read_all(cut)
        assert found.numbers == [0, 1]
        assert [wound.location for wound in found.wounds] == [
            Location(file=f"{path}!archive/cut.warc.gz", offset=whole.places[2])
        ]
        assert read_all(good).numbers == [0, 1, 2]


def test_damaged_gzip_ends_a_member_and_no_more() -> None:
    data = packed(b"one") + packed(b"two" * 100)[:30] + packed(b"three")
    assert cast("IO[bytes]", Unpacked(cast("IO[bytes]", BytesIO(data)))).read().startswith(b"one")


def test_what_wget_wrote_is_read_and_its_wounds_are_told(tmp_path: Path) -> None:
    wget = shutil.which("wget")
    if wget is None and not os.environ.get("CI"):
        pytest.skip("there is no wget here")
    assert wget is not None
    with Replica(articles=4) as replica:
        paths = [entry.truth.url.partition("world.kbs.co.kr")[2] for entry in replica.world.entries[:4]]
        urls = [replica.base_url + path for path in paths]
        subprocess.run(
            [wget, "-q", "--warc-file=w", "--no-warc-keep-log", "-O", os.devnull, *urls], cwd=tmp_path, check=True
        )
    data = (tmp_path / "w.warc.gz").read_bytes()
    found = read(tmp_path, data)
    fetched = [capture for capture in found.captures if capture.url.startswith("http")]
    assert [capture.url for capture in fetched] == urls
    assert found.wounds == []
    assert b"</html>" in fetched[0].body
    assert fetched[2].location is not None
    third = fetched[2].location.offset
    wounded = read(tmp_path, flipped(data, third + 200))
    assert [url for url in (capture.url for capture in wounded.captures) if url in urls] == [urls[0], urls[1], urls[3]]
    assert [offset for offset, _ in wounded.told] == [third]
