"""Page files, their url maps, and folders that wget made."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive import Location
from storage.sources import Damage, Item, Refused
from storage.sources.folder import origin_by_path
from tests.storage.sources.made import captures, damages, page, read, refused, sources, url

MOMENT = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)


def save(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (MOMENT.timestamp(), MOMENT.timestamp()))
    return path


def test_pages_are_detected_and_named_by_their_paths(tmp_path: Path, seeds: Path) -> None:
    text = (seeds / "000_6ad28e2ce761a03c.txt").read_bytes()
    save(tmp_path / "a.html", page())
    save(tmp_path / "b.data", gzip.compress(page(1)))
    save(tmp_path / "c.html", text)
    save(tmp_path / "d.txt", b"\xef\xbb\xbf \n" + page(2))
    save(tmp_path / "e", text.decode().encode("utf-16"))
    found = captures(read(tmp_path))
    assert [item.location for item in found] == [
        Location(file=f"{tmp_path}/{name}", offset=0) for name in ("a.html", "b.data", "c.html", "d.txt", "e")
    ]
    assert [item.body for item in found[:3]] == [page(), page(1), text]
    assert {(item.url, item.fetched_at.replace(microsecond=0), item.media_type) for item in found} == {
        ("", MOMENT, None)
    }


def test_large_and_damaged_pages_are_reported(tmp_path: Path) -> None:
    save(tmp_path / "a", page())
    save(tmp_path / "b", gzip.compress(page()))
    save(tmp_path / "c", gzip.compress(page())[:-20])
    save(tmp_path / "d", gzip.compress(b"<p>")[:-8] + bytes(8))
    found = read(tmp_path, max_page=5000)
    assert refused(found) == ["larger than a page may be"] * 3
    assert damages(found) == ["gzip data are damaged"]
    assert damages(read(tmp_path / "c")) == ["gzip data end too early"]
    assert [item.url for item in found if isinstance(item, Refused)] == [f"file:{tmp_path}/{name}" for name in "abc"]


def test_a_page_that_is_gone_or_a_pipe_is_reported(tmp_path: Path) -> None:
    gone, pipe = (save(tmp_path / name, page()) for name in "ab")
    [source] = sources(tmp_path)
    assert not isinstance(source, Damage)
    gone.unlink()
    pipe.unlink()
    os.mkfifo(pipe)
    assert damages(source.read(1000)) == ["No such file or directory", "not a regular file"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("urls.csv", "file,url\na.html,{0}\nsub/b.html,{1}\n"),
        ("urls.tsv", "\ufeffurl\tfile\n{0}\t./a.html\n{1}\tsub/b.html\n"),
        ("urls.json", "File;URL\na.html;{0}\nsub\\b.html;{1}\n"),
        ("urls.jsonl", '{{"file": "a.html", "url": "{0}"}}\n\n{{"file": "sub/b.html", "url": "{1}"}}'),
        ("urls.csv", '{{"a.html": "{0}",\n "sub/b.html": "{1}"}}'),
    ],
)
def test_a_url_map_gives_addresses_in_any_form(tmp_path: Path, name: str, content: str) -> None:
    save(tmp_path / "a.html", page())
    save(tmp_path / "sub" / "b.html", page(1))
    save(tmp_path / name, content.format(url(), url(1)).encode())
    found = read(tmp_path)
    assert damages(found) == []
    assert [(item.url, item.body) for item in captures(found)] == [(url(), page()), (url(1), page(1))]


def test_the_nearest_map_counts_and_dates_are_in_utc(tmp_path: Path) -> None:
    save(tmp_path / "sub" / "a.html", page())
    save(tmp_path / "sub" / "b.html", page(1))
    save(tmp_path / "urls.csv", f"file,url\nsub/a.html,{url(2)}\nsub/b.html,{url(1)}\n".encode())
    save(tmp_path / "sub" / "urls.csv", f"file,url,fetched_at\na.html,{url()},2021-01-01T09:00+09:00\n".encode())
    found = captures(read(tmp_path))
    assert [(item.url, item.fetched_at.replace(microsecond=0)) for item in found] == [
        (url(), datetime(2021, 1, 1, tzinfo=UTC)),
        (url(1), MOMENT),
    ]


def test_a_second_map_is_reported(tmp_path: Path) -> None:
    save(tmp_path / "a.html", page())
    save(tmp_path / "urls.csv", f"file,url\na.html,{url()}\n".encode())
    save(tmp_path / "urls.jsonl", json.dumps({"file": "a.html", "url": url(1)}).encode())
    for found in (read(tmp_path), read(tmp_path / "a.html")):
        assert [item.url for item in captures(found)] == [url()]
        assert reported(found) == {f"{tmp_path}/urls.jsonl": "one url map too many; urls.csv is used"}


def test_a_map_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    save(pages / "a.html", page())
    save(tmp_path / "map.csv", f"file,url\na.html,{url()}\n".encode())
    (pages / "urls.csv").symlink_to("../map.csv")
    assert reported(read(pages)) == {f"{pages}/urls.csv": "a url map that is a link, which is not followed"}
    save(pages / "urls.tsv", f"file\turl\na.html\t{url(1)}\n".encode())
    found = read(pages)
    assert reported(found) == {f"{pages}/urls.csv": "a url map that is a link, which is not followed"}
    assert [item.url for item in captures(found)] == [url(1)]


def reported(found: Iterable[Item]) -> dict[str, str]:
    return {item.location.file: item.what for item in found if isinstance(item, Damage)}


def test_a_map_counts_for_pages_named_one_by_one(tmp_path: Path) -> None:
    one = save(tmp_path / "a.html", page())
    urls = save(tmp_path / "urls.csv", f"file,url\na.html,{url()}\n".encode())
    [item] = captures(found := read(one, urls))
    assert (item.url, len(found)) == (url(), 1)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("file,url\na.html,{0}\nb.html\n", "line 3: not a file and its url"),
        ("file,url\nb.html,\nc.html,\na.html,{0}\n", "line 2: not a file and its url, and 1 more lines"),
        ('{{"file": "a.html", "url": "{0}"}}\n{{"file"\n', "line 2: not JSON"),
        ('{{"a.html": "{0}", "b.html": 3}}', "line 1: not a file and its url"),
        ('file,url\na.html,{0}\n"b.html,x\n', "line 3: not CSV: unexpected end of data"),
    ],
)
def test_a_malformed_map_is_reported_by_line(tmp_path: Path, content: str, what: str) -> None:
    save(tmp_path / "a.html", page())
    save(tmp_path / "urls.csv", content.format(url()).encode())
    found = read(tmp_path)
    assert damages(found) == [what]
    assert [item.url for item in captures(found)] == [url()]


@pytest.mark.parametrize("content", [b"", b"\0\1", b"name,address\n", b"[1]", b"{" * 100_000, b'"' * 3000])
def test_a_file_that_is_no_map_is_reported(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "urls.json", content)
    [damage] = sources(tmp_path)
    assert isinstance(damage, Damage)
    assert damage.location == Location(file=f"{tmp_path}/urls.json", offset=0)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("m/world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("world.kbs.co.kr/service/news_view.htm@lang=f&Seq_Code=1.html", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("/world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1.html.gz", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("world.kbs.co.kr/service/news_view.htm", "service/news_view.htm"),
        ("world.kbs.co.kr", ""),
        ("evil.example/service/news_view.htm?lang=f", ""),
    ],
)
def test_a_mirrored_folder_gives_addresses_by_its_paths(path: str, address: str) -> None:
    assert origin_by_path(path) == (address and f"https://world.kbs.co.kr/{address}")


def test_a_folder_of_wget_is_read_with_its_addresses(tmp_path: Path) -> None:
    save(tmp_path / url().removeprefix("https://"), page())
    [item] = captures(read(tmp_path))
    assert item.url == url()
