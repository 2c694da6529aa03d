"""Running the project's own command line, as a person does: a real second process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import ScriptedSite

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Begin = Callable[..., Begun]
#: The manners are for the site; a replica on loopback needs no rest.
HASTE = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0", "-s", "KBS_BACKOFF=0"]


@pytest.fixture
def scrapy(tmp_path: Path) -> Run:
    """`scrapy` with a database and archive of the test's own; environment as keyword arguments."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        defaults = {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": str(tmp_path / "archive")}
        return prepared().run(*arguments, **defaults | environment)

    return run


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Like `crawl`, but the process is handed over while it runs."""

    def run(*arguments: str, **environment: str) -> Begun:
        defaults = {"KBS_DB": str(tmp_path / "kbs.db"), "KBS_ARCHIVE": str(tmp_path / "archive")}
        return prepared().begin("crawl", *arguments, *HASTE, **defaults | environment)

    return run


@pytest.fixture
def crawl(scrapy: Run) -> Run:
    """`scrapy crawl` without rest between pages: the replica needs none."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return scrapy("crawl", *arguments, *HASTE, **environment)

    return run


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    """A server whose answers a test writes itself; anything else is 404."""
    site = ScriptedSite()
    yield site
    site.close()
