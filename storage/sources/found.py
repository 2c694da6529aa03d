"""Responses as web archives have captured them: out of records of WARC files, and out of replayed pages."""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import NamedTuple

from warcio.recordloader import ArcWarcRecordLoader

from storage.archive.capture import matches_digest
from storage.archive.http import decode_body
from storage.archive.reader import GZIP, Record, read_warc
from storage.sources.cdx import Entry
from storage.sources.warc import flaw_of

# How replays name the headers that a page had.
_ORIGINAL = "x-archive-orig-"
_OF_TRANSFER = {"connection", "content-encoding", "content-length", "transfer-encoding"}
_WRONG = "its content does not match its digest"


class Found(NamedTuple):
    """A response with status 200."""

    status_line: str
    headers: list[tuple[str, str]]
    body: bytes


def read_record(member: bytes, entry: Entry, longest: int) -> Found:
    """The response in a gzip member of a WARC file, a record of at most `longest` bytes.

    Raises:
        ValueError: it is not the capture of `entry`, or damaged; with a phrase.
    """
    if len(member) != entry.length:
        raise ValueError(f"a range of {len(member)} bytes instead of {entry.length}")
    unpacker = zlib.decompressobj(GZIP)
    try:
        block = unpacker.decompress(member, longest)
    except zlib.error:
        raise ValueError("its gzip data are damaged") from None
    record, *others = read_warc(BytesIO(block), longest=longest, check_digests=True)
    if not isinstance(record, Record) or others or not unpacker.eof or unpacker.unused_data:
        raise ValueError("not one record of a WARC file")
    if flaw := flaw_of(record, record.url or ""):
        raise ValueError(flaw)
    if record.url != entry.url or record.date is None or record.date.replace(microsecond=0) != entry.captured_at:
        raise ValueError(f"another capture: {record.url} of {record.date}")
    if record.status != 200 or record.body is None:
        raise ValueError(f"a {record.kind} with status {record.status}")
    if matches_digest(entry.digest, record.body) is False:
        raise ValueError(_WRONG)
    http = ArcWarcRecordLoader().parse_record_stream(BytesIO(block)).http_headers
    return Found(f"{http.protocol} {http.statusline}", http.headers, record.body)


def read_replay(given: Mapping[str, str], body: bytes, entry: Entry, longest: int) -> Found:
    """The response that a replay gave as it was (`id_`), with the headers `given`, by names in lower case.

    Raises:
        ValueError: it is not the capture of `entry`; with a phrase.
    """
    moment = None
    with suppress(KeyError, TypeError, ValueError):
        moment = parsedate_to_datetime(given["memento-datetime"])
    if moment != entry.captured_at:
        raise ValueError(f"another capture, of {moment}" if moment else "no capture")
    names = {name: name.removeprefix(_ORIGINAL) for name in given if name.startswith(_ORIGINAL)}
    headers = {name: given[full] for full, name in names.items() if name not in _OF_TRANSFER}
    headers |= {"content-type": given.get("content-type", "")}
    coding = given.get("content-encoding", "")
    if coding and matches_digest(entry.digest, body):
        headers["content-encoding"] = coding
    elif coding:  # packed for the way here
        body, _ = decode_body(body, longest, coding)
    # What was packed when it was captured is not always given so, and then cannot be compared.
    if matches_digest(entry.digest, body) is False and f"{_ORIGINAL}content-encoding" not in given:
        raise ValueError(_WRONG)
    return Found("HTTP/1.1 200 OK", list(headers.items()), body)
