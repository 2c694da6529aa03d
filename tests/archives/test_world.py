"""The test world says the truth, and speaks as the archives do."""

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from extractors import NotAnArticle, extract_html
from tests.archives.history import CRAWLS, WAYBACK, Seen
from tests.archives.wayback import MOST_LINES
from tests.archives.world import ArchiveWorld

_OPENER = build_opener(ProxyHandler({}))


def get(url: str, **headers: str) -> bytes:
    with _OPENER.open(Request(url, headers=headers), timeout=30) as answer:  # noqa: S310
        body: bytes = answer.read()
        return gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


def wayback_index(archives: ArchiveWorld, **query: str) -> list[list[str]]:
    asked = {"url": "world.kbs.co.kr/service/", "matchType": "prefix", "output": "json"} | query
    rows: list[list[str]] = json.loads(get(f"{archives.base_url}/cdx/search/cdx?{urlencode(asked)}"))
    return rows


def page_of(seen: Seen) -> bytes:
    return gzip.decompress(seen.body) if seen.packed else seen.body


def test_every_capture_shows_its_truth(archives: ArchiveWorld) -> None:
    for seen in archives.seen:
        if seen.truth:
            assert replace(extract_html(page_of(seen), seen.address), source_url=None) == seen.truth
        elif seen.refused:
            with pytest.raises(NotAnArticle):
                extract_html(page_of(seen), seen.address)


def test_the_archives_overlap_in_every_way_that_matters(archives: ArchiveWorld) -> None:
    """Else the tests against them prove nothing."""
    versions = archives.expected()
    articles = {url for url, _ in versions}
    assert len(articles) < len(versions)  # updated
    by_crawl = [{url for url, _ in archives.expected(name)} for name in (*CRAWLS, WAYBACK)]
    assert by_crawl[0] & by_crawl[1] & by_crawl[2] & by_crawl[3]
    texts: dict[Any, set[str]] = {}
    for seen in archives.seen:
        if seen.truth:
            texts.setdefault((seen.truth.url, seen.truth.timestamp), set()).add(seen.truth.text)
    assert [text for text in texts.values() if len(text) > 1]  # edited silently
    addresses = {seen.address for seen in archives.seen if seen.truth}
    for part in ("http://world", "https://rki", "http://rki", "news_vod_view", "&page=", ".kr:80/"):
        assert [address for address in addresses if part in address]
    both = {(seen.address, seen.moment) for seen in archives.of(*CRAWLS)} & {
        (seen.address, seen.moment) for seen in archives.of(WAYBACK)
    }
    assert both
    assert {seen.body for seen in archives.of("CC-MAIN-2026-47")} & {seen.body for seen in archives.of(WAYBACK)}
    # Either archive alone gives other rows, and both together are more than the sum of them.
    assert archives.expected(WAYBACK) != archives.expected(*CRAWLS) != versions


def test_the_site_has_what_no_archive_has_yet(archives: ArchiveWorld) -> None:
    versions = archives.expected()
    fresh = [one for one in archives.replica.world.entries if (one.truth.url, one.truth.timestamp) not in versions]
    edited = [
        one
        for one in archives.replica.world.entries
        if (row := versions.get((one.truth.url, str(one.truth.timestamp)))) and row["text"] != one.truth.text
    ]
    assert fresh
    assert edited


@pytest.mark.parametrize("name", CRAWLS)
def test_pywb_gives_the_crawls_page_by_page(archives: ArchiveWorld, name: str) -> None:
    crawls = json.loads(get(f"{archives.base_url}/collinfo.json"))
    [index] = [one["cdx-api"] for one in crawls if one["id"] == name]
    found = set()
    for host in ("world.kbs.co.kr", "rki.kbs.co.kr"):
        query = f"{index}?url={host}/service/&matchType=prefix&output=json"
        for page in range(json.loads(get(f"{query}&showNumPages=true"))["pages"]):
            for line in map(json.loads, get(f"{query}&page={page}").splitlines()):
                start = int(line["offset"])
                span = f"bytes={start}-{start + int(line['length']) - 1}"
                record = gzip.decompress(get(f"{archives.base_url}/{line['filename']}", Range=span))
                assert f"WARC-Target-URI: {line['url']}\r\n".encode() in record
                found.add((line["url"], line["timestamp"]))
    assert found == {(seen.address, seen.timestamp) for seen in archives.of(name)}


def test_the_stand_in_answers_as_documented(archives: ArchiveWorld) -> None:
    header, *rows = wayback_index(archives, limit="5", showResumeKey="true")
    assert header == ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
    assert len(rows) == 7
    assert rows[5] == []
    [key] = rows[6]
    assert key == urlencode({"": f"{rows[4][0]} {int(rows[4][1]) + 1}"})[1:]
    assert wayback_index(archives, url="nothing.example") == []


def test_resumption_keys_lead_through_the_whole_index(archives: ArchiveWorld) -> None:
    query = {"limit": "7", "showResumeKey": "true", "fl": "original,timestamp"}
    found: list[tuple[str, ...]] = []
    url = f"{archives.base_url}/cdx/search/cdx?url=world.kbs.co.kr/service/&matchType=prefix&output=json&"
    key = ""
    while True:
        _, *rows = json.loads(get(url + urlencode(query) + key))
        found += map(tuple, rows[:7])
        if len(rows) < 9:
            break
        key = f"&resumeKey={rows[-1][0]}"
    assert len(found) == len(set(found))
    assert set(found) == {(one.address, one.timestamp) for one in archives.of(WAYBACK) if "world.kbs" in one.address}


def test_filters_and_collapsing(archives: ArchiveWorld) -> None:
    _, *rows = wayback_index(archives, filter="statuscode:200", fl="statuscode,digest,urlkey", collapse="digest")
    assert {row[0] for row in rows} == {"200"}
    assert all(before[1] != after[1] for before, after in pairwise(rows))
    assert len(rows) < len(wayback_index(archives, filter="statuscode:200")) <= MOST_LINES + 1
    _, *revisits = wayback_index(archives, filter="mimetype:warc/revisit", fl="statuscode")
    assert {row[0] for row in revisits} == {"-"}
    times = [row[0] for row in wayback_index(archives, fl="timestamp", **{"from": "2024", "to": "202503"})[1:]]
    assert min(times)[:4] == "2024"
    assert max(times)[:6] == "202503"


def test_a_page_is_given_as_it_was_captured(archives: ArchiveWorld) -> None:
    seen = next(one for one in archives.of(WAYBACK) if one.packed and "&id=Po" in one.address)
    url = f"{archives.base_url}/web/{seen.timestamp}id_/{seen.address}"
    with _OPENER.open(url, timeout=30) as answer:
        assert answer.read() == seen.body
        assert answer.headers["x-archive-orig-content-encoding"] == "gzip"
    assert get(url.replace(seen.timestamp, "2010")) == page_of(
        min((one for one in archives.of(WAYBACK) if one.address == seen.address), key=lambda one: one.moment)
    )
    assert get(f"{archives.library}/{seen.timestamp}id_/{seen.address}") == page_of(seen)
