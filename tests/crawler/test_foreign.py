"""What other people's tools write, in many forms: the rows it gives, what is reported, and how it is read again."""

import gzip
import hashlib
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from fastwarc.stream_io import GzipWriter
from fastwarc.warc import WarcRecord, WarcRecordType
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage.archive.capture import Capture, Location, Place, payload_digest
from storage.sources import read_places
from tests.crawler.forms import MAX_PAGE, reextract_here
from tests.crawler.scripted import rows
from tests.storage.museum import HTML, Raw, digest_of, packed
from tests.storage.sources.made import ARC_HEADER, arc, as_csv, as_json, entries, page, save, url

PAGE, TRUTH = page(), entries()[0].truth
LETTERS = TRUTH.text.encode()
# In the middle of the last paragraph, and behind the article.
IN_BODY, BEHIND = PAGE.index(TRUTH.paragraphs[-1].encode()[-60:]) + 20, len(PAGE) - 200
SEED = next((Path(__file__).parents[2] / "seeds").glob("000_*.txt")).read_bytes()

Files = bytes | Mapping[str, bytes] | Callable[[], bytes]  # what takes long to make is made for its test alone
#: By name: the file or files, and what is right: rows, damaged, what is reported, columns of the row.
Case = tuple[Files, int, str, Mapping[str, object]]
CASES: dict[str, Case] = {}


def case(name: str, files: Files, count: int = 1, says: str = "", **columns: object) -> None:
    assert name not in CASES
    CASES[name] = (files, count, says, columns)


def coded(body: bytes, *headers: tuple[str, str], more: Sequence[tuple[str, str]] = ()) -> bytes:
    return Raw(url=url(), body=body, http_headers=[HTML, *headers], more=more).plain()


# --- content and transfer codings ---

GZ, ZL = gzip.compress(PAGE, mtime=0), zlib.compress(PAGE)
TWICE = gzip.compress(GZ, mtime=0)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE)
for coding in (
    "UTF-8",
    "binary",
    "8bit",
    "text/html",
    "iso-8859-1",
    "aws-chunked",
    "None",
    "gzip",
    "deflate",
    "br",
    "",
):
    case(f"coding {coding}", coded(PAGE, ("Content-Encoding", coding)))
for coding in ("7bit", "identity", "chunked"):
    case(f"transfer {coding}", coded(PAGE, ("Transfer-Encoding", coding)))
for name, body in {
    "whole": GZ,
    "no trailer": GZ[:-8],
    "half a trailer": GZ[:-4],
    "wrong checksum": GZ[:-8] + b"abcd" + GZ[-4:],
    "wrong length": GZ[:-4] + b"abcd",
    "junk behind": GZ + b"junk",
    "with UTF-8": gzip.compress(PAGE),
}.items():
    case(f"gzip {name}", coded(body, ("content-ENCODING", "x-gzip" if "junk" in name else "gzip")), truncated=0)
for name, body in {"wrong checksum": ZL[:-4] + b"abcd", "no checksum": ZL[:-4], "raw": ZL[2:-4]}.items():
    case(f"deflate {name}", coded(body, ("Content-Encoding", "deflate")), truncated=0)
for name, body in {"twice": TWICE, "once": GZ, "not at all": PAGE}.items():
    case(f"two lines gzip, {name}", coded(body, *[("Content-Encoding", "gzip")] * 2))
case("gzip, unknown", coded(GZ, ("Content-Encoding", "gzip, utf-8")))
case(
    "chunked gzip",
    coded(b"%x\r\n%b\r\n0\r\n" % (len(GZ), GZ), ("Content-Encoding", "gzip"), ("TRANSFER-ENCODING", "chunked")),
)
for at, truncated in ((IN_BODY, 1), (BEHIND, 0)):
    half = zlib.compressobj(wbits=31)
    cut = half.compress(PAGE[:at]) + half.flush(zlib.Z_SYNC_FLUSH)
    case(f"cut at {at}", coded(PAGE[:at]), truncated=truncated)
    case(f"cut at {at} gzip", coded(cut, ("Content-Encoding", "gzip")), truncated=truncated)
    case(f"cut at {at} deflate", coded(cut[10:], ("Content-Encoding", "deflate")), truncated=truncated)
    case(f"cut at {at} chunked", coded(CHUNKED[: at + 7], ("Transfer-Encoding", "chunked")), truncated=truncated)
case("gzip without data", coded(b"\x1f\x8b\x08\0junk", ("Content-Encoding", "gzip")), 0, "gzip data are damaged")

# --- status lines, interim answers, field names ---

