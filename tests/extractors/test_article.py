"""The record itself."""

import json

from extractors import Article
from tests.replica import World


def test_an_article_survives_json() -> None:
    world = World(articles=20)
    for entry in [*world.entries, *world.features]:  # features have a day for a date
        values = json.loads(json.dumps(entry.truth.to_dict()))
        assert Article.from_dict(values) == entry.truth
        assert values["text"] == "\n\n".join(values["paragraphs"])
        assert values["timestamp"] == (values["updated_at"] or values["written_at"])
