"""Writes exchanges with the site as WARC files."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from storage.archive.capture import Location, Place, payload_digest

Headers = Iterable[tuple[str, str]]

#: A WARC file that has reached this size is followed by another.
MAX_FILE_BYTES = 1_000_000_000


class ArchiveWriter:
    """Writes exchanges with the site to WARC 1.1 files, each record a gzip member of its own.

    A file is created with the first exchange, never over an existing one, and every exchange is flushed: a process
    killed at any moment leaves files whose complete records can all be read. A failed write ends a file.
    """

    def __init__(self, folder: Path, prefix: str, about: Mapping[str, str], max_bytes: int = MAX_FILE_BYTES) -> None:
        """A writer into `folder`, which is created if missing.

        Args:
            prefix: the beginning of a file's name, followed by time and process; the spider's name.
            about: the fields of its warcinfo record, such as `software`.
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
        request_line: str = "",
        request_headers: Headers = (),
        status_line: str = "",
        headers: Headers = (),
        body: bytes = b"",
        digest: str = "",
        revisits: Place | None = None,
        source: str = "",
    ) -> Location:
        """Archive one exchange: the response as received, content encoding kept, and the request it answers.

        Args:
            fetched_at: when the response arrived; aware.
            request_line: without the line ending: `GET /service/news_list.htm?lang=f HTTP/1.1`; empty: not known.
            status_line: protocol, code, reason: `HTTP/1.1 200 OK`; empty, in a revisit: those of the original.
            body: the payload; without transfer encoding, so `headers` must not name one.
            digest: its `payload_digest`, if the caller knows it.
            revisits: a response with the same payload: a `revisit` record then refers to it instead of keeping the
                payload again.
            source: where it was got from, if not from the site itself but from a web archive.

        Returns:
            The location of the payload; of a revisit, that of the earlier response.

        Raises:
            OSError: the file cannot be written.
        """
        self.check()
        if self._out is not None and self._out.tell() >= self._max_bytes:
            self.close()
        out = self._out or self._open(datetime.now(UTC) if source else fetched_at)
        writer, offset = self._writer, out.tell()
        fields: dict[str, Any] = {"http_headers": _http_headers(status_line, headers) if status_line else None}
        about = fields["warc_headers_dict"] = {"WARC-Date": _warc_date(fetched_at)}
        if source:  # as warcit writes it
            about |= {"WARC-Source-URI": source, "WARC-Creation-Date": _warc_date(datetime.now(UTC))}
        if revisits is None:
            about["WARC-Payload-Digest"] = digest or payload_digest(body)
            response = writer.create_warc_record(url, "response", BytesIO(body), len(body), **fields)
        else:
            original = revisits.url, _warc_date(revisits.fetched_at)
            response = writer.create_revisit_record(url, revisits.digest, *original, **fields)
        with self._whole_or_nothing(offset):
            if request_line:
                sent = _http_headers(request_line, request_headers)
                request = writer.create_warc_record(url, "request", http_headers=sent)
                writer.write_request_response_pair(request, response)
            else:
                writer.write_record(response)
        return Location(file=self._name, offset=offset) if revisits is None else revisits.location

    def check(self) -> None:
        """Raise an OSError (ESTALE) if the file was moved, deleted or cut: it would go on growing without a name."""
        path = self._folder / self._name
        if self._out is not None and not (
            path.exists()
            and os.path.samestat(path.stat(), os.fstat(self._out.fileno()))
            and path.stat().st_size >= self._out.tell()
        ):
            raise OSError(errno.ESTALE, "moved, deleted or cut while in use", str(path))

    @property
    def position(self) -> int:
        """The length of the current file in bytes."""
        return 0 if self._out is None else self._out.tell()

    def close(self) -> None:
        """Close the file; a writer that never wrote leaves no file."""
        out, self._out = self._out, None
        if out is not None:
            out.close()

    def _open(self, now: datetime) -> IO[bytes]:
        # Imported only when an archive is written, here and below: it slows the start of commands that only read.
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
        """Truncate the file before a record that could not be written: behind it no reader finds the next one."""
        try:
            yield
        except OSError:
            with contextlib.suppress(OSError):
                self.close()  # fails if it cannot write its buffer; it is closed all the same
            path = self._folder / self._name
            with contextlib.suppress(OSError):
                if offset:
                    os.truncate(path, offset)
                else:
                    path.unlink()
            raise


def _warc_date(moment: datetime) -> str:
    """WARC 1.1 allows fractions of a second, and the store distinguishes captures by them."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _http_headers(first_line: str, headers: Headers) -> Any:
    from warcio.statusandheaders import StatusAndHeaders

    # warcio wants the first word separate in both: a response's protocol, a request's method.
    return StatusAndHeaders(first_line, list(headers), is_http_request=True)
