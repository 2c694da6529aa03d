"""Whole processes under measurement: their time, their memory, what they print; and the options that benches share."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
# Seconds after which a run is given up.
PATIENCE = 1800
# Seconds between two looks at the memory: one takes the kernel several milliseconds, for which the processes wait.
INTERVAL = 0.25
PROC = Path("/proc")


@dataclass(frozen=True)
class Run:
    """One whole process, with all that it started.

    Attributes:
        seconds: from its start to its end.
        output: what it printed.
        peak: most bytes of memory that were seen in use at once; 0 where the machine does not tell.
    """

    seconds: float
    output: str
    peak: int


def measure(module: str, *arguments: str, folder: Path = CHECKOUT, own: Mapping[str, str] | None = None) -> Run:
    """Run `python -m module arguments` to its end, which must be a good one.

    Args:
        folder: where it runs.
        own: its environment, besides what it inherits; of that, nothing that configures Scrapy or kbsworld.
    """
    # The last one would have each start compile the project's modules anew, as happens to nobody else.
    left_out = ("SCRAPY_", "KBS_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    name = f"{module} {arguments[0]}"
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=inherited | dict(own or {}),
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            peak = _watch(process, began)
        except subprocess.TimeoutExpired:
            sys.exit(f"{name} did not end within {PATIENCE} s; give it less to do.")
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{name} ended with {process.returncode}:\n{errors.read().decode('utf-8', 'replace')}")
        return Run(seconds, output.read().decode(), peak)


def _watch(process: subprocess.Popen[bytes], began: float) -> int:
    """Wait for the end of the process; the peak of its memory."""
    peak, memory = 0, SessionMemory(process.pid)
    while True:
        try:
            process.wait(INTERVAL)
        except subprocess.TimeoutExpired:
            if time.perf_counter() - began > PATIENCE:
                raise
            peak = max(peak, memory.read())
        else:
            return peak


class SessionMemory:
    """The memory of a session: of a process that began one, and of all that it started."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._strangers: set[str] = set()

    def read(self) -> int:
        """Bytes in use now, memory that processes share counted once; 0 where there is no /proc."""
        try:
            present = {name for name in os.listdir(PROC) if name.isdigit()}  # noqa: PTH208  (a tenth of the time)
        except OSError:
            return 0
        # A process is asked once whether it belongs: all others of the machine, every time, would cost what is timed.
        self._strangers &= present
        members = [name for name in present - self._strangers if self._is_member(name)]
        return sum(_bytes_of(name) for name in members)

    def _is_member(self, name: str) -> bool:
        try:
            # The name of the program, in brackets, may hold anything; behind it: state, parent, group, session.
            session = (PROC / name / "stat").read_bytes().rpartition(b")")[2].split()[3]
        except OSError:
            return False
        if int(session) == self._session:
            return True
        self._strangers.add(name)
        return False


def _bytes_of(name: str) -> int:
    """The proportional set size of one process; its resident one where the kernel keeps no account of the former."""
    with contextlib.suppress(OSError):
        for line in (PROC / name / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError):
        return int((PROC / name / "statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0  # it has ended


def number(text: str) -> int:
    """The value of an option that says how many."""
    value = int(text)
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{value} is none; give one from 1 to 100000")
    return value
