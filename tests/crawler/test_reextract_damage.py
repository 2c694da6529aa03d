"""`scrapy reextract` on damaged archives: what it reports, how it ends, and what it stores."""

import re
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from crawler.reextract import Reextraction
from tests.crawler.conftest import Run
from tests.crawler.forms import reextract_here
from tests.storage.museum import Archive, Raw, digest_of, flipped, joined
from tests.storage.sources.made import entries, page, url

Done = subprocess.CompletedProcess[str]
COUNT = 6


def record(number: int, *, address: str = "") -> Raw:
    return Raw(url=address or url(number), body=page(number), more=[digest_of(page(number))])


def archive(folder: Path, *records: bytes, name: str = "a.warc.gz") -> tuple[Path, Archive]:
    """A file of these records, or of six pages."""
    whole = joined(records or [record(number).packed() for number in range(COUNT)])
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(whole.data)
    return path, whole


def stored(tmp_path: Path) -> set[str]:
    """The addresses of the articles in the database."""
    with closing(sqlite3.connect(tmp_path / "kbs.db")) as db:
        return {address for (address,) in db.execute("select source_url from articles")}


def reported(done: Done) -> list[tuple[str, int, str]]:
    """The damaged places: file, byte, and what."""
    found = re.findall(r"^damaged: (.+), byte (\d+): (.+)$", done.stderr, re.MULTILINE)
    return [(file, int(byte), what) for file, byte, what in found]


def counted(done: Done, name: str) -> int:
    found = re.search(rf"^  {name} +(\d+)$", done.stderr, re.MULTILINE)
    assert found is not None, done.stderr
    return int(found[1])


def test_damage_is_reported_and_other_pages_stored(scrapy: Run, tmp_path: Path) -> None:
    path, whole = archive(tmp_path / "in")
    data = flipped(flipped(whole.data, whole.places[1] + 500), whole.places[4] + 500)
    path.write_bytes(data + b"garbage")
    done = scrapy("reextract", str(path), "--jobs", "2")
    places = [whole.places[1], whole.places[4], len(data)]
    assert [(file, byte) for file, byte, _ in reported(done)] == [(str(path), place) for place in places]
    assert counted(done, "damaged") == 3
    assert done.returncode == 1
    assert stored(tmp_path) == {url(number) for number in (0, 2, 3, 5)}
    assert {entry.truth.url for entry in entries()} > stored(tmp_path)


def test_mended_addresses_are_no_damage(scrapy: Run, tmp_path: Path) -> None:
    path, _ = archive(tmp_path / "in", record(0, address=f"<{url(0)}>").packed(), record(1).packed())
    done = scrapy("reextract", str(path), "--jobs", "1")
    assert reported(done) == []
    assert "addresses that were not written correctly, and were mended: 1" in done.stderr
    assert (done.returncode, counted(done, "damaged")) == (0, 0)
    assert stored(tmp_path) == {url(0), url(1)}


def test_the_archive_of_a_running_crawl_just_ends(scrapy: Run, tmp_path: Path) -> None:
    path, whole = archive(tmp_path / "archive")
    path.write_bytes(whole.data[:-3000])
    done = scrapy("reextract", "--jobs", "1")
    assert (done.returncode, counted(done, "damaged")) == (0, 0)
    assert "files of a crawl that was killed, or is running, that end inside a record: 1" in done.stderr
    assert len(stored(tmp_path)) == COUNT - 1


def test_a_page_over_the_bound_is_refused(scrapy: Run, tmp_path: Path) -> None:
    large = Raw(url=url(1), body=page(1) + b" " * 300_000).packed()
    path, _ = archive(tmp_path / "in", record(0).packed(), large, record(2).packed())
    done = scrapy("reextract", str(path), "--jobs", "1", KBS_MAX_PAGE="200000")
    assert "refused: 1 time: larger than a page may be" in done.stderr
    assert (done.returncode, counted(done, "refused"), counted(done, "damaged")) == (0, 1, 0)
    assert stored(tmp_path) == {url(0), url(2)}


def test_a_zip_with_names_outside_of_it_writes_nothing(scrapy: Run, tmp_path: Path) -> None:
    inside = joined(record(number).packed() for number in range(COUNT))
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("../out.warc.gz", inside.data)
        packed.writestr("archive/cut.warc.gz", inside.data[: inside.places[3] + 900] + b"\0" * 50)
        packed.writestr("archive/good.warc.gz", inside.record(5))
    before = set(tmp_path.rglob("*"))
    done = scrapy("reextract", str(path), "--jobs", "1")
    assert [(file.removeprefix(str(path)), byte) for file, byte, _ in reported(done)] == [
        ("!archive/cut.warc.gz", inside.places[3]),
    ]
    assert done.returncode == 1
    assert stored(tmp_path) == {url(number) for number in range(COUNT)}
    assert not [made for made in set(tmp_path.rglob("*")) - before if not made.name.startswith("kbs.db")]


def test_revisits_are_resolved_or_reported(scrapy: Run, tmp_path: Path) -> None:
    digest = [digest_of(page(0))]
    again = Raw(kind="revisit", url=url(0), date="2026-11-25T12:00:00Z", block=b"HTTP/1.1 200 OK\r\n\r\n", more=digest)
    other = Raw(kind="revisit", url=url(1), date="2026-11-25T12:00:00Z", block=b"", more=digest, content_type=None)
    orphan = Raw(kind="revisit", url=url(2), block=b"", content_type=None, more=[digest_of(b"nowhere")])
    archive(tmp_path / "in", record(0).packed(), again.packed(), name="a.warc.gz")
    path, whole = archive(tmp_path / "in", again.packed(), other.packed(), orphan.packed(), name="b.warc.gz")
    done = scrapy("reextract", str(path.parent), "--jobs", "1")
    assert reported(done) == [(str(path), whole.places[2], "a revisit of a capture that cannot be found")]
    assert done.returncode == 1
    assert url(0) in stored(tmp_path)


def test_an_interrupted_revisit_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = [digest_of(page(0))]
    revisit = Raw(kind="revisit", url=url(1), date="2026-11-25T12:00:00Z", block=b"", content_type=None, more=digest)
    path, _ = archive(tmp_path / "in", record(0).packed(), revisit.packed())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Reextraction, "_read_revisits", interrupt)
        with pytest.raises(KeyboardInterrupt):
            reextract_here(tmp_path / "kbs.db", path)
    assert stored(tmp_path) == {url(0)}
    reextract_here(tmp_path / "kbs.db", path)
    assert stored(tmp_path) == {url(0), url(1)}
