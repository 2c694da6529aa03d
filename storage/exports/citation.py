"""One article as a reference: CSL-JSON, and BibTeX (biblatex's `online`)."""

import re
from typing import Any

from storage.exports import day_of, name_of
from storage.exports.digest import web_address
from storage.versions import Row

_PUBLISHER = "KBS World"
# A library would bring a parser of BibTeX for one entry of eight fields; these are the characters that TeX interprets.
_TEX = str.maketrans(
    {char: f"\\{char}" for char in "{}$&#%_"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def csl(row: Row) -> dict[str, Any]:
    """An item of CSL-JSON, as Zotero and pandoc read it, of a row without control characters."""
    until = f", until {row['replaced_at']}" if row["replaced_at"] else ""
    place = f"; {row['archive_file']}, {row['archive_offset']}" if row["archive_file"] else ""
    days = {"issued": re.findall("[0-9]+", day_of(row)), "accessed": re.findall("[0-9]+", row["fetched_at"][:10])}
    return {
        "id": f"kbs-{name_of(row, version=True)}",
        "type": "article-newspaper",
        "title": row["title"] or "(sans titre)",
        "container-title": _PUBLISHER,
        "author": [{"literal": _PUBLISHER}],
        "URL": web_address(row["url"]),
        "language": row["lang"],
        "note": f"Version {row['timestamp']}{until}, fetched {row['fetched_at']}{place}",
        **{name: {"date-parts": [list(map(int, numbers))]} for name, numbers in days.items() if numbers},
    }


def bibtex(row: Row) -> str:
    """An entry for biblatex, of a row without control characters."""
    item = csl(row)
    fields = {
        "title": item["title"].translate(_TEX),
        "author": f"{{{_PUBLISHER}}}",
        "date": day_of(row),
        "url": item["URL"],
        "urldate": row["fetched_at"][:10],
        "note": item["note"].translate(_TEX),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@online{{{item['id']},\n{lines}}}\n"