for status in (
    "http/1.1 200 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200  OK",
    "HTTP/1.1 200",
    "HTTP/2 200",
    "Http/1.0 200 Fine",
):
    case(f"status {status!r}", Raw(url=url(), body=PAGE, status=status).plain())
FINAL = Raw(url=url(), body=PAGE).content
for name, interim in {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    "both": b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    "lines": b"HTTP/1.1 100 Continue\n\n",
}.items():
    case(f"interim {name}", Raw(url=url(), block=interim + FINAL).plain())
case("interim, digest", Raw(url=url(), block=b"HTTP/1.1 100 Go on\r\n\r\n" + FINAL, more=[digest_of(FINAL)]).plain())


def renamed(raw: bytes, how: str) -> bytes:
    head, _, rest = raw.partition(b"\r\n\r\n")
    return re.sub(rb"(?m)^[A-Za-z-]+(?=:)", lambda name: getattr(name[0], how)(), head) + b"\r\n\r\n" + rest


for how in ("lower", "upper", "title", "swapcase"):
    case(f"names {how}", renamed(coded(PAGE), how))
    case(f"names {how} packed", gzip.compress(renamed(coded(GZ, ("CONTENT-encoding", "gzip")), how)))
case("names of HTTP", coded(GZ, ("CONTENT-ENCODING", "GZIP")))
for date, moment in {
    "2025": "2025-01-01T00:00",
    "2025-03": "2025-03-01T00:00",
    "2025-03-04": "2025-03-04T00:00",
}.items():
    case(f"date {date}", Raw(url=url(), body=PAGE, date=date).plain(), fetched_at=f"{moment}:00.000000+00:00")

# --- digests ---

SHA1 = hashlib.sha1(PAGE).hexdigest()  # noqa: S324
for name, digest in {
    "hexadecimal": f"sha1:{SHA1}",
    "capitals": f"SHA1:{SHA1.upper()}",
    "small": payload_digest(PAGE).lower(),
    "sha-256": f"sha-256:{hashlib.sha256(PAGE).hexdigest()}",
    "unknown": "blake9:70d7",
}.items():
    case(f"digest {name}", coded(PAGE, more=[("WARC-Payload-Digest", digest)]))
case("digest decoded", coded(GZ, ("Content-Encoding", "gzip"), more=[digest_of(PAGE)]))
case("digest packed", coded(GZ, ("Content-Encoding", "gzip"), more=[digest_of(GZ)]))
case("digest chunked", coded(CHUNKED, ("Transfer-Encoding", "chunked"), more=[digest_of(PAGE)]))
case("digest wrong", coded(PAGE, more=[digest_of(b"other")]), 0, "its content does not match its digest")

# --- revisits ---

ID = "00000000-0000-4000-8000-000000000000"
FIRST, AGAIN = "2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z"
ORIGINAL, DIGEST = Raw(url=url(), body=PAGE, date=FIRST).plain(), digest_of(PAGE)
DIGESTED = Raw(url=url(), body=PAGE, date=FIRST, more=[DIGEST]).plain()
FINE = Raw(url=url(), body=PAGE, date=FIRST.replace("00Z", "00.25Z")).plain()
TO_URL, TO_DATE = ("WARC-Refers-To-Target-URI", url()), ("WARC-Refers-To-Date", FIRST)
EMPTY, HEX = ("WARC-Payload-Digest", payload_digest(b"")), ("WARC-Payload-Digest", f"SHA1:{SHA1.upper()}")
UNCHANGED = ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/server-not-modified")
LOST = "a revisit of a capture that cannot be found"


def revisit(*more: tuple[str, str], status: str = "200 OK", of: str = url()) -> bytes:
    block = f"HTTP/1.1 {status}\r\n\r\n".encode()
    return Raw(kind="revisit", url=of, date=AGAIN, block=block, more=more).plain()


# The original's row is removed before, so that the one that is left is the revisit's.
for name, original, fields in (
    ("by id", ORIGINAL, [("WARC-Refers-To", f"<urn:uuid:{ID}>")]),
    ("by id without brackets", DIGESTED, [("WARC-Refers-To", f"urn:uuid:{ID}")]),
    ("by address", ORIGINAL, [TO_URL]),
    ("by address and date", ORIGINAL, [TO_URL, TO_DATE]),
    ("by date", ORIGINAL, [TO_DATE]),
    ("by whole seconds", FINE, [TO_URL, TO_DATE]),
    ("not modified", DIGESTED, [UNCHANGED]),
    ("not modified, 304", ORIGINAL, [UNCHANGED]),
    ("digest of nothing", DIGESTED, [EMPTY, UNCHANGED]),
    ("SHA-256 of nothing", DIGESTED, [(EMPTY[0], f"sha256:{hashlib.sha256().hexdigest()}"), UNCHANGED]),
    ("digest in hexadecimal", DIGESTED, [HEX]),
    ("digest in capitals", DIGESTED, [(DIGEST[0], DIGEST[1].upper())]),
    ("original without digest", ORIGINAL, [DIGEST]),
    ("original with digest in hexadecimal", Raw(url=url(), body=PAGE, date=FIRST, more=[HEX]).plain(), [DIGEST]),
):
    again = revisit(*fields, status="304 Not Modified" if "304" in name else "200 OK")
    case(f"revisit {name}", original + again, captured=2)
    case(f"revisit before, {name}", again + original, captured=2)
