"""The process that reads pages: what it answers, and what becomes of pages that end it or keep it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crawler.extraction import Extraction, ExtractionError
from extractors import NotAnArticle, extract_html

FORGETFUL = """
import asyncio, os, signal
from crawler.extraction import Extraction

reader = Extraction()
print(asyncio.run(reader.run(os.getpid)), flush=True)
"""


def run(read: Callable[[Extraction], Awaitable[Any]]) -> Any:
    """What a coroutine gives that is handed a reader."""

    async def reading() -> Any:
        reader = Extraction(timeout=5)
        try:
            return await read(reader)
        finally:
            reader.close()

    return asyncio.run(reading())


def is_there(process: int) -> bool:
    """Whether a process is there, and not only its name until somebody asks how it ended."""
    try:
        return "(zombie)" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_pages_are_read_in_their_order_by_one_other_process() -> None:
    async def read(reader: Extraction) -> list[Any]:
        return await asyncio.gather(
            *(reader.run(os.getpid), *(reader.run(abs, -n) for n in range(20)), reader.run(os.getpid))
        )

    first, *numbers, last = run(read)
    assert numbers == list(range(20))
    assert first == last != os.getpid()


def test_ctrl_c_does_not_reach_the_process_that_reads() -> None:
    # A terminal sends it to its foreground group, and a process that still begins would print a traceback.
    assert run(lambda reader: reader.run(os.getpgrp)) != os.getpgrp()


def test_a_refusal_is_an_answer_and_a_mistake_is_raised_with_its_place() -> None:
    async def read(reader: Extraction) -> Any:
        with pytest.raises(FileNotFoundError) as caught:
            await reader.run(shutil.copy, "/nothing", "/there")
        assert "in copyfile" in "".join(caught.value.__notes__)
        return await reader.run(extract_html, b"<html></html>", None)

    assert isinstance(run(read), NotAnArticle)


def test_a_page_that_ends_the_process_is_refused_and_the_next_one_is_read() -> None:
    async def read(reader: Extraction) -> Any:
        return [await reader.run(signal.raise_signal, signal.SIGKILL), await reader.run(abs, -1)]

    broken, sound = run(read)
    assert (broken.reason, sound) == ("extraction breaks on this page", 1)


def test_a_process_that_somebody_killed_costs_no_page() -> None:
    async def read(reader: Extraction) -> Any:
        first = await reader.run(os.getpid)
        assert isinstance(first, int)
        os.kill(first, signal.SIGKILL)
        return first, await reader.run(os.getpid)

    first, second = run(read)
    assert first != second


def test_a_page_that_takes_too_long_is_refused_and_its_process_is_gone() -> None:
    async def read(reader: Extraction) -> tuple[Any, Any]:
        process = await reader.run(os.getpid)
        assert isinstance(process, int)
        slow = await reader.run(time.sleep, 600)
        assert not is_there(process)
        return slow, await reader.run(abs, -1)

    slow, sound = run(read)
    assert (slow.reason, sound) == ("extraction takes too long on this page", 1)


def test_an_answer_that_nobody_waits_for_any_more_is_given_to_nobody_else() -> None:
    async def read(reader: Extraction) -> Any:
        await reader.run(abs, -1)
        slow = asyncio.create_task(reader.run(time.sleep, 1))
        await asyncio.sleep(0.1)
        slow.cancel()
        with suppress(asyncio.CancelledError):
            await slow
        return await reader.run(abs, -2)

    assert run(read) == 2


@pytest.mark.parametrize("program", ["/nothing", "/bin/false"])
def test_that_it_cannot_be_begun_is_no_fault_of_the_page(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    async def read(reader: Extraction) -> Any:
        with monkeypatch.context() as context:
            context.setattr(sys, "executable", program)
            with pytest.raises(ExtractionError):
                await reader.run(abs, -1)
        return await reader.run(abs, -2)

    assert run(read) == 2


@pytest.mark.parametrize("size", [0, 65_536, 10_000_000])
def test_pages_of_any_size_go_there_and_come_back(size: int) -> None:
    async def read(reader: Extraction) -> Any:
        return await reader.run(str.lower, "É" * size)

    assert run(read) == "é" * size


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_it_ends_with_a_program_that_ends_without_closing_it(tmp_path: Path, end: str) -> None:
    program = tmp_path / "forgetful.py"
    program.write_text(FORGETFUL + end)
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60, check=False)
    deadline = time.monotonic() + 20
    while is_there(int(ran.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(int(ran.stdout))


def test_nothing_of_the_folder_it_is_in_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('mine')")
    monkeypatch.chdir(tmp_path)

    async def read(reader: Extraction) -> Any:
        return await reader.run(abs, -1)

    assert run(read) == 1
