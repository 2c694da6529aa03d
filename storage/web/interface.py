"""The words of the reading room's own pages, in French and in English: data, one entry a phrase."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from storage.query import QueryError, fts_expression

LANGUAGES = {"fr": "Français", "en": "English"}
DEFAULT = "fr"

# Phrase -> (French, English).
_PHRASES = {
    "room": ("Salle de lecture KBS World", "KBS World reading room"),
    "skip": ("Aller au contenu", "Skip to the content"),
    "navigation": ("Navigation", "Navigation"),
    "home": ("Accueil", "Home"),
    "articles": ("Articles", "Articles"),
    "dashboards": ("Tableaux de bord", "Dashboards"),
    "queries": ("Requêtes", "Queries"),
    "language": ("Langue", "Language"),
    "read_only": (
        "Lecture seule, sur cette machine. Les articles sont de KBS World.",
        "Read-only, on this machine. The articles are KBS World\u2019s.",
    ),
    "search": ("Rechercher", "Search"),
    "search_label": ("Rechercher dans les titres et les textes", "Search titles and texts"),
    "search_hint": (
        (
            "Ni accents ni majuscules ne comptent : coree trouve Corée. "
            "\u00ab conseil de sécurité \u00bb, mot*, OR, NOT, title:mot."
        ),
        (
            "Accents and capitals do not matter: coree finds Corée. "
            "\u201cconseil de sécurité\u201d, word*, OR, NOT, title:word."
        ),
    ),
    "results": ("Résultats pour", "Results for"),
    "no_results": ("Aucun article ne contient tous ces mots.", "No article holds all of these words."),
    "only_best": ("Les {n} meilleurs résultats.", "The {n} best results."),
    "in_list": ("Les voir tous dans la liste, par facettes", "See all of them in the list, by facet"),
    "here": ("Ce qu\u2019il y a ici", "What is in here"),
    "count_articles": ("articles", "articles"),
    "count_versions": ("versions", "versions"),
    "days_covered": ("jours couverts", "days covered"),
    "span": ("du {first} au {last}", "{first} to {last}"),
    "last_pull": ("dernière collecte", "last pull"),
    "none_yet": ("aucune", "none"),
    "newest": ("Les plus récents", "Newest"),
    "empty": (
        "La base est vide : « scrapy crawl kbs_news » la remplit.",
        "The database is empty: \u201cscrapy crawl kbs_news\u201d fills it.",
    ),
    "all_articles": ("Tous les articles, par facettes", "All articles, by facet"),
    "untitled": ("(sans titre)", "(no title)"),
    "written": ("Écrit le", "Written"),
    "updated": ("Mis à jour le", "Updated"),
    "picture": ("Voir la photo", "See the picture"),
    "credit": ("Photo", "Picture"),
    "video": ("Avec une vidéo sur le site.", "With a video on the site."),
    "truncated": (
        "La page était coupée : la fin de l\u2019article manque.",
        "The page was cut off: the end of the article is missing.",
    ),
    "address": ("Adresse", "Address"),
    "captured": ("Récupéré le", "Fetched"),
    "layout": ("Gabarit", "Layout"),
    "data": ("Données", "Data"),
    "colon": ("\u00a0:", ":"),
    "versions": ("Versions de cet article", "Versions of this article"),
    "this_version": ("cette version", "this version"),
    "newest_version": ("la plus récente", "the newest"),
    "compare": ("comparer avec celle-ci", "compare with this one"),
    "older_shown": ("Une version plus récente existe.", "There is a newer version."),
    "see_newest": ("La lire", "Read it"),
    "differences": ("Différences", "Differences"),
    "from_to": ("De la version du {old} à celle du {new}", "From the version of {old} to that of {new}"),
    "no_difference": ("Titre et texte sont les mêmes.", "Title and text are the same."),
    "removed": ("supprimé", "removed"),
    "added": ("ajouté", "added"),
    "back": ("Retour à l\u2019article", "Back to the article"),
    "rows": ("{n} lignes", "{n} rows"),
    "one_article": ("1 article", "1 article"),
    "of_articles": ("{n} articles", "{n} articles"),
    "one_row": ("1 ligne", "1 row"),
    "no_rows": ("Aucune ligne.", "No rows."),
    "filters": ("Filtres", "Filters"),
    "filter": ("Filtrer", "Filter"),
    "column": ("Colonne", "Column"),
    "operation": ("Condition", "Condition"),
    "value": ("Valeur", "Value"),
    "facets": ("Facettes", "Facets"),
    "remove": ("retirer", "remove"),
    "more": ("plus…", "more…"),
    "next_page": ("Page suivante", "Next page"),
    "export": ("Exporter cette liste", "Export this list"),
    "sql": ("Requête SQL", "SQL query"),
    "run": ("Exécuter", "Run"),
    "edit_sql": ("Modifier la requête", "Edit the query"),
    "parameters": ("Paramètres", "Parameters"),
    "tables": ("Tables", "Tables"),
    "views": ("Vues", "Views"),
    "hidden": ("tables internes", "internal tables"),
    "error": ("Erreur", "Error"),
    "apply": ("Appliquer", "Apply"),
    "chart_failed": (
        "Ces chiffres n\u2019ont pas pu être comptés à temps.",
        "These figures could not be counted in time.",
    ),
    "chart_rows": ("Les chiffres", "The figures"),
    "category": ("catégorie", "category"),
    "month": ("mois", "month"),
    "kind": ("genre", "kind"),
    "of_layout": ("gabarit", "layout"),
    "no_category": ("(sans catégorie)", "(no category)"),
    "timed_out": ("Trop long à compter : {names}", "Took too long to count: {names}"),
}

_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
#: What Datasette calls a column, and we do not.
COLUMNS = {"category": "category", "month": "month", "kind": "kind", "layout": "of_layout"}


def phrases(language: str) -> Mapping[str, str]:
    """All phrases in a language of LANGUAGES."""
    at = list(LANGUAGES).index(language)
    return {name: spellings[at] for name, spellings in _PHRASES.items()}


def pick_language(cookie: str | None, accepted: str) -> str:
    """The language of LANGUAGES to speak: the one that was picked, else the first of the browser's that is there."""
    if cookie in LANGUAGES:
        return str(cookie)
    wanted = (part.split(";")[0].strip()[:2].lower() for part in accepted.split(","))
    return next((code for code in wanted if code in LANGUAGES), DEFAULT)


