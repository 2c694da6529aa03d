"""Sample archives, intact and damaged: good ones as tools write them, damage to them, and how they are read."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage.archive.capture import Capture, Damage, Item, Location, Revisit, Source, payload_digest
from storage.archive.http import decoded
from storage.sources.warc import warc_source

MAX_PAGE = 10_000_000
SITE = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code="
HTML = ("Content-Type", "text/html; charset=utf-8")


@dataclass(frozen=True)
class Archive:
    """The bytes of an archive, and where its records begin, in order."""

    data: bytes
    places: tuple[int, ...]

    @property
    def ends(self) -> tuple[int, ...]:
        return (*self.places[1:], len(self.data))

    def record(self, number: int) -> bytes:
        return self.data[self.places[number] : self.ends[number]]

    def records(self) -> list[bytes]:
        return [self.record(number) for number in range(len(self.places))]


def joined(records: Iterable[bytes]) -> Archive:
    """Records as stored, one behind the other."""
    data, places = b"", []
    for record in records:
        places.append(len(data))
        data += record
    return Archive(data, tuple(places))


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A record to be written by hand, where no tool would write it so.

    A header that is None is left out, and a length that is not given is the right one. Without a `block`, the record
    holds an HTTP response with `body`. Its own headers are followed by `more` of them.
    """

    url: str | None = SITE + "1"
    date: str | None = "2026-11-24T12:00:00Z"
    length: str | None = ""
    kind: str = "response"
    version: str = "WARC/1.1"
    content_type: str | None = "application/http; msgtype=response"
    body: bytes = b"<html>page</html>"
    block: bytes | None = None
    status: str = "HTTP/1.1 200 OK"
    http_headers: Sequence[tuple[str, str]] = (HTML,)
    more: Sequence[tuple[str, str]] = ()
    newline: str = "\r\n"
    http_newline: str = "\r\n"

    @property
    def content(self) -> bytes:
        if self.block is not None:
            return self.block
        lines = [self.status, *(f"{name}: {value}" for name, value in self.http_headers), "", ""]
        return self.http_newline.join(lines).encode() + self.body

    def plain(self) -> bytes:
        fields = [
            ("WARC-Type", self.kind),
            ("WARC-Target-URI", self.url),
            ("WARC-Date", self.date),
            ("WARC-Record-ID", "<urn:uuid:00000000-0000-4000-8000-000000000000>"),
            ("Content-Type", self.content_type),
            *self.more,
            ("Content-Length", str(len(self.content)) if self.length == "" else self.length),
        ]
        lines = [self.version, *(f"{name}: {value}" for name, value in fields if value is not None), "", ""]
        return self.newline.join(lines).encode() + self.content + 2 * self.newline.encode()

    def packed(self) -> bytes:
        return packed(self.plain())


def packed(*records: bytes) -> bytes:
    """Records in one gzip member."""
    return gzip.compress(b"".join(records), mtime=0)


def small(number: int) -> bytes:
    """A page of its own number that does not pack to nothing."""
    return b"<html><title>%d</title>%s</html>" % (number, b"".join(b"<p>%d</p>" % (number**i) for i in range(9)))


def by_warcio(pages: Sequence[bytes], *, gzip: bool = True, version: str = "1.0") -> Archive:
    """An archive that warcio wrote: one response for each page."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=gzip, warc_version=version)
    places = []
    for number, page in enumerate(pages):
        places.append(out.tell())
        headers = StatusAndHeaders("200 OK", [HTML], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(f"{SITE}{number}", "response", BytesIO(page), len(page), http_headers=headers)
        )
    return Archive(out.getvalue(), tuple(places))


def bomb(size: int = 1 << 30, begin: bytes = b"") -> bytes:
    """A gzip member that unpacks to `begin` and `size` zeros, made quickly of one repeated block."""
    megabyte = bytes(1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(megabyte) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(begin)
    for _ in range(size >> 20):
        crc = zlib.crc32(megabyte, crc)
    length = (len(begin) + (size >> 20 << 20)) % (1 << 32)
    end = packer.flush() + crc.to_bytes(4, "little") + length.to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + head + block * (size >> 20) + end


def flipped(data: bytes, at: int, bits: int = 0xFF) -> bytes:
    """The data with one byte changed."""
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


class Read(list[Item]):
    """What was found in an archive."""

    @property
    def captures(self) -> list[Capture]:
        return [item for item in self if isinstance(item, Capture) and not item.refused]

    @property
    def refused(self) -> list[Capture]:
        return [item for item in self if isinstance(item, Capture) and item.refused]

    @property
    def damages(self) -> list[Damage]:
        return [item for item in self if isinstance(item, Damage) and item.harmless != "mended"]

    @property
    def mended(self) -> list[str | None]:
        """The addresses that were mended."""
        return [item.url for item in self if isinstance(item, Damage) and item.harmless == "mended"]

    @property
    def revisits(self) -> list[Revisit]:
        return [item for item in self if isinstance(item, Revisit)]

    @property
    def numbers(self) -> list[int]:
        """Of the captures, what their addresses end in."""
        return [int(capture.url.rpartition("=")[2]) for capture in self.captures]

    @property
    def places(self) -> list[int]:
        """The offsets of the captures."""
        return [capture.location.offset for capture in self.captures if capture.location]

    @property
    def reported(self) -> list[tuple[int, str]]:
        """The damages: where, and what."""
        return [(damage.location.offset, damage.what) for damage in self.damages]


def unpacked(items: Iterable[Item], max_page: int = MAX_PAGE) -> Iterator[Item]:
    """The items with their captures decoded, as reextract does it."""
    for item in items:
        try:
            yield decoded(item, max_page) if isinstance(item, Capture) else item
        except ValueError as error:
            yield Damage(location=item.location or Location(file="/dev/stdin", offset=0), url=item.url, what=str(error))


def write(folder: Path, data: bytes) -> Source:
    """A file with these bytes, as a source of the project's own archive."""
    path = folder / "a.warc.gz"
    path.write_bytes(data)
    return warc_source(path, path.name)


def read(folder: Path, data: bytes, max_page: int = MAX_PAGE) -> Read:
    """The items of an archive."""
    return Read(unpacked(write(folder, data).read(max_page, 0), max_page))


def digest_of(body: bytes) -> tuple[str, str]:
    """The header that names a payload's digest."""
    return "WARC-Payload-Digest", payload_digest(body)
