"""Page files, their url maps, and folders that wget made."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extractors.html import extract_page
from storage import ArticleStore
from storage.archive.capture import Damage, Location
from storage.sources.folder import origin_by_path
from tests.replica import World
from tests.replica.pages import entry_page
from tests.storage.museum import unpacked
from tests.storage.sources.made import captures, damaged_files, damages, page, read, refused, sources, url
from tests.storage.sources.made import save as write

MOMENT = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def save(path: Path, content: bytes) -> Path:
    write(path, content)
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
    names = ("a.html", "b.data", "c.html", "d.txt", "e")
    assert [item.location for item in found] == [Location(file=f"{tmp_path}/{name}", offset=0) for name in names]
    assert [item.body for item in found[:3]] == [page(), page(1), text]
    assert {(item.url, item.fetched_at.replace(microsecond=0), item.media_type) for item in found} == {
        ("", MOMENT, None)
    }


def test_large_damaged_and_missing_pages_are_reported(tmp_path: Path) -> None:
    save(tmp_path / "a", page())
    save(tmp_path / "b", gzip.compress(page()))
    save(tmp_path / "c", gzip.compress(page())[:-20])
    save(tmp_path / "d", b"\x1f\x8b\x08junkjunk")
    save(tmp_path / "e", page())
    pipe = save(tmp_path / "f", page())
    assert page().startswith(captures(read(tmp_path / "c"))[0].body)
    damage, source = sources(tmp_path)
    assert not isinstance(source, Damage)
    (tmp_path / "e").unlink()
    pipe.unlink()
    os.mkfifo(pipe)
    found = list(unpacked(source.read(5000, 0), 5000))
    assert refused(found) == ["larger than a page may be"] * 3
    assert damages([damage, *found]) == [
        "gzip data are damaged",
        "No such file or directory",
        "not a regular file",
    ]


def test_versions_of_one_time_are_two_captures(tmp_path: Path) -> None:
    world = World(articles=6)
    versions = (world.entries[5], world.update(world.entries[5]))
    for year, entry in enumerate(versions, 2020):
        save(tmp_path / f"{year}" / "a.html", entry_page(world, entry))
    save(tmp_path / "urls.csv", "\n".join(["file,url", *(f"{y}/a.html,{url(5)}" for y in (2020, 2021))]).encode())
    found = captures(read(tmp_path))
    with ArticleStore(tmp_path / "kbs.db") as store:
        for one in found:
            store.add(extract_page(one.body, one.url, one.charset, one.media_type), one)
        assert len(store) == 2
    assert captures(read(tmp_path)) == found


@pytest.mark.parametrize("mtime", [-(10**12), 10**12])
def test_a_file_with_an_impossible_time_is_read(tmp_path: Path, mtime: int) -> None:
    path = save(tmp_path / "page", page())
    try:
        os.utime(path, (mtime, mtime))
    except OSError:
        pytest.skip("no such time here")
    assert [item.fetched_at.year for item in captures(read(path))] == [1970 if mtime < 0 else 2106]


# --- url maps ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("urls.csv", "\ufefffile,url\na.html,{0}\nsub/b.html,{1}\n"),
        ("urls.csv", "url\tfile\n{0}\t./a.html\n{1}\tsub/b.html\n"),
        ("urls.csv", "File;URL\na.html;{0}\nsub\\b.html;{1}\n"),
        ("urls.jsonl", '{{"file": "a.html", "url": "{0}"}}\n\n{{"file": "sub/b.html", "url": "{1}"}}'),
    ],
)
def test_a_url_map_gives_addresses(tmp_path: Path, name: str, content: str) -> None:
    save(tmp_path / "a.html", page())
    save(tmp_path / "sub" / "b.html", page(1))
    urls = save(tmp_path / name, content.format(url(), url(1)).encode())
    found = read(tmp_path)
    assert damages(found) == []
    assert [(item.url, item.body) for item in captures(found)] == [(url(), page()), (url(1), page(1))]
    # Pages that are named one by one have their map beside them.
    assert captures(read(tmp_path / "a.html", urls)) == captures(found)[:1]


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


def test_of_two_maps_the_table_counts_and_a_linked_one_is_reported(tmp_path: Path) -> None:
    save(tmp_path / "a.html", page())
    save(tmp_path / "b.html", page(1))
    save(tmp_path / "urls.csv", f"file,url\na.html,{url()}\n".encode())
    rows = (f'{{"file": "{name}.html", "url": "{url(1)}"}}\n' for name in "ab")
    save(tmp_path / "urls.jsonl", "".join(rows).encode() + b"{}")
    found = read(tmp_path)
    assert [item.url for item in captures(found)] == [url(), url(1)]
    assert damaged_files(found) == {f"{tmp_path}/urls.jsonl": "not a file and its url"}
    (tmp_path / "urls.csv").rename(tmp_path / "map")
    (tmp_path / "urls.csv").symlink_to("map")
    assert damaged_files(read(tmp_path / "a.html"))[f"{tmp_path}/urls.csv"] == "not a regular file"


@pytest.mark.parametrize(
    ("content", "rows", "what"),
    [
        ("file,url\na.html,{0}\nb.html\n", ["b.html"], "not a file and its url"),
        ("file,url\nb.html,\nc.html,\na.html,{0}\n", ["b.html", "c.html"], "not a file and its url"),
        ("file,url,fetched_at\nb.html,u,today\na.html,{0}\n", ["b.html"], "fetched_at is not a time in ISO 8601"),
        ('{{"file": "a.html", "url": "{0}"}}\n{{"file"\n', ['{"file"\n'], "not JSON"),
        ('file,url\na.html,{0}\n"b.html,x\n', ['"b'], "not CSV: unexpected end of data"),
    ],
)
def test_malformed_rows_of_a_map_are_reported(tmp_path: Path, content: str, rows: list[str], what: str) -> None:
    save(tmp_path / "a.html", page())
    content = content.format(url())
    save(tmp_path / "urls.csv", content.encode())
    found = read(tmp_path)
    places = [(item.location.offset, item.what) for item in found if isinstance(item, Damage)]
    assert places == [(content.index(row), what) for row in rows]
    assert [item.url for item in captures(found)] == [url()]


@pytest.mark.parametrize("content", [b"", b"\0\1", b"name,address\n", b"[1]", b"{" * 100_000, b'"' * 3000])
def test_a_file_that_is_no_map_is_reported(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "urls.jsonl", content)
    [damage] = sources(tmp_path)
    assert isinstance(damage, Damage)
    assert damage.location == Location(file=f"{tmp_path}/urls.jsonl", offset=0)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("m/world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("world.kbs.co.kr/service/news_view.htm@lang=f&Seq_Code=1.html", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("/world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1.html.gz", "service/news_view.htm?lang=f&Seq_Code=1"),
        ("world.kbs.co.kr/service/news_list.htm?lang=f.html", "service/news_list.htm?lang=f"),
        *(
            (f"world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1{end}", "service/news_view.htm?lang=f&Seq_Code=1")
            for end in (".1", ".html.2", ".12.html", ".orig", ".html.tmp")
        ),
        # Names that are no address: the page's own counts.
        ("world.kbs.co.kr/service/news_view.htm", ""),
        ("world.kbs.co.kr/service/news_view4b3f.html", ""),
        ("world.kbs.co.kr/\udce9t\udce9.htm", ""),
        ("world.kbs.co.kr", ""),
        ("evil.example/service/news_view.htm?lang=f", ""),
    ],
)
def test_a_mirrored_folder_gives_addresses_by_its_paths(path: str, address: str) -> None:
    assert origin_by_path(path) == (address and f"https://world.kbs.co.kr/{address}")


def test_a_folder_of_wget_is_read_with_its_addresses(tmp_path: Path) -> None:
    save(tmp_path / url().removeprefix("https://"), page())
    assert [item.url for item in captures(read(tmp_path))] == [url()]
