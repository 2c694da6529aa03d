"""Queries that the reading room offers by name, as data; each can be edited there."""

from __future__ import annotations

from typing import Any

#: Name -> SQL, as Datasette takes it, and title and description in the languages of the room.
QUERIES: dict[str, dict[str, Any]] = {
    "newest": {
        "title": {"fr": "Les plus récents", "en": "Newest"},
        "sql": "select id, timestamp, category, title from catalogue where latest order by timestamp desc limit 100",
    },
    "most_edited": {
        "title": {"fr": "Les plus souvent mis à jour", "en": "Most often updated"},
        "sql": """
            select max(id) filter (where latest) as id, count(*) as versions, min(timestamp) as first,
              max(timestamp) as last, max(title) filter (where latest) as title
            from catalogue group by url having count(*) > 1 order by versions desc, last desc limit 100
        """,
    },
    "days_without_news": {
        "title": {"fr": "Jours sans actualités", "en": "Days without news"},
        "sql": """
            with recursive days(day, last) as (
              select min(day), max(day) from catalogue where kind = 'news' and lang = :lang
              union all select date(day, '+1 day'), last from days where day < last limit 40000
            )
            select day from days where day is not null
              and not exists (select 1 from catalogue where catalogue.day = days.day and kind = 'news' and lang = :lang)
            order by day desc
        """,
        "params": ["lang"],
        "description": {
            "fr": "lang : la langue de l\u2019édition, comme fr ou en.",
            "en": "lang: the language of the edition, such as fr or en.",
        },
    },
    "refusals_by_reason": {
        "title": {"fr": "Refus par raison", "en": "Refusals by reason"},
        "sql": """
            select reason, count(*) as pages, max(fetched_at) as last, max(url) as example
            from refusals group by reason order by pages desc
        """,
    },
}


def named_queries() -> dict[str, dict[str, Any]]:
    """QUERIES with their SQL as it is shown: without the indentation that it has in this file."""
    return {name: {**query, "sql": _outdented(query["sql"])} for name, query in QUERIES.items()}


def _outdented(sql: str) -> str:
    lines = [line for line in sql.splitlines() if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[margin:] for line in lines)
