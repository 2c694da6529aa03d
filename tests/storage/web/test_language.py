"""The phrases of the pages in both languages, times and numbers."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import storage.web
from extractors.article import KST
from storage.web.language import LANGUAGES, PHRASES, pick_language, spell_day, spell_number, spell_time, typeset
from storage.web.lists import FACETS

TEMPLATES = Path(storage.web.__file__).parent / "templates"


def test_each_phrase_is_used_and_in_both_languages() -> None:
    french, english = PHRASES.values()
    assert all(phrase.strip() for phrase in [*french.values(), *english.values()])
    used = {name for file in TEMPLATES.iterdir() for name in re.findall(r"\bsay\.(\w+)", file.read_text("utf-8"))}
    code = "".join(file.read_text("utf-8") for file in TEMPLATES.parent.glob("*.py"))
    used |= set(re.findall(r'PageError\("(\w+)"', code)) | {f"order_{name}" for name in ("rank", "newest", "date")}
    used |= {"today", "yesterday", "months", "written", "updated", "edited", *(f"facet_{name}" for name in FACETS)}
    assert used | {"month", "year"} == set(french)


@pytest.mark.parametrize(
    ("moment", "french", "english"),
    [
        ("2023-11-07T17:51:03+09:00", "7 novembre 2023, 17:51 KST", "7 November 2023, 17:51 KST"),
        ("2026-12-01", "1er décembre 2026", "1 December 2026"),
        ("2026-08-15T00:00:00.000000+00:00", "15 août 2026, 00:00 UTC", "15 August 2026, 00:00 UTC"),
        (None, "", ""),
    ],
)
def test_times_are_spelt_as_people_write_them(moment: str | None, french: str, english: str) -> None:
    assert [spell_time(moment, language) for language in LANGUAGES] == [french, english]


def test_days_are_spelt_as_people_say_them() -> None:
    today = datetime.now(KST).date()
    ago = [str(today - timedelta(days)) for days in range(2)]
    assert [spell_day(day, "fr") for day in ago] == ["Aujourd’hui", "Hier"]
    assert [spell_day(day, "en") for day in ago] == ["Today", "Yesterday"]
    assert spell_day("2023-11-07", "fr") == "mardi 7 novembre 2023"


def test_french_spaces_stay_with_their_marks_and_other_languages_as_they_are() -> None:
    text = "« Oui » : 12 500 trains, 3,4 % en 2026 !"
    assert typeset(text, "fr") == "«\xa0Oui\xa0»\xa0: 12\u202f500 trains, 3,4\u202f% en 2026\u202f!"
    assert typeset(text, "en") == text


def test_thousands_are_separated_as_in_each_language() -> None:
    assert [spell_number(1234567, language) for language in LANGUAGES] == ["1\u202f234\u202f567", "1,234,567"]


def test_the_language_is_the_picked_or_the_browsers() -> None:
    assert pick_language("en", "fr") == pick_language(None, "ko-KR,ko;q=0.9,en-US;q=0.8") == "en"
    assert pick_language(None, ";;,,*") == "fr"
