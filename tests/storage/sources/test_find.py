"""What is found at paths: told by content, in order, and nothing outside of them."""

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

from storage.sources.arc import ArcSource
from storage.sources.base import Wound
from storage.sources.find import GROUP, find_sources, total_size
from storage.sources.pages import PagesSource
from storage.sources.tables import TableSource
from storage.sources.warc import WarcSource
from tests.storage.sources import test_arc, test_tables, test_zipped
from tests.storage.sources.made import captures, items_of, page, url, wounds

FILES = {
    "warc": (test_zipped.warc(0), WarcSource),
    "warc.plain": (gzip.decompress(test_zipped.warc(0)), WarcSource),
    "arc": (b"".join(test_arc.members()), ArcSource),
    "jsonl": (test_tables.DUMPS["json"], TableSource),
    "csv": (test_tables.DUMPS["comma"], TableSource),
    "html": (page(), PagesSource),
}


@pytest.mark.parametrize("form", sorted(FILES))
@pytest.mark.parametrize("packed", [False, True])
def test_files_are_told_by_content_whatever_their_names(tmp_path: Path, form: str, packed: bool) -> None:
    content, expected = FILES[form]
    path = tmp_path / "noname.zip"
    path.write_bytes(gzip.compress(content) if packed and form != "warc" else content)
    [source] = find_sources([str(path)])
    assert isinstance(source, expected)
    assert not isinstance(source, Wound)
    assert source.name == str(path)
    assert captures(items_of(source))[0].body == page()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\x89PNG\0\0", "no archive, dump or page"),
        ("é".encode("latin-1"), "no archive, dump or page"),
        (gzip.compress(b"\0\0", mtime=0), "no archive, dump or page"),
        (b"\x28\xb5\x2f\xfd....", "zstd-compressed; unpack it first, as with zstd -d"),
        (b"\x5d\x2a\x4d\x18....", "zstd-compressed; unpack it first, as with zstd -d"),
        (b'[{"url": 1}]', "a JSON array; it must be JSON Lines, as jq -c '.[]' writes it"),
        (b'{\n "a": 1\n}\n', "no JSON Lines: it must have an object a line, as jq -c writes it"),
        (b"\x1f\x8bjunkjunk", "gzip data are damaged"),
        (gzip.compress(b"", mtime=0)[:12], "gzip data end too early"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(b"", mtime=0) * 2, "empty"),
        (gzip.compress(b"", mtime=0) + gzip.compress(page(), mtime=0)[:12], "gzip data end too early"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert wounds(found for found in find_sources([str(tmp_path)]) if isinstance(found, Wound)) == [what]


def test_a_path_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such file or folder\."):
        find_sources([str(tmp_path), str(tmp_path / "nowhere")])


def test_standard_input_named_twice_is_told_before_anything_is_read() -> None:
    with pytest.raises(ValueError, match=r"Standard input \(-\) is named twice"):
        find_sources(["-", "-"])


def test_a_page_behind_an_empty_gzip_member_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"") + gzip.compress(page()))
    [source] = find_sources([str(tmp_path)])
    assert isinstance(source, PagesSource)
    assert [item.body for item in captures(items_of(source))] == [page()]


def test_a_folder_is_walked_in_order_and_page_files_are_grouped_across_folders(tmp_path: Path) -> None:
    for number in range(GROUP + 20):
        folder = tmp_path / f"{number // 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:03}.html").write_bytes(b"<p>")
    (tmp_path / "1" / "060.jsonl").write_bytes(test_tables.DUMPS["json"])
    (tmp_path / "0" / "empty").write_bytes(b"")
    for hidden in (tmp_path / ".git", tmp_path / "0" / ".hidden"):
        hidden.mkdir()
        (hidden / "a.html").write_bytes(b"<p>")
    found = list(find_sources([str(tmp_path)]))
    assert [len(source.files) for source in found if isinstance(source, PagesSource)] == [61, 59]
    assert [type(source) for source in found] == [Wound, PagesSource, TableSource, PagesSource]
    paths = [file.path for source in found if isinstance(source, PagesSource) for file in source.files]
    assert paths == sorted(paths)
    (tmp_path / "1" / "060.jsonl").unlink()
    sizes = [len(source.files) for source in find_sources([str(tmp_path)]) if isinstance(source, PagesSource)]
    assert sizes == [GROUP, 20]


