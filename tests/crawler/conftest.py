"""Running the project's own command line, as a person does: a real second process."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crawler.prepared import Begun, prepared
from tests.crawler.scripted import ScriptedSite
from tests.replica import Replica

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Begin = Callable[..., Begun]
#: Politeness is for the site; a replica on loopback needs none.
HASTE = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0", "-s", "KBS_BACKOFF=0"]


@pytest.fixture
def scrapy(tmp_path: Path) -> Run:
    """`kbsworld` with a database and archive of the test's own; environment as keyword arguments."""
    return lambda *arguments, **environment: prepared().run(*arguments, **own(tmp_path) | environment)


@pytest.fixture
def crawl(scrapy: Run) -> Run:
    """`kbsworld crawl` without a delay between pages."""
    return lambda *arguments, **environment: scrapy("crawl", *arguments, *HASTE, **environment)


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Like `crawl`, but returns the process while it runs."""
    return lambda *arguments, **environment: prepared().begin(
        "crawl", *arguments, *HASTE, **own(tmp_path) | environment
    )


def own(folder: Path) -> dict[str, str]:
    """The settings that name a database and an archive in a folder."""
    return {"KBS_DB": str(folder / "kbs.db"), "KBS_ARCHIVE": str(folder / "archive")}


def crawl_replica(folder: Path, *spiders: str, lang: str = "f", articles: int = 40) -> Path:
    """Have spiders store a replica in `folder`, for tests that share it; the database."""
    with Replica(articles=articles) as site:
        for spider in spiders:
            arguments = ("crawl", spider, "-a", f"lang={lang}", *HASTE)
            run = prepared().run(*arguments, **own(folder), KBS_BASE_URL=site.base_url)
            assert run.returncode == 0, run.stderr
    return folder / "kbs.db"


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    """A server whose answers a test writes itself; anything else is 404."""
    site = ScriptedSite()
    yield site
    site.close()
