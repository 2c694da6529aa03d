"""Markdown: a file for each article, its fields as YAML front matter, its text as CommonMark; or all on one page."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from storage.exports import FORBIDDEN, REPLACEMENT, Exported, blocks, name_of
from storage.exports.digest import about, template, web_address
from storage.selection import NEWEST, Selection
from storage.versions import HISTORY

_FRONT_MATTER = tuple(name for name in HISTORY if name not in {"paragraphs", "text"})

# What is markup anywhere; an ampersand where it could begin a character reference.
_MARKS = re.compile(r"[\\`*_\[\]<>#~|]|&(?=[#A-Za-z])")
# What is markup at the beginning of a line: a list item, a line under a heading, a rule.
_FIRST_MARK = re.compile(r"(?:[-+=](?=[-+=\s]|$)|(?<![0-9])[0-9]{1,9}[.)](?=\s|$))")
# White space that a reader would drop or take for markup: at both ends, and what ends lines.
_BLANKS = re.compile(r"^\s+|\s+$|[\t\r\n]+")
# One of these, or what may not be: few texts have any, and one look for all is a tenth of the work.
_ANY = re.compile(rf"{FORBIDDEN.pattern[:-1]}\\`*_\[\]<>#~|&\t\r\n]")
# What JSON may hold, and a YAML reader takes for the end of a line or for no character.
_NOT_YAML = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write(articles: Iterable[Exported], out: Path | IO[bytes], selection: Selection = NEWEST) -> None:
    """Write articles into a stream; or into an empty folder, then no two of one url and (of all versions) timestamp."""
    if isinstance(out, Path):
        for article in articles:
            (out / f"{name_of(article.row, version=selection.all_versions)}.md").write_bytes(page(article).encode())
        return
    changes = template("digest.html").changes
    out.write(b"# KBS World\n")
    for article in articles:
        title = escaped(article.row["title"] or "(no title)")
        link = web_address(article.row["url"])
        parts = [f"## [{title}](<{link}>)" if link else f"## {title}", escaped(about(article))]
        # As HTML on one line, which Markdown may hold: it has no marks of its own for this.
        parts += [" ".join(changes(article).split()), *_blocks(article.paragraphs)]
        out.write("".join(f"\n{part}\n" for part in parts if part).encode())


def page(article: Exported) -> str:
    """An article as a file's text."""
    values = article.values
    title = [f"# {escaped(values['title'])}"] if values["title"] else []
    fields = "".join(f"{name}: {_yaml(values.get(name))}\n" for name in _FRONT_MATTER)
    return f"---\n{fields}---\n\n" + "\n\n".join([*title, *_blocks(article.paragraphs)]) + "\n"


def _blocks(paragraphs: Iterable[str]) -> Iterator[str]:
    for is_list, texts in blocks(paragraphs):
        shown = map(escaped, texts)
        yield from ["\n".join(f"- {text}" for text in shown)] if is_list else shown


def escaped(text: str) -> str:
    """Text that a CommonMark reader shows as it is, on one line; what is no character becomes U+FFFD."""
    if not (_ANY.search(text) or _FIRST_MARK.match(text) or text != text.strip()):
        return text
    text = _MARKS.sub(r"\\\g<0>", FORBIDDEN.sub(REPLACEMENT, text))
    if mark := _FIRST_MARK.match(text):
        text = f"{text[: mark.end() - 1]}\\{text[mark.end() - 1 :]}"
    return _BLANKS.sub(lambda blanks: "".join(f"&#{ord(blank)};" for blank in blanks[0]), text)


def _yaml(value: Any) -> str:
    """A value as YAML, of which JSON is a part: no text in double quotes is taken for a date, a number or markup."""
    written = json.dumps(value, ensure_ascii=False)
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
