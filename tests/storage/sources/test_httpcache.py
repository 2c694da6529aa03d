"""Folders that Scrapy's own FilesystemCacheStorage wrote, and what others may have put there."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive.capture import Damage, Location
from tests.storage.museum import unpacked
from tests.storage.sources.made import cache, captures, damages, page, read, refused, sources, url


def entries(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.rglob("meta"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoded", [False, True])
def test_responses_are_read_as_scrapy_wrote_them(tmp_path: Path, packed: bool, encoded: bool) -> None:
    before = datetime.now(UTC)
    cache(tmp_path, 3, packed=packed, encoded=encoded)
    found = captures(items := read(tmp_path))
    assert len(items) == 3
    assert {item.url: item.body for item in found} == {url(i): page(i) for i in range(3)}
    assert [item.location for item in found] == [Location(file=str(entry), offset=0) for entry in entries(tmp_path)]
    assert all(before <= item.fetched_at <= datetime.now(UTC) for item in found)
    assert {(item.status, item.charset, item.media_type) for item in found} == {(200, "utf-8", "text/html")}


def test_a_cache_is_one_source(tmp_path: Path) -> None:
    [source] = sources(cache(tmp_path, 3, status=404))
    assert not isinstance(source, Damage)
    assert source.name == str(tmp_path)
    assert [item.status for item in captures(read(tmp_path))] == [404] * 3
    assert refused(unpacked(source.read(100, 0), 100)) == ["larger than a page may be"] * 3


@pytest.mark.parametrize(
    "meta",
    [
        b"",
        b"\xff",
        b"[1]",
        b"{'response_url': 'u', 'status': 200}",
        b"{'response_url': 'u', 'status': 200, 'timestamp': 1e300}",
        b"{'response_url': 'u', 'status': 200, 'timestamp': 253402300799}",
        b"{'response_url': 3, 'status': 200, 'timestamp': 1}",
        b"{'response_url': 'u', 'status': True, 'timestamp': 1}",
        b"__import__('os').abort()",
        b"(" * 15_000,
        b"-" * 15_000 + b"1",
    ],
)
def test_a_wrong_meta_file_is_reported(tmp_path: Path, meta: bytes) -> None:
    cache(tmp_path)
    [entry] = entries(tmp_path)
    (entry / "meta").write_bytes(meta)
    assert damages(read(tmp_path)) == ["a meta file that Scrapy did not write"]


def test_damaged_linked_and_special_files_are_reported(tmp_path: Path) -> None:
    for name in "abc":
        cache(tmp_path / name, encoded=True)
    damaged, linked, pipe = (entries(tmp_path / name)[0] / "response_body" for name in "abc")
    damaged.write_bytes(gzip.compress(b"")[:9])
    linked.unlink()
    linked.symlink_to("/etc/passwd")
    pipe.unlink()
    os.mkfifo(pipe)
    found = read(tmp_path)
    assert captures(found) == []
    assert damages(found) == [
        "gzip data are damaged",
        "not a regular file",
        "not a regular file",
    ]
