"""Responses as web archives have captured them: out of records of their WARC files, and out of replayed pages."""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from io import BytesIO

from storage.archive.capture import matches_digest
from storage.archive.http import END_OF_HEADERS, decode_body
from storage.archive.reader import GZIP, Record, read_warc
from storage.sources.cdx import Entry
from storage.sources.warc import flaw_of

# How replays name the headers that a page had.
_ORIGINAL = "x-archive-orig-"
_OF_TRANSFER = {"connection", "content-encoding", "content-length", "transfer-encoding"}
WRONG_DIGEST = "its content does not match its digest"


@dataclass(frozen=True, slots=True)
class Found:
    """A response with status 200: status line, headers, payload."""

    status_line: str
    headers: list[tuple[str, str]]
    body: bytes


def read_record(member: bytes, entry: Entry, longest: int) -> Found:
    """The response in a gzip member of a WARC file; ValueError with a phrase if it is not the capture of `entry`.

    `longest`: how many bytes the record may have.
    """
    if len(member) != entry.length:
        raise ValueError(f"a range of {len(member)} bytes instead of {entry.length}")
    unpacker = zlib.decompressobj(GZIP)
    try:
        block = unpacker.decompress(member, longest)
    except zlib.error:
        raise ValueError("its gzip data are damaged") from None
    records = list(read_warc(BytesIO(block), longest=longest, check_digests=True))
    if not unpacker.eof or len(records) != 1 or not isinstance(record := records[0], Record):
        raise ValueError("not one record of a WARC file")
    if record.kind == "revisit":
        raise ValueError("a revisit, without a payload")
    if flaw := flaw_of(record, record.url or ""):
        raise ValueError(flaw)
    if record.url != entry.url or record.date is None or record.date.replace(microsecond=0) != entry.captured_at:
        raise ValueError(f"another capture: {record.url} of {record.date}")
    if record.status != 200 or record.body is None:
        raise ValueError(f"HTTP {record.status}")
    if matches_digest(entry.digest, record.body) is False:
        raise ValueError(WRONG_DIGEST)
    start = END_OF_HEADERS.search(block)
    assert start is not None
    content = block[start.end() : start.end() + int(record.headers["Content-Length"])]
    # Interim responses may precede the one with the payload.
    head = END_OF_HEADERS.split(content[: len(content) - len(record.body)].rstrip())[-1]
    lines = head.decode("latin-1").splitlines()
    fields = (line.partition(":") for line in lines[1:])
    headers = [(name.strip(), value.strip()) for name, colon, value in fields if colon]
    return Found(lines[0], headers, record.body)


def read_replay(given: Mapping[str, str], body: bytes, entry: Entry) -> Found:
    """The response that a replay gave as it was (`id_`); ValueError with a phrase if it is not the capture of `entry`.

    `given`: the headers, with names in any case. The Wayback Machine, and pywb for some, gives those that the page had
    other names.
    """
    fields = {name.lower(): value for name, value in given.items()}
    moment = None
    with suppress(KeyError, ValueError):
        moment = parsedate_to_datetime(fields["memento-datetime"])
    if moment is not None and moment != entry.captured_at:
        raise ValueError(f"another capture: of {moment}")
    headers = {name.removeprefix(_ORIGINAL): value for name, value in fields.items() if name.startswith(_ORIGINAL)}
    headers = {name: value for name, value in headers.items() if name not in _OF_TRANSFER}
    if "content-type" in fields:
        headers["content-type"] = fields["content-type"]
    coding = fields.get("content-encoding", "")
    if coding and not matches_digest(entry.digest, body):
        body = decode_body(body, len(body) * 200, coding)[0]  # packed for the way here
    elif coding:
        headers["content-encoding"] = coding
    # What was packed when it was captured is not always given so: then nobody can tell.
    if matches_digest(entry.digest, body) is False and f"{_ORIGINAL}content-encoding" not in fields:
        raise ValueError(WRONG_DIGEST)
    return Found("HTTP/1.1 200 OK", list(headers.items()), body)
