"""One article as a reference: BibTeX (biblatex's `online`) and CSL-JSON."""

import re
import unicodedata
from datetime import date
from typing import Any

from storage.exports import name_of
from storage.exports.digest import web_address
from storage.versions import Row

_PUBLISHER = "KBS World"
_LANGUAGES: dict[str, str] = {"fr": "french", "en": "english"}
# A library would bring a parser of BibTeX for one entry of nine fields; these are the characters that TeX interprets.
_TEX = re.compile(r"[\\{}$&#%_~^]")
_COMMANDS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def bibtex(row: Row) -> str:
    """An entry for biblatex."""
    fields = {
        "title": _tex(row["title"] or "(sans titre)"),
        "author": f"{{{_PUBLISHER}}}",
        "organization": _PUBLISHER,
        "date": _day(row),
        "url": re.sub(r"[{}\\\s]", "", web_address(row["url"])),
        "urldate": row["fetched_at"][:10],
        "langid": _tex(str(_LANGUAGES.get(row["lang"], row["lang"]))),
        "note": _tex(_note(row)),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@online{{kbs-{name_of(row, version=True)},\n{lines}}}\n"


def csl(row: Row) -> dict[str, Any]:
    """An item of CSL-JSON, as Zotero and pandoc read it."""
    dates = {"issued": _day(row), "accessed": row["fetched_at"][:10]}
    values = {
        "id": f"kbs-{name_of(row, version=True)}",
        "type": "article-newspaper",
        "title": _line(row["title"] or "(sans titre)"),
        "container-title": _PUBLISHER,
        "author": [{"literal": _PUBLISHER}],
        "URL": web_address(row["url"]),
        "language": row["lang"],
        "note": _note(row),
        **{name: {"date-parts": [_parts(day)]} for name, day in dates.items() if day},
    }
    return {name: value for name, value in values.items() if value}


def _note(row: Row) -> str:
    """Which version it is, and until when it stood before a silent edit."""
    until = f", until {row['replaced_at']}" if row.get("replaced_at") else ""
    place = f"; {row['archive_file']}, {row['archive_offset']}" if row["archive_file"] else ""
    return _line(f"Version {row['timestamp']}{until}, fetched {row['fetched_at']}{place}")


def _day(row: Row) -> str:
    """When it was written, or changed last; empty where the column holds no date."""
    day = (row["written_at"] or row["timestamp"] or "")[:10]
    return str(day) if _parts(day) else ""


def _parts(day: str) -> list[int]:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return []
    return [found.year, found.month, found.day]


def _line(text: str) -> str:
    """A text as one line without control and format characters: it is printed on a terminal."""
    return " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())


def _tex(text: str) -> str:
    return _TEX.sub(lambda found: _COMMANDS.get(found[0], f"\\{found[0]}"), _line(text))