def test_links_that_lead_out_are_told_and_others_read_once(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "in-and-out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.html").write_bytes(page())
    (inside / "b").symlink_to(outside / "a.html")
    (inside / "c").symlink_to(outside)
    (inside / "d").symlink_to(inside)
    (inside / "e").symlink_to("a.html")
    found = list(find_sources([str(inside)]))
    assert [one.location.file for one in found if isinstance(one, Wound)] == [f"{inside}/b", f"{inside}/c"]
    assert [file.path for one in found if isinstance(one, PagesSource) for file in one.files] == [f"{inside}/a.html"]


def test_links_to_hidden_files_of_the_folder_are_read_and_those_to_hidden_folders_told(tmp_path: Path) -> None:
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
    found = list(find_sources([str(tmp_path / "in")]))
    [source] = [one for one in found if isinstance(one, PagesSource)]
    inside = tmp_path / "in"
    assert [(file.path, file.url) for file in source.files] == [(f"{inside}/a.html", url()), (f"{inside}/c.html", "")]
    assert [item.body for item in captures(items_of(source))] == [page(0), page(1)]
    assert {one.location.file: one.what for one in found if isinstance(one, Wound)} == {
        f"{inside}/b": "a link to a hidden folder; name that folder to have it read",
        f"{inside}/d": "No such file or directory",
        f"{inside}/e": "a link that leads out of the folder",
    }
    assert total_size([str(inside)]) == source.size + (inside / "urls.csv").stat().st_size


def test_folders_however_deep_and_pipes_are_no_trouble(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
        deep.mkdir()
    (deep / "a.html").write_bytes(page())
    os.mkfifo(tmp_path / "z")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        first, second = find_sources([str(tmp_path)])
    finally:
        sys.setrecursionlimit(limit)
    assert isinstance(first, Wound)
    assert first.what == "no regular file"
    assert [item.body for item in captures(items_of(second))] == [page()]  # type: ignore[arg-type]


def test_the_size_is_that_of_all_files_and_the_sources_have_the_same(tmp_path: Path) -> None:
    for name, (content, _) in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".hidden").write_bytes(b"x" * 100)
    total = sum(len(content) for content, _ in FILES.values())
    assert total_size([str(tmp_path), "-", str(tmp_path / "gone")]) == total
    assert total_size([str(tmp_path / "html")]) == len(page())
    assert sum(source.size for source in find_sources([str(tmp_path)]) if not isinstance(source, Wound)) == total


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


@pytest.mark.parametrize("form", sorted(FILES))
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_brings_any_of_them(monkeypatch: pytest.MonkeyPatch, form: str, packed: bool) -> None:
    content, _ = FILES[form]
    standard_input(monkeypatch, gzip.compress(content) if packed and form not in {"warc", "arc"} else content)
    [source] = find_sources(["-"])
    assert not isinstance(source, Wound)
    assert (source.name, source.size) == ("-", 0)
    found = captures(items_of(source))
    assert found[0].body == page()
    assert found[0].url == ("" if form == "html" else url())
    assert {item.location for item in found} == {None}
    if form == "html":
        assert datetime.now(UTC) - found[0].fetched_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "a zip, which cannot be read from a pipe; name its file"),
        (gzip.compress(test_tables.DUMPS["json"], mtime=0)[:-400], "gzip data end too early"),
        (gzip.compress(page(), mtime=0)[:-400], "gzip data end too early"),
        (b'{"url": ', "no JSON Lines: it must have an object a line, as jq -c writes it"),
    ],
)
def test_what_standard_input_cannot_bring_is_told(monkeypatch: pytest.MonkeyPatch, content: bytes, what: str) -> None:
    standard_input(monkeypatch, content)
    [source] = find_sources(["-"])
    assert not isinstance(source, Wound)
    found = items_of(source)
    assert wounds(found) == [what]
    assert {one.location.file for one in found if isinstance(one, Wound)} == {"/dev/stdin"}


def test_standard_input_goes_on_behind_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(FILES["csv"][0]))))
    [source] = find_sources(["-"])
    assert not isinstance(source, Wound)
    assert [item.url for item in captures(items_of(source, "1"))] == [url(1), url(2)]
