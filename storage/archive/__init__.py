"""Captures: pages as they were fetched. Writes them as WARC, reads them back from files."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warcio.statusandheaders import StatusAndHeaders

Headers = Iterable[tuple[str, str]]

#: No page of the site is near this; what is larger is refused before it is read.
MAX_PAGE_BYTES = 10_000_000

#: A WARC file that has grown this large is followed by another.
MAX_FILE_BYTES = 1_000_000_000

#: What a page file may be called. Its content, not its name, says whether it is HTML or a text capture.
PAGE_SUFFIXES = frozenset({".html", ".htm", ".txt"})

#: How ArchiveWriter names its files: spider, the time of the first exchange in UTC, process.
FILE_NAME = re.compile(r"(?P<spider>.+)-(?P<time>[0-9]{8}T[0-9]{12})Z-[0-9]+\.warc\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where in the archive a capture stands.

    Attributes:
        file: name of the WARC file in KBS_ARCHIVE, without its folder, so that an archive can be moved; of what was
            brought in from elsewhere, the path.
        offset: byte offset of the response record's gzip member in the file as stored; of what is packed as a whole,
            in what it unpacks to.
    """

    file: str
    offset: int

    @property
    def is_own(self) -> bool:
        """Whether it is in KBS_ARCHIVE."""
        return "/" not in self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One page as it was fetched.

    Attributes:
        url: the address as fetched, redirects followed.
        fetched_at: when its response arrived; aware, UTC. With `url` it names the capture.
        status: the HTTP status.
        body: the page's bytes, content encoding undone.
        charset: what the response's Content-Type says.
        media_type: `text/html`, `text/plain` for a page saved as plain text, None where its content must tell.
        location: where the archive keeps it, or None where nothing was archived.
        digest: its WARC-Payload-Digest, where it was read from an archive that says it.
    """

    url: str
    fetched_at: datetime
    status: int = 200
    body: bytes
    charset: str | None = None
    media_type: str | None = "text/html"
    location: Location | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The payload of a response in the archive.

    Attributes:
        digest: as `payload_digest` gives it.
        fetched_at: the WARC-Date of its record; aware, UTC.
        location: where the record stands.
        end: the length of the file once it was written; a shorter one was cut.
    """

    digest: str
    fetched_at: datetime
    location: Location
    end: int


