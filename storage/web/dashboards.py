"""The statistics as dashboards of the plugin datasette-dashboards, one in each language."""

from typing import Any

from storage.charts import chart
from storage.sql_functions import MAX_LABEL
from storage.statistics import STATISTICS, Language, Words

# The plugin leaves out a part in double brackets if its parameter is empty.
_CONDITION = (
    "catalogue.latest [[ and catalogue.day >= :since ]] [[ and catalogue.day <= :until ]] "
    "[[ and catalogue.category = :category ]]"
)
# The page offers all of these, so they are few and short; any other category can be given in the address.
_CATEGORIES = (
    f"select category from catalogue where latest and length(category) <= {MAX_LABEL} "  # noqa: S608
    "group by category order by count(*) desc, category limit 100"
)
# The charts are interpreted, since no page may make code of text; nothing that is stored becomes HTML.
_EMBEDDING = {"ast": True, "actions": False, "renderer": "svg", "defaultStyle": False, "tooltip": False}

_TITLE: Words = {"en": "Statistics", "fr": "Statistiques"}
_DESCRIPTION: Words = {
    "en": "The newest version of each article, by the day in Korea on which it was written.",
    "fr": "La dernière version de chaque article, selon sa date de rédaction en Corée.",
}
_FILTERS: dict[str, Words] = {
    "word": {"en": "Word", "fr": "Mot"},
    "category": {"en": "Category", "fr": "Catégorie"},
    "since": {"en": "From", "fr": "Du"},
    "until": {"en": "To", "fr": "Au"},
}


def dashboards(database: str) -> dict[Language, dict[str, Any]]:
    """The configuration of datasette-dashboards for a database, by its name in Datasette; one for each language.

    The queries call the functions of `storage.sql_functions`.
    """
    return {"fr": _dashboard(database, "fr"), "en": _dashboard(database, "en")}


def _dashboard(database: str, language: Language) -> dict[str, Any]:
    kinds: dict[str, dict[str, str]] = {
        "word": {"type": "text", "default": "Corée"},
        "category": {"type": "select", "db": database, "query": _CATEGORIES},
        "since": {"type": "date"},
        "until": {"type": "date"},
    }
    charts = {
        name: {
            "title": statistic.title[language],
            "db": database,
            "query": statistic.query(_CONDITION, language),
            "library": "vega-lite",  # the plugin's other kinds write values into the page as HTML
            "display": {**chart(statistic, language), "usermeta": {"embedOptions": _EMBEDDING}},
        }
        for name, statistic in STATISTICS.items()
    }
    return {
        "title": _TITLE[language],
        "description": _DESCRIPTION[language],
        "filters": {key: {"name": _FILTERS[key][language], **kind} for key, kind in kinds.items()},
        "charts": charts,
    }
