"""Pages that cost time or memory: a page of the replica with megabytes of something in it; and what one costs."""

import json
import subprocess
import sys
from collections.abc import Callable
from random import Random

from . import pages
from .world import World

WORLD = World(articles=20)
ENTRY = next(entry for entry in WORLD.entries if entry.style == "breaks" and len(entry.body) > 3)
PAGE = pages.entry_page(WORLD, ENTRY)
URL = ENTRY.truth.url
AT = PAGE.index(b">", PAGE.index(b'<div class="body_txt')) + 1


def inside(html: bytes) -> bytes:
    """The page with `html` before the first word of its body."""
    return PAGE[:AT] + html + PAGE[AT:]


MOVED = PAGE.replace(b"title_area", b"x").replace(b"body_txt", b"y")
NESTED = b"<div>" * 240
WORDS = b"mot " * 1_250_000
HOSTILE: dict[str, Callable[[], bytes]] = {
    "5 MB of words in the body": lambda: inside(WORDS),
    "5 MB of words after the article": lambda: PAGE + WORDS,
    "5 MB of spaces": lambda: inside(b" " * 5_000_000),
    "5 MB of <": lambda: b"<" * 5_000_000,
    "5 MB of &": lambda: inside(b"&" * 5_000_000),
    "5 MB of noise": lambda: inside(Random(1).randbytes(5_000_000)),
    "5 MB of noise alone": lambda: Random(1).randbytes(5_000_000),
    "5 MB of <br>": lambda: inside(b"<br>" * 1_250_000),
    "5 MB of <p>": lambda: inside(b"<p>a</p>" * 600_000),
    "5 MB in an attribute": lambda: inside(b"<a href='" + b"x" * 5_000_000 + b"'>y</a>"),
    "300,000 attributes": lambda: inside(b"<p " + b"".join(b"a%d=1 " % i for i in range(300_000)) + b">"),
    "20,000 attributes": lambda: b"<p " + b"".join(b"a%d " % i for i in range(13_000)) + b">",
    "tags of many attributes": lambda: inside((b"<p " + b"".join(b"a%d=1 " % i for i in range(95)) + b">") * 5_000),
    "50,000 nested <div>": lambda: PAGE.replace(b'<div id="wrap">', b"<div>" * 50_000),
    "50,000 nested <span> in the body": lambda: inside(b"<span>" * 50_000),
    "20,000 nested tables": lambda: inside(b"<table><tr><td>" * 20_000),
    "90,000 rows": lambda: inside(b"<table>" + b"<tr><td>a<td>b" * 30_000),
    "60,000 accents on a letter": lambda: inside(("a" + "\u0301\u0323" * 60_000).encode()),
    "a million accents on a letter": lambda: inside(("a" + "\u0301\u0323" * 1_000_000).encode()),
    "pictures in a body that moved": lambda: MOVED.replace(b"<br />", b"<div><img src=x></div>" * 20_000, 1),
    "headings in a body that moved": lambda: MOVED.replace(b"<br />", b"<h2>a</h2><p>b</p>" * 12_000, 1),
    "menus in a body that moved": lambda: MOVED.replace(b"<br />", b"<div><a>a</a><a>b</a>" * 12_000, 1),
    "headlines": lambda: MOVED + b"<div><h1>a</h1></div>" * 20_000,
    "deep headlines": lambda: MOVED.replace(b"<h1", b"<h1><div>" * 120 + WORDS + b"</div></h1>" * 120 + b"<h1", 1),
    "tags of 99 attributes": lambda: inside((b"<p " + b"".join(b"a%d=1 " % i for i in range(99)) + b">") * 9_000),
    "a deep picture and 5 MB of words": lambda: inside(NESTED + b"<img src=x>" + WORDS + b"</div>" * 240),
    "a deep input and 5 MB of words": lambda: b"<h1>a</h1><p>2026-11-11</p>" + NESTED + b"<input>" + WORDS,
}  # fmt: skip

MEASURE = """
import contextlib, json, re, sys, time
from pathlib import Path
from extractors import NotAnArticle
from extractors.html import extract_html
from extractors.listing import extract_list
def peak():  # what getrusage says begins with the memory of the process that began this one
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text() if status.exists() else "VmHWM: 0")[1]) / 1024
page = sys.stdin.buffer.read()
before = peak()
began = time.process_time()
with contextlib.suppress(NotAnArticle):
    vars()[sys.argv[1]](page, sys.argv[2])
print(json.dumps([time.process_time() - began, peak() - before]))
"""


def cost(extract: str, page: bytes, url: str) -> tuple[float, float]:
    """The seconds and megabytes that a page takes in a process of its own."""
    command = [sys.executable, "-c", MEASURE, extract, url]
    run = subprocess.run(command, input=page, capture_output=True, timeout=60, check=True)
    seconds, megabytes = json.loads(run.stdout)
    return seconds, megabytes
