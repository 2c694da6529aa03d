"""Statistics as charts: Vega-Lite of one or several, complete with rows, or for rows that come later."""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.sql_functions import label
from storage.statistics import KNOWN_LAYOUTS, OTHERS, Language, Statistic, Words
from storage.versions import Row

Spec = dict[str, Any]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# In pixels, around a chart that is drawn by itself.
_PADDING = 20

# At least 3:1 against white, and different for eyes that cannot tell red from green.
_BLUE, _ORANGE, _RUST, _GREY = "#0072b2", "#e67000", "#c84c00", "#767676"
PALETTE = (_BLUE, _ORANGE, "#541c54", "#548cff", "#8c3838", "#1c38aa", _RUST, "#700000", _GREY)
_CONFIG: Spec = {
    "font": "sans-serif",
    "range": {"category": list(PALETTE)},
    "view": {"stroke": None},
    "axis": {"titleFontSize": 12, "titleFontWeight": "normal"},
    "legend": {"labelLimit": 240},
    "title": {"fontSize": 15, "anchor": "start", "frame": "group", "offset": 12},
}

# Universal time throughout: the month is a name, and must not become the one before it west of Greenwich.
# No mark between months: 28 days, in milliseconds.
_MONTH: Spec = {
    "field": "month",
    "type": "temporal",
    "timeUnit": "utcyearmonth",
    "axis": {"format": "%Y-%m", "tickCount": 10, "tickMinStep": 28 * 86_400_000, "grid": False, "labelFlush": False},
}
# Orange only for what says that the site has changed.
_LAYOUT_COLOURS = (_BLUE, "#548cff", "#541c54", "#8c3838", "#1c38aa", "#700000")[: len(KNOWN_LAYOUTS) - 2]
# The encodings that charts in statistics.toml name.
_ENCODINGS: Mapping[str, Spec] = {
    "$month": _MONTH,
    "$middle_of_month": {**_MONTH, "bandPosition": 0.5},
    "$articles": {"field": "articles", "type": "quantitative", "axis": {"tickMinStep": 1, "format": ",d"}},
    "$layout": {
        "field": "layout",
        "type": "nominal",
        "scale": {
            "domain": {language: [*KNOWN_LAYOUTS, others] for language, others in OTHERS.items()},
            "range": [*_LAYOUT_COLOURS, _GREY, _ORANGE, _RUST],
        },
    },
}

_ALL: Words = {"en": "Statistics of the articles.", "fr": "Statistiques des articles."}


def chart(statistic: Statistic, language: Language) -> Spec:
    """A statistic in Vega-Lite, without `data` and size; `description` is for those who cannot see it."""
    return {
        "$schema": _SCHEMA,
        "description": statistic.description[language],
        **_completed(statistic.chart, statistic, language),
        "config": _CONFIG,
    }


def drawn(statistic: Statistic, rows: Sequence[Row], language: Language, word: str = "") -> Spec:
    """A statistic with its rows (`storage.statistics.run`) as a chart that needs nothing else; `word`: its subject."""
    title = statistic.title[language]
    if statistic.asks_for_word:
        title += f" – {label(word) or ''}"
    size = {"padding": _PADDING, "width": 760, "height": 240}
    return {**chart(statistic, language), "title": title, **size, "data": {"values": list(rows)}}


def below_one_another(charts: Sequence[Spec], language: Language) -> Spec:
    """Several charts as one picture."""
    return {
        "$schema": _SCHEMA,
        "description": _ALL[language],
        "padding": _PADDING,
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
