"""Captures as WARC files, and a real pywb that serves them: three crawls as Common Crawl keeps them, and a library.

A crawl's index is a ZipNum cluster of small blocks, so that its answers have several pages; the library has a plain
CDXJ, of which pywb gives everything at once.
"""

import socket
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.archives.history import CRAWLS, WAYBACK, Seen

CHECKOUT = Path(__file__).parents[2]
BIN = CHECKOUT / ".venv-replay" / "bin"
#: The collection of pywb with the captures of WAYBACK.
LIBRARY = "library"
# Lines in a block of a ZipNum index, and blocks in a page of an answer.
_LINES, _BLOCKS = 7, 2
_PATIENCE = 60
_OPENER = build_opener(ProxyHandler({}))  # no proxy for loopback


def write_collections(folder: Path, captures: Iterable[Seen]) -> None:
    """The collections of all captures in `folder`: WARC files, their indexes, and pywb's config.yaml."""
    collections: dict[str, list[Seen]] = {}
    for seen in captures:
        collections.setdefault(LIBRARY if seen.archive == WAYBACK else seen.archive, []).append(seen)
    config = ["collections:"]
    (folder / "indexes").mkdir()
    files = [file for name, own in collections.items() for file in _write_warcs(folder, name, own)]
    indexed = _indexed(folder, files)
    for name in collections:
        lines = [line for line in indexed if f"/{name}/" in line]
        if name in CRAWLS:
            # As in Common Crawl's indexes, digests have no algorithm before them.
            index = _write_zipnum(folder / "indexes" / name, [line.replace('"sha1:', '"') for line in lines])
            source = f"{{type: zipnum, path: {index}, max_blocks: {_BLOCKS}}}"
        else:
            index = folder / "indexes" / f"{name}.cdxj"
            index.write_text("".join(lines))
            source = str(index)
        config += [f"  {name}:", f"    index: {source}", f"    archive_paths: {folder}/"]
    (folder / "config.yaml").write_text("\n".join(config) + "\n")


def _write_warcs(folder: Path, name: str, captures: list[Seen]) -> list[Path]:
    """Two files, as crawlers split what they fetch."""
    files = []
    for part in range(2):
        file = folder / f"crawl-data/{name}/segments/{part}/warc/{name}-{part:05}.warc.gz"
        file.parent.mkdir(parents=True)
        with file.open("wb") as stream:
            writer = WARCWriter(stream, gzip=True, warc_version="WARC/1.0")
            writer.write_record(writer.create_warcinfo_record(file.name, {"software": "a crawler", "isPartOf": name}))
            for seen in captures[part::2]:
                _write(writer, seen)
        files.append(file)
    return files


def _write(writer: WARCWriter, seen: Seen) -> None:
    date = {"WARC-Date": f"{seen.moment:%Y-%m-%dT%H:%M:%SZ}"}
    path = seen.address.split("/", 3)[3]
    request = StatusAndHeaders(f"GET /{path} HTTP/1.1", [("Accept-Encoding", "gzip")], is_http_request=True)
    headers = [("Content-Type", seen.mime), ("Server", "Apache"), ("Content-Length", str(len(seen.body)))]
    if seen.packed:
        headers.append(("Content-Encoding", "gzip"))
    elif seen.archive != WAYBACK:  # Common Crawl keeps pages unpacked, and what they were under another name
        headers.append(("X-Crawl-Content-Encoding", "gzip"))
    if seen.status == 301:
        headers.append(("Location", seen.address.replace("http:", "https:")))
    answer = StatusAndHeaders(f"{seen.status} X", headers, protocol="HTTP/1.1")
    length = len(seen.body)
    response = writer.create_warc_record(
        seen.address, "response", BytesIO(seen.body), length, http_headers=answer, warc_headers_dict=dict(date)
    )
    asked = writer.create_warc_record(seen.address, "request", http_headers=request, warc_headers_dict=dict(date))
    writer.write_request_response_pair(asked, response)


def _indexed(folder: Path, files: list[Path]) -> list[str]:
    """The sorted lines of a CDXJ, by the indexer of pywb; file names are relative to `folder`."""
    command = [str(BIN / "cdxj-indexer"), "--sort", "--dir-root", str(folder), *map(str, files)]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=_PATIENCE)
    return run.stdout.splitlines(keepends=True)


def _write_zipnum(folder: Path, lines: list[str]) -> Path:
    """A ZipNum cluster: blocks of lines, each a gzip member, and an index of the blocks."""
    folder.mkdir(parents=True)
    blocks, offset = [], 0
    with (folder / "cdx-00000.gz").open("wb") as stream:
        for number, at in enumerate(range(0, len(lines), _LINES), 1):
            packer = zlib.compressobj(wbits=31)
            packed = packer.compress("".join(lines[at : at + _LINES]).encode()) + packer.flush()
            key = " ".join(lines[at].split(" ", 2)[:2])
            blocks.append(f"{key}\tcdx-00000.gz\t{offset}\t{len(packed)}\t{number}\n")
            offset += stream.write(packed)
    (folder / "cluster.loc").write_text(f"cdx-00000.gz\t{folder}/cdx-00000.gz\n")
    (folder / "cluster.idx").write_text("".join(blocks))
    return folder / "cluster.idx"


@contextmanager
def pywb(folder: Path) -> Iterator[str]:
    """The address of a pywb that serves the collections in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    log = folder / "wayback.log"
    command = [str(BIN / "wayback"), "--bind", "127.0.0.1", "--port", port]
    with log.open("wb") as output, subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as process:
        try:
            until = time.monotonic() + _PATIENCE
            while not _answers(f"http://127.0.0.1:{port}/"):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"pywb does not serve:\n{log.read_text('utf-8', 'replace')}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        _OPENER.open(url, timeout=5).close()
    except OSError:
        return False
    return True
