"""Options that say which articles a command is about, the same for each command that reads the database."""

from __future__ import annotations

from argparse import Namespace, _ActionsContainer
from datetime import date

from sqlite_utils import Database

from crawler.arguments import ArgumentError, day
from extractors.address import EDITIONS
from storage.selection import Selection, find_category


def add_selection_options(group: _ActionsContainer) -> None:
    """Give a command `--since`, `--until`, `--category` and `--lang`.

    Args:
        group: the command's parser, or a group of its options.
    """
    group.add_argument("--since", metavar="DAY", help="from this day on, in KST: 2026-11-01")
    group.add_argument("--until", metavar="DAY", help="up to and with this day, in KST")
    group.add_argument(
        "--category",
        metavar="WORD",
        help="the page's own word for it, with or without its accents and capitals; '' for articles without one",
    )
    group.add_argument("--lang", metavar="CODE", help=f"the edition's language: {', '.join(_LANGUAGES)}")


def selection_of(opts: Namespace, db: Database) -> Selection:
    """The articles that the options name.

    Args:
        opts: as parsed; `all_versions` counts where the command has it.
        db: where categories are looked up.

    Raises:
        ArgumentError: an option is wrong; the message is a sentence.
    """
    since, until = (_day(name, getattr(opts, name)) for name in ("since", "until"))
    if since and until and since > until:
        raise ArgumentError(f"--since={since} is after --until={until}: no day is between them.")
    if opts.lang is not None and opts.lang not in _LANGUAGES:
        raise ArgumentError(f"--lang={opts.lang} is no edition's language; there are: {', '.join(_LANGUAGES)}.")
    try:
        category = None if opts.category is None else find_category(db, opts.category)
    except ValueError as error:
        raise ArgumentError(str(error)) from None
    return Selection(
        since=since,
        until=until,
        category=category,
        lang=opts.lang,
        all_versions=getattr(opts, "all_versions", False),
    )


def _day(name: str, value: str | None) -> date | None:
    if value == "":  # such as a variable of a script that is not set: all articles are not what it meant
        raise ArgumentError(f"--{name} is empty; give a day, as in --{name}=2026-11-24, or leave it out.")
    return day(f"--{name}", value or "")


_LANGUAGES = sorted(EDITIONS.values())
