"""Jobs (Scrapy's JOBDIR): one that was killed or is finished begins anew.

Of a killed one Scrapy has kept which pages were requested, and not which were still to be: those would never be
fetched. A finished one would skip every page as requested before. What is stored is known from the database.
"""

import shutil
from pathlib import Path

from scrapy.utils.job import job_dir

from crawler.extensions.base import RunExtension

# In a JOBDIR while its run goes on; it stays there when the run is killed.
_RUNNING = "kbsworld.running"


class Job(RunExtension):
    """Marks a job as running; forgets it when it is finished."""

    handles = ("spider_opened", "spider_closed")

    def spider_opened(self) -> None:
        if folder := job_dir(self.crawler.settings):
            Path(folder, _RUNNING).touch()

    def spider_closed(self, reason: str) -> None:
        if folder := job_dir(self.crawler.settings):
            if reason == "finished":
                _forget(Path(folder))
            Path(folder, _RUNNING).unlink(missing_ok=True)


def prepare_job(folder: Path) -> bool:
    """Make the folder of a job, before its run; whether the job was killed and begins anew.

    Raises:
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    was_killed = (folder / _RUNNING).exists()
    if was_killed:
        _forget(folder)
    return was_killed


def _forget(folder: Path) -> None:
    """Remove what Scrapy keeps of a job, and nothing else of the folder."""
    shutil.rmtree(folder / "requests.queue", ignore_errors=True)
    for name in ("requests.seen", "spider.state"):
        (folder / name).unlink(missing_ok=True)
