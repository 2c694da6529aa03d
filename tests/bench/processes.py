"""Runs whole processes and measures their time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).parents[2]
#: Seconds after which a run is killed.
PATIENCE = 1800
# Seconds between two readings of the memory: each stops the processes for some milliseconds.
_INTERVAL = 0.25


@dataclass(frozen=True)
class Run:
    """One process with all its children, from start to end.

    Attributes:
        seconds: how long it took.
        output: what it printed.
        peak: the largest memory that was seen, in bytes; shared memory is counted once.
    """

    seconds: float
    output: str
    peak: int


def measure(module: str, *arguments: str, folder: Path = CHECKOUT, own: Mapping[str, str] | None = None) -> Run:
    """Run `python -m module arguments`; an exit status other than 0 ends the benchmark.

    Args:
        folder: the working directory.
        own: environment variables besides the inherited ones; those that configure Scrapy or kbsworld are not
            inherited.
    """
    # Without compiled modules every start would compile the project again.
    left_out = ("SCRAPY_", "KBS_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = psutil.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=inherited | dict(own or {}),
            stdout=output,
            stderr=errors,
        )
        peak = _watch(process)
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            text = errors.read().decode("utf-8", "replace")
            sys.exit(f"{module} {arguments[0]} ended with {process.returncode}:\n{text}")
        return Run(seconds, output.read().decode(), peak)


def _watch(process: psutil.Popen) -> int:
    """Wait for the end of the process; returns the peak of its memory."""
    peak, began = 0, time.perf_counter()
    while True:
        try:
            process.wait(_INTERVAL)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            peak = max(peak, sum(map(_memory, _family(process))))
        else:
            return peak
        if time.perf_counter() - began > PATIENCE:
            for member in _family(process):
                member.kill()


def _family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it has ended
        return 0
