"""What is found at paths: detected by content, in order, and nothing outside of them."""

from __future__ import annotations

import gzip
import inspect
import io
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from storage.sources import Damage, total_size
from tests.storage.sources import test_arc, test_tables, test_zipped
from tests.storage.sources.made import captures, damages, page, read, sources, url

FILES = {
    "warc": test_zipped.warc(0),
    "warc.plain": gzip.decompress(test_zipped.warc(0)),
    "arc": b"".join(test_arc.members()),
    "jsonl": test_tables.DUMPS["json"],
    "csv": test_tables.DUMPS["comma"],
    "html": page(),
}
PACKED = FILES | {f"{form}.gz": gzip.compress(FILES[form]) for form in ("warc.plain", "jsonl", "csv", "html")}


@pytest.mark.parametrize("form", sorted(PACKED))
def test_the_kind_of_a_file_is_detected_from_its_content(tmp_path: Path, form: str) -> None:
    path = tmp_path / "noname.zip"
    path.write_bytes(PACKED[form])
    [source] = sources(path)
    assert not isinstance(source, Damage)
    assert source.name == str(path)
    assert source.size == len(PACKED[form])
    assert captures(source.read(10_000_000))[0].body == page()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\x89PNG\0\0", "not an archive, table or page"),
        ("é".encode("latin-1"), "not an archive, table or page"),
        (gzip.compress(b"\0\0", mtime=0), "not an archive, table or page"),
        (b"\x28\xb5\x2f\xfd....", "zstd-compressed; unpack it first, as with zstd -d"),
        (b"\x5d\x2a\x4d\x18....", "zstd-compressed; unpack it first, as with zstd -d"),
        (b'[{"url": 1}]', "JSON, but not an object a line; convert it, as with jq -c '.[]'"),
        (b'{\n "a": 1\n}\n', "JSON, but not an object a line; convert it, as with jq -c '.[]'"),
        (b"\x1f\x8b\x08junkjunk", "gzip data are damaged"),
        (gzip.compress(b"", mtime=0)[:12], "empty, or gzip data that end too early"),
        (gzip.compress(b"", mtime=0), "empty, or gzip data that end too early"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert damages(sources(tmp_path)) == [what]


def test_a_missing_path_is_reported_before_reading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such file or folder\."):
        sources(tmp_path, tmp_path / "nowhere")


def test_standard_input_cannot_be_named_twice() -> None:
    with pytest.raises(ValueError, match=r"Standard input \(-\) is named twice"):
        sources("-", "-")


def test_a_damaged_first_record_costs_no_archive(tmp_path: Path) -> None:
    for at in range(4):
        data = bytearray(test_zipped.warc(0) + test_zipped.warc(1))
        data[at] ^= 0xFF
        (tmp_path / f"{at}.warc.gz").write_bytes(data)
    found = read(tmp_path)
    assert [item.url for item in captures(found)] == [url(0)] * (len(captures(found)) - 4) + [url(1)] * 4
    assert len(captures(found)) + len(damages(found)) == 8


def test_a_folder_is_walked_in_order(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        (tmp_path / f"{number}").mkdir()
        for name in "ba":
            (tmp_path / f"{number}" / f"{name}.html").write_bytes(page(number))
    (tmp_path / "2" / "a.jsonl").write_bytes(test_tables.DUMPS["json"])
    (tmp_path / "1" / "empty").write_bytes(b"")
    for hidden in (tmp_path / ".git", tmp_path / "1" / ".hidden"):
        hidden.mkdir()
        (hidden / "a.html").write_bytes(page())
    found = sources(tmp_path)
    assert [one.location.file if isinstance(one, Damage) else one.name for one in found] == [
        f"{tmp_path}/{name}" for name in ("1/empty", "1", "2/a.jsonl", "2", "3")
    ]
    files = [item.location.file for item in captures(read(tmp_path / "1", tmp_path / "3")) if item.location]
    assert files == [f"{tmp_path}/{name}.html" for name in ("1/a", "1/b", "3/a", "3/b")]


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    def stamps() -> list[str]:
        return [source.stamp for source in sources(tmp_path) if not isinstance(source, Damage)]

    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    before = stamps()
    assert before == stamps()
    assert all(before)
    for name in FILES:
        os.utime(tmp_path / name, (1, 1))
    assert not {*before} & {*stamps()}


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "in-and-out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.html").write_bytes(page())
    (inside / "b").symlink_to(outside / "a.html")
    (inside / "c").symlink_to(outside)
    (inside / "d").symlink_to(inside)
    (inside / "e").symlink_to("a.html")
    assert len(captures(read(inside / "e"))) == 1
    found = read(inside)
    assert [one.location.file for one in found if isinstance(one, Damage)] == [f"{inside}/b", f"{inside}/c"]
    assert [item.location and item.location.file for item in captures(found)] == [f"{inside}/a.html"]


def test_links_to_hidden_files_are_followed(tmp_path: Path) -> None:
    store = tmp_path / "in" / ".store"
    for number, folder in enumerate((store, store / "sub", tmp_path / "out" / ".store")):
        folder.mkdir(parents=True)
        (folder / "p.html").write_bytes(page(number))
    links = {
        "a.html": ".store/p.html",
        "b": ".store/sub",
        "c.html": ".store/sub/p.html",
        "d": ".store/gone",
        "e": "../out/.store/p.html",
    }
    for name, target in links.items():
        (tmp_path / "in" / name).symlink_to(target)
    (tmp_path / "in" / "urls.csv").write_text(f"file,url\na.html,{url()}\n")
    inside = tmp_path / "in"
    found = read(inside)
    assert [(item.location and item.location.file, item.url, item.body) for item in captures(found)] == [
        (f"{inside}/a.html", url(), page(0)),
        (f"{inside}/c.html", "", page(1)),
    ]
    assert {one.location.file: one.what for one in found if isinstance(one, Damage)} == {
        f"{inside}/b": "a link to a hidden folder; name that folder to have it read",
        f"{inside}/d": "No such file or directory",
        f"{inside}/e": "a link that leads out of the folder",
    }


def test_deep_folders_and_pipes_are_no_trouble(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
        deep.mkdir()
    (deep / "a.html").write_bytes(page())
    os.mkfifo(tmp_path / "z")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        found = read(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert damages(found) == ["not a regular file"]
    assert [item.body for item in captures(found)] == [page()]


def test_the_total_size_is_that_of_the_sources(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".hidden").write_bytes(b"x" * 100)
    total = sum(len(content) for content in FILES.values())
    assert total_size([str(tmp_path), "-", str(tmp_path / "gone")]) == total
    assert total_size([str(tmp_path / "html")]) == len(page())
    assert sum(source.size for source in sources(tmp_path) if not isinstance(source, Damage)) == total


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Have standard input bring `content` as a pipe does: a little at a time, and forward only."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(Pipe(content), 700)))


class Pipe(io.RawIOBase):
    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self.content.readinto(buffer[:700])


@pytest.mark.parametrize("form", [*sorted(PACKED), "zip"])
def test_standard_input_brings_any_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    content = PACKED[form] if form in PACKED else test_zipped.wacz(tmp_path / "z").read_bytes()
    standard_input(monkeypatch, content)
    [source] = sources("-")
    assert not isinstance(source, Damage)
    assert (source.name, source.size, source.stamp) == ("-", 0, "")
    found = captures(source.read(10_000_000))
    assert found[0].body == page()
    assert found[0].url == ("" if "html" in form else url())
    assert {item.location for item in found} == {None}
    if "html" in form:
        assert datetime.now(UTC) - found[0].fetched_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (gzip.compress(test_tables.DUMPS["json"], mtime=0)[:-400], "gzip data end too early"),
        (gzip.compress(page(), mtime=0)[:-400], "gzip data end too early"),
    ],
)
def test_damage_of_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch, content: bytes, what: str) -> None:
    standard_input(monkeypatch, content)
    found = read("-")
    assert damages(found) == [what]
    assert {one.location.file for one in found if isinstance(one, Damage)} == {"/dev/stdin"}
