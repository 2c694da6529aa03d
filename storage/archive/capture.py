"""Captures: pages as they were fetched, and where an archive keeps them."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

#: How ArchiveWriter names its files: spider, the time of the first exchange in UTC, process.
FILE_NAME = re.compile(r"(?P<spider>.+)-(?P<time>[0-9]{8}T[0-9]{12})Z-[0-9]+\.warc\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where an archive keeps a capture.

    Attributes:
        file: name of a WARC file in KBS_ARCHIVE without its folder, so that it can be moved; else the file's path.
        offset: in bytes of the file as stored; of a table's row, of the unpacked file.
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
        fetched_at: when its response arrived; aware, UTC. With `url` it identifies the capture.
        status: the HTTP status.
        body: the page's bytes, content encoding removed.
        charset: what the response's Content-Type says.
        media_type: `text/html`, `text/plain` for a page saved as plain text, None where only its content can tell.
        location: where the archive keeps it; None where nothing was archived.
        digest: its WARC-Payload-Digest, where the archive it was read from has one.
        refused: why the page is refused without extraction, a phrase that can be counted; `body` is empty then.
    """

    url: str
    fetched_at: datetime
    status: int = 200
    body: bytes
    charset: str | None = None
    media_type: str | None = "text/html"
    location: Location | None = None
    digest: str | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The payload of a response in the archive, with its `payload_digest` and the WARC-Date of its record.

    `end` is the length of the file after it was written; a shorter file was cut.
    """

    digest: str
    fetched_at: datetime
    location: Location
    end: int


def payload_digest(body: bytes) -> str:
    """The value of WARC-Payload-Digest for a payload: SHA-1 in base 32, as other WARC tools write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def warc_files(folder: Path) -> dict[str, int]:
    """The WARC files of a folder and their sizes, in order of their names."""
    if not folder.is_dir():
        return {}
    files = (file for file in folder.iterdir() if file.name.endswith((".warc.gz", ".warc")) and file.is_file())
    return {file.name: file.stat().st_size for file in sorted(files)}
