"""Arguments of commands and spiders, and names of settings: told in a sentence where they are something else."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from datetime import date

from scrapy.settings import default_settings

from crawler import settings as project

_YES, _NO = {"1", "true", "yes"}, {"", "0", "false", "no"}


class ArgumentError(ValueError):
    """An argument is wrong; the message is a sentence."""


def words(name: str, value: str, pattern: str = r"[A-Za-z0-9_]{1,20}") -> list[str]:
    """The words of an argument that takes several, parted by commas; none where it is empty.

    Raises:
        ArgumentError: one is no word.
    """
    found = [word.strip() for word in value.split(",")] if value.strip() else []
    for word in found:
        if not re.fullmatch(pattern, word, re.ASCII):
            raise ArgumentError(f"{name}={value}: {word or 'it'} is no {name}; give short words, parted by commas.")
    return list(dict.fromkeys(found))


def count(name: str, value: str, noun: str) -> int | None:
    """The number of an argument, from 1; None where it is empty.

    Raises:
        ArgumentError: it is none.
    """
    if not value:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,5}", value, re.ASCII):
        raise ArgumentError(f"{name}={value} is no number of {noun}; give one such as {name}=5.")
    return int(value)


def day(name: str, value: str) -> date | None:
    """The day of an argument, `YYYY-MM-DD`; None where it is empty.

    Raises:
        ArgumentError: it is none.
    """
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ArgumentError(f"{name}={value} is no day; write it as in {name}=2026-11-24.") from None


def yes(name: str, value: str) -> bool:
    """Whether an argument says yes: 1, true, yes; empty is no.

    Raises:
        ArgumentError: it says neither.
    """
    if value.lower() not in _YES | _NO:
        raise ArgumentError(f"{name}={value} is neither 1 nor 0.")
    return value.lower() in _YES


def check_setting_names(assignments: Iterable[str]) -> None:
    """Judge the names of the settings that were given.

    Args:
        assignments: `NAME=VALUE`, as of `-s`; those of the environment are judged too.

    Raises:
        ValueError: there is no such setting; the message is a sentence.
    """
    known = {name for name in (*dir(project), *dir(default_settings)) if name.isupper()}
    given = [assignment.partition("=")[0] for assignment in assignments]
    for name in [*given, *(name for name in os.environ if name.startswith("KBS_"))]:
        if name not in known and not name.startswith("SPIDERMON_"):
            hint = is_it(name, known) or "crawler/settings.py and Scrapy's documentation name them."
            where = "" if name in given else " (in the environment)"
            raise ValueError(f"There is no setting {name}{where}; {hint}")


def check_no_arguments(args: Sequence[str], command: str) -> None:
    """Raise ValueError, with a sentence, where a command that takes options alone is given something else."""
    for argument in args:
        kind = "option" if argument.startswith("-") else "argument"
        raise ValueError(f"There is no {kind} {argument}; scrapy {command} --help says what there is.")


def is_it(name: str, known: Iterable[str]) -> str:
    """The question whether a name was misspelt, or nothing where none is like it."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"is it {near[0]}?" if near else ""