def payload_digest(body: bytes) -> str:
    """The value of WARC-Payload-Digest for a payload: SHA-1 in base 32, as other WARC tools write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


class ArchiveWriter:
    """Writes exchanges with the site to WARC 1.1 files, each record a gzip member of its own.

    A file is made with the first exchange, never over an existing one, and every exchange is flushed: a process
    killed at any moment leaves files whose complete records all read. The next file begins where one has grown large,
    or where a write failed.
    """

    def __init__(self, folder: Path, prefix: str, about: Mapping[str, str], max_bytes: int = MAX_FILE_BYTES) -> None:
        """A writer into `folder`, made where it is missing.

        Args:
            folder: where the file goes.
            prefix: how its name begins, followed by time and process; the spider's name.
            about: the fields of its warcinfo record, such as `software`.
            max_bytes: a file as large as this is followed by another.
        """
        self._max_bytes = max_bytes
        self._folder = folder
        self._prefix = prefix
        self._about = about
        self._out: IO[bytes] | None = None
        self._name = ""

    def write(
        self,
        *,
        url: str,
        fetched_at: datetime,
        request_line: str,
        request_headers: Headers,
        status_line: str,
        headers: Headers,
        body: bytes,
        digest: str = "",
        revisits: Payload | None = None,
    ) -> Location:
        """Archive one exchange: the response as it came, content encoding kept, and the request it answers.

        Args:
            url: the address asked for.
            fetched_at: when the response arrived; aware.
            request_line: without the line end: `GET /service/news_list.htm?lang=f HTTP/1.1`.
            request_headers, headers: as sent and as received.
            status_line: protocol, code, reason: `HTTP/1.1 200 OK`.
            body: the payload; transfer encoding undone, so `headers` must not claim one.
            digest: its `payload_digest`, where the caller knows it.
            revisits: an earlier response of the same address with the same payload: a `revisit` record then refers to
                it instead of keeping the payload again.

        Returns:
            Where the payload stands: of a revisit, where the earlier response does.

        Raises:
            OSError: the file cannot be written.
        """
        if self._out is not None and self._out.tell() >= self._max_bytes:
            self.close()
        out = self._out or self._open(fetched_at)
        writer, offset = self._writer, out.tell()
        fields: dict[str, Any] = {"http_headers": _http_headers(status_line, headers)}
        fields["warc_headers_dict"] = {"WARC-Date": _warc_date(fetched_at)}
        if revisits is None:
            fields["warc_headers_dict"]["WARC-Payload-Digest"] = digest or payload_digest(body)
            response = writer.create_warc_record(url, "response", BytesIO(body), len(body), **fields)
        else:
            original = _warc_date(revisits.fetched_at)
            response = writer.create_revisit_record(url, revisits.digest, url, original, **fields)
        request = writer.create_warc_record(url, "request", http_headers=_http_headers(request_line, request_headers))
        with self._whole_or_nothing(offset):
            writer.write_request_response_pair(request, response)
        return Location(file=self._name, offset=offset) if revisits is None else revisits.location

    @property
    def position(self) -> int:
        """How long the present file is, in bytes."""
        return 0 if self._out is None else self._out.tell()

    def close(self) -> None:
        """Close the file; a writer that never wrote leaves none."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def _open(self, now: datetime) -> IO[bytes]:
        # Imported where an archive is written, here and below: it is a tenth of the start of those who only read.
        from warcio.warcwriter import WARCWriter

        self._folder.mkdir(parents=True, exist_ok=True)
        self._name = f"{self._prefix}-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{os.getpid()}.warc.gz"
        self._out = (self._folder / self._name).open("xb")
        self._writer = writer = WARCWriter(self._out, gzip=True, warc_version="WARC/1.1")
        with self._whole_or_nothing(0):
            writer.write_record(writer.create_warcinfo_record(self._name, dict(self._about)))
        return self._out

    @contextlib.contextmanager
    def _whole_or_nothing(self, offset: int) -> Iterator[None]:
        """End the file before what could not be written: behind half a record no reader finds the next one."""
        try:
            yield
        except OSError:
            out, self._out = self._out, None
            path = self._folder / self._name
            with contextlib.suppress(OSError):
                if out is not None:
                    out.close()  # fails where it cannot write what it still holds; it is closed all the same
            with contextlib.suppress(OSError):
                if offset:
                    os.truncate(path, offset)
                else:
                    path.unlink()
            raise


def _warc_date(moment: datetime) -> str:
    """WARC 1.1 allows fractions of a second, and the store tells captures apart by them."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _http_headers(first_line: str, headers: Headers) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    # Either way warcio wants the first word apart: a response's protocol, a request's method.
    return StatusAndHeaders(first_line, list(headers), is_http_request=True)


def warc_files(folder: Path) -> dict[str, int]:
    """The WARC files of a folder and their sizes, in order of their names."""
    if not folder.is_dir():
        return {}
    files = (file for file in folder.iterdir() if file.name.endswith((".warc.gz", ".warc")) and file.is_file())
    return {file.name: file.stat().st_size for file in sorted(files)}


def page_files(path: Path) -> Iterator[Path]:
    """The page files at `path`: the file itself, whatever its name, or those below a folder, in order of their paths.

    Raises:
        FileNotFoundError: nothing is there, or the folder holds no page file; the message is a sentence.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    if not path.is_dir():
        yield path
        return
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in PAGE_SUFFIXES and file.is_file())
    if not found:
        raise FileNotFoundError(f"{path}: no page in this folder (looked for {', '.join(sorted(PAGE_SUFFIXES))}).")
    yield from found


def read_page(stream: IO[bytes]) -> bytes:
    """The whole of a page file.

    Raises:
        ValueError: it is larger than `MAX_PAGE_BYTES`; the message is a sentence.
    """
    body = stream.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise ValueError(f"larger than a page may be ({MAX_PAGE_BYTES:,} bytes).")
    return body
