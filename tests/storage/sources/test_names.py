"""File names that are not UTF-8: they are stored as text, and the files read all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.sources import Damage, Refused
from storage.sources.folder import origin_by_path
from storage.sources.items import name_of, path_of
from tests.storage.sources import test_httpcache, test_zipped
from tests.storage.sources.made import captures, damages, page, read, sources, url
from tests.storage.sources.test_find import FILES

ODD = "\udce9t\udce9"
SHOWN = r"\xe9t\xe9"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose name is not UTF-8."""
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no such name here")
    return folder


def test_a_name_is_shown_with_its_bytes(odd: Path) -> None:
    assert name_of("été") == "été"
    assert name_of(odd) == f"{odd.parent}/{SHOWN}"
    assert path_of(name_of(odd)) == str(odd)
    assert path_of("été/nowhere") == "été/nowhere"
    assert origin_by_path(f"world.kbs.co.kr/{ODD}.htm") == f"https://world.kbs.co.kr/{SHOWN}.htm"
    with pytest.raises(FileNotFoundError, match=r"\\xe9t\\xe9: no such file"):
        sources(ODD)


@pytest.mark.parametrize("form", [*sorted(FILES), "zip", "cache"])
def test_files_of_every_kind_get_names_that_can_be_stored(odd: Path, form: str) -> None:
    if form == "zip":
        test_zipped.wacz(odd / form)
    elif form == "cache":
        test_httpcache.cache(odd / form)
    else:
        (odd / form).write_bytes(FILES[form])
    found = captures(read(odd / form))
    assert found[0].body == page()
    for item in found:
        assert item.location is not None
        assert item.location.file.startswith(f"{odd.parent}/{SHOWN}/{form}")


def test_damages_and_refusals_can_be_stored_too(odd: Path) -> None:
    (odd / "a").write_bytes(b"")
    (odd / "b").write_bytes(page())
    os.mkfifo(odd / "c")
    found = read(odd, max_page=100)
    assert [item.location.file for item in found if isinstance(item, Damage)] == [
        f"{odd.parent}/{SHOWN}/{name}" for name in "ac"
    ]
    assert [item.url for item in found if isinstance(item, Refused)] == [f"file:{odd.parent}/{SHOWN}/b"]


def test_url_maps_find_such_files(odd: Path) -> None:
    (odd / "b.html").write_bytes(page())
    (odd / f"{ODD}.html").write_bytes(page())
    (odd / "urls.csv").write_bytes(f"file,url\n{ODD}.html,{url()}\nb.html,{ODD}\n".encode("utf-8", "surrogateescape"))
    found = read(odd)
    assert damages(found) == []
    assert [item.url for item in captures(found)] == ["?t?", url()]
