"""Statistics as charts: Vega-Lite of one or several, complete with rows, or for rows that come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.sql_functions import label
from storage.statistics import BIN, KNOWN_LAYOUTS, LONGEST, OTHERS, Language, Statistic, Words
from storage.versions import Row

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
#: Of a chart that is drawn by itself, in pixels, without axes and legend.
WIDTH, HEIGHT, PADDING = 760, 240, 20

# At least 3:1 against white, and different for eyes that cannot tell red from green.
BLUE, ORANGE, RUST, GREY = "#0072b2", "#e67000", "#c84c00", "#767676"
PALETTE = (BLUE, ORANGE, "#541c54", "#548cff", "#8c3838", "#1c38aa", RUST, "#700000", GREY)
_INK, _FAINT = "#222222", "#dddddd"
_CONFIG: Spec = {
    "background": "white",
    "font": "sans-serif",
    "range": {"category": list(PALETTE)},
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": _FAINT,
        "domainColor": GREY,
        "tickColor": GREY,
    },
    "legend": {"labelColor": _INK, "labelFontSize": 11, "labelLimit": 240, "symbolType": "square"},
    "title": {"color": _INK, "fontSize": 15, "anchor": "start", "frame": "group", "offset": 12},
}

# No mark between months: 28 days, in milliseconds.
_SHORTEST_MONTH = 28 * 86_400_000
# Universal time throughout: the month is a name, and must not become the one before it west of Greenwich.
_MONTH: Spec = {
    "field": "month",
    "type": "temporal",
    "timeUnit": "utcyearmonth",
    "axis": {"format": "%Y-%m", "tickCount": 10, "tickMinStep": _SHORTEST_MONTH, "grid": False, "labelFlush": False},
}
_ARTICLES: Spec = {"field": "articles", "type": "quantitative", "axis": {"tickMinStep": 1, "format": ",d"}}
_CHARACTERS_AXIS: Spec = {
    "tickMinStep": BIN,
    "format": "d",
    "grid": False,
    "labelFlush": False,
    "labelExpr": f"datum.value < {LONGEST} ? datum.label : '≥ ' + datum.label",
}
# Orange only for what says that the site has changed.
_LAYOUT_COLOURS = (BLUE, "#548cff", "#541c54", "#8c3838", "#1c38aa", "#700000")[: len(KNOWN_LAYOUTS) - 2]
_LAYOUT_SCALE: Spec = {
    "domain": {language: [*KNOWN_LAYOUTS, others] for language, others in OTHERS.items()},
    "range": [*_LAYOUT_COLOURS, GREY, ORANGE, RUST],
}
# The encodings that charts in statistics.toml name.
_ENCODINGS: Mapping[str, Spec] = {
    "$month": _MONTH,
    "$middle_of_month": {**_MONTH, "bandPosition": 0.5},
    "$articles": _ARTICLES,
    "$articles_in_blue": {**_ARTICLES, "axis": {**_ARTICLES["axis"], "titleColor": BLUE}},
    "$characters": {
        "field": "at_least",
        "title": {"en": "characters", "fr": "signes"},
        "type": "quantitative",
        "bin": {"binned": True, "step": BIN},
        "axis": _CHARACTERS_AXIS,
    },
    "$layout": {"field": "layout", "type": "nominal", "scale": _LAYOUT_SCALE},
}

_COLON: Words = {"en": ": ", "fr": "\u00a0: "}
_ALL: Words = {"en": "Statistics of the articles.", "fr": "Statistiques des articles."}


def chart(statistic: Statistic, language: Language) -> Spec:
    """Mark, encoding and looks of a statistic, for rows that somebody else brings.

    Returns:
        Vega-Lite without `data` and size; `description` is for who cannot see it.
    """
    return {
        "$schema": SCHEMA,
        "description": statistic.description[language],
        **_completed(statistic.chart, statistic, language),
        "config": _CONFIG,
    }


def drawn(statistic: Statistic, rows: Sequence[Row], language: Language, word: str = "") -> Spec:
    """A statistic as a chart that needs nothing else.

    Args:
        statistic: one of `storage.statistics.STATISTICS`.
        rows: as `storage.statistics.run` gives them.
        language: of its words.
        word: the word it is about, if it is about one.
    """
    title = statistic.title[language]
    if statistic.asks_for_word:
        title += f"{_COLON[language]}{label(word) or ''}"
    size = {"padding": PADDING, "width": WIDTH, "height": HEIGHT}
    return {**chart(statistic, language), "title": title, **size, "data": {"values": list(rows)}}


def below_one_another(charts: Sequence[Spec], language: Language) -> Spec:
    """Several charts as one picture."""
    return {
        "$schema": SCHEMA,
        "description": _ALL[language],
        "padding": PADDING,
        "vconcat": [
            {key: value for key, value in each.items() if key not in {"$schema", "config", "padding"}}
            for each in charts
        ],
        "spacing": 40,
        "resolve": {"scale": {"color": "independent", "x": "independent", "y": "independent"}},
        "config": _CONFIG,
    }


def _completed(part: Any, statistic: Statistic, language: Language) -> Any:
    """A part of a chart with its named encodings, words in one language, and headings of the columns it names."""
    if isinstance(part, list):
        return [_completed(each, statistic, language) for each in part]
    if isinstance(part, str):
        return _completed(_ENCODINGS[part], statistic, language) if part in _ENCODINGS else part
    if not isinstance(part, Mapping):
        return part
    if set(part) == {"en", "fr"}:
        return part[language]
    completed = {key: _completed(value, statistic, language) for key, value in part.items()}
    heading = statistic.columns.get(part.get("field", ""))
    return {"title": heading[language], **completed} if heading else completed
