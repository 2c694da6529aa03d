"""The work of `scrapy search`: hits printed for a person, or for a program."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import textwrap
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from sqlite_utils import Database

from crawler.arguments import ArgumentError, count
from crawler.selecting import selection_of
from crawler.terminal import WORK_FAILED, clean, tell
from storage.database import open_to_read
from storage.query import QueryError
from storage.search import BEGIN, END, Hit, search
from storage.selection import NEWEST, Selection

_MARKS = re.compile(f"[{BEGIN}{END}]")
# Lines wider than this are hard to read; narrower ones have no room for an address.
_WIDEST, _NARROWEST = 100, 40
_INDENT = "    "
# A title longer than this is none; it is cut, and not marked.
_LONGEST = 1000
_BOLD, _FOUND, _PLAIN = "\x1b[1m", "\x1b[1;33m", "\x1b[0m"


class Search:
    """One call."""

    def __init__(self, path: str | Path, query: str, opts: Namespace) -> None:
        """What is looked for.

        Args:
            path: the database.
            query: as typed.
            opts: the command's options.

        Raises:
            ArgumentError: `--limit` is wrong; the message is a sentence.
        """
        # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self._path = path
        self._query = query
        self._opts = opts
        self._limit = count("--limit", opts.limit, "hits") or 20

    def run(self) -> int:
        """Print the hits; the exit status.

        Raises:
            ArgumentError: the query or an option is wrong; the message is a sentence.
            StoreError: the database cannot be read; the message is a sentence.
        """
        with open_to_read(self._path, tell) as db:
            selection = selection_of(self._opts, db)
            hits = self._hits(db, selection)
        if not hits:
            is_narrowed = replace(selection, all_versions=False) != NEWEST
            among = " among those that the options select" if is_narrowed else ""
            tell(
                f"No article is found for {self._query}{among}; fewer words, or word* for all that begin so, find more."
            )
            return WORK_FAILED
        form = _json if self._opts.format == "json" else _on_terminal() if _is_terminal() else _plain
        for hit in hits:
            print(form(hit))
        return 0

    def _hits(self, db: Database, selection: Selection) -> list[Hit]:
        try:
            return search(db, self._query, selection, self._limit)
        except QueryError as error:
            raise ArgumentError(str(error)) from None


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _json(hit: Hit) -> str:
    values = asdict(hit)
    for name in ("title", "snippet"):
        values[name] = values[name] and _MARKS.sub("", values[name])
    return json.dumps(values, ensure_ascii=False)


def _plain(hit: Hit) -> str:
    """Five lines, one of them empty, without a mark on what was found."""
    return _MARKS.sub("", "\n".join([_about(hit), _cleaned(hit.title), _cleaned(hit.snippet), clean(hit.url), ""]))


def _on_terminal() -> Callable[[Hit], str]:
    """The form for a terminal, by its width and whether it shall show colours."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    has_colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def form(hit: Hit) -> str:
        title = textwrap.fill(_cleaned(hit.title), width)
        snippet = textwrap.fill(_cleaned(hit.snippet), width, initial_indent=_INDENT, subsequent_indent=_INDENT)
        if not has_colour:
            title, snippet = _MARKS.sub("", title), _MARKS.sub("", snippet)
        title = f"{_BOLD}{_coloured(title, _BOLD)}{_PLAIN}" if has_colour else title
        return "\n".join([_about(hit), title, _coloured(snippet, ""), f"{_INDENT}{clean(hit.url)}", ""])

    return form


def _coloured(text: str, outside: str) -> str:
    """A text whose marks are the terminal's; `outside`: how it looks where nothing was found."""
    return text.replace(BEGIN, _FOUND).replace(END, _PLAIN + outside)


def _about(hit: Hit) -> str:
    """When it was written, and its category."""
    # Times are stored in KST; one without a time of day is a day. An undated version has the time of its capture.
    moment = clean(hit.written_at or hit.timestamp)
    time = f"{moment[:10]} {moment[11:16]} KST" if len(moment) > 10 else moment
    return " · ".join(filter(None, [time, clean(hit.category or "")]))


def _cleaned(text: str | None) -> str:
    """A text made fit for a terminal, with the marks of what was found, and nothing else, left in it."""
    if text is None:
        return "(no title)"
    pieces = _MARKS.split(text)
    # `clean` takes the spaces around a piece, which are between it and the next.
    safe = [re.sub(r"\S.*\S|\S", lambda found: clean(found[0]), piece, flags=re.DOTALL) for piece in pieces]
    # What was found is every second piece.
    marked = "".join(piece if place % 2 == 0 else f"{BEGIN}{piece}{END}" for place, piece in enumerate(safe))
    return " ".join(marked.split()) if len(marked) <= _LONGEST else clean(_MARKS.sub("", marked))
