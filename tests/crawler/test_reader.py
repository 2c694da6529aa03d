"""The process that reads pages: what it answers, and what becomes of pages that end it or keep it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from crawler.reader import Reader
from extractors import NotAnArticle

FORGETFUL = """
import asyncio, os
from crawler.reader import Reader

if __name__ == "__main__":
    reader = Reader()
    print(asyncio.run(reader.read(os.getpid)))
"""


def spell(text: str) -> str:
    return f"{os.getpid()} {text}"


def refuse(reason: str) -> None:
    raise NotAnArticle(reason)


def fail() -> None:
    raise OSError("a mistake in the code")


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def again(text: str, times: int) -> str:
    return text * times


def run(read: Any) -> Any:
    """What a coroutine gives that is handed a reader."""

    async def reading() -> Any:
        async with reader(longest=10) as given:
            return await read(given)

    return asyncio.run(reading())


@asynccontextmanager
async def reader(longest: float) -> AsyncIterator[Reader]:
    given = Reader(longest)
    try:
        yield given
    finally:
        given.close()


def test_pages_are_read_by_one_other_process_in_their_order() -> None:
    async def read(reader: Reader) -> list[Any]:
        return await asyncio.gather(*(reader.read(spell, str(number)) for number in range(20)))

    answers = [answer.split() for answer in run(read)]
    assert [number for _, number in answers] == [str(number) for number in range(20)]
    [process] = {process for process, _ in answers}
    assert int(process) != os.getpid()


def test_a_refusal_is_an_answer_and_a_mistake_is_raised_with_its_place() -> None:
    async def read(reader: Reader) -> Any:
        with pytest.raises(OSError, match="a mistake in the code") as caught:
            await reader.read(fail)
        assert "in fail" in "".join(caught.value.__notes__)
        return await reader.read(refuse, "a list of articles")

    assert run(read).reason == "a list of articles"


def test_a_page_that_ends_the_process_is_refused_and_the_next_one_is_read() -> None:
    async def read(reader: Reader) -> Any:
        return [await reader.read(die), await reader.read(again, "a", 3)]

    broken, sound = run(read)
    assert (broken.reason, sound) == ("extraction breaks on this page", "aaa")


def test_a_process_that_somebody_killed_costs_no_page() -> None:
    async def read(reader: Reader) -> Any:
        first = await reader.read(spell, "")
        os.kill(int(str(first)), signal.SIGKILL)
        return first, await reader.read(spell, "")

    first, second = run(read)
    assert first != second


def test_a_page_that_takes_too_long_is_refused_and_its_process_is_gone() -> None:
    async def read() -> tuple[Any, Any]:
        async with reader(longest=5) as given:
            process = int(str(await given.read(spell, "")))
            slow = await given.read(time.sleep, 600)
            with pytest.raises(ProcessLookupError):
                os.kill(process, 0)
            return slow, await given.read(again, "a", 3)

    slow, sound = asyncio.run(read())
    assert (slow.reason, sound) == ("extraction takes too long on this page", "aaa")


def test_an_answer_that_nobody_waits_for_any_more_is_given_to_nobody_else() -> None:
    async def read(reader: Reader) -> Any:
        given_up = asyncio.create_task(reader.read(again, "a", 1))
        await asyncio.sleep(0.5)
        slow = asyncio.create_task(reader.read(time.sleep, 1))
        await asyncio.sleep(0.2)
        slow.cancel()
        with suppress(asyncio.CancelledError):
            await slow
        return await given_up, await reader.read(again, "b", 1)

    assert run(read) == ("a", "b")


@pytest.mark.parametrize("size", [0, 65_536, 10_000_000])
def test_pages_of_any_size_go_there_and_come_back(size: int) -> None:
    async def read(reader: Reader) -> Any:
        return await reader.read(again, "é" * size, 1)

    assert run(read) == "é" * size


def test_a_program_that_forgets_its_reader_ends_all_the_same(tmp_path: Path) -> None:
    program = tmp_path / "forgetful.py"
    program.write_text(FORGETFUL)
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ran.stdout), 0)
