"""A stand-in for the Wayback Machine: its CDX server and its pages. It is not the Wayback Machine.

Written after the documentation of its CDX server (github.com/internetarchive/wayback, wayback-cdx-server/README.md)
and, where that is silent, after its source (CDXServer.java there): the resumption key is the last line's urlkey and
time, plus one; it is given whenever `limit` lines were written, be there more or not; it is decoded once, as any
parameter; `collapse` begins anew with each answer; filters come before it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

from storage.archive.capture import payload_digest
from tests.archives.history import WAYBACK, Seen

FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
#: The most lines of one answer, whatever `limit` asks for. The real one has 150,000.
MOST_LINES = 60

Answer = tuple[int, dict[str, str], bytes]
_NOT_FOUND: Answer = (404, {"Content-Type": "text/html"}, b"<html><body>The Wayback Machine has not archived that URL.")


class Line(NamedTuple):
    """One line of the index, and the capture that it stands for."""

    urlkey: str
    timestamp: str
    original: str
    mimetype: str
    statuscode: str
    digest: str
    length: str
    seen: Seen


class WaybackStandIn:
    """Answers for /cdx/search/cdx and /web/."""

    def __init__(self, captures: Iterable[Seen]) -> None:
        self._lines = sorted((_line(seen) for seen in captures if seen.archive == WAYBACK), key=lambda line: line[:3])
        # Captures with a payload that the archive had already: revisit records, which have no status here.
        known: set[str] = set()
        for at, line in enumerate(self._lines):
            if line.statuscode == "404" and line.digest in known:
                self._lines[at] = line._replace(mimetype="warc/revisit", statuscode="-")
            known.add(line.digest)
        self._pages = {(line.urlkey, line.timestamp): line.seen for line in self._lines}

    def respond(self, target: str) -> Answer:
        """Status, headers and body for a request target."""
        parts = urlsplit(target)
        if parts.path in {"/cdx/search/cdx", "/web/timemap/cdx"}:
            return self._index(parse_qs(parts.query))
        found = re.fullmatch(r"/web/(\d{1,14})id_/(https?:/.*)", target)
        return self._page(found[1], re.sub(r"^(https?):/+", r"\1://", found[2])) if found else _NOT_FOUND

    def _index(self, query: dict[str, list[str]]) -> Answer:
        one = {name: values[-1] for name, values in query.items()}
        if "page" in one or "showNumPages" in one:
            return 400, {"Content-Type": "text/plain"}, b"Sorry, this server is not configured to support paged query."
        limit = min(int(one.get("limit", MOST_LINES)), MOST_LINES)
        lines = list(_collapsed(filter(lambda line: _fits(line, query), self._from(one)), query.get("collapse", [])))
        written = lines[:limit]
        fields = one["fl"].split(",") if "fl" in one else FIELDS
        rows: list[Sequence[str]] = [[getattr(line, name) for name in fields] for line in written]
        key = ""
        if one.get("showResumeKey") == "true" and len(written) == limit:
            last = written[-1]
            key = quote_plus(f"{last.urlkey} {last.timestamp[:-1]}{chr(ord(last.timestamp[-1]) + 1)}")
        if one.get("output") != "json":
            text = "".join(" ".join(row) + "\n" for row in rows) + (f"\n{key}\n" if key else "")
            return 200, {"Content-Type": "text/plain"}, text.encode()
        rows = [fields, *rows] if rows else []
        return 200, {"Content-Type": "application/json"}, json.dumps([*rows, *([[], [key]] if key else [])]).encode()

    def _from(self, one: dict[str, str]) -> Iterator[Line]:
        """The lines that `url` and `matchType` ask for, behind the resumption key."""
        url, scope = one["url"], one.get("matchType", "exact")
        if url.endswith("*"):
            url, scope = url[:-1], "prefix"
        start = urlkey(url)
        for line in self._lines:
            fits = line.urlkey.startswith(start) if scope == "prefix" else line.urlkey == start
            if fits and f"{line.urlkey} {line.timestamp}" >= one.get("resumeKey", ""):
                yield line

    def _page(self, timestamp: str, address: str) -> Answer:
        key = urlkey(address)
        seen = self._pages.get((key, timestamp))
        if seen is None:  # the nearest capture of that address
            others = [time for known, time in self._pages if known == key]
            if not others:
                return _NOT_FOUND
            nearest = min(others, key=lambda time: abs(int(time) - int(timestamp.ljust(14, "0"))))
            return 302, {"Location": f"/web/{nearest}id_/{address}"}, b""
        headers = {
            "Content-Type": seen.mime,
            "x-archive-orig-server": "Apache",
            "x-archive-orig-content-type": seen.mime,
            "x-archive-orig-content-length": str(len(seen.body)),
            "memento-datetime": format_datetime(seen.moment, usegmt=True),
            "x-archive-src": f"{WAYBACK}-00000.warc.gz",
        }
        if seen.packed:
            headers |= {"Content-Encoding": "gzip", "x-archive-orig-content-encoding": "gzip"}
        if seen.status == 301:
            headers["Location"] = f"/web/{timestamp}id_/{address.replace('http:', 'https:')}"
        return seen.status, headers, seen.body


def urlkey(url: str) -> str:
    """An address as the index sorts it: the host's parts from behind, in small letters, parameters in order."""
    parts = urlsplit((url if "://" in url else f"http://{url}").lower())
    host = ",".join(reversed((parts.hostname or "").split(".")))
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{host}){parts.path}" + (f"?{query}" if query else "")


def _line(seen: Seen) -> Line:
    digest = payload_digest(seen.body).removeprefix("sha1:")
    length = str(len(seen.body) + 400)
    key = urlkey(seen.address)
    return Line(key, seen.timestamp, seen.address, seen.mime, str(seen.status), digest, length, seen)


def _fits(line: Line, query: dict[str, list[str]]) -> bool:
    """Whether a line is within `from` and `to` and passes all filters."""
    start, end = query.get("from", [""])[-1], query.get("to", [""])[-1]
    if line.timestamp < start or (end and line.timestamp > end and not line.timestamp.startswith(end)):
        return False
    for rule in query.get("filter", []):
        name, _, pattern = rule.removeprefix("!").partition(":")
        if bool(re.fullmatch(pattern, getattr(line, name))) == rule.startswith("!"):
            return False
    return True


def _collapsed(lines: Iterable[Line], rules: Sequence[str]) -> Iterator[Line]:
    """The first of neighbours that are alike in the fields, or their first characters, that `rules` name."""
    before: list[str] | None = None
    for line in lines:
        values = []
        for rule in rules:
            name, _, length = rule.partition(":")
            values.append(getattr(line, name)[: int(length) if length else None])
        if not rules or values != before:
            yield line
        before = values
