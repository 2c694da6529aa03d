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


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica of forty articles an edition, for tests that only read it."""
    with Replica() as replica:
        yield replica


@pytest.fixture
def seeds() -> Path:
    """The folder of the saved pages."""
    return Path(__file__).parents[1] / "seeds"
