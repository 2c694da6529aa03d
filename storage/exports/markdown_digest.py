"""Markdown: all articles on one page, and what changed in those that are told to be updated or edited."""

import re
from collections.abc import Iterable, Iterator
from typing import IO

from storage.difference import Piece
from storage.exports import Exported
from storage.exports.digest import about, differences, web_address
from storage.exports.markdown import escaped, text_blocks
from storage.selection import NEWEST, Selection

# What would end an address between angle brackets.
_INSIDE = re.compile(r"\S(?:.*\S)?", re.DOTALL)
_ADDRESS_END = re.compile(r"[\x00-\x20<>\\\x7f-\x9f]")
# As in HTML, which Markdown may hold: its own marks for this are none beside a quote or a blank.
_MARKS = {"equal": "{}", "delete": "<del>{}</del>", "insert": "<ins>{}</ins>"}


def write(articles: Iterable[Exported], stream: IO[bytes], _: Selection = NEWEST) -> None:
    """Write articles into a stream."""
    stream.write(b"# KBS World\n")
    for article in articles:
        title = escaped(article.row["title"] or "(no title)")
        link = _ADDRESS_END.sub(lambda found: f"%{ord(found[0]):02X}", web_address(article.row["url"]))
        heading = f"[{title}](<{link}>)" if link else title
        parts = [f"## {heading}", escaped(about(article)), *_changes(article), *text_blocks(article.paragraphs)]
        stream.write("".join(f"\n{part}\n" for part in parts).encode())


def _changes(article: Exported) -> Iterator[str]:
    """What changed, as one quotation."""
    changed = [_quoted(pieces) for pieces in differences(article)]
    if changed:
        yield "\n>\n".join(f"> {one}" for one in changed)


def _quoted(pieces: list[Piece]) -> str:
    return "".join(_MARKS[change].format(_INSIDE.sub(_escape, text)) for change, text in pieces)


def _escape(found: re.Match[str]) -> str:
    return escaped(found[0])
