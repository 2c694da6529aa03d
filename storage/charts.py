"""Statistics as charts: Vega-Lite of one or several, complete with rows, or for rows that come later."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.statistics import KNOWN_LAYOUTS, OTHERS, Language, Statistic, label
from storage.versions import Row

Spec = dict[str, Any]

_LOOK: Mapping[str, Spec] = tomllib.loads(Path(__file__).with_name("charts.toml").read_text("utf-8"))
_EVERY: Spec = _LOOK["every"]
_COLOURS = _LOOK["layouts"]
# The encodings that charts in statistics.toml name.
_ENCODINGS: Mapping[str, Spec] = _LOOK["encodings"]
_ENCODINGS["$layout"]["scale"] = {
    "domain": {language: [*KNOWN_LAYOUTS, others] for language, others in OTHERS.items()},
    "range": [*_COLOURS["templates"][: len(KNOWN_LAYOUTS) - 2], *_COLOURS["text_generic_others"]],
}


def chart(statistic: Statistic, language: Language) -> Spec:
    """A statistic in Vega-Lite, without `data` and size; `description` is for those who cannot see it."""
    spec: Spec = _completed({**_EVERY, "description": statistic.description, **statistic.chart}, statistic, language)
    return spec


def drawn(statistic: Statistic, rows: Sequence[Row], language: Language, word: str = "") -> Spec:
    """A statistic with its rows (`storage.statistics.run`) as a chart that needs nothing else; `word`: its subject."""
    title = statistic.title[language]
    if statistic.asks_for_word:
        title += f" – {label(word) or ''}"
    return chart(statistic, language) | _LOOK["alone"] | {"title": title, "data": {"values": list(rows)}}


def below_one_another(charts: Sequence[Spec], language: Language) -> Spec:
    """Several charts as one picture."""
    several = _LOOK["several"]
    parts = [{key: it for key, it in each.items() if key not in {*_EVERY, "padding"}} for each in charts]
    return _EVERY | several | {"description": several["description"][language], "vconcat": parts}


def _completed(part: Any, statistic: Statistic, language: Language) -> Any:
    """A part of a chart with its named encodings, words in one language, and headings of the columns it names."""
    if isinstance(part, list):
        return [_completed(each, statistic, language) for each in part]
    if isinstance(part, str):
        name = "$year" if part.startswith("$month") and statistic.period == "year" else part
        return _completed(_ENCODINGS[name], statistic, language) if name in _ENCODINGS else part
    if not isinstance(part, Mapping):
        return part
    if set(part) == {"en", "fr"}:
        return part[language]
    completed = {key: _completed(value, statistic, language) for key, value in part.items()}
    heading = statistic.columns.get(part.get("field", ""))
    return {"title": heading[language], **completed} if heading else completed
