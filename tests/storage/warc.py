"""Reading WARC files back, with warcio and by nothing of ours."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator


@dataclass(frozen=True)
class Record:
    """One record: its type, its own headers, those of HTTP, and its payload with content encoding undone."""

    kind: str
    headers: dict[str, str]
    http: dict[str, str]
    first_line: str
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a warcinfo record."""
        return dict(line.split(": ", 1) for line in self.body.decode().splitlines())


def read_file(file: Path, offset: int = 0) -> Iterator[Record]:
    """The records of a WARC file, from an offset on."""
    with file.open("rb") as stream:
        stream.seek(offset)
        for record in ArchiveIterator(stream):
            http = record.http_headers
            yield Record(
                record.rec_type,
                dict(record.rec_headers.headers),
                dict(http.headers) if http else {},
                f"{http.protocol} {http.statusline}" if http else "",
                record.content_stream().read(),
            )


def warcio(command: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run warcio's own command line."""
    return subprocess.run(
        [Path(sys.executable).parent / "warcio", command, *arguments], capture_output=True, text=True, check=False
    )
