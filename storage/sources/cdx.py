"""Indexes of web archives: what a CDX API answers, in the dialects of pywb (Common Crawl's) and the Wayback Machine.

https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html
https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from extractors.address import Address, parse_address
from storage.archive.capture import matches_digest, plain_digest

# What a JSON parser raises for hostile text.
_BROKEN = (ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture of an article, as an index names it.

    Attributes:
        url, address: as captured, and as the site's.
        captured_at: to the second; aware, UTC.
        digest: of its payload, as `plain_digest` writes it; empty if the index has none.
        file, offset, length: where its record is, if the index says so.
    """

    url: str
    address: Address
    captured_at: datetime
    digest: str
    file: str
    offset: int
    length: int

    @property
    def timestamp(self) -> str:
        """Its time as indexes and replays write it."""
        return f"{self.captured_at:%Y%m%d%H%M%S}"


@dataclass(slots=True)
class Answer:
    """An answer of a CDX API.

    It has captures of articles, how many pages there are or the key of the next part, if the archive says so, a phrase
    for each line that is no entry, and the addresses of captures without a payload of their own.
    """

    entries: list[Entry] = field(default_factory=list)
    pages: int | None = None
    resume_key: str = ""
    flaws: list[str] = field(default_factory=list)
    revisits: list[str] = field(default_factory=list)


def read_index(decoded: tuple[bytes, str], status: int) -> Answer:
    """What a CDX API answered, as of `decode_body`; ValueError with a phrase if that is no index."""
    (body, refused), answer = decoded, Answer()
    text = body.decode("utf-8", "replace").strip()
    if status == 404 and text.startswith("{"):  # how pywb says that it has nothing
        return answer
    if refused or status != 200 or (text and text[0] not in "[{"):
        raise ValueError(refused or f"no index, but with HTTP {status} {' '.join(text[:60].split())!r}")
    rows = _table(text, answer) if text.startswith("[") else [_parsed(line) for line in text.splitlines()]
    for number, row in enumerate(rows, 1):
        try:
            if isinstance(row.get("pages"), int):
                answer.pages = row["pages"]
            else:
                _add(answer, row)
        except (AttributeError, LookupError, TypeError, ValueError):
            answer.flaws.append(f"line {number} is not JSON, or no entry of an index")
    return answer


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except _BROKEN:
        return None


def _table(text: str, answer: Answer) -> list[Any]:
    """The rows in JSON of the Wayback Machine: names, then rows, then perhaps an empty row and a key to go on with."""
    rows = _parsed(text)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("an index that cannot be read")
    if len(rows) > 1 and rows[-1] and not rows[-2]:
        answer.resume_key = unquote_plus(str(rows.pop()[0]))  # it comes as it belongs into an address
    return [dict(zip(map(str, rows[0]), row, strict=False)) for row in rows[1:] if row]


def _add(answer: Answer, row: dict[str, Any]) -> None:
    """Add an entry, if it is of an article; raises if it is none. The Wayback Machine has some names of its own."""
    url, digest = str(row.get("original") or row["url"]), str(row.get("digest", ""))
    captured_at = datetime.strptime(str(row["timestamp"]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    offset, length = (int(row.get(name) or 0) for name in ("offset", "length"))
    if captured_at > datetime.now(UTC) + timedelta(days=1):
        raise ValueError("a time to come")
    address = parse_address(url)
    if address is None or not address.is_article:
        return
    if row.get("mime", row.get("mimetype")) == "warc/revisit":
        answer.revisits.append(url)
    elif row.get("status", row.get("statuscode")) == "200":
        digest = plain_digest(digest if ":" in digest else f"sha1:{digest}") or ""
        # "-" is none: captures without a digest have no payload in common.
        digest = "" if matches_digest(digest, b"") is None else digest
        answer.entries.append(Entry(url, address, captured_at, digest, str(row.get("filename", "")), offset, length))
