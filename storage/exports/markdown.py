"""Markdown: a file for each article, with its fields as YAML front matter and its text as CommonMark."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from storage.exports import FLAGS, FORBIDDEN, ITEM, REPLACEMENT, Exported, name_of
from storage.versions import COLUMNS

_FRONT_MATTER = tuple(name for name in COLUMNS if name not in {"paragraphs", "text"})

# What is markup anywhere; an ampersand where it could begin a character reference.
_MARKS = re.compile(r"[\\`*_\[\]<>#~|]|&(?=[#A-Za-z])")
# What is markup at the beginning of a line: a list item, a line under a heading, a rule.
_FIRST_MARK = re.compile(r"(?:[-+=](?=[-+=\s]|$)|(?<![0-9])[0-9]{1,9}[.)](?=\s|$))")
# White space that a reader would drop or take for markup: at both ends, and what ends lines.
_BLANKS = re.compile(r"^\s+|\s+$|[\t\r\n]+")
# What JSON may hold, and a YAML reader takes for the end of a line or for no character.
_NOT_YAML = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write(articles: Iterable[Exported], folder: Path, *, all_versions: bool = False) -> None:
    """Write articles, no two of one url and (with `all_versions`) timestamp, into an empty folder."""
    for article in articles:
        path = folder / f"{name_of(article.row, version=all_versions)}.md"
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(page(article))


def page(article: Exported) -> str:
    """An article as a file's text."""
    row, paragraphs = article
    fields = "".join(f"{name}: {_yaml(name, row[name])}\n" for name in _FRONT_MATTER)
    blocks = [f"# {_escaped(row['title'])}"] if row["title"] else []
    return f"---\n{fields}---\n\n" + "\n\n".join([*blocks, *_blocks(paragraphs)]) + "\n"


def _blocks(paragraphs: Iterable[str]) -> Iterator[str]:
    """Paragraphs, and lists of successive items."""
    shown = filter(None, paragraphs)  # an empty one shows nothing
    for is_item, group in groupby(shown, lambda one: one.startswith(ITEM) and one != ITEM):
        if is_item:
            yield "\n".join(f"- {_escaped(one.removeprefix(ITEM))}" for one in group)
        else:
            yield from map(_escaped, group)


def _escaped(text: str) -> str:
    """Text that a CommonMark reader shows as it is, on one line; what is no character becomes U+FFFD."""
    text = _MARKS.sub(r"\\\g<0>", FORBIDDEN.sub(REPLACEMENT, text))
    if mark := _FIRST_MARK.match(text):
        text = f"{text[: mark.end() - 1]}\\{text[mark.end() - 1 :]}"
    return _BLANKS.sub(lambda blanks: "".join(f"&#{ord(blank)};" for blank in blanks[0]), text)


def _yaml(name: str, value: Any) -> str:
    """A value as YAML, of which JSON is a part: no text in double quotes is taken for a date, a number or markup."""
    written = json.dumps(bool(value) if name in FLAGS else value, ensure_ascii=False)
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
