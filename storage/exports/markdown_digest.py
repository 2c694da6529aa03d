"""Markdown: all articles on one page, and what changed in those that are told to be updated or edited."""

from collections.abc import Iterable
from typing import IO
from urllib.parse import quote

from storage.exports import Exported
from storage.exports.digest import about, web_address
from storage.exports.html_digest import changes
from storage.exports.markdown import escaped, text_blocks


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream."""
    stream.write(b"# KBS World\n")
    for article in articles:
        title = escaped(article.row["title"] or "(no title)")
        link = quote(web_address(article.row["url"]), safe="!#$%&'()*+,/:;=?@[]")
        parts = [f"## [{title}](<{link}>)" if link else f"## {title}", escaped(about(article))]
        # As HTML on one line, which Markdown may hold: it has no marks of its own for this.
        parts += [" ".join(changes(article).split()), *text_blocks(article.paragraphs)]
        stream.write("".join(f"\n{part}\n" for part in parts if part).encode())
