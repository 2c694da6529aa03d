"""Captures: pages as they were fetched, where they are kept, and what else is read in their place."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath


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
        body: the page's bytes, with its `encodings`.
        encodings: what Content-Encoding and Transfer-Encoding name; `http.decoded` removes them.
        charset: what the response's Content-Type says, as the name of a codec.
        media_type: `text/html`, `text/plain` for a page saved as plain text, None where only its content can tell.
        location: where the archive keeps it; None where nothing was archived.
        digest, record_id: its WARC-Payload-Digest and WARC-Record-ID, where the archive it was read from has them.
        refused: why the page is refused without extraction, a phrase that can be counted; `body` is empty then.
    """

    url: str
    fetched_at: datetime
    status: int = 200
    body: bytes
    charset: str | None = None
    media_type: str | None = "text/html"
    encodings: tuple[str, ...] = ()
    location: Location | None = None
    digest: str | None = None
    record_id: str | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A capture by its place, with its own address and time: those of the record there may be an earlier capture's."""

    location: Location
    url: str | None
    fetched_at: datetime
    digest: str = ""  #: the `payload_digest` of what is there, if that matters
    end: int = 0  #: the length of the file after it was written, if that matters; a shorter file was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisit:
    """A capture with the payload of an earlier one, which its `revisit` record may name; dates are aware, UTC.

    `digest` is None where the record has none, or that of no bytes, as some tools write of the record's own.
    """

    url: str
    fetched_at: datetime
    location: Location
    digest: str | None
    refers_to: str | None
    refers_to_url: str | None
    refers_to_date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that cannot be read, or only with a correction; `what` is a phrase: `its gzip data are damaged`.

    `harmless` is empty, or why nothing is lost: `mended`, the capture is read all the same; `unrelated`, a file of a
    folder that has nothing to do with captures; `incomplete`, the end of a file that a crawl still writes.
    """

    location: Location
    url: str | None = None
    what: str
    harmless: str = ""


Item = Capture | Revisit | Damage


@dataclass(frozen=True, slots=True)
class Source:
    """Captures that belong together: an archive, a table, the pages of a folder.

    Attributes:
        name: the file or folder, as locations name it; `-` for standard input.
        size: in bytes; 0 if unknown.
        stamp: changes when the content does; empty if that cannot be known.
        read: gives the items in order, and raises an OSError where it cannot go on. Its arguments: how many bytes a
            page may have, and (for archives and tables) the offset of the first item.
        is_archive: whether reading can begin at any record without cost.
    """

    name: str
    size: int
    stamp: str
    read: Callable[[int, int], Iterator[Item]]
    is_archive: bool = False


def payload_digest(body: bytes, algorithm: str = "sha1") -> str:
    """The value of WARC-Payload-Digest for a payload: SHA-1 in base 32, as other WARC tools write it."""
    digest = hashlib.new(algorithm, body, usedforsecurity=False).digest()
    return f"{algorithm}:{base64.b32encode(digest).decode().rstrip('=')}"


def plain_digest(written: str | None) -> str | None:
    """A digest as `payload_digest` writes it: some tools use capitals or hexadecimal."""
    algorithm, _, value = (written or "").strip().partition(":")
    algorithm = algorithm.lower().replace("-", "")
    with suppress(ValueError):  # of an algorithm that is not known, or not in hexadecimal
        if len(value) == 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size:
            value = base64.b32encode(bytes.fromhex(value)).decode()
    return f"{algorithm}:{value.rstrip('=').upper()}" if value else None


def matches_digest(written: str | None, body: bytes) -> bool | None:
    """Whether a digest is that of a body; None where it cannot be computed."""
    digest = plain_digest(written) or ""
    with suppress(ValueError):
        wanted = payload_digest(body, digest.partition(":")[0])
        return digest == wanted if len(digest) == len(wanted) else None
    return None


def warc_files(folder: Path) -> dict[str, int]:
    """The WARC files of a folder and their sizes, in order of their names."""
    if not folder.is_dir():
        return {}
    files = (file for file in folder.iterdir() if file.name.endswith((".warc.gz", ".warc")) and file.is_file())
    return {file.name: file.stat().st_size for file in sorted(files)}


def damaged(path: str | PurePath, what: str | OSError | ValueError, offset: int = 0, harmless: str = "") -> Damage:
    """A Damage of a file; `what` may be the exception that says it."""
    phrase = getattr(what, "strerror", None) or str(what)
    return Damage(location=Location(file=name_of(path), offset=offset), what=phrase, harmless=harmless)


def stamp_of(status: os.stat_result) -> str:
    """The stamp of a source that is one file."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def name_of(path: str | PurePath) -> str:
    """A path as it is shown and stored: bytes in it that are not UTF-8 are written in hexadecimal."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
