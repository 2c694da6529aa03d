"""What all tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.replica import Replica

# No deadline for an example: speed is measured by `make bench`. CI tries the same examples every time, so that a
# failure there comes from the change; everywhere else each run tries new ones.
settings.register_profile("kbsworld", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "kbsworld")

# Each of the many processes would compile the project anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many processes as there are processors: many tests wait for a delay, a time limit or a signal."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the slow tests first, so that no process is still busy with one when the others have finished."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica with forty articles an edition, for tests that only read it."""
    with Replica() as replica:
        yield replica


@pytest.fixture
def seeds() -> Path:
    """The folder of the saved pages."""
    return Path(__file__).parents[1] / "seeds"
