"""The child process that extracts pages: its answers, and pages that crash it or take too long."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import CloseSpider

import storage.children
from crawler.spiders.base import KbsSpider
from crawler.spiders.kbs_articles import KbsArticlesSpider
from extractors import NotAnArticle, extract_html
from storage.children import Children

KILLED = """
import os, signal
from storage.children import Children

print(Children(1, "spawn", 10).submit(os.getpid).result(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(read: Callable[[KbsSpider], Awaitable[Any]]) -> Any:
    """What a coroutine returns that is given a spider whose pages may take five seconds."""

    async def reading() -> Any:
        spider = KbsArticlesSpider(ids="1")
        spider.children = Children(1, "spawn", 5)
        try:
            return await read(spider)
        finally:
            spider.closed("")

    return asyncio.run(reading())


def runs(process: int) -> bool:
    """Whether a process runs: it exists, and is not a zombie."""
    try:
        return "(zombie)" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_one_other_process_answers_pages_of_any_size_in_order() -> None:
    async def read(spider: KbsSpider) -> list[Any]:
        texts = (spider.extract(str.lower, "É" * size) for size in range(0, 10_000_000, 999_999))
        return await asyncio.gather(spider.extract(os.getpid), *texts, spider.extract(os.getpid))

    first, *texts, last = run(read)
    assert texts == ["é" * size for size in range(0, 10_000_000, 999_999)]
    assert first == last != os.getpid()


def test_ctrl_c_does_not_end_the_child_nor_its_start() -> None:
    blocked = run(lambda spider: spider.extract(signal.pthread_sigmask, signal.SIG_BLOCK, []))
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= blocked


def test_a_refusal_is_returned_and_a_bug_raised_with_its_place() -> None:
    async def read(spider: KbsSpider) -> Any:
        with pytest.raises(FileNotFoundError) as caught:
            await spider.extract(shutil.copy, "/nothing", "/there")
        assert "in copyfile" in "".join(caught.value.__notes__)
        return await spider.extract(extract_html, b"<html></html>", None)

    assert isinstance(run(read), NotAnArticle)


def test_a_page_that_crashes_the_child_is_refused() -> None:
    async def read(spider: KbsSpider) -> Any:
        return [await spider.extract(signal.raise_signal, signal.SIGKILL), await spider.extract(abs, -1)]

    crashed, next_one = run(read)
    assert (crashed.reason, next_one) == ("extraction breaks on this page", 1)


def test_a_child_killed_from_outside_costs_no_page() -> None:
    async def read(spider: KbsSpider) -> Any:
        first = await spider.extract(os.getpid)
        assert isinstance(first, int)
        os.kill(first, signal.SIGKILL)
        return first, await spider.extract(os.getpid)

    first, second = run(read)
    assert first != second


def test_a_page_that_takes_too_long_is_refused() -> None:
    async def read(spider: KbsSpider) -> tuple[Any, Any]:
        process = await spider.extract(os.getpid)
        assert isinstance(process, int)
        slow = await spider.extract(time.sleep, 600)
        assert not runs(process)
        return slow, await spider.extract(abs, -1)

    slow, next_one = run(read)
    assert (slow.reason, next_one) == ("extraction takes too long on this page", 1)


def test_a_child_that_does_not_start_is_no_fault_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(spider: KbsSpider) -> Any:
        with monkeypatch.context() as context:
            context.setattr(storage.children, "serve", bool)
            with pytest.raises(CloseSpider):
                await spider.extract(abs, -1)
        return await spider.extract(abs, -2)

    assert run(read) == 2


def test_the_child_ends_with_a_program_that_is_killed() -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False)
    deadline = time.monotonic() + 20
    while runs(int(ran.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(int(ran.stdout))


def test_modules_of_the_current_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('mine')")
    monkeypatch.chdir(tmp_path)
    assert run(lambda spider: spider.extract(abs, -1)) == 1