OTHER = Raw(url=url(), body=PAGE, date=FIRST, more=[digest_of(b"other")], kind="resource", block=PAGE).plain()
BY_ID = ("WARC-Refers-To", f"<urn:uuid:{ID}>")
case("revisit by id, of http", ORIGINAL + revisit(BY_ID, of=url().replace("https", "http")), captured=2)
case("revisit by id, another order", revisit(BY_ID, of=url().replace("lang=f&", "") + "&lang=f") + ORIGINAL, captured=2)
case("revisit of another digest", DIGESTED + revisit(digest_of(b"other")), 1, LOST)
case("revisit of an id that is not there", ORIGINAL + revisit(("WARC-Refers-To", "<urn:x>")), 1, LOST)
case("revisit of a date that is not there", ORIGINAL + revisit(("WARC-Refers-To-Date", AGAIN), TO_URL), 1, LOST)
case("revisit without an original", revisit(UNCHANGED), 0, LOST)

# --- segments, other kinds ---

SEGMENT = "a segment of a record; no part of a page is stored"
NUMBER = "WARC-Segment-Number"
ORIGIN = ("WARC-Segment-Origin-ID", f"<urn:uuid:{ID}>")
END = Raw(kind="continuation", url=url(), block=PAGE[9000:], more=[(NUMBER, "2"), ORIGIN], content_type=None).plain()
BEGUN = Raw(url=url(), block=FINAL[:9000], more=[(NUMBER, "1")]).plain()
case("segments", BEGUN + END, 0, SEGMENT)
case("the first segment", BEGUN, 0, SEGMENT)
case("the last segment", END, 0, SEGMENT)
for kind in ("resource", "conversion"):
    for mime in ("text/html", "text/html; charset=UTF-8", "application/xhtml+xml", None):
        case(f"{kind} {mime}", Raw(kind=kind, url=url(), content_type=mime, block=PAGE).plain(), layout=TRUTH.layout)
    for mime in ("text/plain", "text/plain; charset=utf-8", None):
        block = Raw(kind=kind, url=url(), content_type=mime, block=SEED).plain()
        case(f"{kind} {mime} of text", block, layout="text")

# --- members ---


