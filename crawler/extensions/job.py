"""Jobs (Scrapy's JOBDIR): one that was killed or is finished begins anew.

For a killed job Scrapy has kept which pages were requested, but not its queue: the rest would never be fetched.
A finished job would skip every page as requested before. What is stored is known from the database.
"""

import shutil
from pathlib import Path

from scrapy.utils.job import job_dir

from crawler.extensions.base import RunExtension

# In a JOBDIR whose run was stopped and can go on.
_STOPPED = "kbsworld.stopped"


class Job(RunExtension):
    """Marks a job as stopped, unless it is finished or was killed."""

    handles = ("spider_closed",)

    def spider_closed(self, reason: str) -> None:
        folder = job_dir(self.crawler.settings)
        if folder and reason != "finished":
            Path(folder, _STOPPED).touch()


def prepare_job(folder: Path) -> None:
    """Make the folder of a job, before its run: one that was not stopped begins anew.

    Raises:
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _STOPPED).exists():
        # What Scrapy keeps of a job, and nothing else of the folder.
        shutil.rmtree(folder / "requests.queue", ignore_errors=True)
        for name in ("requests.seen", "spider.state"):
            (folder / name).unlink(missing_ok=True)
    (folder / _STOPPED).unlink(missing_ok=True)
