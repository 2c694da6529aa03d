"""What a concordance finds, what statistics count and what search finds are the same."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import ArticleStore, Selection
from storage.search import concordance
from storage.selection import select_rows
from storage.statistics import STATISTICS, run
from tests.rows import article

WORDS = ["Cœur", "COEUR", "ﬁn", "fin", "Łódź", "lodz", "한국", "İstanbul", "istanbul", "Straße", "m²", "m2", "㎞", "½"]
WORDS += [
    "e\u0301te",
    "été",
    "Ｋ９",
    "Ⅻᵉ",
    "ΣΑΣ",
    "σας",
    "l’été",
    "a\u0335",
    "Nẵng",
    "nang",
    "ʼn",
    "x_y",
    "ﷺ",
    "Ⓐ",
    "ǆ",
]


@settings(max_examples=60)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=30),
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    quote=st.sampled_from(["", '"']),
)
def test_places_are_as_many_as_occurrences(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], query: str, quote: str
) -> None:
    half = len(words) // 2
    query = f"{quote}{query}{quote}"
    path: Path = tmp_path_factory.mktemp("concordance") / "kbs.db"
    with ArticleStore(path) as store:
        with store.batch():
            row = article(1, title=" ".join(words[:half]) or None, text=" ".join(words[half:]))
            store.add_rows([row])
        lines = list(concordance(select_rows(store.db, Selection(query=query)), query, 3))
        [counted] = run(store.db, STATISTICS["word"], Selection(), word=query)
        assert counted["occurrences"] == len(lines)
        assert bool(lines) == bool(store.search(query))
        assert counted["articles"] == bool(lines)
