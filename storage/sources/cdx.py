"""Indexes of web archives: what a CDX API answers, in the dialects of pywb (Common Crawl's) and the Wayback Machine.

https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html
https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from extractors.address import Address, parse_address
from storage.archive.capture import plain_digest

_REVISIT = "warc/revisit"
# The Wayback Machine's own names for fields that pywb has too.
_NAMES = {"original": "url", "statuscode": "status", "mimetype": "mime"}
# What a JSON parser raises for hostile text.
_BROKEN = (ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture of an article as an index names it.

    Attributes:
        url: its address as captured.
        address: the same as the site's.
        captured_at: to the second; aware, UTC.
        digest: of its payload, as `plain_digest` writes it; empty if the index has none.
        file, offset, length: where its record is, in an archive that is read by record; else empty.
    """

    url: str
    address: Address
    captured_at: datetime
    digest: str = ""
    file: str = ""
    offset: int = 0
    length: int = 0

    @property
    def timestamp(self) -> str:
        """Its time as indexes and addresses of archives write it."""
        return f"{self.captured_at:%Y%m%d%H%M%S}"


@dataclass(slots=True)
class Answer:
    """An answer of a CDX API.

    Attributes:
        entries: the captures of articles that were answered with 200.
        pages: how many pages there are, where that was asked for and the archive counts them.
        resume_key: what to ask for the next part with.
        flaws: lines that are no entries: what is wrong, a phrase, by their numbers.
        revisits: addresses of captures whose payload is that of another.
    """

    entries: list[Entry] = field(default_factory=list)
    pages: int | None = None
    resume_key: str = ""
    flaws: dict[int, str] = field(default_factory=dict)
    revisits: list[str] = field(default_factory=list)


def read_index(body: bytes, status: int = 200, *, with_places: bool = False) -> Answer:
    """What a CDX API answered; ValueError with a phrase if it is no index.

    Args:
        body, status: of the answer.
        with_places: whether entries must say where their records are.
    """
    text = body.decode("utf-8", "replace").strip()
    answer = Answer()
    if status != 200:  # pywb's way to say that it has nothing
        if status == 404 and text.startswith("{"):
            return answer
        raise ValueError(f"HTTP {status}")
    if text.startswith("["):
        try:
            _read_table(json.loads(text), answer, with_places)
        except _BROKEN:
            raise ValueError("an index that cannot be read") from None
        return answer
    if text and not text.startswith("{"):
        raise ValueError("no index" if text.startswith("<") else f"no index: {' '.join(text[:80].split())}")
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
        except _BROKEN:
            answer.flaws[number] = "not JSON"
            continue
        if number == 1 and isinstance(row, dict) and isinstance(row.get("pages"), int):
            answer.pages = row["pages"]
        else:
            _add(answer, number, row, with_places)
    return answer


def _read_table(rows: Any, answer: Answer, with_places: bool) -> None:
    """The Wayback Machine's JSON: names of fields, then rows, then perhaps an empty row and the key to go on with."""
    names: list[str] = []
    for number, row in enumerate(rows, 1):
        if not names:
            names = [_NAMES.get(name, name) for name in row]
        elif row and not rows[number - 2]:
            answer.resume_key = unquote_plus(str(row[0]))  # it comes as it belongs into an address
        elif row:
            is_row = isinstance(row, list) and len(row) == len(names)
            _add(answer, number, dict(zip(names, row, strict=True)) if is_row else None, with_places)


def _add(answer: Answer, number: int, row: Any, with_places: bool) -> None:
    try:
        url, status = str(row["url"]), str(row.get("status", ""))
        captured_at = datetime.strptime(str(row["timestamp"]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        digest, file = str(row.get("digest", "")), str(row.get("filename", ""))
        offset, length = (int(row.get(name) or 0) for name in ("offset", "length"))
    except (AttributeError, LookupError, TypeError, *_BROKEN):
        answer.flaws[number] = "not an entry of an index"
        return
    address = parse_address(url)
    if address is None or not address.is_article:
        return
    if row.get("mime") == _REVISIT:
        answer.revisits.append(url)
    elif status == "200" and with_places and not (file and offset >= 0 and length > 0):
        answer.flaws[number] = "an entry that does not say where its record is"
    elif status == "200":
        digest = plain_digest(digest if ":" in digest else f"sha1:{digest}") or ""
        entry = Entry(url, address, captured_at, digest, file, offset, length)
        answer.entries.append(entry)
