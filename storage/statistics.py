"""What can be counted of the articles: each statistic once, for the tables, the drawings and the reading room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlite_utils import Database

from extractors.layout import GENERIC, LAYOUT_NAMES, TEXT
from storage.selection import Selection
from storage.sql_functions import register

#: The language of titles and sentences; the articles' own is another matter.
Language = Literal["en", "fr"]
#: The same words in each language.
Words = Mapping[str, str]
Row = dict[str, Any]

#: What SQL says for the rest of many, and for what has no name, where it stands in braces.
OTHERS: Words = {"en": "others", "fr": "autres"}
NONE: Words = {"en": "(none)", "fr": "(sans)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A question to the database, and how its answer is shown.

    Attributes:
        name: a word of letters.
        title, description: a heading; a sentence for who cannot see the chart.
        columns: of its rows, those that are shown, with their headings.
        sql: the query; `{selected}` stands for the condition on `catalogue`, `{others}` and `{none}` for words. It may
            call the functions of `storage.sql_functions`, and with the parameter `:word` it asks for a word.
        chart: mark and encoding in Vega-Lite, without headings.
        across: the column whose values are the columns of a table; empty where rows are shown as they are.
    """

    name: str
    title: Words
    description: Words
    columns: Mapping[str, Words]
    sql: str
    chart: Mapping[str, Any] = field(repr=False)
    across: str = ""

    @property
    def asks_for_word(self) -> bool:
        """Whether it is about a word that somebody gives."""
        return ":word" in self.sql

    def query(self, condition: str, language: Language) -> str:
        """The query in one line.

        Args:
            condition: on rows of `catalogue`, in SQL; the code's own, with parameters for values.
            language: of the words for what has no name.
        """
        sql = self.sql.format(selected=condition, others=OTHERS[language], none=NONE[language])
        return " ".join(sql.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How much there is of a selection.

    Attributes:
        articles, versions: articles selected, and all versions of articles that fulfil the rest of the selection.
        first, last: days, in KST, the first and the last with an article; None where there is none.
        days: with an article.
        refused: pages without article, of the whole database.
        pulled_at: when the last crawl ended, or began where it has no end; ISO 8601, UTC; None: there was none.
    """

    articles: int
    versions: int
    first: str | None
    last: str | None
    days: int
    refused: int
    pulled_at: str | None


def run(
    db: Database, statistic: Statistic, selection: Selection, language: Language = "en", word: str = ""
) -> list[Row]:
    """The rows of a statistic, in its order.

    Args:
        db: a database of kbsworld.
        statistic: one of storage.statistics.STATISTICS.
        selection: the articles that count.
        language: of the words for what has no name.
        word: as typed into a search (`storage.query`), for the one that asks for a word; what cannot be understood is
            found nowhere.
    """
    register(db.conn)
    return list(db.query(statistic.query(selection.condition, language), {**selection.values, "word": word}))


def summarize(db: Database, selection: Selection) -> Summary:
    """Count what a selection holds."""
    values = selection.values
    sql = "select {} from catalogue where {}"
    articles, first, last, days = db.execute(
        sql.format("count(*), min(day), max(day), count(distinct day)", selection.condition), values
    ).fetchone()
    all_versions = replace(selection, all_versions=True).condition
    versions = db.execute(sql.format("count(*)", all_versions), values).fetchone()[0]
    refused = db.execute("select count(*) from refusals").fetchone()[0]
    pulled_at = db.execute("select max(coalesce(ended_at, started_at)) from runs").fetchone()[0]
    return Summary(
        articles=articles,
        versions=versions,
        first=first,
        last=last,
        days=days,
        refused=refused,
        pulled_at=pulled_at,
    )


#: Of many categories so many are told apart, the most frequent ones.
MAX_CATEGORIES = 8
#: The width of a bar of the lengths, and where its last one begins, in characters.
BIN, LONGEST = 250, 5000

# At least 3:1 against white, and apart from each other for eyes that cannot tell red from green.
BLUE, ORANGE, RUST, GREY = "#0072b2", "#e67000", "#c84c00", "#767676"
PALETTE = (BLUE, ORANGE, "#541c54", "#548cff", "#8c3838", "#1c38aa", RUST, "#700000", GREY)
# Orange for what says that the site has changed, and for nothing else.
_LAYOUTS = (*LAYOUT_NAMES, TEXT, GENERIC)
_LAYOUT_COLOURS = (
    *(BLUE, "#548cff", "#541c54", "#8c3838", "#1c38aa", "#700000")[: len(LAYOUT_NAMES)],
    GREY,
    ORANGE,
    RUST,
)

_MONTH: Words = {"en": "month", "fr": "mois"}
_ARTICLES: Words = {"en": "articles", "fr": "articles"}
# No mark between months: 28 days, in milliseconds.
_SHORTEST_MONTH = 28 * 86_400_000
# Universal time throughout: the month is a name, and must not become the one before it west of Greenwich.
_BY_MONTH = {
    "field": "month",
    "type": "temporal",
    "timeUnit": "utcyearmonth",
    "axis": {"format": "%Y-%m", "tickCount": 10, "tickMinStep": _SHORTEST_MONTH, "grid": False, "labelFlush": False},
}
_COUNT: dict[str, Any] = {"field": "articles", "type": "quantitative", "axis": {"tickMinStep": 1, "format": ",d"}}
_BARS = {"type": "bar", "color": BLUE}
# Of twenty years each month has two pixels or three: without borders, and with next to nothing between them.
_MONTHLY = {"type": "bar", "binSpacing": 0.5}

_MONTHS = Statistic(
    name="months",
    title={"en": "Articles per month by category", "fr": "Articles par mois et par catégorie"},
    description={
        "en": "Bars, one a month in which articles were written, parted by the site's category.",
        "fr": "Barres : une par mois où des articles ont été écrits, divisée selon la catégorie du site.",
    },
    columns={"month": _MONTH, "category": {"en": "category", "fr": "catégorie"}, "articles": _ARTICLES},
    across="category",
    # Grouped before the function is called: it is Python's.
    sql=f"""
        with counted as (
          select month, category, count(*) as articles from catalogue where {{selected}} group by month, category
        ), labelled as (
          select month, coalesce(kbs_label(category), '{{none}}') as category, articles from counted
        ), ranked as (
          select category, row_number() over (order by sum(articles) desc, category) as place
          from labelled group by category order by place limit {MAX_CATEGORIES}
        )
        select month, coalesce(ranked.category, '{{others}}') as category, sum(articles) as articles,
          coalesce(place, {MAX_CATEGORIES + 1}) as place
        from labelled left join ranked on ranked.category = labelled.category
        group by month, ranked.place order by month, place
    """,  # noqa: S608
    chart={
        "mark": _MONTHLY,
        "encoding": {
            "x": _BY_MONTH,
            "y": _COUNT,
            "color": {"field": "category", "type": "nominal", "sort": {"field": "place", "op": "min"}},
            "order": {"field": "place", "type": "ordinal"},
        },
    },
)

_HOURS = Statistic(
    name="hours",
    title={"en": "Hours of publication (Korean time)", "fr": "Heures de publication (heure de Corée)"},
    description={
        "en": "Bars, one an hour of the day in Korea: articles written in it; those without a time do not count.",
        "fr": "Barres : une par heure du jour en Corée, avec les articles écrits alors ; ceux qui n’ont qu’un jour "
        "ne comptent pas.",
    },
    columns={"hour": {"en": "hour", "fr": "heure"}, "articles": _ARTICLES},
    sql="""
        with recursive hours (hour) as (select 0 union all select hour + 1 from hours where hour < 23),
        counted as (
          select cast(substr(written_at, 12, 2) as integer) as hour, count(*) as articles from catalogue
          where {selected} and written_at glob '????-??-??T[0-2][0-9]*' group by 1
        )
        select hour, coalesce(articles, 0) as articles from hours left join counted using (hour) order by hour
    """,
    chart={
        "mark": _BARS,
        "encoding": {
            "x": {"field": "hour", "type": "ordinal", "axis": {"labelAngle": 0, "labelOverlap": True}},
            "y": _COUNT,
        },
    },
)

_LENGTHS = Statistic(
    name="lengths",
    title={"en": "Length of the articles", "fr": "Longueur des articles"},
    description={
        "en": f"Histogram of the characters of a text, in steps of {BIN}; the last bar holds all from {LONGEST} on.",
        "fr": f"Histogramme du nombre de signes d’un texte, par pas de {BIN} ; la dernière barre réunit tout à partir "
        f"de {LONGEST}.",
    },
    columns={
        "at_least": {"en": "characters from", "fr": "signes, de"},
        "below": {"en": "to below", "fr": "à moins de"},
        "articles": _ARTICLES,
    },
    sql=f"""
        with recursive counted as (
          select min(characters, {LONGEST}) / {BIN} as bin, count(*) as articles from catalogue
          where {{selected}} group by 1
        ), bins (bin) as (
          select 0 from counted union select bin + 1 from bins where bin < (select max(bin) from counted)
        )
        select bin * {BIN} as at_least, case when bin * {BIN} < {LONGEST} then (bin + 1) * {BIN} end as below,
          coalesce(articles, 0) as articles
        from bins left join counted using (bin) order by bin
    """,  # noqa: S608
    chart={
        "mark": {**_BARS, "binSpacing": 1},
        "transform": [{"calculate": f"datum.at_least + {BIN}", "as": "end"}],
        "encoding": {
            "x": {
                "field": "at_least",
                "title": {"en": "characters", "fr": "signes"},
                "type": "quantitative",
                "bin": {"binned": True, "step": BIN},
                "axis": {
                    "tickMinStep": BIN,
                    "format": "d",
                    "grid": False,
                    "labelFlush": False,
                    "labelExpr": f"datum.value < {LONGEST} ? datum.label : '≥ ' + datum.label",
                },
            },
            "x2": {"field": "end"},
            "y": _COUNT,
        },
    },
)

_WORD = Statistic(
    name="word",
    title={"en": "A word over time", "fr": "Un mot au fil du temps"},
    description={
        "en": "Bars, one a month: articles with the word; a line: their share of the month's articles, in percent.",
        "fr": "Barres : une par mois, avec les articles qui contiennent le mot ; courbe : leur part des articles du "
        "mois, en pour cent.",
    },
    columns={
        "month": _MONTH,
        "articles": {"en": "articles with the word", "fr": "articles avec le mot"},
        "all_articles": {"en": "of", "fr": "sur"},
        "share": {"en": "share (%)", "fr": "part (%)"},
    },
    sql="""
        with matched as materialized (select rowid from articles_fts where articles_fts match kbs_fts(:word))
        select month, count(*) filter (where catalogue.id in matched) as articles, count(*) as all_articles,
          round(100.0 * count(*) filter (where catalogue.id in matched) / count(*), 1) as share
        from catalogue where {selected} group by month order by month
    """,
    chart={
        "layer": [
            {
                "mark": _BARS,
                "encoding": {"x": _BY_MONTH, "y": {**_COUNT, "axis": {**_COUNT["axis"], "titleColor": BLUE}}},
            },
            {
                "mark": {"type": "line", "color": RUST, "point": {"color": RUST, "size": 12}},
                "encoding": {
                    "x": {**_BY_MONTH, "bandPosition": 0.5},
                    "y": {
                        "field": "share",
                        "type": "quantitative",
                        "scale": {"domainMin": 0},
                        "axis": {"titleColor": RUST, "grid": False},
                    },
                },
            },
        ],
        "resolve": {"scale": {"y": "independent"}},
    },
)

_LAYOUTS_OVER_TIME = Statistic(
    name="layouts",
    title={"en": "Layouts over time", "fr": "Gabarits au fil du temps"},
    description={
        "en": f"Bars, one a month, parted by the template that matched; much {GENERIC} says that the site has changed.",
        "fr": f"Barres : une par mois, divisée selon le gabarit reconnu ; beaucoup de {GENERIC} signale que le site a "
        "changé.",
    },
    columns={"month": _MONTH, "layout": {"en": "layout", "fr": "gabarit"}, "articles": _ARTICLES},
    across="layout",
    sql=f"""
        select month, case when layout in {_LAYOUTS} then layout else '{{others}}' end as layout,
          count(*) as articles
        from catalogue where {{selected}} group by 1, 2 order by 1, 2
    """,  # noqa: S608
    chart={
        "mark": _MONTHLY,
        "encoding": {
            "x": _BY_MONTH,
            "y": {
                "field": "articles",
                "title": {"en": "share of the articles", "fr": "part des articles"},
                "type": "quantitative",
                "stack": "normalize",
                "axis": {"format": "%"},
            },
            "color": {
                "field": "layout",
                "type": "nominal",
                "scale": {
                    "domain": {language: [*_LAYOUTS, others] for language, others in OTHERS.items()},
                    "range": _LAYOUT_COLOURS,
                },
            },
        },
    },
)

#: All there are, by name, in the order in which they are shown.
STATISTICS: Mapping[str, Statistic] = {
    statistic.name: statistic for statistic in (_MONTHS, _HOURS, _LENGTHS, _WORD, _LAYOUTS_OVER_TIME)
}
