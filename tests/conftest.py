"""What tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.replica import Replica

# A slow machine is no failure: speed is measured by `make bench`.
settings.register_profile("kbsworld", deadline=None)
settings.load_profile("kbsworld")


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica of forty articles an edition, for tests that only read it."""
    with Replica() as replica:
        yield replica


@pytest.fixture
def seeds() -> Path:
    """The folder of the saved pages."""
    return Path(__file__).parents[1] / "seeds"
