"""What the pages say in French and in English: the phrases of phrases.toml, times and numbers."""

import re
import tomllib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from extractors.article import KST
from storage.exports import moment_of

#: Code -> the language's own name, in the order of phrases.toml; the first is the default.
LANGUAGES = {"fr": "Français", "en": "English"}

# Spaces of French that a line must not end at: whole ones inside quotes and before colons; narrow ones before other
# marks and units, and between thousands.
_WHOLE = re.compile(r"(?<=«) | (?=[»:])")
_NARROW = re.compile(r" (?=[;!?])|(?<=[0-9]) (?=[%€]|[0-9]{3}(?![0-9]))")

_FILE: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))
#: All phrases, by language.
PHRASES = {code: {name: words[at] for name, words in _FILE.items()} for at, code in enumerate(LANGUAGES)}


class PageError(ValueError):
    """What a page cannot show; the message is a phrase in English, `words` has it in each language."""

    def __init__(self, phrase: str, status: int = 400, **facts: object) -> None:
        self.words = {language: words[phrase].format(**facts) for language, words in PHRASES.items()}
        self.status = status
        super().__init__(self.words["en"])


def words_of_page(language: str) -> dict[str, Any]:
    """What templates use to speak a language of LANGUAGES."""
    spells: Sequence[Callable[..., str | None]] = (spell_day, spell_month, spell_time, spell_number)
    return {
        "language": language,
        "languages": LANGUAGES,
        "say": PHRASES[language],
        "typeset": typeset,
        **{spell.__name__: partial(spell, language=language) for spell in spells},
    }


def pick_language(cookie: str | None, accepted: str) -> str:
    """The language of LANGUAGES that was picked, else the first one in the browser's Accept-Language, else French."""
    wanted = [cookie, *(part.split(";")[0].strip()[:2].lower() for part in accepted.split(","))]
    return next((code for code in wanted if code in LANGUAGES), "fr")


def typeset(text: str, lang: str) -> str:
    """A text with the spaces of French that keep a line together, if it is French."""
    if lang != "fr":
        return text
    return _NARROW.sub("\N{NARROW NO-BREAK SPACE}", _WHOLE.sub("\N{NO-BREAK SPACE}", text))


def spell_day(day: str, language: str) -> str:
    """A day (2026-11-24) as people write it, with its weekday; today and yesterday, in Korea, as such."""
    names, when = PHRASES[language], date.fromisoformat(day)
    ago = (datetime.now(KST).date() - when) // timedelta(1)
    if ago in {0, 1}:
        return names["yesterday" if ago else "today"]
    return f"{names['weekdays'].split()[when.weekday()]} {spell_time(day, language)}"


def spell_month(month: str, language: str) -> str:
    """The month of a time (2026-11) as people write it."""
    return f"{PHRASES[language]['months'].split()[int(month[5:7]) - 1]} {month[:4]}"


def spell_time(moment: str | None, language: str) -> str:
    """An ISO 8601 time or date as people write it, `7 novembre 2023, 17:51 KST`; None gives an empty text."""
    if not moment:
        return ""
    when = datetime.fromisoformat(moment)
    first = "er" if when.day == 1 and language == "fr" else ""
    day = f"{when.day}{first} {spell_month(moment, language)}"
    if len(moment) <= len("2023-11-07"):
        return day
    return f"{day}, {when:%H:%M %z}".replace("+0900", "KST").replace("+0000", "UTC")


def seen_in_korea(moment: str | None) -> str | None:
    """A time of a capture (UTC) in KST, as articles have theirs."""
    seen = moment_of(moment)
    return seen.astimezone(KST).isoformat() if seen else None


def spell_number(number: int | None, language: str) -> str:
    """A number with thousands separated as in the language."""
    separated = f"{number or 0:,}"
    return separated.replace(",", "\N{NARROW NO-BREAK SPACE}") if language == "fr" else separated
