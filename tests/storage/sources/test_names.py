"""Names of files that are no UTF-8: what is stored of them is, and they are read all the same."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from storage.archive import MAX_PAGE_BYTES
from storage.sources.base import Refused, Wound, name_of, path_of
from storage.sources.find import find_sources
from storage.sources.httpcache import HttpCacheSource
from storage.sources.pages import PagesSource
from storage.sources.urlmap import origin_by_path
from tests.storage.sources import test_httpcache, test_zipped
from tests.storage.sources.made import captures, items_of, page, read, url, wounds
from tests.storage.sources.test_find import FILES

ODD = "\udce9t\udce9"
TOLD = r"\xe9t\xe9"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose name is no UTF-8."""
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no such name here")
    return folder


def test_a_name_is_told_as_it_is_or_with_its_bytes(odd: Path) -> None:
    assert name_of("été") == "été"
    assert name_of(odd) == f"{odd.parent}/{TOLD}"
    assert path_of(name_of(odd)) == str(odd)
    assert path_of("été/nowhere") == "été/nowhere"


@pytest.mark.parametrize("form", sorted(FILES))
def test_files_of_every_kind_are_read_and_told_by_names_that_can_be_stored(odd: Path, form: str) -> None:
    content, expected = FILES[form]
    (odd / form).write_bytes(content)
    [source] = find_sources([str(odd / form)])
    assert isinstance(source, expected)
    assert not isinstance(source, Wound)
    assert source.name == f"{odd.parent}/{TOLD}/{form}"
    found = captures(items_of(source))
    assert found[0].body == page()
    assert {item.location.file for item in found if item.location} == {source.name}
    assert [part.cursor.encode() for part in source.parts()]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_zips_are_told_so_too(odd: Path, method: int) -> None:
    found = captures(read(test_zipped.wacz(odd / "z", method)))
    assert [item.location.file for item in found if item.location] == [
        f"{odd.parent}/{TOLD}/z!archive/{number}.warc.gz" for number in range(2)
    ]


def test_reading_goes_on_behind_such_a_file(odd: Path) -> None:
    for number in range(3):
        (odd / f"{number}{ODD}.html").write_bytes(page(number))
    [source] = find_sources([str(odd)])
    assert isinstance(source, PagesSource)
    [part] = source.parts(source.name)
    assert [item.body for item in captures(part.read(MAX_PAGE_BYTES))] == [page(1), page(2)]  # type: ignore[arg-type]
    assert list(source.parts(part.cursor)) == []


def test_reading_goes_on_behind_such_an_answer_of_a_cache(odd: Path) -> None:
    test_httpcache.cache(odd, 3)
    [source] = find_sources([str(odd)])
    assert isinstance(source, HttpCacheSource)
    assert len(captures(items_of(source, source.name))) == 2
    assert all(item.location and TOLD in item.location.file for item in captures(items_of(source)))


def test_wounds_and_refusals_and_addresses_can_be_stored_too(odd: Path) -> None:
    (odd / "a").write_bytes(b"")
    (odd / "b").write_bytes(page())
    os.mkfifo(odd / "c")
    for item in read(odd, max_page=100):
        assert item.location is not None
        assert item.location.file.startswith(f"{odd.parent}/{TOLD}/")
        if isinstance(item, Refused):
            assert item.url == f"file:{odd.parent}/{TOLD}/b"
    assert origin_by_path(f"world.kbs.co.kr/{ODD}.htm") == f"https://world.kbs.co.kr/{TOLD}.htm"
    with pytest.raises(FileNotFoundError, match=r"\\xe9t\\xe9: no such file"):
        find_sources([ODD])


def test_maps_find_such_files_and_give_addresses_that_can_be_stored(odd: Path) -> None:
    (odd / "b.html").write_bytes(page())
    (odd / f"{ODD}.html").write_bytes(page())
    (odd / "urls.csv").write_bytes(f"file,url\n{ODD}.html,{url()}\nb.html,{ODD}\n".encode("utf-8", "surrogateescape"))
    found = read(odd)
    assert wounds(found) == []
    assert [item.url for item in captures(found)] == ["?t?", url()]
