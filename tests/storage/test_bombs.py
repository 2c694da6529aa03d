"""Archives that are too much: bombs, giants, and files that grow; and what wget writes."""

import gzip
import os
import random
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from storage.archive.reader import BOMB
from storage.sources.folder import UrlMap, read_url_map
from tests.replica import Replica
from tests.storage.museum import MAX_PAGE, SITE, Raw, Read, bomb, by_warcio, flipped, joined, read, small, write

FIRST, LAST = Raw(url=SITE + "1").packed(), Raw(url=SITE + "2").packed()
GIGABYTE = 1 << 30
# What a process may use for any of these, in bytes: 64 KB are unpacked at a time, and those of a bomb to 64 MB.
MEMORY = 250_000_000
SECONDS = 20

READER = """
import re, sys, time
from pathlib import Path
from storage.sources.warc import warc_source
began = time.monotonic()
for item in warc_source(Path(sys.argv[1]), "a").read(10_000_000, 0):
    print(item.location.offset, getattr(item, "what", None) or item.url[-1])
seconds = time.monotonic() - began
# What getrusage says begins with the memory of the process that began this one.
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text() if status.exists() else "VmHWM: 0 kB")
print(int(peak[1]) * 1024, seconds)
"""


def header(length: int) -> bytes:
    return Raw(url=SITE + "7", length=str(length)).plain().partition(b"<html>")[0]


@pytest.mark.parametrize(
    "begin", [b"", b"WARC/1.0\r\nX: ", header(GIGABYTE + 61)], ids=["no record", "header", "record"]
)
def test_a_bomb_is_refused_within_time_and_memory(tmp_path: Path, begin: bytes) -> None:
    whole = joined([FIRST, bomb(GIGABYTE, begin), LAST])
    path = tmp_path / "a"
    path.write_bytes(whole.data)
    command = [sys.executable, "-c", READER, str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    *lines, cost = done.stdout.splitlines()
    memory, seconds = map(float, cost.split())
    assert lines == ["0 1", f"{whole.places[1]} {BOMB}", f"{whole.places[2]} 2"]
    assert memory < MEMORY
    assert seconds < SECONDS


@pytest.mark.parametrize("form", ["plain", "packed", "stored"])
@pytest.mark.parametrize("tail", [b"", b"garbage"], ids=["end", "garbage"])
def test_a_giant_between_small_records_is_refused(tmp_path: Path, form: str, tail: bytes) -> None:
    giant = Raw(url=SITE + "7", body=random.Random(1).randbytes(3_000_000))
    records = [Raw(url=SITE + "1"), giant, Raw(url=SITE + "2")]
    stored = [gzip.compress(r.plain(), 0) if form == "stored" else getattr(r, form)() for r in records]
    found = read(tmp_path, joined(one + tail for one in stored).data, 500_000)
    assert found.numbers == [1, 2]
    if form != "plain" or not tail:
        assert [refusal.location and refusal.location.offset for refusal in found.refused] == [len(stored[0] + tail)]


def test_reading_goes_on_behind_a_damaged_giant(tmp_path: Path) -> None:
    giant = gzip.compress(Raw(url=SITE + "7", body=random.Random(1).randbytes(30_000_000)).plain(), 0)
    data = FIRST + flipped(giant, len(giant) - 8) + bytes(100_000) + LAST
    found = read(tmp_path, data, 1_000_000)
    assert found.numbers == [1, 2]
    assert [offset for offset, _ in found.reported] == [len(FIRST)]


def test_a_file_that_grows_is_read_as_it_was(tmp_path: Path) -> None:
    whole = by_warcio([small(number) for number in range(3)])
    source = write(tmp_path, whole.data[: whole.places[2] + 30])
    write(tmp_path, whole.data)
    found = Read(source.read(MAX_PAGE, 0))
    assert found.numbers == [0, 1]
    assert [(damage.location.offset, damage.harmless) for damage in found.damages] == [(whole.places[2], "incomplete")]


def test_what_wget_wrote_is_read_and_its_damage_reported(tmp_path: Path) -> None:
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
    assert found.damages == []
    assert b"</html>" in fetched[0].body
    assert fetched[2].location is not None
    third = fetched[2].location.offset
    damaged = read(tmp_path, flipped(data, third + 200))
    assert [url for url in (capture.url for capture in damaged.captures) if url in urls] == [urls[0], urls[1], urls[3]]
    assert [offset for offset, _ in damaged.reported] == [third]


def test_a_million_empty_members_take_no_time(tmp_path: Path) -> None:
    began = time.monotonic()
    whole = joined([FIRST, gzip.compress(b"", mtime=0) * 1_000_000, LAST])
    found = read(tmp_path, whole.data)
    assert (found.numbers, found.damages) == ([1, 2], [])
    assert time.monotonic() - began < SECONDS


def test_a_map_of_files_that_are_not_there_takes_no_memory(tmp_path: Path) -> None:
    line = b'{"file": "%d.html", "url": "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=%d"}\n'
    (tmp_path / "urls.jsonl").write_bytes(b"".join(line % (number, number) for number in range(20_000)))
    (tmp_path / "7.html").write_bytes(b"<html>")
    tracemalloc.start()
    try:
        origins: UrlMap = {}
        damages = list(read_url_map(tmp_path, origins))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert (list(origins), damages) == ([str(tmp_path / "7.html")], [])
