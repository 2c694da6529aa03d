"""Web archives: what their CDX APIs answer, as pywb's or as the Wayback Machine's, and captures as they give them.

https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html
https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any
from urllib.parse import unquote_plus

from w3lib.encoding import http_content_type_encoding
from warcio.archiveiterator import ArchiveIterator

from extractors.address import Address, parse_address
from storage.archive.capture import Capture, Damage, matches_digest, payload_digest, plain_digest
from storage.archive.http import decode_body
from storage.archive.writer import Headers
from storage.sources.warc import warc_items

#: An index that has more parts does not end.
MAX_PARTS = 1_000

# How replays name the headers that a page had.
_ORIGINAL = "x-archive-orig-"
_OF_TRANSFER = {"connection", "content-encoding", "content-length", "transfer-encoding"}
_WRONG = "its content does not match its digest"


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture of an article, as an index names it."""

    url: str  #: as captured
    address: Address  #: as the site's
    captured_at: datetime  #: to the second; aware, UTC
    digest: str  #: of its payload, as `plain_digest` writes it; empty if the index has none
    file: str  #: where its record is, if the index says so
    offset: int
    length: int


@dataclass(slots=True)
class Answer:
    """An answer of a CDX API."""

    entries: list[Entry] = field(default_factory=list)
    following: list[dict[str, str]] = field(default_factory=list)  #: what to ask for next, beside the query
    flaws: int = 0  #: how many lines are no entry
    revisits: list[str] = field(default_factory=list)  #: addresses of captures without a payload of their own


def read_index(decoded: tuple[bytes, str], status: int) -> Answer:
    """What a CDX API answered, as of `decode_body`; ValueError with a phrase if that is no index."""
    (body, refused), answer = decoded, Answer()
    text = body.decode("utf-8", "replace").strip()
    if status == 404 and text.startswith("{"):  # how pywb says that it has nothing
        return answer
    if refused or status != 200 or (text and text[0] not in "[{"):
        raise ValueError(refused or f"no index, but HTTP {status}; is the address right? archive= ends before /cdx")
    for line in _table(text, answer) if text.startswith("[") else text.splitlines():
        try:
            row = json.loads(line) if isinstance(line, str) else line
            if isinstance(row.get("pages"), int):
                answer.following = [{"page": str(page)} for page in range(min(row["pages"], MAX_PARTS))]
            else:
                _add(answer, row)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
            answer.flaws += 1
    return answer


def _table(text: str, answer: Answer) -> list[Any]:
    """The rows in JSON of the Wayback Machine: names, then rows, then perhaps an empty row and a key to go on with."""
    try:
        rows = [list(row) for row in json.loads(text)]
    except (RecursionError, TypeError, ValueError):
        raise ValueError("an index that cannot be read") from None
    if len(rows) > 1 and rows[-1] and not rows[-2]:
        answer.following = [{"resumeKey": unquote_plus(str(rows.pop()[0]))}]  # it comes as it belongs into an address
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


def read_record(member: bytes, entry: Entry, max_page: int) -> tuple[Capture, Headers]:
    """The capture in a gzip member of a WARC file.

    Raises:
        ValueError: it is damaged, or not the capture of `entry`; with a phrase.
    """
    match list(warc_items(BytesIO(member), entry.file, max_page)):
        case [Capture(status=200, refused="") as capture] if len(member) == entry.length:
            pass
        case [*_, Damage(what=what)]:
            raise ValueError(what)
        case _:
            raise ValueError("not the record of one page")
    if (capture.url, capture.fetched_at.replace(microsecond=0)) != (entry.url, entry.captured_at):
        raise ValueError(f"another capture: {capture.url} of {capture.fetched_at}")
    digest = entry.digest or capture.digest or payload_digest(capture.body)
    if matches_digest(digest, capture.body) is False:
        raise ValueError(_WRONG)
    [headers] = [record.http_headers.headers for record in ArchiveIterator(BytesIO(member))]
    return replace(capture, fetched_at=entry.captured_at, digest=digest), headers


def read_replay(given: Mapping[str, str], body: bytes, entry: Entry, max_page: int) -> tuple[Capture, Headers]:
    """The capture that a replay gave as it was (`id_`), with headers by names in lower case; raises likewise."""
    if (moment := given.get("memento-datetime")) != format_datetime(entry.captured_at, usegmt=True):
        raise ValueError(f"another capture, of {moment}" if moment else "no capture")
    own = {name.removeprefix(_ORIGINAL): value for name, value in given.items() if name.startswith(_ORIGINAL)}
    headers = {name: value for name, value in own.items() if name not in _OF_TRANSFER}
    headers["content-type"] = given.get("content-type", "")
    coding = given.get("content-encoding", "")
    if coding and matches_digest(entry.digest, body):
        headers["content-encoding"] = coding
    elif coding:  # packed for the way here
        body, _ = decode_body(body, max_page, coding)
    # What was packed when it was captured is not always given so, and then cannot be compared.
    if matches_digest(entry.digest, body) is False and "content-encoding" not in own:
        raise ValueError(_WRONG)
    capture = Capture(
        url=entry.url,
        fetched_at=entry.captured_at,
        body=body,
        charset=http_content_type_encoding(headers["content-type"]),
        encodings=(headers.get("content-encoding", ""),),
        digest=entry.digest or payload_digest(body),
    )
    return capture, list(headers.items())
