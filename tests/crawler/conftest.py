"""Running the project's own command line, as a person does: a real second process."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import ScriptedSite

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Begin = Callable[..., Begun]
#: Politeness is for the site; a replica on loopback needs none.
HASTE = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0", "-s", "KBS_BACKOFF=0"]


@pytest.fixture
def scrapy(tmp_path: Path) -> Run:
    """`kbsworld` with a database and archive of the test's own; environment as keyword arguments."""
    return lambda *arguments, **environment: prepared().run(*arguments, **_own(tmp_path) | environment)


@pytest.fixture
def crawl(scrapy: Run) -> Run:
    """`kbsworld crawl` without a delay between pages."""
    return lambda *arguments, **environment: scrapy("crawl", *arguments, *HASTE, **environment)


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Like `crawl`, but returns the process while it runs."""
    return lambda *arguments, **environment: prepared().begin(
        "crawl", *arguments, *HASTE, **_own(tmp_path) | environment
    )


def _own(tmp_path: Path) -> dict[str, str]:
    return {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": str(tmp_path / "archive")}


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    """A server whose answers a test writes itself; anything else is 404."""
    site = ScriptedSite()
    yield site
    site.close()