def bgzip(data: bytes, size: int = 5000) -> bytes:
    """As bgzip packs: members of a fixed size, whatever is in them, and an empty one."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(
        gzip.compress(part)[:3] + b"\4" + bytes(5) + b"\xff\6\0BC\2\0\0\0" + gzip.compress(part)[10:]
        for part in [*parts, b""]
    )


def pages(count: int = 4) -> list[bytes]:
    return [Raw(url=url(number), body=page(number)).plain() for number in range(count)]


def arcs(count: int = 4) -> list[bytes]:
    return [arc(number, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n") for number in range(count)]


for kind, (head, records) in {"WARC": (b"", pages()), "ARC": (ARC_HEADER, arcs())}.items():
    whole = head + b"".join(records)
    first = packed(head) if head else b""
    case(f"{kind} as a whole", gzip.compress(whole), 4)
    case(f"{kind} by bgzip", bgzip(whole), 4)
    case(f"{kind} by bgzip, large", bgzip(whole, 60_000), 4)
    case(f"{kind} two a member", first + packed(*records[:2]) + packed(*records[2:]), 4)
    case(f"{kind} two in the middle", first + packed(records[0]) + packed(*records[1:3]) + packed(records[3]), 4)
    case(f"{kind} three in the last", first + packed(records[0]) + packed(*records[1:]), 4)
    case(f"{kind} one a member", first + b"".join(map(packed, records)), 4)
    damaged = bytearray(packed(*records[2:]))
    damaged[len(damaged) // 4] ^= 255
    case(
        f"{kind} damaged inside",
        first + packed(*records[:2]) + damaged + packed(records[3]),
        3,
        "its gzip data are damaged",
    )
    case(f"{kind} cut inside", gzip.compress(whole)[:-3000], 3, "the file ends inside this record")


def by_warcio(version: str) -> bytes:
    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version=version)
    headers = StatusAndHeaders("200 OK", [HTML], protocol="HTTP/1.1")
    for number in range(2):
        body, size = BytesIO(page(number)), len(page(number))
        writer.write_record(writer.create_warc_record(url(number), "response", body, size, http_headers=headers))
    first = StatusAndHeaders("200 OK", [HTML], protocol="HTTP/1.1")
    date = "2026-11-24T12:00:00Z"
    writer.write_record(writer.create_revisit_record(url(1), payload_digest(page(1)), url(1), date, http_headers=first))
    return out.getvalue()


def by_fastwarc() -> bytes:
    out = BytesIO()
    stream = GzipWriter(out)
    for number in range(2):
        record = WarcRecord()
        record.init_headers(record_type=WarcRecordType.response)
        record.headers["WARC-Target-URI"] = url(number)
        record.headers["Content-Type"] = "application/http; msgtype=response"
        record.set_bytes_content(b"HTTP/1.1 103 Early Hints\r\n\r\n" + Raw(body=page(number)).content)
        record.write(stream, checksum_data=True)
    stream.close()
    return out.getvalue()


case("warcio 1.0", by_warcio("1.0"), 2, captured=3)
case("warcio 1.1", by_warcio("1.1"), 2, captured=3)
case("FastWARC", by_fastwarc(), 2)

for name, begin, unpack in (("", b"", ""), (" packed", b"\x28\xb5\x2f\xfd", " | zstd -d")):
    advice = f"tail -c +9 FILE | head -c 300{unpack} > dictionary; zstd -d -D dictionary FILE"
    case(f"zstd with a dictionary{name}", b"\x5d\x2a\x4d\x18\x2c\1\0\0" + begin + bytes(400), 0, advice)

# --- ARC ---

HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
for name, middle in {
    "two types": b"1.2.3.4 20050304030000 text/html, application/x-javascript",
    "charset": b"1.2.3.4 20050304030000 text/html; charset=utf-8",
    "ten fields": b"1.2.3.4 20050304030000 text/html 200 ABC - 1234 a.arc.gz",
    "no type": b"1.2.3.4 20050304030000",
    "empty type": b"1.2.3.4 20050304030000 ",
}.items():
    line = url().encode() + b" " + middle + b" %d\n" % len(HTTP)
    case(f"ARC {name}", ARC_HEADER + line + HTTP + b"\n", fetched_at="2005-03-04T03:00:00.000000+00:00")
    case(f"ARC {name} packed", packed(ARC_HEADER) + packed(line + HTTP + b"\n"))
case(
    "ARC wrong length",
    ARC_HEADER + url().encode() + b" 1.2.3.4 20050304030000 text/html 9999999\n" + HTTP,
    0,
    "ends inside",
)
case("ARC other lines", ARC_HEADER + b"nothing of the kind\n" + arcs()[1], 1, "not a record of a WARC or ARC file")

# --- zips ---


def zipped(method: int, *members: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for member in members:
            with warnings.catch_warnings(action="ignore"):
                archive.writestr("a.warc.gz", member)
    return out.getvalue()


for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
    case(f"zip of one name, method {method}", zipped(method, *map(packed, pages(3))), 3)
    case(f"zip of bgzip, method {method}", zipped(method, bgzip(b"".join(pages(3)))), 3)
    bomb = partial(zipped, method, bytes(70_000_000)) if method else b"PK\x05\x06" + bytes(18)
    case(f"zip bomb, method {method}", bomb, 0, "a bomb" if method else "a zip without a WARC file")

# --- folders ---

PLACE = "world.kbs.co.kr/service/news_view"
for name in (f"{PLACE}4b3f.html", f"{PLACE}.htm", f"{PLACE}.html", f"{PLACE}4b3f-2.html", "world.kbs.co.kr/page.html"):
    case(f"mirrored as {name}", {name: PAGE})
ADDRESS = url().removeprefix("https://")
for end in (".1", ".html", ".2.html", ".orig", ".html.orig", ".tmp", ".html.gz"):
    case(f"mirrored with {end}", {ADDRESS + end: gzip.compress(PAGE) if end.endswith("gz") else PAGE})
LINE = b'{"url": "https://world.kbs.co.kr/", "title": "KBS"}\n'
for name in ("pages.jsonl", "items.jsonl.gz", "logs/crawl.log"):
    lines = gzip.compress(LINE * 3) if name.endswith("gz") else LINE * 3
    case(f"folder with {name}", {ADDRESS: PAGE, name: lines})
case("mirrored with an at sign", {ADDRESS.replace("?", "@") + ".1": PAGE})
case(
    "a mirror with other files",
    {ADDRESS: PAGE, "world.kbs.co.kr/a.css": b"a {}", "world.kbs.co.kr/a.png": b"\x89PNG\0"},
)

# --- tables ---

TABLE = as_csv([{"url": url(), "html": PAGE.decode()}]).replace(b"\r\n", b"\n").decode()
WINDOWS = TABLE.encode("cp1252", "xmlcharrefreplace")
for name, sign in {"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}.items():
    table = as_csv([{"url": url(), "html": PAGE.decode()}], sign)
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "latin-1"):
        case(f"CSV {name} {encoding}", table.decode().encode(encoding, "xmlcharrefreplace"))
    case(f"CSV {name} UTF-16", table.decode().encode("utf-16"), 0, "save it as CSV UTF-8")
    case(f"CSV {name} Macintosh", table.replace(b"\r\n", b"\r").replace(b"\n", b"\r"), 0, "save it as CSV UTF-8")
    case(f"CSV {name} sep=", f"sep={sign}\r\n".encode() + table)
    case(f"CSV {name} sep= with a mark", b"\xef\xbb\xbf" + f"sep={sign}\n".encode() + table)
case("CSV UTF-8 with a byte of cp1252", TABLE.encode().replace(b"<body", "<!-- é€ -->".encode("cp1252") + b"<body"))
case("CSV packed, cp1252", gzip.compress(WINDOWS))
TEXT_ROW = {"url": url(), "text": SEED.decode()}
case("CSV of text, cp1252", as_csv([TEXT_ROW]).decode().encode("cp1252", "replace"), layout="text")
WORDS = "L’été à Séoul a été très chaud, a déclaré le ministère. "
for codec in ("mac_roman", "cp850"):
    case(
        f"CSV {codec}",
        as_csv([TEXT_ROW | {"text": WORDS * 9}]).decode().encode(codec, "replace"),
        0,
        "save it as CSV UTF-8",
    )
case("CSV with blank rows and cells", TABLE.encode().rstrip() + b",,\n,,,\n,\n")
case("CSV of windows-1252 with an undefined byte", WINDOWS.replace(b"<body", b"\x81<body"))
CDX_ROW = {"url": url(), "html": PAGE.decode(), "fetched_at": "20250305030000"}
case("JSON Lines with a time of CDX", as_json([CDX_ROW]), fetched_at="2025-03-05T03:00:00.000000+00:00")
case("JSON Lines with a mark", b"\xef\xbb\xbf" + as_json([{"url": url(), "html": PAGE.decode()}]))


@pytest.fixture
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file or folder of a case."""
    files = CASES[request.param][0]
    files = files() if callable(files) else files
    for name, content in (files if isinstance(files, Mapping) else {"file": files}).items():
        save(tmp_path / "in" / name, content)
    return tmp_path / "in"


