"""The record itself."""

from __future__ import annotations

import json
from datetime import date

from extractors import Article
from tests.replica import World


def test_an_article_survives_json() -> None:
    for entry in World(articles=20).entries:
        values = json.loads(json.dumps(entry.truth.to_dict()))
        assert Article.from_dict(values) == entry.truth
        assert values["text"] == "\n\n".join(values["paragraphs"])
        assert values["timestamp"] == (values["updated_at"] or values["written_at"])


def test_a_day_survives_json_as_a_day() -> None:
    article = Article(
        url="u", kind="feature", lang="fr", title="t", paragraphs=("a",), layout="x", written_at=date(2026, 9, 11)
    )
    assert article.timestamp == "2026-09-11"
    assert Article.from_dict(article.to_dict()) == article
