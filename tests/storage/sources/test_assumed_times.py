"""Assumed times: two versions of one article are two captures even where nothing says when they were fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from extractors.page import extract_page
from storage import ArticleStore
from storage.archive import Capture
from tests.replica import World
from tests.replica.pages import entry_page
from tests.storage.sources.made import captures, read
from tests.storage.sources.test_tables import as_csv, as_json


def versions() -> list[dict[str, str]]:
    """Two versions of one article as rows of a dump."""
    world = World(articles=6)
    before, after = world.entries[5], world.update(world.entries[5])
    return [{"url": one.truth.url, "html": entry_page(world, one).decode()} for one in (before, after)]


def stored(folder: Path, found: Iterable[Capture]) -> int:
    with ArticleStore(folder / "kbs.db") as store:
        for one in found:
            store.add(extract_page(one.body, one.url, one.charset, one.media_type), one)
        return len(store)


@pytest.mark.parametrize("write", [as_json, as_csv])
def test_both_versions_in_a_dump_without_times_are_kept(tmp_path: Path, write: Callable[[Any], bytes]) -> None:
    path = tmp_path / "dump"
    path.write_bytes(write(versions()))
    found = captures(read(path))
    assert stored(tmp_path, found) == 2
    assert captures(read(path)) == found


def test_both_versions_in_page_files_of_one_time_are_kept(tmp_path: Path) -> None:
    urls = {}
    for name, row in zip(("2020/a.html", "2021/a.html"), versions(), strict=True):
        path = tmp_path / "pages" / name
        path.parent.mkdir(parents=True)
        path.write_text(row["html"], newline="")
        os.utime(path, (1e9, 1e9))
        urls[name] = row["url"]
    (tmp_path / "pages" / "urls.json").write_text(json.dumps(urls))
    found = captures(read(tmp_path / "pages"))
    assert stored(tmp_path, found) == 2
    assert captures(read(tmp_path / "pages")) == found


@pytest.mark.parametrize("mtime", [-(10**12), 10**12])
def test_files_with_impossible_times_are_read(tmp_path: Path, mtime: int) -> None:
    for name, content in (("dump", as_json(versions())), ("page", versions()[0]["html"].encode())):
        (tmp_path / name).write_bytes(content)
        try:
            os.utime(tmp_path / name, (mtime, mtime))
        except OSError:
            pytest.skip("no such time here")
    assert [item.fetched_at.year for item in captures(read(tmp_path))] == [1970 if mtime < 0 else 2106] * 3
