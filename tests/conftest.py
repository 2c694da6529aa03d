"""What tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.replica import Replica

# A slow machine is no failure: speed is measured by `make bench`. CI tries the same examples each time, so that it says
# something of the change; everywhere else they are new ones at every run.
settings.register_profile("kbsworld", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "kbsworld")

# They take longest, and are begun first: at the end there are short ones left for whichever process is free.
LONG = {
    "test_every_fault_at_once_on_thirty_percent_of_requests_ends_in_the_same_database",
    "test_killed_at_thirty_moments_and_run_to_the_end_the_database_is_the_uninterrupted_one",
    "test_killed_twenty_times_and_resumed_it_ends_with_the_same_database",
    "test_the_news_of_ninety_days_are_stored_exactly_and_then_only_what_is_new_is_asked_for",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the long tests come first."""
    items.sort(key=lambda item: item.name not in LONG)


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica of forty articles an edition, for tests that only read it."""
    with Replica() as replica:
        yield replica


@pytest.fixture
def seeds() -> Path:
    """The folder of the saved pages."""
    return Path(__file__).parents[1] / "seeds"
