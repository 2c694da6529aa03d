"""Arguments of commands and spiders, and settings; each check raises ArgumentError where one is wrong."""

import difflib
import logging
import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from dateutil.relativedelta import relativedelta
from scrapy.settings import BaseSettings, default_settings
from scrapy.utils.misc import load_object

from crawler import settings as project
from extractors.address import EDITIONS
from extractors.article import KST
from extractors.layout import read_layouts
from storage.database import Database
from storage.query import fts_expression
from storage.selection import KINDS, ORDERS, Selection, find_category, find_urls
from storage.statistics import KNOWN_LAYOUTS

_YES, _NO = {"1", "true", "yes"}, {"", "0", "false", "no"}
# Settings that are numbers, and the least that makes sense; those with a whole number here must be whole.
_LEAST: dict[str, int | float] = {
    **dict.fromkeys(("KBS_RECHECK_DAYS", "KBS_WITNESS", "RETRY_TIMES", "REDIRECT_MAX_TIMES"), 0),
    **dict.fromkeys(("KBS_BREAKER", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN"), 1),
    **dict.fromkeys(("KBS_MAX_PAGE", "DOWNLOAD_MAXSIZE"), 1),
    **dict.fromkeys(("KBS_BACKOFF", "KBS_LONGEST_WAIT", "DOWNLOAD_DELAY", "AUTOTHROTTLE_MAX_DELAY"), 0.0),
    **dict.fromkeys(("KBS_COMMONCRAWL_DELAY", "KBS_WAYBACK_DELAY", "AUTOTHROTTLE_START_DELAY"), 0.0),
    **dict.fromkeys(("DOWNLOAD_TIMEOUT", "KBS_PAGE_TIME"), 0.001),
}
_MOST = 2**31
_MAX_FILE = 100_000_000  # bytes of a file of addresses: as many as the site can have


class ArgumentError(ValueError):
    """An argument is wrong. The message is one sentence that names the argument and what to give instead."""


def words(name: str, value: str) -> list[str]:
    """The words of an argument that takes several, separated by commas; an empty value gives an empty list."""
    found = [word.strip() for word in value.split(",") if value.strip()]
    if not all(re.fullmatch("[A-Za-z0-9_-]{1,20}", word) for word in found):
        raise ArgumentError(f"{name}={value} is not valid; it must be short words separated by commas.")
    return list(dict.fromkeys(found))


def count(name: str, value: str) -> int | None:
    """The number of an argument, from 1; None where the value is empty."""
    if value and not re.fullmatch("[1-9][0-9]{0,5}", value):
        raise ArgumentError(f"{name}={value} is not valid; it must be a whole number from 1.")
    return int(value) if value else None


def whole_number(least: int, most: int, text: str) -> int:
    """The number of an option; with the bounds as a `partial`, it is a type for argparse."""
    if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ArgumentTypeError(f"must be a whole number from {least} to {most}.")
    return int(text)


def day(name: str, value: str) -> date | None:
    """The date of an argument, `YYYY-MM-DD`; None where the value is empty."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ArgumentError(f"{name}={value} is not valid; it must be a date (YYYY-MM-DD).") from None


def yes(name: str, value: str) -> bool:
    """Whether an argument says yes: 1, true, yes; empty is no."""
    if value.lower() not in _YES | _NO:
        raise ArgumentError(f"{name}={value} is not valid; it must be 1 or 0.")
    return value.lower() in _YES


def check_text(name: str, value: str) -> None:
    """Check that an argument which is no path is text: the system hands on bytes that are not as half characters."""
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ArgumentError(f"{name} is not UTF-8; write it in a terminal or file with that encoding.")


def check_assignments(settings: Iterable[str], arguments: Iterable[str]) -> None:
    """Check that each of `settings` is NAME=VALUE (`-s`), and that no two of `arguments` (`-a`) have one name."""
    if not all("=" in assignment for assignment in settings):  # a query such as "-sommet" is taken for -s
        raise ArgumentError("-s takes NAME=VALUE; a query begins with a word, not a dash: word NOT other.")
    names = [assignment.partition("=")[0] for assignment in arguments]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ArgumentError(f"-a {twice[0]} is given twice; it takes one value.")


def check_settings(settings: BaseSettings, assignments: Iterable[str]) -> None:
    """Check the names of settings, in `NAME=VALUE` assignments (of `-s`) and in the environment, and their values."""
    known = {name for name in (*dir(project), *dir(default_settings)) if name.isupper()}
    given = [assignment.partition("=")[0] for assignment in assignments]
    for name in [*given, *(name for name in os.environ if name.startswith("KBS_"))]:
        if name not in known:
            hint = suggestion(name, known) or "see crawler/settings.py and Scrapy's documentation."
            raise ArgumentError(f"Unknown setting {name}{'' if name in given else ' (in the environment)'}; {hint}")
    for name in (*_LEAST, *given):
        _check_kind(settings, name)
    for name in ("KBS_BASE_URL", "KBS_CONTACT", "USER_AGENT", "KBS_COMMONCRAWL", "KBS_COMMONCRAWL_DATA", "KBS_WAYBACK"):
        check_text(name, str(settings[name]))
    if settings["LOG_LEVEL"] not in logging.getLevelNamesMapping():
        raise ArgumentError(f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {settings['LOG_LEVEL']}.")


def _check_kind(settings: BaseSettings, name: str) -> None:
    """Check that a setting is of the kind of its default, and within its bounds; Scrapy would fail on it somewhere."""
    default = _LEAST.get(name, getattr(project, name, getattr(default_settings, name, None)))
    with suppress(ImportError, NameError, TypeError, ValueError):
        if isinstance(default, bool):
            noun = "True or False"
            settings.getbool(name)
        elif isinstance(default, int | float):
            least, kind = _LEAST.get(name, -_MOST), type(default)
            noun = f"{'a whole' if kind is int else 'a'} number from {least:g} to {_MOST}"
            if not least <= kind(settings[name]) <= _MOST:
                raise ValueError
        elif isinstance(default, str) and re.fullmatch(r"(\w+\.)+[A-Z]\w+", default):
            noun = f"a class, such as {default}"
            load_object(settings[name])
        return
    raise ArgumentError(f"{name} is {settings[name]!r}; it must be {noun}.")


def open_at_once(file: Path) -> BinaryIO:
    """Open a file to read, also a pipe: without a process that writes into it, it is empty and not waited for."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def layouts_file(settings: BaseSettings) -> Path:
    """The file of KBS_LAYOUTS; by default `layouts.toml` beside the database."""
    return Path(settings["KBS_LAYOUTS"] or Path(settings["KBS_DB"]).parent / "layouts.toml").expanduser()


def own_layouts(settings: BaseSettings) -> str:
    """The text of that file, empty where there is none."""
    file = layouts_file(settings)
    try:
        with open_at_once(file) as stream:
            text = stream.read(5_000_000).decode("utf-8-sig")  # more than read_layouts takes, of any letters
        read_layouts(text)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ArgumentError(f"The layouts in {file} cannot be used: {why}. Correct the file, or remove it.") from None
    return text


def suggestion(name: str, known: Iterable[str]) -> str:
    """`is it NAME?` with the known name most like a misspelt one; empty where no name is like it."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"is it {near[0]}?" if near else ""


def add_selection_options(parser: ArgumentParser, *, versions: bool = False, limit: str = "the first N") -> None:
    """Add the options that say which articles; `versions`: `--all-versions` too; `limit` is the help of `--limit`."""
    add = parser.add_argument_group("which articles").add_argument
    add("--query", metavar="QUERY", help="with these words, written as for kbsworld search")
    period = "a day (2026-11-01), month or year; or 7d, 2w, 3m: so many days, weeks or months ago; in KST"
    add("--since", metavar="DAY", type=lambda text: _period(text)[0], help=f"from then on: {period}")
    add("--until", metavar="DAY", type=lambda text: _period(text)[1], help="up to and including then, written likewise")
    several = partial(add, action="append", default=[])
    several("--kind", dest="kinds", choices=KINDS, help="repeatable, as are the next five")
    several("--layout", dest="layouts", choices=KNOWN_LAYOUTS, help="the template of the page")
    several("--lang", dest="langs", choices=sorted(EDITIONS.values()), help="the language of the edition")
    category = "as the page names it; accents and capitals do not matter; '' for articles without one"
    several("--category", dest="categories", metavar="WORD", help=category)
    several("--url", dest="urls", metavar="ADDRESS", help="any address of an article, or its number (Seq_Code)")
    several("--ids", metavar="FILE", help="a file of addresses and numbers, one a line; - is standard input")
    add("--limit", metavar="N", type=partial(whole_number, 1, 999_999_999), help=limit)
    orders = "date: oldest version first; newest: the reverse; written, newest-written: by when it was written"
    add("--order", choices=tuple(ORDERS), help=f"{orders}; rank: best match of the query")
    if versions:
        add("--all-versions", action="store_true", help="every version of each article, not only the newest")


def query_of(args: list[str], opts: Namespace) -> str:
    """The query in the arguments of a command or in `--query`, where it is then; an error where it is none."""
    if bool(args) == (opts.query is not None):
        raise ArgumentError("Give the words to look for once, such as sommet coree.")
    opts.query = " ".join(args) or opts.query
    fts_expression(opts.query)  # a wrong query is one without a database too
    return str(opts.query)


def selection_of(opts: Namespace, db: Database) -> Selection:
    """The articles that the options select; in `db` they are looked up.

    Raises:
        ArgumentError, QueryError, WrongNameError: an option is wrong, or names what is not there.
    """
    if opts.query is not None:
        fts_expression(opts.query)
    elif opts.order == "rank":
        raise ArgumentError("--order rank needs words to rank by; give --query too, such as --query sommet.")
    if opts.since and opts.until and opts.since > opts.until:
        raise ArgumentError(f"--since {opts.since} is after --until {opts.until}; exchange them.")
    given = [*opts.urls, *(line for file in dict.fromkeys(opts.ids) for line in lines_of("--ids ", file))]
    if opts.ids and not given:
        raise ArgumentError(f"--ids {opts.ids[0]} names no article; write an address or a number on each line.")
    found = vars(opts) | {"categories": [find_category(db, it) for it in opts.categories], "urls": find_urls(db, given)}
    chosen: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in found.items()}
    return Selection(**{name: chosen[name] for name in Selection.__slots__ if chosen.get(name) is not None})


def lines_of(argument: str, name: str) -> list[str]:
    """The lines of a file that `argument`, such as `file=`, names; `-` is standard input, and # begins a comment."""
    try:
        with sys.stdin.buffer if name == "-" and sys.stdin else open_at_once(Path(name).expanduser()) as stream:
            data = stream.read(_MAX_FILE + 1)
        lines = data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ArgumentError(f"{argument}{name} cannot be read ({reason}).") from None
    if len(data) > _MAX_FILE:
        raise ArgumentError(f"{argument}{name} is larger than {_MAX_FILE:,} bytes; give its lines in several calls.")
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _period(text: str) -> tuple[date, date]:
    """The first and last day of a day, month or year; of a time ago, the day, or the last one of a shorter month."""
    with suppress(ValueError, OverflowError):  # no such day
        if ago := re.fullmatch("([0-9]{1,5})([dwm])", text):
            unit = {"d": "days", "w": "weeks", "m": "months"}[ago[2]]
            return (datetime.now(KST).date() - relativedelta(**{unit: int(ago[1])}),) * 2
        # An empty text, such as an unset variable of a script, does not mean all articles.
        if re.fullmatch("[0-9]{4}(-[0-9]{2}){0,2}", text):
            first = date.fromisoformat(text + "-01-01"[len(text) - 4 :])
            last = {4: {"month": 12, "day": 31}, 7: {"day": 31}, 10: {}}[len(text)]
            return first, first + relativedelta(**last)
    raise ArgumentTypeError("must be a day (2026-11-01), a month (2026-11), a year (2026), or 7d, 2w, 3m.")
