"""Statistics as charts: Vega-Lite of one or several, complete with rows, or for who brings them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.sql_functions import label
from storage.statistics import GREY, PALETTE, Language, Row, Statistic, Words

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
#: Of a chart that is drawn by itself, in pixels, without axes and legend.
WIDTH, HEIGHT, PADDING = 760, 240, 20

_COLON: Words = {"en": ": ", "fr": "\u00a0: "}
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


def chart(statistic: Statistic, language: Language) -> Spec:
    """Mark, encoding and looks of a statistic, for rows that somebody else brings.

    Returns:
        Vega-Lite without `data` and size; `description` is for who cannot see it.
    """
    return {
        "$schema": SCHEMA,
        "description": statistic.description[language],
        **_in_language(statistic.chart, statistic, language),
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
    return {
        **chart(statistic, language),
        "title": title,
        "padding": PADDING,
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": list(rows)},
    }


def below_one_another(charts: Sequence[Spec], language: Language) -> Spec:
    """Several charts as one picture."""
    inner = [
        {key: value for key, value in each.items() if key not in {"$schema", "config", "padding"}} for each in charts
    ]
    return {
        "$schema": SCHEMA,
        "description": {"en": "Statistics of the articles.", "fr": "Statistiques des articles."}[language],
        "padding": PADDING,
        "vconcat": inner,
        "spacing": 40,
        "resolve": {"scale": {"color": "independent", "x": "independent", "y": "independent"}},
        "config": _CONFIG,
    }


def _in_language(part: Any, statistic: Statistic, language: Language) -> Any:
    """A part of a chart with its words in one language, and the heading of its column where it names one."""
    if isinstance(part, Mapping):
        if set(part) == {"en", "fr"}:
            return part[language]
        filled = {key: _in_language(value, statistic, language) for key, value in part.items()}
        heading = statistic.columns.get(part.get("field", ""))
        return filled | {"title": filled.get("title", heading[language])} if heading else filled
    if isinstance(part, list | tuple):
        return [_in_language(each, statistic, language) for each in part]
    return part
