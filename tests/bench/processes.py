"""Runs whole processes and measures their time and memory."""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).parents[2]
# Seconds between two readings of the memory: each stops the processes for some milliseconds.
_INTERVAL = 0.25


@dataclass(frozen=True)
class Run:
    """One process with all its children: its seconds, what it printed, and its largest memory in bytes."""

    seconds: float
    output: str
    peak: int


def measure(module: str, *arguments: str, folder: Path = CHECKOUT, own: Mapping[str, str] | None = None) -> Run:
    """Run `python -m module arguments` in `folder`; an exit status other than 0 ends the benchmark.

    Its environment is `own` and what it inherits, without what configures Scrapy or kbsworld.
    """
    # With the last one, every start would compile the project again.
    left_out = ("SCRAPY_", "KBS_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    command = [sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = psutil.Popen(command, cwd=folder, env=inherited | dict(own or {}), stdout=output, stderr=errors)
        peak = 0
        while process.poll() is None:
            with suppress(psutil.TimeoutExpired):
                process.wait(_INTERVAL)
                break
            peak = max(peak, _memory(process))
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            text = errors.read().decode("utf-8", "replace")
            sys.exit(f"{module} {arguments[0]} ended with {process.returncode}:\n{text}")
        return Run(seconds, output.read().decode(), peak)


def _memory(process: psutil.Popen) -> int:
    """Bytes in use by the process and its children; memory that they share is counted once."""
    used = 0
    with suppress(psutil.Error):  # one of them has ended
        for member in (process, *process.children(recursive=True)):
            used += member.memory_full_info().pss
    return used
