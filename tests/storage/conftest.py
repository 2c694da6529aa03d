"""What the tests of damage begin with."""

from pathlib import Path

import pytest

from tests.storage.checked import FILE, make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database of `make`."""
    return make(tmp_path)


@pytest.fixture
def warc(path: Path) -> Path:
    """Its one WARC file."""
    return path.parent / "archive" / FILE
