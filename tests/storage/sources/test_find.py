"""What is found at paths, in order, and nothing outside of them."""

import os
from pathlib import Path

import pytest

from storage.archive.capture import Damage
from tests.storage.sources.made import FILES, captures, damaged_files, damages, page, read, save, sources, url, warc


def test_wrong_paths_are_reported_before_reading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\\xe9: no such file or folder\."):
        sources(tmp_path, tmp_path / "nowhere\udce9")


def test_a_damaged_first_record_costs_no_archive(tmp_path: Path) -> None:
    for at in range(4):
        data = bytearray(warc(0) + warc(1))
        data[at] ^= 0xFF
        save(tmp_path / f"{at}.warc.gz", bytes(data))
    found = read(tmp_path)
    assert [item.url for item in captures(found)].count(url(1)) == 4
    assert len(captures(found)) + len(damages(found)) == 8


def test_a_folder_is_walked_in_order(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        for name in "ba":
            save(tmp_path / f"{number}" / f"{name}.html", page(number))
    save(tmp_path / "2" / "a.jsonl", FILES["json"])
    save(tmp_path / "1" / "empty", b"")
    save(tmp_path / ".git" / "a.html", page())
    save(tmp_path / "1" / ".hidden" / "a.html", page())
    os.mkfifo(tmp_path / "4")
    found = sources(tmp_path)
    assert [one.location.file if isinstance(one, Damage) else one.name for one in found] == [
        f"{tmp_path}/{name}" for name in ("4", "1/empty", "1", "2/a.jsonl", "2", "3")
    ]
    assert damages(found) == ["not a regular file", "empty"]
    files = [item.location.file for item in captures(read(tmp_path / "1", tmp_path / "3")) if item.location]
    assert files == [f"{tmp_path}/{name}.html" for name in ("1/a", "1/b", "3/a", "3/b")]


def test_of_links_those_to_hidden_files_are_followed(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    for number, path in enumerate((".store/p.html", ".store/sub/p.html", "a.html", "../in-and-out/p.html")):
        save(inside / path, page(number))
    links = {
        "b.html": ".store/p.html",
        "c": ".store/sub",
        "d.html": ".store/sub/p.html",
        "e": ".store/gone",
        "f": "../in-and-out/p.html",
        "g": "../in-and-out",
        "h": ".",
        "i": "a.html",
    }
    for name, target in links.items():
        (inside / name).symlink_to(target)
    save(inside / "urls.csv", f"file,url\nb.html,{url()}\n".encode())
    found = read(inside)
    assert [(item.location and item.location.file, item.url, item.body) for item in captures(found)] == [
        (f"{inside}/a.html", "", page(2)),
        (f"{inside}/b.html", url(), page(0)),
        (f"{inside}/d.html", "", page(1)),
    ]
    assert damaged_files(found) == {
        f"{inside}/c": "a link that leads out of the folder, or to a hidden one; name that to have it read",
        f"{inside}/e": "No such file or directory",
        f"{inside}/f": "a link that leads out of the folder, or to a hidden one; name that to have it read",
        f"{inside}/g": "a link that leads out of the folder, or to a hidden one; name that to have it read",
    }
    assert len(captures(read(inside / "i"))) == 1
