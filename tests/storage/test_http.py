"""Bodies as they are stored, in every encoding: whole, damaged, mislabelled, and bombs."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import brotli  # type: ignore[import-untyped]
import pytest
from fastwarc.stream_io import ZstdWriter
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.http import TOO_LARGE, decode_body
from tests.storage.sources.made import page

MAX = 1_000_000
BLOCK = b"<p>" + bytes(1 << 20)


def zstd(body: bytes) -> bytes:
    out = BytesIO()
    with ZstdWriter(out) as writer:
        writer.write(body)
    return out.getvalue()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def chunked(body: bytes, length: int = 1000) -> bytes:
    chunks = [body[at : at + length] for at in range(0, len(body), length)]
    return b"".join(b"%X;name=value\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("X-GZIP", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd),
    ("chunked", chunked),
    ("identity", bytes),
]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_every_encoding_is_removed_up_to_the_bound(name: str, pack: Callable[[bytes], bytes]) -> None:
    packed, size = pack(page()), len(page())
    assert decode_body(packed, size, name) == (page(), "")
    assert decode_body(packed, size - 1, name) == (b"", TOO_LARGE)
    # A body that is not encoded is taken as it is.
    assert decode_body(page(), size, name) == (page(), "")
    if name == "zstd":  # FastWARC unpacks it in large blocks
        return
    # Of one that is cut, what is there.
    whole, half = (decode_body(packed[:end], size, name)[0] for end in (len(packed) - 3, len(packed) // 2))
    assert page().startswith(half)
    assert len(page()) - 1000 < len(whole) <= len(page())
    assert len(half) > len(page()) // 4


def brotli_bomb() -> bytes:
    brotler = brotli.Compressor(quality=1)
    return b"".join(brotler.process(BLOCK) for _ in range(200)) + bytes(brotler.finish())


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("gzip", lambda: gzip.compress(BLOCK * 200)),
        ("br", brotli_bomb),
        ("zstd", lambda: zstd(BLOCK * 200)),
        ("gzip, gzip", lambda: gzip.compress(gzip.compress(BLOCK * 100))),
    ],
    ids=["gzip", "br", "zstd", "twice"],
)
def test_a_bomb_is_not_unpacked(name: str, make: Callable[[], bytes]) -> None:
    bomb = make()
    tracemalloc.start()
    try:
        assert decode_body(bomb, MAX, name) == (b"", TOO_LARGE)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX
    finally:
        tracemalloc.stop()


def test_several_encodings_and_members_are_removed() -> None:
    assert decode_body(chunked(gzip.compress(zlib.compress(page()))), MAX, "deflate, gzip", "chunked")[0] == page()
    assert decode_body(gzip.compress(page()), MAX, "gzip, deflate") == (page(), "")  # what was asked for, not what came
    assert decode_body(gzip.compress(b"<p>") + gzip.compress(b"</p>") + b"\0\0junk", MAX, "gzip")[0] == b"<p></p>"


@pytest.mark.parametrize(
    ("body", "name", "what"),
    [
        (b"\x1f\x8b\x08junkjunk", "gzip", "gzip data are damaged"),
        (gzip.compress(b"<p>") * 2000, "gzip", "gzip data are damaged"),
        (b"\xff\xff", "deflate", "deflate data are damaged"),
        (b"junk", "br", "br data are damaged"),
        (b"<p>", "gzip," * 1000, "encoded too many times over"),
    ],
)
def test_what_cannot_be_decoded_is_damaged(body: bytes, name: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        decode_body(body, MAX, name)


@given(st.binary(max_size=300), st.sampled_from([*(name for name, _ in PACKERS), "gzip, br", "chunked, zstd"]))
def test_no_bytes_are_a_crash(raw: bytes, name: str) -> None:
    with suppress(ValueError):
        assert len(decode_body(raw, 200, name, name)[0]) <= 200


@given(st.binary(max_size=3000), st.permutations([name for name in range(len(PACKERS) - 1) if name != 3]))
def test_what_was_packed_comes_back(body: bytes, order: list[int]) -> None:
    chain = [PACKERS[i] for i in order[:3]]
    packed = body
    for _, pack in chain:
        packed = pack(packed)
    assert decode_body(packed, MAX, ",".join(name for name, _ in chain)) == (body, "")
