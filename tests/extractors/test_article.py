"""The record itself, and the dates of the site."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import Article
from extractors.article import KST, find_dates
from tests.replica import World


def test_an_article_survives_json() -> None:
    world = World(articles=20)
    for entry in [*world.entries, *world.features]:  # features have a day for a date
        values = json.loads(json.dumps(entry.truth.to_dict()))
        assert Article.from_dict(values) == entry.truth
        assert values["text"] == "\n\n".join(values["paragraphs"])
        assert values["timestamp"] == (values["updated_at"] or values["written_at"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Written: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46",
            ["2023-11-07T15:03:30+09:00", "2023-11-07T15:30:46+09:00"],
        ),
        ("(2026-09-11)", ["2026-09-11"]),
        ("2023-02-30 10:00:00", []),
        ("Write: 0001-01-01 00:00:00", []),
        ("1970-01-01", []),
        ("Written: 1994-12-31 23:59:59 / Updated: 1995-01-01 00:00:00", ["1995-01-01T00:00:00+09:00"]),
        ("Written: 2023-11-07 15:03:30 / Updated: 9999-12-31 23:59:59", ["2023-11-07T15:03:30+09:00"]),
        ("2023-02-03 25:00:00", []),
        ("12023-02-03", []),
        ("2023-02-03-04", []),
        ("٢٠٢٣-٠٢-٠٣", []),
    ],
)
def test_timestamps_are_read_by_their_shape(text: str, expected: list[str]) -> None:
    assert [moment.isoformat() for moment in find_dates(text) if moment] == expected


MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001


@given(MOMENTS, st.sampled_from(["Write: ", "Written: ", "작성 : ", ""]))
def test_any_moment_is_read_back_in_kst(moment: datetime, label: str) -> None:
    found, _ = find_dates(f"{label}{moment:%Y-%m-%d %H:%M:%S}")
    assert isinstance(found, datetime)
    assert found == moment.replace(microsecond=0, tzinfo=KST)
    assert found.utcoffset() == timedelta(hours=9)