@pytest.mark.parametrize(("found", "name"), [(name, name) for name in CASES], indirect=["found"])
def test_it_is_read_or_reported(found: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, count, says, columns = CASES[name]
    source = found if isinstance(files, Mapping) else found / "file"
    counts = reextract_here(tmp_path / "kbs.db", source)
    stored, written = rows(tmp_path), capsys.readouterr().err
    assert len(stored) == count, written
    assert (counts["damaged"] > 0, says in written) == (bool(says), True), written
    assert counts["pages"] - counts["refused"] == columns.get("captured", count), written
    for row in stored:
        assert "\ufffd" not in "".join(map(str, row.values()))
        assert all(row[column] == value for column, value in columns.items() if column != "captured")
        if row["layout"] != "text" and row["url"] == TRUTH.url and not row["truncated"]:
            assert (row["title"], json.loads(row["paragraphs"])) == (TRUTH.title, list(TRUTH.paragraphs))
    again = list(read_places([*places(stored)], tmp_path, MAX_PAGE))
    assert {item.url for item in again if isinstance(item, Capture)} == {row["source_url"] or "" for row in stored}
    assert len(again) == len(stored) == len({(row["archive_file"], row["archive_offset"]) for row in stored})


def places(stored: Sequence[Mapping[str, object]]) -> Iterator[Place]:
    for row in stored:
        location = Location(file=str(row["archive_file"]), offset=int(str(row["archive_offset"])))
        source_url = row["source_url"]
        yield Place(
            location=location,
            url=str(source_url) if source_url else None,
            fetched_at=datetime.fromisoformat(str(row["fetched_at"])),
        )
