"""The archives, which take seconds to begin."""

from collections.abc import Iterator

import pytest

from tests.archives.collections import BIN
from tests.archives.world import FAULTS, ArchiveWorld
from tests.replica.faults import Faults


@pytest.fixture(scope="session")
def _archives() -> Iterator[ArchiveWorld]:
    if not (BIN / "wayback").exists():
        pytest.fail("pywb is missing: make .venv-replay/ready", pytrace=False)
    with ArchiveWorld() as world:
        yield world


@pytest.fixture
def archives(_archives: ArchiveWorld) -> ArchiveWorld:
    """The archives, which no test changes, without faults and with no request yet."""
    _archives.requests.clear()
    _archives.changes.clear()
    _archives.faults = Faults(FAULTS)
    return _archives
