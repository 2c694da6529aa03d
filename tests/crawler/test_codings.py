"""What a crawl stored is extracted again from its own archive, and doctor reads as re-extraction does."""

import gzip
import re
import zlib
from pathlib import Path

from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, ScriptedSite, change, content, counts
from tests.storage.sources.made import page

PACKED = gzip.compress(page(), mtime=0)
CODED: dict[str, tuple[bytes, str]] = {
    "none": (page(), "UTF-8"),
    "cut": (PACKED[:-8], "gzip"),
    "checksum": (PACKED[:-8] + bytes(8), "gzip, utf-8"),
    "deflate": (zlib.compress(page())[:-4], "deflate"),
    "not packed": (page(), "gzip"),
    "twice": (gzip.compress(PACKED), "gzip, x-gzip"),
    "half": (PACKED[: len(PACKED) // 2], "gzip"),
    "damaged": (b"\x1f\x8b\x08junk", "gzip"),
}


def test_what_a_crawl_stored_its_archive_gives_again(
    site: ScriptedSite, crawl: Run, scrapy: Run, tmp_path: Path
) -> None:
    for number, (body, coding) in enumerate(CODED.values(), 1):
        site.answers[ARTICLE.format(number)] = (200, body, {"Content-Type": "text/html", "Content-Encoding": coding})
    base = {"KBS_BASE_URL": site.base_url}
    run = crawl("kbs_articles", "-a", f"ids=1-{len(CODED)}", **base)
    assert counts(run)["new"] == len(CODED) - 2, run.stderr
    assert "the page ends" in run.stderr
    assert "its gzip data are damaged" in run.stderr
    stored = content(tmp_path)
    assert not any(row["truncated"] for row in stored)
    assert "; findings: 0\n" in scrapy("doctor", **base).stdout
    other = tmp_path / "other"
    other.mkdir()
    again = scrapy("reextract", "--jobs", "1", **base, KBS_DB=str(other / "kbs.db"))
    assert [row for row in content(other) if not row["truncated"]] == stored, again.stderr
    [(file, offset)] = re.findall(r"damaged: (\S+), byte (\d+): gzip data are damaged", again.stderr)[:1]
    moved = f"update articles set archive_offset = {offset}, source_url = null where rowid = 1"  # noqa: S608
    change(tmp_path, moved)
    doctor = scrapy("doctor", **base)
    assert f"{file} at {offset}: gzip data are damaged (articles: 1)" in doctor.stdout
    assert doctor.returncode == 1
