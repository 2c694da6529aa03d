"""The record itself."""

from __future__ import annotations

import json
from datetime import date

from extractors import Article
from tests.replica import World


def test_an_article_survives_json() -> None:
    for entry in World(articles=20).entries:
        assert Article.from_dict(json.loads(json.dumps(entry.truth.to_dict()))) == entry.truth


def test_a_day_survives_json_as_a_day() -> None:
    article = Article(
        url="u", kind="feature", lang="fr", title="t", paragraphs=("a",), layout="x", written_at=date(2026, 9, 11)
    )
    assert article.timestamp == "2026-09-11"
    assert Article.from_dict(article.to_dict()) == article


def test_the_text_is_the_paragraphs_and_the_version_the_newest_date() -> None:
    entry = next(entry for entry in World(articles=30).entries if entry.truth.updated_at)
    truth = entry.truth.to_dict()
    assert truth["text"] == "\n\n".join(truth["paragraphs"])
    assert truth["timestamp"] == truth["updated_at"]
