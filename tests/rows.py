"""Rows of the database, as tests need them."""

from typing import Any

from storage.versions import COLUMNS, Row


def article(number: int = 1, **values: Any) -> Row:
    """A row of `articles`."""
    given = {
        "url": f"https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={number}",
        "timestamp": "2026-11-21T09:00:00+09:00",
        "kind": "news",
        "lang": "fr",
        "paragraphs": '["Séoul — « oui » 한국"]',
        "text": "Séoul — « oui » 한국",
        "has_video": 0,
        "truncated": 1,
        "layout": "news",
        "fetched_at": "2026-11-21T00:00:00.000000+00:00",
        "archive_offset": 2**40,
        **values,
    }
    return {name: given.get(name) for name in COLUMNS}
