"""The options that select articles, the same for each command that reads the database."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import date
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError, day

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.selection import Selection


def add_selection_options(parser: ArgumentParser, *, versions: bool = False) -> None:
    """Add `--since`, `--until`, `--category` and `--lang` to a command; `versions`: `--all-versions` too."""
    add = parser.add_argument_group("which articles").add_argument
    add("--since", metavar="DAY", help="from this day on, in KST: 2026-11-01")
    add("--until", metavar="DAY", help="up to and including this day, in KST")
    add(
        "--category",
        metavar="WORD",
        help="the category as the page names it; accents and capitals do not matter; '' for articles without one",
    )
    add("--lang", metavar="CODE", help=f"the language of the edition: {', '.join(_languages())}")
    if versions:
        add("--all-versions", action="store_true", help="every version of each article, not only the newest")


def selection_of(opts: Namespace, db: Database) -> Selection:
    """The articles that the options select.

    Args:
        opts: as parsed; `all_versions` counts where the command has it.
        db: where categories are looked up.

    Raises:
        ArgumentError: an option is wrong.
    """
    from storage.selection import Selection, find_category

    since, until = (_day(f"--{name}", getattr(opts, name)) for name in ("since", "until"))
    if since and until and since > until:
        raise ArgumentError(f"--since {since} is after --until {until}; exchange them.")
    if opts.lang is not None and opts.lang not in _languages():
        raise ArgumentError(f"--lang must be one of {', '.join(_languages())}, not {opts.lang}.")
    try:
        category = None if opts.category is None else find_category(db, opts.category)
    except ValueError as error:
        raise ArgumentError(str(error)) from None
    versions = getattr(opts, "all_versions", False)
    return Selection(since=since, until=until, category=category, lang=opts.lang, all_versions=versions)


def _day(name: str, value: str | None) -> date | None:
    if value == "":  # such as an unset variable of a script, which does not mean all articles
        raise ArgumentError(f"{name} is empty; give a date (YYYY-MM-DD), or leave it out.")
    return day(name, value or "")


def _languages() -> list[str]:
    from extractors.address import EDITIONS

    return sorted(EDITIONS.values())
