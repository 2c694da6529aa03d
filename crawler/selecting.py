"""The options that select articles, the same for each command that reads the database."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import date
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError

if TYPE_CHECKING:
    from sqlite_utils import Database

    from storage.selection import Selection


def add_selection_options(parser: ArgumentParser, *, versions: bool = False) -> None:
    """Add `--since`, `--until`, `--category` and `--lang` to a command; `versions`: `--all-versions` too."""
    from extractors.address import EDITIONS

    add = parser.add_argument_group("which articles").add_argument
    add("--since", metavar="DAY", type=_date, help="from this day on, in KST: 2026-11-01")
    add("--until", metavar="DAY", type=_date, help="up to and including this day, in KST")
    add(
        "--category",
        metavar="WORD",
        help="the category as the page names it; accents and capitals do not matter; '' for articles without one",
    )
    add("--lang", choices=sorted(EDITIONS.values()), help="the language of the edition")
    if versions:
        add("--all-versions", action="store_true", help="every version of each article, not only the newest")


def selection_of(opts: Namespace, db: Database) -> Selection:
    """The articles that the options select; in `db` categories are looked up.

    Raises:
        ArgumentError: the days are in the wrong order, or there is no such category.
    """
    from storage.selection import Selection, find_category

    if opts.since and opts.until and opts.since > opts.until:
        raise ArgumentError(f"--since {opts.since} is after --until {opts.until}; exchange them.")
    try:
        category = None if opts.category is None else find_category(db, opts.category)
    except ValueError as error:
        raise ArgumentError(str(error)) from None
    versions = getattr(opts, "all_versions", False)
    return Selection(since=opts.since, until=opts.until, category=category, lang=opts.lang, all_versions=versions)


def _date(text: str) -> date:
    # An empty text, such as an unset variable of a script, does not mean all articles.
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("must be a date (YYYY-MM-DD).") from None