def spell_fault(query: str | None, language: str) -> str | None:
    """What is wrong with a query as typed, in a sentence; None where nothing is, or nothing was typed."""
    try:
        if query:
            fts_expression(query)
    except QueryError as error:
        return error.words[language]
    return None


def spell_time(moment: str | None, language: str) -> str:
    """A time of the database as people write it: `7 novembre 2023, 17:51 KST`; a bare day stays one.

    Args:
        moment: ISO 8601, in KST or with another offset, which is named; None: empty.
        language: of LANGUAGES.
    """
    if not moment:
        return ""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    day = _spell_day(when.date(), language)
    if len(moment) <= len("2023-11-07"):
        return day
    zone = {"+0900": "KST", "+0000": "UTC"}.get(when.strftime("%z"), when.strftime("%z"))
    return f"{day}, {when:%H:%M} {zone}".strip()


def _spell_day(day: date, language: str) -> str:
    first = "er" if day.day == 1 and language == "fr" else ""
    return f"{day.day}{first} {_MONTHS[language][day.month - 1]} {day.year}"


def spell_number(number: int | None, language: str) -> str:
    """A number with its thousands parted as the language does."""
    parted = f"{number or 0:,}"
    return parted.replace(",", "\N{NARROW NO-BREAK SPACE}") if language == "fr" else parted
